"""Conclusions are held against what is known now: by night, after an import, after an entry."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.urls import reverse

from accounts.models import Role
from accounts.refusals import NotAllowed, Refused
from audit.models import Entry
from companies.models import CreditEntry, Incident
from disbursements import services as disbursements
from outbox.models import Job
from outbox.services import perform_due
from reviews import credit, screening
from reviews.models import Alert, Case, StageKind
from reviews.tasks import screen_everything
from subsidies.applications.answers import differences
from subsidies.applications.enums import Reason, Status
from subsidies.models import Receipt
from tests import domain
from tests.credit.conftest import FINANCE, INDUSTRY, fined, listed, person
from tests.factories import AppointmentFactory, MemberFactory
from tests.imports.tables import CREDIT, FIGURES, INCIDENTS, as_csv, confirm, start


@pytest.fixture
def application(company):
    """Under review, its check done."""
    found = domain.at_stage(StageKind.REVIEW, company)
    perform_due()
    return found


@pytest.fixture
def award(company, budget):
    found = domain.notified_award(company)
    perform_due()
    return found


def night():
    screen_everything()
    perform_due()


def alert_of(application):
    return Alert.objects.open().filter(case__application=application).first()


def test_a_new_entry_raises_one_alert_with_its_receipt(company, application):
    listed(company)

    night()

    alert = alert_of(application)
    assert len(alert.texts) == 1
    assert "新增失信记录，原结论不再成立" in alert.texts[0]
    assert "甬税〔2026〕7号" in alert.texts[0]
    assert "九（二）" in alert.texts[0]
    assert alert.receipt.reason == Reason.SCREENING
    assert alert.receipt.answer["claims"][0]["eligible"] is False
    assert not differences(Receipt.objects.get(pk=alert.receipt_id))
    assert Entry.objects.filter(action="case.alert_raised", about_id=application.pk).count() == 1


def test_screened_again_there_is_nothing_new(company, application, clock):
    listed(company)
    fined(company)
    night()
    before = Receipt.objects.count(), Alert.objects.count(), Job.objects.filter(kind="mail").count()

    screen_everything()
    screening.screen(application.pk)
    clock.shift(timedelta(days=1))
    night()

    after = Receipt.objects.count(), Alert.objects.count(), Job.objects.filter(kind="mail").count()
    assert before == after
    assert len(alert_of(application).texts) == 1 + 1


def test_where_nothing_changed_nothing_is_kept(company, application):
    before = Receipt.objects.count()

    night()

    assert Receipt.objects.count() == before
    assert not Alert.objects.exists()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda company: fined(company), "新增信用记录，需要判断"),
        (
            lambda company: Incident.objects.create(
                company=company, kind="safety", date=date(2025, 5, 1)
            ),
            "“无重大问题”不再通过",
        ),
        (
            lambda company: company.figures.filter(measure="rd_spend", year=2025).update(value=0),
            "“有研发投入”不再通过",
        ),
        (
            lambda company: company.figures.filter(measure="fiscal_contribution").update(
                value=Decimal("4000.00")
            ),
            "可兑现金额由 10,000.00 元降为 4,000.00 元",
        ),
        (
            lambda company: company.figures.filter(measure="fiscal_contribution").delete(),
            "金额暂不能判断",
        ),
    ],
)
def test_incidents_figures_and_fines_are_told_as_well(company, application, change, told):
    change(company)

    night()

    assert told in "".join(alert_of(application).texts)


@pytest.mark.parametrize(
    "change",
    [
        lambda company: listed(company, repaired_on=domain.TODAY),
        lambda company: company.figures.filter(measure="fiscal_contribution").update(value=9e6),
    ],
)
def test_what_makes_nothing_worse_is_not_told(company, application, change):
    change(company)

    night()

    assert not Alert.objects.exists()


def test_what_comes_meanwhile_joins_the_open_alert(company, application):
    listed(company)
    night()
    fined(company)
    screening.screen(application.pk)

    assert len(alert_of(application).texts) == 2
    assert Alert.objects.count() == 1


def test_a_repair_lays_the_alert_aside(company, application):
    entry = listed(company)
    night()
    CreditEntry.objects.filter(pk=entry.pk).update(repaired_on=domain.TODAY)

    screening.screen(application.pk)

    assert alert_of(application) is None
    assert application.latest_receipt.answer["claims"][0]["eligible"] is True


def test_a_fine_that_was_repaired_lays_the_alert_aside(company, application):
    entry = fined(company)
    night()
    CreditEntry.objects.filter(pk=entry.pk).update(repaired_on=domain.TODAY)

    screening.screen(application.pk)

    assert alert_of(application) is None


def test_judging_all_that_it_asks_for_lays_the_alert_aside(company, application):
    one, two = fined(company), fined(company, number="4号")
    night()
    case = domain.case_of(application)
    judge = domain.someone_fresh(domain.open_tasks(application)[0])

    credit.judge(case, one, matters=False, text="无关", by=judge)
    assert alert_of(application)
    credit.judge(case, two, matters=True, text="有关", by=judge)
    assert alert_of(application) is None


def test_a_decision_lays_the_alert_aside(company, application):
    listed(company)
    night()

    domain.decide(domain.open_tasks(application)[0], "return")

    alert = Alert.objects.get()
    assert alert.handled_by is not None
    night()
    assert alert_of(application) is None  # it was told once


def test_a_co_departments_opinion_leaves_the_alert_to_the_lead(company):
    application = domain.at_stage(StageKind.JOINT, company, domain.claim(domain.JOINED))
    perform_due()
    fined(company)
    night()

    domain.decide(domain.open_tasks(application)[0])

    assert alert_of(application)


def test_an_award_that_is_not_paid_is_screened_and_held(company, award):
    listed(company)

    night()

    application = award.claim.application
    assert alert_of(application)
    with pytest.raises(Refused, match="甬税〔2026〕7号"):
        disbursements.make_batch(award.district, [award], by=person(FINANCE, Role.FINANCE))


def test_what_was_granted_since_does_not_count_against_an_award(company, award, budget):
    domain.set_contribution("15000.00")
    later = domain.notified_award(
        company, domain.claim(domain.LADDER, subject="x", requested=Decimal("5000.00"))
    )
    perform_due()

    night()

    assert later.amount == Decimal("5000.00")
    assert not Alert.objects.exists()


def test_what_is_paid_or_over_is_not_screened(company, award):
    maker, second = (person(FINANCE, Role.FINANCE, number) for number in (1, 2))
    batch = disbursements.make_batch(award.district, [award], by=maker)
    disbursements.approve_batch(batch, by=second)
    disbursements.mark_paid(batch, on=domain.TODAY, by=maker)
    rejected = domain.at_stage(StageKind.REVIEW, domain.company_with_everything())
    domain.decide(domain.open_tasks(rejected)[0], "reject")
    listed(company)
    listed(rejected.company)

    night()

    assert not Alert.objects.exists()


def test_an_alert_of_what_is_over_is_laid_aside_by_night(company, application):
    listed(company)
    night()
    alert = alert_of(application)
    Case.objects.filter(pk=alert.case_id).update(
        stage=None, due_on=None, closed_at="2026-03-11T10:00+08:00"
    )

    night()

    assert alert_of(application) is None


def test_an_alert_is_mailed_once_to_those_whose_task_it_is(company, application):
    mail.outbox.clear()
    listed(company)
    night()
    night()

    told = {message.to[0] for message in mail.outbox if "结论有变化" in message.subject}
    task = domain.open_tasks(application)[0]
    team = {domain.official(task.department, Role(task.role), n).email for n in (1, 2)}
    assert told == team
    assert len([m for m in mail.outbox if "结论有变化" in m.subject]) == len(team)


def test_of_an_award_finance_and_the_lead_department_are_told(company, award):
    mail.outbox.clear()
    listed(company)
    night()

    told = {message.to[0] for message in mail.outbox}
    assert person(FINANCE, Role.FINANCE).email in told
    assert person(INDUSTRY, Role.REVIEWER).email in told
    assert domain.clerk_of(company).email not in told


def test_nobody_is_mailed_about_their_own_company(company, application):
    task = domain.open_tasks(application)[0]
    insider = domain.official(task.department, Role(task.role))
    MemberFactory(user=insider, company=company)
    mail.outbox.clear()
    listed(company)

    night()

    assert insider.email not in {message.to[0] for message in mail.outbox}


# What sets it off


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (
            "credit",
            lambda code: [CREDIT, (code, "严重失信主体名单", "欠税", "9号", "2026-03-01", "")],
        ),
        ("incidents", lambda code: [INCIDENTS, (code, "安全生产", "2025-05-01", "")]),
        (
            "figures",
            lambda code: [FIGURES, (code, "2025", "研发投入", "0", "税务导入", "")],
        ),
    ],
)
def test_an_import_that_was_written_is_screened_for(
    company, application, administrator, district, kind, content
):
    run = start(kind, district, administrator, as_csv(content(company.uscc)))
    assert not Alert.objects.exists()

    confirm(run, administrator)

    assert alert_of(application)
    assert Job.objects.filter(kind="reviews.screen", key=f"import:{run.pk}").count() == 1


def test_an_entry_typed_in_by_the_administrator_is_screened_for(
    client, company, application, administrator
):
    client.force_login(administrator)
    answer = client.post(
        reverse("admin:companies_creditentry_add"),
        {
            "company": company.pk,
            "kind": "blacklist",
            "grade": "",
            "title": "欠税",
            "source": "信用中国",
            "number": "9号",
            "listed_on": "2026-03-10",
            "as_of": "2026-03-11",
        },
    )
    assert answer.status_code == 302, answer.content.decode()
    perform_due()

    assert "9号" in alert_of(application).texts[0]


def test_the_case_of_another_district_is_left_alone(company, application, district):
    listed(company)

    screening.screen_next("run", district=district.pk + 999, company=None)
    screening.screen_next("run", district=None, company=company.pk + 999)

    assert not Alert.objects.exists()


def test_many_cases_are_screened_in_jobs_of_a_few(company, application, monkeypatch):
    monkeypatch.setattr(screening, "BATCH", 1)
    other = domain.at_stage(StageKind.REVIEW, domain.company_with_everything())
    perform_due()
    listed(company)
    listed(other.company)

    night()

    assert Alert.objects.count() == 2
    assert Job.objects.filter(kind="reviews.screen").count() == 3


def test_a_filing_whose_check_is_still_under_way_is_left_to_it(company):
    application = domain.filed(company)
    listed(company)

    assert not screening.screen(application.pk)


# Pages


def test_alerts_stand_first_on_the_worklist(client, company, application):
    for _number in range(2):
        domain.at_stage(StageKind.REVIEW, domain.company_with_everything())
    Case.objects.exclude(application=application).update(due_on=date(2026, 1, 1))
    perform_due()
    listed(company)
    night()
    client.force_login(domain.someone_fresh(domain.open_tasks(application)[0]))

    page = client.get(reverse("worklist"))

    assert page.context["rows"][0].case.application_id == application.pk
    assert "新增失信记录，原结论不再成立" in page.content.decode()
    assert "1 件结论有变" in page.content.decode()
    only = client.get(reverse("worklist"), {"view": "alerts"})
    assert len(only.context["rows"]) == 1


def test_the_case_page_says_first_what_changed_and_lets_it_be_laid_aside(
    client, company, application
):
    listed(company)
    night()
    case = domain.case_of(application)
    url = reverse("case_alert", args=[case.pk])
    client.force_login(domain.someone_fresh(domain.open_tasks(application)[0]))

    assert "原结论不再成立" in client.get(case.get_absolute_url()).content.decode()
    assert client.post(url, {"text": " "}).status_code == 422
    assert client.post(url, {"text": "已请企业尽快修复"}).url == case.get_absolute_url()
    assert Alert.objects.get().note == "已请企业尽快修复"
    assert client.post(url, {"text": "再来"}).status_code == 409


def test_only_whose_task_it_is_lays_an_alert_aside(client, company, application):
    listed(company)
    night()
    case = domain.case_of(application)
    for by in (person(FINANCE, Role.FINANCE), person(FINANCE, Role.AUDITOR)):
        with pytest.raises(NotAllowed):
            screening.handle(case, text="无", by=by)
    url = reverse("case_alert", args=[case.pk])
    client.force_login(AppointmentFactory(role=Role.REVIEWER).user)
    assert client.post(url, {"text": "无"}).status_code == 404
    assert application.status == Status.IN_REVIEW


def test_finance_sees_which_awards_are_held(client, company, award):
    listed(company)
    night()
    client.force_login(person(FINANCE, Role.FINANCE))

    assert "结论有变，先看办件" in client.get(reverse("finance_home")).content.decode()
