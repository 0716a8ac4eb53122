"""The demo district: companies, people, budgets, and months of applications in every state."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from random import Random
from unittest import mock

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.utils import timezone

from accounts.models import District, Role, User
from companies.services import change_account
from demo.clock import moved_clock
from demo.files import drawn_once
from demo.filings import Filing, Filings
from demo.lives import NOTICE_DAYS, Act, Life, Officials, Timeline
from demo.news import tell_news
from demo.people import DISTRICT, ensure_people, person
from demo.registry import Firm, cnaps, demo_companies, make_firms, make_intensities
from demo.teams import make_duplicates, make_teams
from demo.workdays import Workdays
from disbursements import services as disbursements
from disbursements.models import Batch, BatchStatus
from outbox.models import Job, State
from reviews import services as reviews
from reviews.models import Case, StageKind
from subsidies.applications.enums import Status
from subsidies.ledger.models import AwardStatus
from subsidies.models import Application, Award, BudgetLine, Item

APPLICATIONS = 310
SEED = 20240501
DOCUMENTS = ("jb24", "jb22")
# What a budget line may grant while the past happens; its total is set to what fits at the end.
AMPLE = Decimal("900000000.00")
# How full the budgets are in the end, in per cent, the line with most bound first: one bar over 90,
# one over 70, and room on the line that a newcomer's application draws on.
FILLS = (48, 93, 76, 61, 35, 22)
BATCH_EVERY = 8
BATCH_SIZE = 12
# Awards wait at least so many days for a batch, as objections may still come in.
SETTLING_DAYS = 3


@dataclass(frozen=True)
class Kind:
    """Lives that end alike: how many of a hundred, their acts, and what the engine says."""

    share: int
    acts: tuple[Act, ...]
    eligible: bool | None = True
    # Working days since the last act: from and to.
    age: tuple[int, int] = (1, 10)
    co_departments: int = 0
    # However small the district is.
    least: int = 1


FILED = (Act.START, Act.ATTACH, Act.SUBMIT)
ACCEPTED = (*FILED, Act.ACCEPT)
REVIEWED = (*ACCEPTED, Act.REVIEW)
DETERMINED = (*REVIEWED, Act.JOINT, Act.DETERMINE)
ON_NOTICE = (*DETERMINED, Act.FINANCE)
CORRECTED = (*ACCEPTED, Act.RETURN, Act.CORRECT)

# Ages are chosen against the time limits of `reviews.routes.STANDARD`, so that of each stage some
# cases are overdue, some due today or soon, and most have time.
KINDS = (
    Kind(7, (Act.START,), age=(1, 40)),
    Kind(4, (Act.START, Act.ATTACH), age=(1, 15)),
    Kind(7, FILED, age=(1, 3)),
    Kind(1, FILED, eligible=None, age=(1, 2)),
    Kind(7, ACCEPTED, age=(1, 7)),
    Kind(1, ACCEPTED, eligible=False, age=(1, 3)),
    Kind(2, ACCEPTED, eligible=None, age=(1, 5)),
    Kind(3, REVIEWED, age=(1, 7), co_departments=1),
    Kind(2, (*REVIEWED, Act.JOINT_IN_PART), age=(1, 3), co_departments=2),
    Kind(6, (*REVIEWED, Act.JOINT), age=(1, 7)),
    Kind(5, DETERMINED, age=(1, 4)),
    Kind(5, ON_NOTICE, age=(1, NOTICE_DAYS - 1)),
    Kind(4, ON_NOTICE, age=(NOTICE_DAYS + 1, NOTICE_DAYS + 5)),
    Kind(3, (*FILED, Act.RETURN), age=(1, 20)),
    Kind(3, (*ACCEPTED, Act.RETURN), age=(1, 20)),
    Kind(3, (*ACCEPTED, Act.RETURN), eligible=None, age=(1, 20)),
    Kind(1, (*REVIEWED, Act.JOINT, Act.RETURN), age=(1, 10)),
    Kind(3, CORRECTED, age=(1, 6)),
    Kind(6, (*ACCEPTED, Act.REJECT), eligible=False, age=(3, 130)),
    Kind(3, (*FILED, Act.REJECT), eligible=False, age=(3, 130)),
    Kind(2, (Act.START, Act.WITHDRAW), age=(5, 100)),
    Kind(3, (*ACCEPTED, Act.WITHDRAW), age=(5, 100)),
    # By their ages against the batches of `_plan_payments`: not printed, in no batch yet, in one
    # that is not paid, in the one that was made in error, and paid long ago.
    Kind(3, (*ON_NOTICE, Act.APPROVE_UNPRINTED), age=(1, 2)),
    Kind(3, (*ON_NOTICE, Act.APPROVE), age=(1, 2), least=2),
    Kind(3, (*ON_NOTICE, Act.APPROVE), age=(6, 9), least=3),
    Kind(1, (*ON_NOTICE, Act.APPROVE), age=(16, 17), least=2),
    Kind(4, (*ON_NOTICE, Act.APPROVE), age=(18, 120)),
    Kind(1, (*CORRECTED, *ON_NOTICE[4:], Act.APPROVE), age=(18, 100)),
)


def make_district(applications: int = APPLICATIONS, seed: int = SEED) -> bool:
    """Make the demo district, all of it or nothing; False if it is there already.

    The same seed gives the same companies and the same lives, moved along with today's date;
    passwords' hashes, keys and check codes differ.
    """
    if demo_companies():
        return False
    # Jobs are done here or by the worker later: its relay finds them without being told, also
    # where no broker runs yet.
    with mock.patch("outbox.services.publish"), drawn_once(), transaction.atomic():
        _make(District.objects.get(code=DISTRICT), applications, Random(seed))
    return True


def _make(district: District, applications: int, random: Random) -> None:
    now = timezone.now()
    workdays = Workdays(timezone.localdate())
    ensure_people(district)
    make_intensities(random)
    firms = make_firms(district, random)
    # Nobody is mailed about things of the past.
    people = User.objects.filter(is_demo=True)
    people.update(email="")

    officials = Officials()
    filings = Filings(firms[2:], random)
    lives = list(_told_lives(firms, filings, workdays, officials, random))
    lives += _random_lives(applications - len(lives), filings, workdays, officials, random)
    first = min(last - sum(life.waits) for life, last in lives)
    lines = _open_budgets(district, workdays.day(first).year)
    with moved_clock(now) as clock:
        timeline = Timeline(clock, now)
        for life, last in lives:
            life.lead(timeline, workdays, last)
        _plan_public_notices(timeline, workdays.day(first), now)
        _plan_payments(timeline, district, workdays, first, random)
        timeline.run()
    reviews.end_due_public_notices()
    _ask_for_another_account(district)
    _set_budgets(lines)
    tell_news(district)
    people.update(email=Concat(F("username"), Value("@example.org")))
    firms[0].clerk.refresh_from_db()
    make_teams(district, firms[0])
    make_duplicates(district, firms)


def _ask_for_another_account(district: District) -> None:
    """Somebody whose money is on its way changes banks: finance has something to check."""
    waiting = Award.objects.filter(district=district, status=AwardStatus.NOTIFIED)
    award = waiting.select_related("company").order_by("-granted_at", "pk").first()
    if award is None:
        return
    clerk = award.company.members.select_related("user").earliest("pk").user
    change_account(
        award.company,
        bank="中国民生银行宁波江北支行",
        number="3050001888800001234",
        cnaps=cnaps("305", 18),
        by=clerk,
    )


def _random_lives(
    count: int, filings: Filings, workdays: Workdays, officials: Officials, random: Random
) -> Iterator[tuple[Life, int]]:
    """Lives of all kinds, with the place of the working day on which each ends."""
    shares = sum(kind.share for kind in KINDS)
    for kind in KINDS:
        for _life in range(max(kind.least, round(count * kind.share / shares))):
            last = workdays.today - random.randint(*kind.age)
            filing = filings.some(
                kind.eligible,
                latest=workdays.day(last) - timedelta(days=90),
                co_departments=kind.co_departments,
            )
            yield _life_of(filing, kind.acts, officials, random), last


def _told_lives(
    firms: list[Firm],
    filings: Filings,
    workdays: Workdays,
    officials: Officials,
    random: Random,
) -> Iterator[tuple[Life, int]]:
    """What the two companies that a newcomer signs in as have going."""
    one, two = firms[0], firms[1]
    paid = (*ON_NOTICE, Act.APPROVE)
    for age, acts, filing in (
        (40, paid, filings.this(one, "jb24-21a", "again", date(2024, 12, 6))),
        (
            2,
            REVIEWED,
            filings.this(
                one,
                "jb24-13b",
                "robot",
                date(2025, 9, 18),
                subject="精加工车间机器换人",
                facts={"project_investment": "1260000.00"},
            ),
        ),
        (
            3,
            (*ACCEPTED, Act.RETURN),
            filings.this(
                one, "jb24-11a", "provincial", date(2025, 6, 20), subject="高精度数控珩磨机"
            ),
        ),
        (
            1,
            (Act.START,),
            filings.this(
                one,
                "jb24-22b",
                "consulting",
                date(2025, 10, 31),
                facts={"fee_paid": "260000.00"},
            ),
        ),
        (
            12,
            (*ACCEPTED, Act.REJECT),
            filings.this(
                two,
                "jb24-03",
                "general",
                date(2024, 11, 20),
                subject="传感器封装线自动化改造",
                facts={
                    "recognised_investment": "1650000.00",
                    "eligible_investment": "1650000.00",
                },
            ),
        ),
        (
            2,
            ACCEPTED,
            filings.this(two, "jb24-12", "city-factory", date(2025, 8, 15), subject="柔性生产改造"),
        ),
        (2, ON_NOTICE, filings.this(two, "jb24-20", "city-potential", date(2024, 9, 10))),
    ):
        yield _life_of(filing, acts, officials, random), workdays.today - age


def _life_of(filing: Filing, acts: tuple[Act, ...], officials: Officials, random: Random) -> Life:
    if not filing.item.leads[1:] + filing.item.co_departments:
        # Nobody else has a say: the case goes straight to the determination.
        acts = tuple(act for act in acts if act not in (Act.JOINT, Act.JOINT_IN_PART))
    return Life(filing, list(acts), officials, random)


def _plan_public_notices(timeline: Timeline, first: date, now: datetime) -> None:
    """Every night what the hourly task does: end the public notices that are over."""
    night = datetime.combine(first, datetime.min.time(), timezone.get_default_timezone())
    while night < now:
        timeline.plan(night + timedelta(minutes=5), _end_public_notices)
        night += timedelta(days=1)


def _end_public_notices() -> None:
    reviews.end_due_public_notices()


def _plan_payments(
    timeline: Timeline, district: District, workdays: Workdays, first: int, random: Random
) -> None:
    """A batch every other week: made, approved the next day, paid two days later. The last but
    one is not paid yet and the last not approved; one of the earlier was made in error."""
    finance = reviews.finance_department(district)
    maker, second = (person(finance, Role.FINANCE, number) for number in (2, 3))
    places = list(range(workdays.today - 2, first, -BATCH_EVERY))
    for place in places:
        payment = Payment(district, maker, second, takes_all=place != places[0])
        timeline.plan(workdays.moment(place, random), payment.make)
        timeline.plan(workdays.moment(place + 1, random), payment.approve)
        timeline.plan(workdays.moment(place + 3, random), payment.pay)
    mistake = Payment(district, maker, second)
    at = workdays.moment(places[1] - 2, random)
    timeline.plan(at, mistake.make)
    timeline.plan(at + timedelta(minutes=25), mistake.cancel)
    latest = Payment(district, maker, second)
    timeline.plan(workdays.moment(workdays.today - 1, random), latest.make)


class Payment:
    """One batch on its way."""

    def __init__(
        self, district: District, maker: User, second: User, *, takes_all: bool = True
    ) -> None:
        self._district = district
        self._maker = maker
        self._second = second
        self._takes_all = takes_all
        self._batch: Batch | None = None

    def make(self) -> None:
        settled = timezone.now() - timedelta(days=SETTLING_DAYS)
        awards = list(
            Award.objects.filter(
                district=self._district, status=AwardStatus.NOTIFIED, granted_at__lt=settled
            ).order_by("granted_at")[:BATCH_SIZE]
        )
        if not self._takes_all:
            awards = awards[: -(-len(awards) // 2)]
        if awards:
            self._batch = disbursements.make_batch(self._district, awards, by=self._maker)

    def approve(self) -> None:
        if self._batch:
            self._batch = disbursements.approve_batch(self._batch, by=self._second)

    def pay(self) -> None:
        if self._batch:
            disbursements.mark_paid(self._batch, on=timezone.localdate(), by=self._maker)

    def cancel(self) -> None:
        if self._batch:
            disbursements.cancel_batch(self._batch, by=self._maker)


def _open_budgets(district: District, first_year: int) -> list[BudgetLine]:
    """A line for each document and each department that leads one of its items; this year's."""
    leads = {
        (item.edition.document, item.leads[0])
        for item in Item.objects.current().filter(edition__document__code__in=DOCUMENTS).for_list()
    }
    this_year = timezone.localdate().year
    lines = []
    for year in range(first_year, this_year + 1):
        for document, lead in sorted(leads, key=lambda pair: (pair[0].code, pair[1].code)):
            line, _created = BudgetLine.objects.get_or_create(
                district=district,
                year=year,
                document=document,
                department=lead,
                item_code="",
                defaults={
                    "code": f"{year}-{document.code}-{lead.code}",
                    "name": f"{document.code}·{lead.short_name}",
                    "total": AMPLE,
                },
            )
            if line.total == AMPLE:
                lines.append(line)
    return lines


