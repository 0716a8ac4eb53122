"""Who may decide, on what, and what an opinion must say."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import product

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Department, Role, User
from accounts.refusals import NotAllowed, Refused, StateChanged
from companies.models import CreditEntry, YearlyFigure
from reviews import services
from reviews.models import Opinion, StageKind, Task, Verdict
from reviews.routes import STANDARD
from tests import domain
from tests.factories import AppointmentFactory, MemberFactory, UserFactory

STAGES = [kind for kind, role, _where, _days in STANDARD if role]
FROM_REVIEW_ON = sorted(services.NEEDS_ELIGIBLE)


def task_at(kind, company, *claims):
    return domain.open_tasks(domain.at_stage(kind, company, *claims))[0]


def may_decide(task, person):
    try:
        with transaction.atomic():
            domain.decide(task, by=person)
            transaction.set_rollback(True)
    except NotAllowed:
        return False
    return True


@pytest.mark.parametrize("kind", STAGES)
def test_a_task_is_for_its_role_in_its_department_and_nobody_else(company, budget, kind):
    task = task_at(kind, company, domain.claim(domain.JOINED))
    elsewhere = Department.objects.get(short_name="区商务局")
    allowed = {
        (place, role)
        for place, department in {"here": task.department, "elsewhere": elsewhere}.items()
        for role in Role
        if may_decide(task, AppointmentFactory(department=department, role=role).user)
    }

    assert allowed == {("here", task.role)}


@pytest.mark.parametrize("kind", STAGES)
def test_a_person_without_an_office_decides_nothing(company, budget, kind):
    assert not may_decide(task_at(kind, company, domain.claim(domain.JOINED)), UserFactory())


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        ({"ends_on": domain.TODAY}, True),
        ({"ends_on": domain.TODAY - timedelta(days=1)}, False),
        ({"starts_on": domain.TODAY}, True),
        ({"starts_on": domain.TODAY + timedelta(days=1)}, False),
    ],
)
def test_an_office_counts_from_its_first_to_its_last_day(company, change, allowed):
    task = task_at(StageKind.ACCEPTANCE, company)
    person = AppointmentFactory(department=task.department, role=task.role, **change).user

    assert may_decide(task, person) == allowed


def test_a_person_who_was_disabled_decides_nothing(company):
    task = task_at(StageKind.ACCEPTANCE, company)
    person = AppointmentFactory(
        department=task.department, role=task.role, user__is_active=False
    ).user

    assert not may_decide(task, person)


def test_the_same_department_of_another_district_has_no_say(company):
    task = task_at(StageKind.ACCEPTANCE, company)
    namesake = Department.objects.get(district__code="330212", short_name="区经信局")

    assert not may_decide(task, domain.official(namesake, Role.REVIEWER))


def test_nobody_decides_twice_on_a_case(company):
    application = domain.filed(company)
    first = domain.decide(domain.open_tasks(application)[0])
    task = domain.open_tasks(application)[0]

    with pytest.raises(NotAllowed, match="须由另一人办理"):
        domain.decide(task, by=first.person)


def test_the_database_lets_nobody_decide_twice_on_a_case(company):
    application = domain.filed(company)
    first = domain.decide(domain.open_tasks(application)[0])
    task = domain.open_tasks(application)[0]

    with (
        pytest.raises(domain.REFUSED_BY_TRIGGER, match="nobody decides twice"),
        transaction.atomic(),
    ):
        Opinion.objects.create(
            case=task.case, task=task, round=1, person=first.person, verdict=Verdict.AGREE
        )


@pytest.mark.parametrize("kind", STAGES)
def test_nobody_decides_on_their_own_company(company, budget, kind):
    task = task_at(kind, company, domain.claim(domain.JOINED))
    person = domain.someone_fresh(task)
    MemberFactory(user=person, company=company)

    with pytest.raises(NotAllowed, match="您是这家企业的人员"):
        domain.decide(task, by=person)


def test_the_database_lets_nobody_decide_on_their_own_company(company):
    task = task_at(StageKind.ACCEPTANCE, company)
    person = domain.someone_fresh(task)
    MemberFactory(user=person, company=company)

    with (
        pytest.raises(domain.REFUSED_BY_TRIGGER, match="a company they belong to"),
        transaction.atomic(),
    ):
        Opinion.objects.create(
            case=task.case, task=task, round=1, person=person, verdict=Verdict.AGREE
        )


def test_the_worklist_offers_exactly_what_a_person_may_decide(company, budget):
    application = domain.at_stage(StageKind.JOINT, company, domain.claim(domain.JOINED))
    tasks = domain.open_tasks(application)
    departments = [*(task.department for task in tasks), application.item.leads[0]]
    people = User.objects.filter(appointments__department__in=departments)
    own = domain.official(tasks[0].department, Role.REVIEWER, 2)
    MemberFactory(user=own, company=company)

    for task in tasks:
        offered = {user for user in people if task in Task.objects.for_user(user)}
        assert offered == {user for user in people if may_decide(task, user)}
        assert own not in offered


def test_a_task_is_done_once(company):
    task = task_at(StageKind.ACCEPTANCE, company)
    second = domain.official(task.department, Role.REVIEWER, 2)
    domain.decide(task)

    with pytest.raises(StateChanged, match="已经办过"):
        domain.decide(task, by=second)


def test_a_task_of_a_withdrawn_application_is_no_more(company, clerk):
    task = task_at(StageKind.ACCEPTANCE, company)
    services.applications.withdraw_application(task.case.application, by=clerk)

    with pytest.raises(StateChanged):
        domain.decide(task)


@pytest.mark.parametrize("kind", STAGES)
def test_an_opinion_on_an_outdated_revision_is_refused(company, budget, kind):
    task = task_at(kind, company, domain.claim(domain.JOINED))

    with pytest.raises(StateChanged, match="内容已更新"):
        domain.decide(task, revision=task.case.application.revision - 1)


@pytest.mark.parametrize("kind", STAGES)
def test_each_stage_takes_its_own_verdicts_and_no_others(company, budget, kind):
    task = task_at(kind, company, domain.claim(domain.JOINED))
    taken = set()
    for verdict in Verdict:
        try:
            with transaction.atomic():
                domain.decide(task, verdict)
                transaction.set_rollback(True)
        except Refused as refusal:
            assert "本环节不能作这个结论" in str(refusal)  # noqa: PT017
        else:
            taken.add(verdict)

    assert taken == set(services.VERDICTS[kind])


@pytest.mark.parametrize("kind", STAGES)
def test_only_consent_needs_no_reason(company, budget, kind):
    task = task_at(kind, company, domain.claim(domain.JOINED))

    for verdict, text in product(services.VERDICTS[kind], ["", " \n"]):
        if verdict != Verdict.AGREE:
            with pytest.raises(Refused, match="请写明理由"):
                domain.decide(task, verdict, text=text)
    assert domain.decide(task, text=" \n").text == ""


@pytest.mark.parametrize("verdict", [verdict for verdict in Verdict if verdict != "agree"])
def test_the_database_wants_a_reason_for_all_but_consent(company, verdict):
    task = task_at(StageKind.ACCEPTANCE, company)

    with pytest.raises(IntegrityError, match="against_has_a_reason"), transaction.atomic():
        Opinion.objects.create(
            case=task.case, task=task, round=1, person=UserFactory(), verdict=verdict
        )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE reviews_opinion SET verdict = 'agree'",
        "DELETE FROM reviews_opinion",
        "TRUNCATE reviews_opinion CASCADE",
    ],
)
def test_the_database_keeps_opinions_as_they_are(company, statement):
    domain.decide(task_at(StageKind.ACCEPTANCE, company))

    with pytest.raises(domain.REFUSED_BY_TRIGGER):
        domain.execute(statement)
    assert Opinion.objects.count() == 1


def make_ineligible(company):
    CreditEntry.objects.create(company=company, title="拖欠工程款", listed_on=date(2026, 3, 1))
    return "失信"


def make_undecided(company):
    YearlyFigure.objects.filter(company=company, measure="fiscal_contribution").delete()
    return "财政贡献"


@pytest.mark.parametrize("change", [make_ineligible, make_undecided])
@pytest.mark.parametrize("kind", FROM_REVIEW_ON)
def test_from_review_on_nobody_agrees_to_what_the_rules_do_not_pay(company, budget, kind, change):
    task = task_at(kind, company, domain.claim(domain.LADDER))
    change(company)
    receipts = task.case.application.receipts.count()

    with pytest.raises(Refused) as refusal, transaction.atomic():
        domain.decide(task)

    assert refusal.value.messages[0] == "按现行规则不能同意，可以退回补正或不予通过。"
    assert len(refusal.value.messages) > 1
    assert task.case.application.receipts.count() == receipts
    domain.decide(task, Verdict.RETURN)


def test_the_refusal_names_the_rule_that_failed(company):
    task = task_at(StageKind.REVIEW, company)
    make_ineligible(company)

    with pytest.raises(Refused, match="失信"):
        domain.decide(task)


@pytest.mark.parametrize("change", [make_ineligible, make_undecided])
def test_an_application_is_accepted_whatever_its_answer(company, change):
    change(company)

    domain.decide(task_at(StageKind.ACCEPTANCE, company))


def test_a_claim_that_comes_to_nothing_is_not_agreed_to(company):
    YearlyFigure.objects.filter(measure="fiscal_contribution").update(value=0)

    with pytest.raises(Refused, match=r"测算金额为 0\.00 元"):
        domain.decide(task_at(StageKind.REVIEW, company))


def test_one_claim_that_does_not_pay_holds_up_the_whole_application(company):
    good = domain.claim(domain.LADDER)
    below = domain.claim(domain.LADDER, "factory-district")  # less than the first already gave

    with pytest.raises(Refused, match=r"测算金额为 0\.00 元"):
        domain.decide(task_at(StageKind.REVIEW, company, good, below))


class TestAmounts:
    @pytest.fixture(params=sorted(services.SETS_AMOUNTS))
    def task(self, request, company):
        return task_at(request.param, company)

    def proposed(self, task, amount):
        return domain.amounts_of(task.case.application, amount)

    def test_without_a_proposal_the_answer_is_proposed(self, task):
        opinion = domain.decide(task)

        assert list(opinion.amounts.values()) == ["10000.00"]

    def test_the_answer_itself_needs_no_reason(self, task):
        assert domain.decide(task, amounts=self.proposed(task, "10000.00"))

    @pytest.mark.parametrize("text", ["", "材料充分"])
    def test_nothing_above_the_answer_is_proposed(self, task, text):
        with pytest.raises(Refused, match=r"超过测算结果 10,000\.00 元"):
            domain.decide(task, amounts=self.proposed(task, "10000.01"), text=text)

    def test_less_than_the_answer_needs_a_reason(self, task):
        less = self.proposed(task, "9999.99")

        with pytest.raises(Refused, match=r"比测算少 0\.01 元，请在意见里写明核减理由"):
            domain.decide(task, amounts=less)
        opinion = domain.decide(task, amounts=less, text="扣除不含税部分")

        assert list(opinion.amounts.values()) == ["9999.99"]

    @pytest.mark.parametrize("amount", ["0", "-0.01"])
    def test_an_amount_is_above_zero(self, task, amount):
        with pytest.raises(Refused, match="请填写"):
            domain.decide(task, amounts=self.proposed(task, amount), text="理由")

    def test_an_amount_has_no_part_of_a_fen(self, task):
        with pytest.raises(Refused, match="最多写两位小数"):
            domain.decide(task, amounts=self.proposed(task, "740.735"), text="理由")

    def test_no_claim_is_left_out(self, task):
        with pytest.raises(Refused, match="请填写"):
            domain.decide(task, amounts={})


def test_the_determination_settles_what_is_granted(company, budget):
    task = task_at(StageKind.DETERMINATION, company)
    application = task.case.application
    domain.decide(task, amounts=domain.amounts_of(application, "7000.00"), text="核减")
    while domain.case_of(application).stage:
        domain.advance(application)

    claim = application.claims.get()
    assert claim.determined_amount == claim.award.amount == Decimal("7000.00")


@pytest.mark.parametrize("kind", [StageKind.FINANCE, StageKind.APPROVAL])
def test_after_the_determination_nobody_sets_an_amount(company, budget, kind):
    task = task_at(kind, company)
    application = task.case.application

    opinion = domain.decide(task, amounts=domain.amounts_of(application, "1.00"))

    assert opinion.amounts == {}
    assert application.claims.get().determined_amount == Decimal("10000.00")


def test_what_was_determined_is_not_approved_once_the_rules_pay_less(company, budget):
    task = task_at(StageKind.APPROVAL, company)
    YearlyFigure.objects.filter(measure="fiscal_contribution").update(value=Decimal("9999.99"))

    with pytest.raises(Refused, match=r"核定 10,000\.00 元，现在最多可兑现 9,999\.99 元"):
        domain.decide(task)
