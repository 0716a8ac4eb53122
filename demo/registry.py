"""Made-up companies of the demo district, with all that the registry knows about them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from django.utils import timezone

from accounts.models import District, User
from companies.cnaps import check_digit
from companies.models import (
    Agreement,
    BankAccount,
    Company,
    Contact,
    CreditEntry,
    Incident,
    IncidentKind,
    IndustryIntensity,
    Measure,
    Member,
    RdInstitution,
    Recognition,
    ScaleYear,
    Source,
    Street,
    YearlyFigure,
)
from companies.profile.kinds import AgreementKind, RecognitionKind
from companies.uscc import check_sign, organisation_check_sign
from demo.people import IN_OFFICE_SINCE, ensure_users, made_up_name
from subsidies.ledger.models import AwardStatus
from subsidies.models import Award

COMPANIES = 200
# Codes that the registration authority gives begin with MA after the area: these are no one's.
CODE_LETTERS = "DM"
YEARS = (2022, 2023, 2024, 2025)
INTENSITY_SOURCE = "演示数据，非统计部门发布"

# What companies make or do, and the industry (GB/T 4754) that it belongs to.
TRADES = (
    ("精密机械", "C3484"),
    ("模具", "C3525"),
    ("电机", "C3812"),
    ("汽车零部件", "C3670"),
    ("电子", "C3982"),
    ("传感科技", "C3983"),
    ("智能装备", "C3569"),
    ("新材料", "C3985"),
    ("塑业", "C2927"),
    ("橡胶制品", "C2913"),
    ("纺织", "C1711"),
    ("服饰", "C1819"),
    ("食品", "C1439"),
    ("医疗器械", "C3581"),
    ("仪器仪表", "C4014"),
    ("阀门", "C3443"),
    ("轴承", "C3451"),
    ("紧固件", "C3482"),
    ("铝业", "C3252"),
    ("铜业", "C3251"),
    ("环保科技", "C3591"),
    ("家居", "C2110"),
    ("包装", "C2231"),
    ("文具", "C2411"),
    ("照明", "C3872"),
    ("电器", "C3859"),
    ("电缆", "C3831"),
    ("生物科技", "C2761"),
    ("新型建材", "C3029"),
    ("船舶配件", "C3734"),
    ("软件", "I6513"),
    ("信息技术", "I6531"),
    ("检测技术", "M7452"),
    ("工业设计", "M7491"),
    ("节能服务", "M7514"),
)
FIRST_SIGNS = "澄启甬沐宏锦瑞知越云和砺朗卓衡昱岚屿榕桐砚弘霁珩"
SECOND_SIGNS = "川岚拓屿帆禾微溪澄松桥砾原舟致衡昀樾芷洲"
BANKS = (
    ("102", "中国工商银行宁波江北支行"),
    ("103", "中国农业银行宁波江北支行"),
    ("104", "中国银行宁波江北支行"),
    ("105", "中国建设银行宁波江北支行"),
    ("301", "交通银行宁波江北支行"),
    ("308", "招商银行宁波江北支行"),
    ("403", "中国邮政储蓄银行宁波江北支行"),
)
NINGBO_BANKS = "3320"
CREDIT_TITLES = ("未按期履行法律文书确定的义务", "未按规定公示年度报告", "拖欠货款被列入失信名单")
INCIDENTS = (
    (IncidentKind.SAFETY, "车间机械伤害事故"),
    (IncidentKind.ENVIRONMENT, "废水超标排放"),
    (IncidentKind.QUALITY, "产品抽查不合格"),
    (IncidentKind.IDLE_LAND, "厂区土地长期空置"),
)
# Awards from before this system: item, level, policy year, amount.
PAST_AWARDS = (
    ("jb22-1a", "first", 2022, "300000.00"),
    ("jb22-1b", "upscale", 2022, "100000.00"),
    ("jb22-1a", "again", 2023, "150000.00"),
    ("jb24-20", "city-potential", 2024, "100000.00"),
    ("jb22-4a", "general", 2023, "182400.00"),
    ("jb24-14a", "factory-district", 2024, "30000.00"),
    ("jb24-21a", "again", 2024, "50000.00"),
)


@dataclass(frozen=True)
class Firm:
    """A company with the person who acts for it."""

    company: Company
    clerk: User


def demo_uscc(letters: str, number: int) -> str:
    """A valid code of a company in 江北区 that no real company has: nine signs made up."""
    body = f"{letters}{number:06d}"
    body += organisation_check_sign(body)
    code = f"91330205{body}"
    return code + check_sign(code)


def demo_companies() -> list[Company]:
    """The companies of the demo district, the newcomer's first; none before it is made."""
    return list(Company.objects.filter(uscc__startswith=f"91330205{CODE_LETTERS}").order_by("uscc"))


