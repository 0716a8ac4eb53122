"""The closed sets of codes that an edition may use, with the words that pages show for them.

Everything a policy officer can write into an edition beyond names and figures is one of these.
A new code needs code in the engine as well, which is why the sets are here and not in a table.
"""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from subsidies.rules.edition import Formula, Once, Scope, SetOff

FORMULAS = {
    Formula.FIXED: _("定额"),
    Formula.UP_TO: _("最高限额"),
    Formula.RATE: _("按比例"),
    Formula.LADDER: _("累进补差"),
    Formula.LADDER_UP_TO: _("累进补差、总额封顶"),
    Formula.PER_UNIT: _("按数量"),
    Formula.MATCH: _("按上级资助配套"),
    Formula.UNSPECIFIED: _("金额待实施细则明确"),
}
LADDERS = frozenset({Formula.LADDER, Formula.LADDER_UP_TO})
# Formulas whose level names a sum of its own; `match` follows the upper grant.
WITH_AMOUNT = frozenset(Formula) - {Formula.MATCH, Formula.UNSPECIFIED}
# The amount of these is the most that may be granted, whatever the level says.
CEILINGS = frozenset({Formula.UP_TO, Formula.LADDER_UP_TO})

ONCE = {
    Once.FIRST: _("首次获得时奖补一次"),
    Once.ONCE: _("同一档次只奖补一次"),
    Once.SUBJECT: _("同一对象只奖补一次"),
    Once.YEAR: _("每个政策年度一次"),
}
SET_OFFS = {
    SetOff.OVERLAP: _("与其他政策从高、不重复"),
    SetOff.MUNICIPAL: _("扣除已得的市级补助"),
    SetOff.JOINT: _("市、区两级合计封顶"),
}
SCOPES = {
    Scope.EVER: _("历年合计"),
    Scope.YEAR: _("按政策年度"),
}
PER = {
    "company": _("企业"),
    "project": _("项目"),
    "park": _("园区"),
    "honour": _("荣誉"),
    "institution": _("机构"),
    "product": _("产品"),
    "issue": _("融资批次"),
    "standard": _("标准"),
    "person or team": _("人才或团队"),
    "platform": _("平台"),
}

CONDITIONS = {
    "recognised_investment>=2000000": _("经认定的投资额达到200万元"),
    "rd_increment>0": _("研发投入比上一年增加"),
    "rd_spend_last_year>10000000": _("上一年研发投入超过1000万元"),
    "proceeds>=200000000": _("募集资金达到2亿元"),
    "in_district_share>=0.5": _("募集资金至少一半投在区内"),
    "above_scale": _("规上企业"),
    "below_scale": _("规下企业"),
    "industrial": _("工业企业"),
    "above_scale_industrial": _("规上工业企业"),
    "manufacturing": _("制造业企业"),
    "high_tech": _("高新技术企业"),
    "rd_institution": _("建有市级及以上研发机构"),
}

CLAIM_FACTS = {
    "recognised_investment": _("认定投资额"),
    "eligible_investment": _("可补助投资额"),
    "project_investment": _("项目投资额"),
    "quantity": _("数量"),
    "fee_paid": _("已付服务费"),
    "upper_grant": _("上级资助金额"),
    "proceeds": _("募集资金"),
    "invested_in_district": _("投向区内的资金"),
}
# What `rate` may be applied to: claim facts, and the increment of two yearly figures.
BASES = {
    "eligible_investment": _("可补助投资额"),
    "project_investment": _("项目投资额"),
    "fee_paid": _("已付服务费"),
    "invested_in_district": _("投向区内的资金"),
    "rd_increment": _("研发投入增量"),
}
# The other formulas that multiply leave no choice of what they multiply.
FORMULA_BASE = {Formula.PER_UNIT: "quantity", Formula.MATCH: "upper_grant"}
CONDITION_FACTS = {
    "recognised_investment>=2000000": ("recognised_investment",),
    "proceeds>=200000000": ("proceeds",),
    "in_district_share>=0.5": ("proceeds", "invested_in_district"),
}

RULES = {
    "registered": _("在本区注册"),
    "misconduct": _("当年没有重大问题"),
    "dishonesty": _("没有失信惩戒记录"),
    "no_rd": _("有研发投入"),
    "rd_below_industry": _("研发投入不低于行业平均水平"),
    "comprehensive": _("未享受综合扶持"),
    "overlap": _("从高、不重复"),
    "annual_cap": _("年度总额不超过对区财政的贡献"),
}
# What the engine calls its checks and the steps of an amount. Answers keep these names as they are;
# pages say them in the reader's language.
CHECK_NAMES = frozenset(
    {
        gettext_noop("金额已明确"),
        gettext_noop("在有效期内"),
        gettext_noop("区内注册"),
        gettext_noop("无重大问题"),
        gettext_noop("无失信惩戒"),
        gettext_noop("有研发投入"),
        gettext_noop("研发强度不低于行业"),
        gettext_noop("未享受综合扶持"),
        gettext_noop("符合申领条件"),
        gettext_noop("投资额达到门槛"),
        gettext_noop("有新增研发投入"),
        gettext_noop("上年研发投入达到门槛"),
        gettext_noop("募集资金达到门槛"),
        gettext_noop("资金投向区内"),
        gettext_noop("规上企业"),
        gettext_noop("规下企业"),
        gettext_noop("工业企业"),
        gettext_noop("规上工业企业"),
        gettext_noop("制造业企业"),
        gettext_noop("高新技术企业"),
        gettext_noop("有市级及以上研发机构"),
        gettext_noop("未重复享受"),
        gettext_noop("未与同类事项重复"),
    }
)
STEP_NAMES = frozenset(
    {
        gettext_noop("应得"),
        gettext_noop("扣除重复"),
        gettext_noop("申请金额"),
        gettext_noop("事项年度上限"),
        gettext_noop("年度总量"),
    }
)
# The rules that speak of a part of the companies or items only, and the parts they may name.
APPLIES_TO = {
    "no_rd": {
        "above_scale_industrial": _("规上工业企业"),
        "manufacturing": _("制造业企业"),
    },
    "rd_below_industry": {"tech": _("科技类事项")},
}

MATERIALS = {
    "recognition": _("认定、入选或获奖文件"),
    "project_filing": _("项目备案或核准文件"),
    "agreement": _("协议或任务书"),
    "contracts": _("合同"),
    "invoices": _("发票"),
    "payments": _("付款凭证"),
    "equipment_list": _("设备清单与照片"),
    "special_audit": _("专项审计报告"),
    "financials": _("审计报告或财务报表"),
    "tax_proof": _("纳税材料"),
    "rd_ledger": _("研发费用明细"),
    "upper_grant_proof": _("上级资助到账凭证"),
    "registration": _("登记通知书"),
    "land_certificate": _("不动产权证书"),
    "standard_text": _("标准文本"),
    "staffing": _("人员名单"),
    "report": _("情况说明或报告"),
}