def _set_budgets(lines: list[BudgetLine]) -> None:
    """Totals such that the bars are filled in every way, of each year by itself."""
    for line in lines:
        line.refresh_from_db()
    ranks: Counter[int] = Counter()
    for line in sorted(lines, key=lambda line: (-line.bound, line.code)):
        fill = FILLS[ranks[line.year] % len(FILLS)]
        ranks[line.year] += 1
        # Upwards to whole thousands, so that the ceiling holds what is bound.
        total = line.bound * 100 / fill or Decimal(1_000_000)
        line.total = (total / 1000).to_integral_value(ROUND_CEILING) * 1000
        line.save(update_fields=["total"])


def summary() -> Iterator[tuple[str, int]]:
    """What there is, by state."""
    company = Application.objects.filter(company__in=demo_companies())
    for status in Status:
        yield f"申请 {status.label}", company.filter(status=status).count()
    cases = Case.objects.filter(application__in=company)
    for kind in StageKind:
        waiting = cases.filter(stage__kind=kind)
        yield f"办件 {kind.label}", waiting.count()
    overdue = cases.filter(due_on__lt=timezone.localdate())
    yield "办件 超期", overdue.count()
    for state in AwardStatus:
        yield (
            f"奖补 {state.label}",
            Award.objects.filter(claim__application__in=company, status=state).count(),
        )
    for batch in BatchStatus:
        yield f"批次 {batch.label}", Batch.objects.filter(status=batch).count()
    yield "待做的任务", Job.objects.exclude(state=State.DONE).count()