def cnaps(bank: str, branch: int) -> str:
    """联行号: bank, area, branch and its check digit."""
    digits = f"{bank}{NINGBO_BANKS}{branch:04d}"
    return digits + check_digit(digits)


def make_firms(district: District, random: Random) -> list[Firm]:
    """The companies with people, accounts, figures, credit record and past awards."""
    names = list(_names(random))
    drawn = [
        (_company(district, number, name, trade, random), _standing(number, random))
        for number, (name, trade) in enumerate(names, start=1)
    ]
    companies = Company.objects.bulk_create(company for company, _standing in drawn)
    _make_profiles(drawn)
    BankAccount.objects.bulk_create(
        _account(company, number, random) for number, company in enumerate(companies, start=1)
    )
    usernames = ["qiye", *(f"qiye-{number}" for number in range(2, COMPANIES + 1))]
    people = ensure_users(
        {username: made_up_name(200 + number) for number, username in enumerate(usernames, start=1)}
    )
    firms = [
        Firm(company, people[username])
        for username, company in zip(usernames, companies, strict=True)
    ]
    Member.objects.bulk_create(
        Member(user=firm.clerk, company=firm.company, starts_on=IN_OFFICE_SINCE) for firm in firms
    )
    YearlyFigure.objects.bulk_create(
        figure
        for number, (company, standing) in enumerate(drawn, start=1)
        for figure in _figures(number, company, random, above_scale=bool(standing.above_scale))
    )
    _mark_the_difficult(companies, random)
    Award.objects.bulk_create(_past_awards(district, companies, random))
    return firms


def make_intensities(random: Random) -> None:
    """Average R&D intensities of the industries, where nobody entered any."""
    divisions = [f"{division:02d}" for division in (*range(13, 44), 65, 73, 74, 75)]
    IndustryIntensity.objects.bulk_create(
        (
            IndustryIntensity(
                division=division,
                year=year,
                intensity=Decimal(random.randint(8, 42)) / 1000,
                source=INTENSITY_SOURCE,
            )
            for division in divisions
            for year in YEARS
        ),
        ignore_conflicts=True,
    )


def _names(random: Random) -> Iterator[tuple[str, tuple[str, str]]]:
    yield "宁波甬澄精密机械有限公司", ("精密机械", "C3912")
    yield "宁波砺桥传感科技有限公司", ("传感科技", "C3983")
    pairs = [one + two for one in FIRST_SIGNS for two in SECOND_SIGNS if one != two]
    pairs.remove("甬澄")
    pairs.remove("砺桥")
    random.shuffle(pairs)
    for place, pair in enumerate(pairs[: COMPANIES - 2]):
        if place % 9 == 0:
            pair += random.choice("达盛源合")
        trade = TRADES[place % len(TRADES)]
        form = "股份有限公司" if random.random() < 0.12 else "有限公司"
        yield f"宁波{pair}{trade[0]}{form}", trade


def _company(
    district: District, number: int, name: str, trade: tuple[str, str], random: Random
) -> Company:
    street = random.choice(list(Street))
    return Company(
        district=district,
        name=name,
        uscc=demo_uscc(CODE_LETTERS, number),
        street=street,
        address=f"宁波市江北区{street.label}演示路 {random.randint(1, 999)} 号",
        industry=trade[1],
    )


