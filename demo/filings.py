"""What the demo's companies apply for: items, levels and facts that fit together."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from django.utils import timezone

from companies.facts import company_facts
from demo.registry import Firm
from subsidies.applications.services import ClaimInput
from subsidies.catalogue import published
from subsidies.credit.findings import dishonesty, findings
from subsidies.models import Award, Item
from subsidies.rules.estimate import estimate

Json = dict[str, Any]
Facts = dict[str, str]

# How often an item is applied for, beside the others.
ITEMS = {
    "jb24-03": 9,
    "jb24-04c": 2,
    "jb24-06": 3,
    "jb24-07": 2,
    "jb24-08a": 5,
    "jb24-10a": 6,
    "jb24-11a": 4,
    "jb24-11b": 2,
    "jb24-12": 5,
    "jb24-13a": 4,
    "jb24-13b": 6,
    "jb24-14a": 5,
    "jb24-14b": 2,
    "jb24-14c": 2,
    "jb24-17a": 4,
    "jb24-17b": 2,
    "jb24-19a": 2,
    "jb24-20": 7,
    "jb24-21a": 6,
    "jb24-21b": 2,
    "jb24-22a": 1,
    "jb24-22b": 4,
    "jb24-22c": 2,
    "jb24-23a": 4,
    "jb24-25a": 3,
    "jb24-26b": 2,
    "jb24-29": 2,
    "jb22-1b": 4,
    "jb22-4a": 4,
    "jb22-5": 4,
}
LAST_YEAR_OF_FIGURES = 2025
# Claims whose event is the end of a year.
YEAR_ENDS = ("年度最后一日", "研发年度的最后一日")
OBJECTS = (
    "压铸线", "冲压车间", "涂装线", "装配线", "注塑车间", "热处理线", "SMT 产线", "精加工车间"
)  # fmt: skip
WORKS = ("自动化改造", "数字化升级", "节能改造", "机器换人", "柔性生产改造")
PRODUCTS = ("五轴联动加工中心", "高速精密冲床", "全自动视觉检测机", "智能压铸单元", "排产系统")
SUBJECTS = {
    "产品名称": PRODUCTS,
    "软件产品名称": ("云帆排产系统", "设备健康管理软件", "能耗监测平台"),
    "研发机构名称": ("企业工程技术中心", "企业研究院", "重点实验室"),
    "标准名称和编号": ("T/ZZB 精密铸件尺寸公差", "T/ZZB 伺服电机可靠性要求"),
    "证书名称": ("品字标认证证书", "绿色产品认证证书"),
    "称号名称": ("知识产权示范企业", "知识产权优势企业"),
    "荣誉名称": ("数字经济示范项目", "数字经济优秀案例"),
    "获奖成果名称": ("轻合金精密成形关键技术", "高可靠伺服驱动关键技术"),
    "工作室名称": ("模具钳工技能大师工作室", "数控技能大师工作室"),
}


@dataclass(frozen=True)
class Filing:
    """A claim that a company makes, with what the engine says to it today."""

    firm: Firm
    item: Item
    claim: ClaimInput
    answer: Json

    @property
    def form_data(self) -> dict[str, str]:
        """The claim as it was typed into the form."""
        claim = self.claim
        typed = {
            "level": claim.level.code,
            "subject": claim.subject,
            "event_date": claim.event_date.isoformat(),
            "requested": str(claim.requested or ""),
            "other_support": str(claim.other_support or ""),
            **claim.facts,
        }
        return {name: text for name, text in typed.items() if text}

    @property
    def reason(self) -> str:
        """The first check that failed, as a sentence for the company."""
        for check in self.answer["checks"]:
            if check["outcome"] == "fail":
                return f"{check['detail']}（{check['clause']}）"
        return "申报内容与证明材料不一致，不符合本事项的条件。"


class Filings:
    """Makes claims, and asks the engine about each beside those made before for the company."""

    def __init__(self, firms: list[Firm], random: Random) -> None:
        self._firms = firms
        self._random = random
        self._today = timezone.localdate()
        self._catalogue = published.catalogue()
        self.items = {
            item.code: item for item in Item.objects.current().filter(code__in=ITEMS).for_list()
        }
        # How many departments have a say beside the main one.
        self._others = {
            code: len(item.leads[1:] + item.co_departments) for code, item in self.items.items()
        }
        self._history: dict[int, list[Json]] = {}
        for award in Award.objects.filter(claim=None).order_by("granted_at"):
            self._history.setdefault(award.company_id, []).append(award.as_history())
        self._facts: dict[tuple[int, int, int], Json] = {}
        self._made: set[tuple[int, str]] = set()

    def some(self, eligible: bool | None, *, latest: date, co_departments: int = 0) -> Filing:
        """A claim to which the engine says this; its event is not after `latest`."""
        codes = [code for code in self.items if self._others[code] >= co_departments]
        weights = [ITEMS[code] for code in codes]
        while True:
            firm = self._random.choice(self._firms)
            item = self.items[self._random.choices(codes, weights)[0]]
            if (firm.company.pk, item.code) in self._made:
                continue
            filing = self._draw(firm, item, latest)
            if filing.answer["eligible"] is eligible and (
                eligible is not True or Decimal(filing.answer["payable"]) > 0
            ):
                self._remember(filing)
                return filing

    def this(
        self,
        firm: Firm,
        code: str,
        level: str,
        event_date: date,
        *,
        subject: str = "",
        facts: Facts | None = None,
    ) -> Filing:
        """The claim as told."""
        item = self.items[code]
        claim = ClaimInput(
            level=item.levels.get(code=level),
            event_date=event_date,
            subject=subject,
            facts=facts or {},
        )
        filing = self._ask(firm, item, claim)
        self._remember(filing)
        return filing

    def _draw(self, firm: Firm, item: Item, latest: date) -> Filing:
        random = self._random
        level = random.choice(list(item.levels.all()))
        level.item = item
        latest = min(latest, date(LAST_YEAR_OF_FIGURES, 12, 31))
        if item.event_label in YEAR_ENDS:
            years = [year for year in (2024, 2025) if date(year, 12, 31) <= latest]
            event_date = date(random.choice(years), 12, 31)
        else:
            first = date(2024, 1, 8)
            event_date = first + timedelta(days=random.randint(0, (latest - first).days))
        claim = ClaimInput(
            level=level,
            event_date=event_date,
            subject=self._subject(item),
            other_support=(
                Decimal(20_000)
                if level.rules_level.set_off and random.random() < 0.15
                else Decimal(0)
            ),
            facts=self._claim_facts([name for name, _question in level.claim_questions]),
        )
        return self._ask(firm, item, claim)

    def _subject(self, item: Item) -> str:
        if not item.subject_label:
            return ""
        if item.subject_label == "项目名称":
            return self._random.choice(OBJECTS) + self._random.choice(WORKS)
        return self._random.choice(SUBJECTS.get(item.subject_label, WORKS))

    def _claim_facts(self, names: list[str]) -> Facts:
        facts: Facts = {}
        for name in names:
            match name:
                case "recognised_investment":
                    facts[name] = self._money(1_800_000, 16_000_000)
                case "eligible_investment":
                    share = Decimal(self._random.randint(75, 100)) / 100
                    whole = Decimal(facts["recognised_investment"]) * share
                    facts[name] = str(whole.quantize(Decimal("0.01")))
                case "fee_paid":
                    facts[name] = self._money(80_000, 900_000)
                case _:
                    facts[name] = self._money(300_000, 2_400_000)
        return facts

    def _money(self, least: int, most: int) -> str:
        return str(Decimal(self._random.randint(least * 100, most * 100)) / 100)

    def _ask(self, firm: Firm, item: Item, claim: ClaimInput) -> Filing:
        year = claim.event_date.year
        key = (firm.company.pk, item.edition_id, year)
        if key not in self._facts:
            found = dishonesty(findings(firm.company, item.edition))
            facts = company_facts(firm.company, year=year)
            self._facts[key] = facts | {"dishonesty": found}
        question = {
            "as_of": self._today.isoformat(),
            "company": self._facts[key],
            "history": self._history.get(firm.company.pk, []),
            "claims": [
                {
                    "id": "1",
                    "item": item.code,
                    "level": claim.level.code,
                    "event_date": claim.event_date.isoformat(),
                    "subject": claim.subject,
                    "other_support": str(claim.other_support),
                    **claim.facts,
                }
            ],
        }
        answer = estimate(question, self._catalogue, self._today)
        assert isinstance(answer, dict)
        return Filing(firm, item, claim, answer["claims"][0])

    def _remember(self, filing: Filing) -> None:
        """Count a claim as if it were granted: the company's next claims must fit beside it."""
        self._made.add((filing.firm.company.pk, filing.item.code))
        if filing.answer["eligible"]:
            entry = {
                "item": filing.item.code,
                "level": filing.claim.level.code,
                "subject": filing.claim.subject,
                "year": filing.claim.event_date.year,
                "amount": filing.answer["payable"],
            }
            self._history.setdefault(filing.firm.company.pk, []).append(entry)
