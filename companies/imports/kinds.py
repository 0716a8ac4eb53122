"""The kinds of tables: their columns, what makes two rows the same, and how rows are found."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import District, User
from companies import uscc
from companies.imports import cells
from companies.imports.access import ImportKind
from companies.initials import initials_of
from companies.models import (
    Agreement,
    Company,
    Contact,
    CreditEntry,
    CreditGrade,
    CreditKind,
    Incident,
    IncidentKind,
    Measure,
    Recognition,
    ScaleYear,
    Source,
    Street,
    YearlyFigure,
    out_of_bounds,
    shown_until,
)
from companies.profile.kinds import AgreementKind, RdInstitution, RecognitionKind

Fields = dict[str, Any]
Key = tuple[Any, ...]

CODE = "uscc"
NAME = "name"
TEXT_FIELDS = (CODE, "industry", "number", "phone")


class Unclear(Exception):
    """Somebody looks at a cell that was not understood."""


class Values(Mapping[str, Any]):
    """What the cells of a row say, by the fields of their columns; an empty one says nothing.

    Nobody is told what rests on a cell that was not understood: whoever looks at one of `unclear`
    is stopped (Unclear). `said` is what was understood.
    """

    def __init__(self, said: Fields, unclear: set[str]) -> None:
        self.said, self.unclear = said, unclear

    def __getitem__(self, name: str) -> Any:
        if name in self.unclear:
            raise Unclear(name)
        return self.said[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.said)

    def __len__(self) -> int:
        return len(self.said)


# What is wrong between the cells of a row: the field at which it is told, and the sentence.
Fault = tuple[str, str] | None
Check = Callable[[Values], Fault]


@dataclass(frozen=True)
class Column:
    """A column of the template. `field` is the model's; the title is the file's, in Chinese."""

    field: str
    title: str
    read: cells.Reader
    hint: str
    example: str
    required: bool = False
    choices: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def is_text(self) -> bool:
        """Whether a spreadsheet must not take it for a number."""
        return self.field in TEXT_FIELDS


@dataclass(frozen=True)
class Mark:
    """What no column sets: what it is where nothing is said, and how the preview calls it."""

    field: str
    title: str
    none: Any


def _words(
    name: str, title: str, words: dict[str, Any], hint: str, *, required: bool = False
) -> Column:
    return Column(
        name,
        title,
        cells.one_of(words),
        hint,
        next(iter(words)),
        required=required,
        choices=words,
    )


CODE_COLUMN = Column(
    CODE,
    "统一社会信用代码",
    cells.code,
    "18 位，与营业执照一致。先把这一列设为文本格式",
    "91330205MA2AAAAA1X",
    required=True,
)


class Kind:
    """How rows of one kind become rows of the registry.

    An empty cell says nothing: it leaves what is known, and takes the default of what is new.
    """

    kind: ImportKind
    model: type[models.Model]
    columns: Sequence[Column]
    # Fields that, with the company, say which row is meant.
    identity: tuple[str, ...] = ()
    # What every row of the kind has besides its columns.
    fixed: Fields = {}
    checks: Sequence[Check] = ()
    # Whether the company changes such rows itself: whoever has its form open is told of ours.
    is_on_the_companys_form = False
    # Fields that the model's `clean` fills in where they are empty.
    filled_in: tuple[str, ...] = ()
    # What was said of a value that changes, and is not said of the new one.
    said_of_value: Sequence[Mark] = ()

    @property
    def sheet(self) -> str:
        """The name of the template's sheet."""
        return str(self.kind.label)

    @property
    def named_by(self) -> tuple[str, ...]:
        """The fields by which people tell the rows of a company apart."""
        return self.identity

    def amount(self, value: Decimal, values: Values) -> str:
        """A number of the row, with its unit."""
        return f"{value:,.2f} 元"

    def refusal(self, row: Any) -> str:
        """Why a row of the registry may not be changed by a table; empty where it may."""
        return ""

    def key(self, values: Values) -> Key:
        return (values[CODE], *(values.get(name) for name in self.identity))

    def key_of(self, row: Any) -> Key:
        return (row.code, *(getattr(row, name) for name in self.identity))

    def rows(self, district: District) -> models.QuerySet[Any]:
        """The district's rows of the registry, in the order in which they are locked."""
        return (
            self.model._default_manager.filter(company__district=district, **self.fixed)
            .annotate(code=F("company__uscc"))
            .order_by("pk")
        )

    def existing(self, values: Sequence[Values], district: District) -> models.QuerySet[Any]:
        """The rows of the registry that rows of the file can mean."""
        asked = {
            f"{name}__in": {row[name] for row in values if name in row} for name in self.identity
        }
        codes = {row[CODE] for row in values}
        return self.rows(district).filter(company__uscc__in=codes, **asked)

    def fields_of(self, values: Values) -> Fields:
        """What the row sets, by the model's fields."""
        return {
            name: value for name, value in values.items() if name not in (CODE, NAME)
        } | self.fixed

    def build(self, values: Values, company: Company | None, district: District) -> Any:
        return self.model(company=company, **self.fields_of(values))

    def sign(self, row: Any, by: User) -> tuple[str, ...]:
        """Note on a row that is written whose doing it is; the fields that say so."""
        return ()