@dataclass(frozen=True)
class Standing:
    """What is known of a company, the same in every year; None where nobody has told."""

    above_scale: bool | None
    high_tech: bool | None
    rd_institution: str


def _standing(number: int, random: Random) -> Standing:
    above_scale, high_tech = random.random() < 0.6, random.random() < 0.5
    weights = (50, 30, 16, 4) if number > 2 else (0, 1, 0, 0)
    institution = random.choices(RdInstitution.values, weights=weights)[0]
    if number <= 2:
        return Standing(True, True, institution)
    if number % 29 == 0:
        # Nobody has told yet: answers that need it stay open.
        return Standing(None, None, "")
    return Standing(above_scale, high_tech, institution)


def _make_profiles(drawn: "list[tuple[Company, Standing]]") -> None:
    ScaleYear.objects.bulk_create(
        row for company, standing in drawn for row in _scale_years(company, standing)
    )
    Recognition.objects.bulk_create(
        row
        for number, (company, standing) in enumerate(drawn, start=1)
        for row in _recognitions(number, company, standing)
    )
    Contact.objects.bulk_create(
        Contact(
            company=company,
            name=made_up_name(200 + number),
            role="财务负责人",
            phone=f"0574-0000{number:04d}",
            is_main=True,
        )
        for number, (company, _standing) in enumerate(drawn, start=1)
    )


def _scale_years(company: Company, standing: Standing) -> Iterator[ScaleYear]:
    if standing.above_scale is None:
        return
    for year in range(YEARS[0], timezone.localdate().year + 1):
        yield ScaleYear(
            company=company,
            year=year,
            above_scale=standing.above_scale,
            note=f"{year} 年度名单（演示）",
        )


def _recognitions(number: int, company: Company, standing: Standing) -> Iterator[Recognition]:
    if standing.high_tech is None:
        return
    since = date(YEARS[0] - 1, 12, 8)
    if standing.high_tech:
        for place in (0, 1):
            begins = since.replace(year=since.year + 3 * place)
            yield Recognition(
                company=company,
                kind=RecognitionKind.HIGH_TECH,
                number=f"GR{begins.year}YS{number:06d}",
                valid_from=begins,
                valid_until=begins.replace(year=begins.year + 3) - timedelta(days=1),
            )
    else:
        yield Recognition(
            company=company, kind=RecognitionKind.HIGH_TECH, holds=False, valid_from=since
        )
    holds = standing.rd_institution != RdInstitution.NONE
    yield Recognition(
        company=company,
        kind=RecognitionKind.RD_INSTITUTION,
        holds=holds,
        level=standing.rd_institution if holds else "",
        valid_from=since,
    )


def _account(company: Company, number: int, random: Random) -> BankAccount:
    bank, branch = random.choice(BANKS)
    return BankAccount(
        company=company,
        holder=company.name,
        bank=branch,
        number=f"{bank}000{number:013d}",
        cnaps=cnaps(bank, random.randint(1, 400)),
    )


def _figures(
    number: int, company: Company, random: Random, *, above_scale: bool
) -> Iterator[YearlyFigure]:
    if number == 1:
        yield from _figures_of_the_first(company)
        return
    revenue = random.lognormvariate(18.6 if above_scale else 16.2, 0.6)
    share = 0 if number % 17 == 0 else random.uniform(0.02, 0.06)
    tax = random.uniform(0.018, 0.042)
    source = Source.STATISTICS if above_scale else Source.DECLARED
    for year in YEARS:
        revenue *= random.uniform(0.97, 1.18)
        values = {
            Measure.REVENUE: (revenue, source),
            Measure.RD_SPEND: (revenue * share * random.uniform(0.9, 1.2), source),
            Measure.FISCAL_CONTRIBUTION: (max(revenue * tax, 60_000), Source.TAX),
        }
        if year == YEARS[-1] and (number % 12 == 0 or number == 2):
            # The tax office has not closed the year: what it caps cannot be answered.
            del values[Measure.FISCAL_CONTRIBUTION]
        if year >= YEARS[-2] and number % 19 == 0:
            del values[Measure.RD_SPEND]
        for measure, (value, place) in values.items():
            yield _figure(company, year, measure, value, place)
            if number % 10 == 5 and year == YEARS[-1] and place != Source.DECLARED:
                # What the company told differs: the more trusted source counts.
                yield _figure(company, year, measure, value * 1.08, Source.DECLARED)


def _figures_of_the_first(company: Company) -> Iterator[YearlyFigure]:
    """Fit for an application for 技术改造投资补助 and for 研发投入增量补助 at once."""
    figures = {
        Measure.RD_SPEND: (3_100_000, 4_000_000, 5_200_000, 6_350_000),
        Measure.REVENUE: (71_000_000, 84_500_000, 98_000_000, 109_400_000),
        Measure.FISCAL_CONTRIBUTION: (2_260_000, 2_740_000, 3_100_000, 3_380_000),
        Measure.INVESTMENT: (2_400_000, 3_850_000, 12_300_000, 5_600_000),
        Measure.ASSETS: (58_000_000, 66_200_000, 79_500_000, 86_100_000),
        Measure.STAFF: (268, 291, 312, 326),
    }
    for measure, values in figures.items():
        source = Source.TAX if measure == Measure.FISCAL_CONTRIBUTION else Source.STATISTICS
        for year, value in zip(YEARS, values, strict=True):
            yield _figure(company, year, measure, value, source)
    # What the company told of the last year differs: both stand side by side.
    yield _figure(company, YEARS[-1], Measure.RD_SPEND, 6_480_000, Source.DECLARED)


def _figure(
    company: Company, year: int, measure: Measure, value: float, source: Source
) -> YearlyFigure:
    return YearlyFigure(
        company=company,
        year=year,
        measure=measure,
        value=Decimal(round(value)).quantize(Decimal("0.01")),
        source=source,
        as_of=min(date(year + 1, 5, 31), timezone.localdate()),
    )


def _mark_the_difficult(companies: list[Company], random: Random) -> None:
    """Credit entries, incidents, case-by-case support and cultivation agreements for a few."""
    chosen = iter(random.sample(companies[2:], 30))
    today = timezone.localdate()
    entries = []
    for place in range(14):
        listed = date(2022 + place % 3, 1 + place % 12, 5 + place)
        repaired = None if place % 7 == 3 else listed.replace(year=listed.year + 1)
        entries.append(
            CreditEntry(
                company=next(chosen),
                title=random.choice(CREDIT_TITLES),
                number=f"（演示）{listed.year} 第 {place + 1} 号",
                listed_on=listed,
                repaired_on=repaired if repaired and repaired < today else None,
            )
        )
    CreditEntry.objects.bulk_create(entries)
    Incident.objects.bulk_create(
        Incident(company=next(chosen), kind=kind, date=date(2024 + place % 2, 6, 18), note=note)
        for place, (kind, note) in enumerate(INCIDENTS)
    )
    for place in range(8):
        is_cultivated = place >= 3
        Agreement.objects.create(
            company=next(chosen),
            kind=AgreementKind.CULTIVATION if is_cultivated else AgreementKind.COMPREHENSIVE,
            yearly_amount=Decimal(100_000 * place) if is_cultivated else None,
            number=f"（演示）协议 {place + 1} 号",
            valid_from=date(YEARS[0], 1, 1),
            valid_until=date(YEARS[-1] + 3, 12, 31),
        )


def _past_awards(district: District, companies: list[Company], random: Random) -> Iterator[Award]:
    # The first company's slate is nearly clean: it is there to be applied for.
    for place, company in enumerate([companies[0], *random.sample(companies[2:], 34)]):
        item, level, year, amount = PAST_AWARDS[1 if place == 0 else place % len(PAST_AWARDS)]
        granted = datetime(year, 11, 20, 10, tzinfo=timezone.get_default_timezone())
        yield Award(
            district=district,
            company=company,
            item_code=item,
            level_code=level,
            policy_year=year,
            amount=Decimal(amount),
            counts_to_cap=item.startswith("jb24"),
            status=AwardStatus.PAID,
            granted_at=granted,
            paid_on=date(year, 12, 12),
        )