class Companies(Kind):
    kind = ImportKind.COMPANIES
    model = Company
    columns = (
        CODE_COLUMN,
        Column(
            NAME,
            "企业名称",
            cells.text(120),
            "与营业执照一致",
            "宁波示例机械有限公司",
            required=True,
        ),
        _words("street", "街道（镇）", cells.words_of(Street), "从列表中选"),
        Column("address", "地址", cells.text(200), "注册地址", "慈城镇示例路 1 号"),
        Column(
            "industry",
            "所属行业",
            cells.industry,
            "国民经济行业分类代码",
            "C3912",
        ),
    )

    def key_of(self, row: Any) -> Key:
        return (row.uscc,)

    def rows(self, district: District) -> models.QuerySet[Any]:
        return Company.objects.filter(district=district).order_by("pk")

    def existing(self, values: Sequence[Values], district: District) -> models.QuerySet[Any]:
        return self.rows(district).filter(uscc__in={row[CODE] for row in values})

    def fields_of(self, values: Values) -> Fields:
        return dict(values)

    def sign(self, row: Any, by: User) -> tuple[str, ...]:
        # Whoever has the company's form open is told that it changed; the row is locked.
        row.revision += 1
        # Rows are changed in bulk, past the field's own care for it.
        row.initials = initials_of(row.name)
        return ("revision", "initials")

    def build(self, values: Values, company: Company | None, district: District) -> Company:
        return Company(district=district, **values)

    def doubt(self, code: str) -> str:
        """Why a person must confirm a new code; empty where nobody needs to."""
        if uscc.verdict(code) is uscc.Verdict.CONFIRM:
            return _("末位校验码不符，2016 年前有少数企业确是如此")
        if not code.startswith(uscc.COMPANY_PREFIXES):
            return _("不是企业的代码（91、92、93 开头）")
        return ""


_NAME = Column(NAME, "企业名称", cells.text(120), "只供核对，不改企业资料", "宁波示例机械有限公司")
_AS_OF = Column("as_of", "数据截至", cells.day, "新增时空着按写入当天", "2026-01-31")
_YEAR = Column("year", "年度", cells.year, "公历年份", "2025", required=True)


def _can_be_reached(values: Values) -> Fault:
    if values.get("phone") or values.get("email"):
        return None
    return "person", _("电话和邮箱至少填一项")


class Contacts(Kind):
    """People whom the administration may call. Who is called first, the company says itself."""

    kind = ImportKind.CONTACTS
    model = Contact
    is_on_the_companys_form = True
    # The company's name stands in the column of that name already.
    identity = ("person",)
    checks = (_can_be_reached,)
    columns = (
        CODE_COLUMN,
        _NAME,
        Column("person", "姓名", cells.text(50), "同一企业按姓名认人", "王示例", required=True),
        Column("role", "职务", cells.text(40), "没有就空着", "财务经理"),
        Column(
            "phone",
            "电话",
            cells.matching(
                20, r"[0-9+()\-]{5,20}", gettext_noop("电话只写数字和连字符，如 0574-87650000")
            ),
            "手机或带区号的固定电话。电话和邮箱至少填一项",
            "0574-87650000",
        ),
        Column("email", "邮箱", cells.email, "电话和邮箱至少填一项", "wang@example.com"),
    )

    def rows(self, district: District) -> models.QuerySet[Any]:
        return super().rows(district).annotate(person=F("name"))

    def fields_of(self, values: Values) -> Fields:
        fields = super().fields_of(values)
        return fields | {"name": fields.pop("person")}


class ScaleYears(Kind):
    kind = ImportKind.SCALE
    model = ScaleYear
    identity = ("year",)
    columns = (
        CODE_COLUMN,
        _NAME,
        _YEAR,
        _words(
            "above_scale", "规上企业", cells.YES_OR_NO, "是或否，不清楚就不写这一行", required=True
        ),
        _words("source", "来源", cells.words_of(Source), "新增时空着按统计导入"),
        Column("note", "依据", cells.text(120), "名单或文号", "2025 年规上企业名单"),
    )


def _until_follows_from(values: Values) -> Fault:
    until: date | None = values.get("valid_until")
    if until and until < values["valid_from"]:
        return "valid_until", _("有效期止不能早于有效期起")
    return None


class _DatedKind(Kind):
    """Rows with the days from and until which they hold."""

    identity = ("kind", "number", "valid_from")
    checks: Sequence[Check] = (_until_follows_from,)

    def key(self, values: Values) -> Key:
        return (values[CODE], values["kind"], values.get("number", ""), values.get("valid_from"))

    def existing(self, values: Sequence[Values], district: District) -> models.QuerySet[Any]:
        return self.rows(district).filter(company__uscc__in={row[CODE] for row in values})


_NUMBER = Column(
    "number", "编号", cells.text(80), "证书或文件的编号，是认出同一条记录的依据", "GR202533100001"
)
_FROM = Column("valid_from", "有效期起", cells.any_day, "年-月-日", "2025-12-08", required=True)
_UNTIL = Column("valid_until", "有效期止", cells.any_day, "含当日。没有期限就空着", "2028-12-07")


def _level_is_of_a_recognised_institution(values: Values) -> Fault:
    has_level = values["kind"] == RecognitionKind.RD_INSTITUTION and values.get("holds", True)
    if has_level and not values.get("level"):
        return "kind", _("研发机构须填写级别")
    if not has_level and values.get("level"):
        return "level", _("只有已认定的研发机构有级别，请清空")
    return None


class Recognitions(_DatedKind):
    kind = ImportKind.RECOGNITIONS
    model = Recognition
    checks = (_level_is_of_a_recognised_institution, _until_follows_from)
    columns = (
        CODE_COLUMN,
        _NAME,
        _words("kind", "类别", cells.words_of(RecognitionKind), "从列表中选", required=True),
        _words("holds", "已认定", cells.YES_OR_NO, "否表示已核实没有。新增时空着按“是”"),
        _words(
            "level",
            "级别",
            cells.words_of(RdInstitution, without=[RdInstitution.NONE]),
            "只有研发机构填写",
        ),
        _NUMBER,
        _FROM,
        _UNTIL,
    )

    def fields_of(self, values: Values) -> Fields:
        fields = super().fields_of(values)
        # What was not recognised has no level, whatever is known: no cell could empty it.
        return fields if fields.get("holds", True) else fields | {"level": ""}


def _cultivation_has_its_amount(values: Values) -> Fault:
    if values["kind"] == AgreementKind.CULTIVATION and "yearly_amount" not in values:
        return "kind", _("培育期约定须写明年度额度")
    return None


class Agreements(_DatedKind):
    kind = ImportKind.AGREEMENTS
    model = Agreement
    checks = (_cultivation_has_its_amount, _until_follows_from)
    columns = (
        CODE_COLUMN,
        _NAME,
        _words("kind", "类别", cells.words_of(AgreementKind), "从列表中选", required=True),
        Column(
            "yearly_amount",
            "年度额度（元）",
            cells.money,
            "培育期约定的年度额度，以元为单位。综合扶持没有额度就空着",
            "2000000.00",
        ),
        _NUMBER,
        _FROM,
        _UNTIL,
    )


class _YearlyKind(Kind):
    """Rows of yearly figures. What money rests on is not overwritten by a table."""

    model = YearlyFigure
    said_of_value = (
        Mark("is_audited", "经审计", none=False),
        Mark("evidence_id", "依据文件", none=None),
    )

    def refusal(self, row: Any) -> str:
        if row.is_frozen:
            return _(
                "这一年度的数已锁定（已用于核算年度总量），不能覆盖。请在企业资料页由财政另作更正"
            )
        return ""

    def sign(self, row: Any, by: User) -> tuple[str, ...]:
        row.entered_by, row.entered_at = by, timezone.now()
        return ("entered_by", "entered_at")


def _staff_are_whole(values: Values) -> Fault:
    if values["measure"] == Measure.STAFF and values["value"] % 1:
        return "value", _("从业人员以人为单位，请写整数")
    return None


class Figures(_YearlyKind):
    kind = ImportKind.FIGURES
    identity = ("year", "measure", "source")
    checks = (_staff_are_whole,)
    columns = (
        CODE_COLUMN,
        _NAME,
        _YEAR,
        _words(
            "measure",
            "指标",
            cells.words_of(Measure, without=[Measure.FISCAL_CONTRIBUTION]),
            "从列表中选。财政贡献由财政部门另行导入",
            required=True,
        ),
        Column(
            "value",
            "数值",
            cells.money,
            "金额以元为单位。从业人员以人为单位，写整数",
            "5200000.00",
            required=True,
        ),
        _words("source", "来源", cells.words_of(Source), "从列表中选", required=True),
        _AS_OF,
    )

    def amount(self, value: Decimal, values: Values) -> str:
        if values["measure"] == Measure.STAFF:
            return f"{value:,.0f} 人"
        return super().amount(value, values)


class FiscalContribution(_YearlyKind):
    kind = ImportKind.FISCAL
    identity = ("year", "source")
    fixed = {"measure": Measure.FISCAL_CONTRIBUTION.value}
    columns = (
        CODE_COLUMN,
        _NAME,
        _YEAR,
        Column("value", "财政贡献（元）", cells.money, "以元为单位", "3000000.00", required=True),
        _words("source", "来源", cells.words_of(Source), "从列表中选", required=True),
        _AS_OF,
    )


def _repair_follows_listing(values: Values) -> Fault:
    repaired: date | None = values.get("repaired_on")
    if repaired and repaired < values["listed_on"]:
        return "repaired_on", _("修复日期不能早于列入日期")
    return None


def _is_shown_as_long_as_the_grade_allows(values: Values) -> Fault:
    last: date | None = values.get("valid_until")
    if last is None:
        return None
    listed: date = values["listed_on"]
    if last < listed:
        return "valid_until", _("公示的最后一天不能早于列入日期")
    if grade := values.get("grade"):
        first, most = shown_until(grade, listed)
        if not first <= last <= most:
            return "valid_until", out_of_bounds(grade, listed)
    return None


class Credit(Kind):
    kind = ImportKind.CREDIT
    model = CreditEntry
    checks = (_repair_follows_listing, _is_shown_as_long_as_the_grade_allows)
    named_by = ("kind", "title", "number", "listed_on")
    filled_in = ("valid_until",)
    columns = (
        CODE_COLUMN,
        _NAME,
        _words("kind", "类别", cells.words_of(CreditKind), "从列表中选", required=True),
        _words("grade", "等级", cells.words_of(CreditGrade), "文书标明的失信程度，没有就空着"),
        Column(
            "title", "事由", cells.text(200), "列入的事由", "列入严重失信主体名单", required=True
        ),
        Column("source", "来源", cells.text(60), "空着表示信用中国", "信用中国"),
        Column(
            "number",
            "文书号",
            cells.text(80),
            "有就填，是认出同一条记录的依据",
            "甬税罚〔2025〕1号",
        ),
        Column(
            "listed_on",
            "列入日期",
            cells.day,
            "决定或列入之日，年-月-日",
            "2025-03-31",
            required=True,
        ),
        Column(
            "valid_until",
            "公示到",
            cells.any_day,
            "最后一天，含当天。原来也没有的，空着按等级的最长期限；没有等级的到修复为止",
            "2026-03-31",
        ),
        Column("repaired_on", "修复日期", cells.day, "没有修复就空着", "2025-09-30"),
        _AS_OF,
    )

    def build(self, values: Values, company: Company | None, district: District) -> CreditEntry:
        entry: CreditEntry = super().build(values, company, district)
        entry.clean()
        return entry

    def key(self, values: Values) -> Key:
        source = values.get("source") or CreditEntry._meta.get_field("source").get_default()
        return self._key(values[CODE], source, values.get("number"), values)

    def key_of(self, row: Any) -> Key:
        return self._key(row.code, row.source, row.number, vars(row))

    def _key(self, code: str, source: str, number: str | None, values: Mapping[str, Any]) -> Key:
        """Its document's number says which entry it is; without one its reason and day do."""
        if number:
            return (code, source, number)
        return (code, source, values["title"], values["listed_on"])


class Incidents(Kind):
    kind = ImportKind.INCIDENTS
    model = Incident
    identity = ("kind", "date")
    columns = (
        CODE_COLUMN,
        _NAME,
        _words("kind", "类别", cells.words_of(IncidentKind), "从列表中选", required=True),
        Column("date", "发生日期", cells.day, "年-月-日", "2025-03-31", required=True),
        Column("note", "说明", cells.text(200), "简要情况", "一般生产安全事故"),
    )


KINDS: dict[str, Kind] = {
    kind.kind.value: kind
    for kind in (
        Companies(),
        Contacts(),
        ScaleYears(),
        Recognitions(),
        Agreements(),
        Figures(),
        FiscalContribution(),
        Credit(),
        Incidents(),
    )
}
