from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import NumberSeries
from accounts.refusals import Refused
from audit.models import Entry
from companies.models import BankAccount
from outbox.models import Job
from reviews.models import Case, StageKind, Verdict
from subsidies.applications import services
from subsidies.applications.enums import Status
from subsidies.models import Application, Claim
from tests import domain
from tests.factories import MemberFactory, UserFactory

TOMORROW = date(2026, 3, 12)


def test_filing_gives_number_person_time_case_and_check(company, clerk):
    application = domain.filed(company)

    application = Application.objects.get(pk=application.pk)
    assert application.status == Status.SUBMITTED
    assert application.number == "2026-0001"
    assert application.submitted_by == clerk
    assert application.submitted_at == timezone.now()
    assert domain.case_of(application).stage.kind == StageKind.ACCEPTANCE
    job = Job.objects.get(kind="subsidies.check_application")
    assert job.args == {
        "application": str(application.pk),
        "revision": application.revision,
        "reason": "submission",
    }
    assert Entry.objects.about(application).last().action == "application.submitted"


def test_every_obstacle_is_told_at_once(company):
    BankAccount.objects.all().delete()
    application = domain.draft(company, complete=False)

    with pytest.raises(Refused) as refusal:
        domain.submit(
            application,
            domain.claim(event_date=TOMORROW),
            domain.claim(domain.LADDER),
            declared=False,
        )

    told = refusal.value.messages
    assert [text.split("，")[0].split("。")[0] for text in told] == [
        "日期 2026-03-12 还没有到",
        "档次不属于本事项",
        "还缺材料：诊断服务合同",
        "还缺材料：诊断报告",
        "请勾选承诺：以上内容和材料真实、完整",
        "企业资料里还没有收款账户",
    ]
    assert Application.objects.get(pk=application.pk).status == Status.DRAFT


def test_nothing_filled_in_is_not_filed(company, clerk):
    application = domain.draft(company)

    with pytest.raises(Refused, match="还没有填写申领内容"):
        services.submit_application(application, [], declared=True, by=clerk, revision=1)


def test_the_day_of_filing_itself_is_not_in_the_future(company):
    application = domain.filed(company, domain.claim(event_date=domain.TODAY))

    assert application.status == Status.SUBMITTED


def test_a_material_that_is_not_required_may_be_missing(company):
    application = domain.draft(company)
    application.attachments.filter(material="服务费发票").delete()

    assert domain.submit(application).status == Status.SUBMITTED


def test_a_refused_filing_leaves_nothing_behind(company, clerk):
    domain.filed(company)
    twin = domain.draft(company)

    with pytest.raises(Refused), transaction.atomic():
        domain.submit(twin)

    twin.refresh_from_db()
    assert (twin.status, twin.number, twin.claims.count()) == (Status.DRAFT, None, 0)
    assert not Case.objects.filter(application=twin).exists()
    assert not Job.objects.filter(key__startswith=str(twin.pk)).exists()
    assert NumberSeries.objects.get(kind="application").last == 1


def test_one_live_application_for_one_matter(company):
    domain.filed(company)

    with pytest.raises(Refused, match="不能重复申报"):
        domain.filed(company)


@pytest.mark.parametrize(
    "other",
    [
        {"event_date": date(2025, 6, 29)},
        {"subject": "另一条线"},
        {"level": "factory-national"},
    ],
)
def test_another_date_subject_or_level_is_another_matter(company, other):
    domain.filed(company, domain.claim(domain.LADDER))

    application = domain.filed(company, domain.claim(domain.LADDER, **other))

    assert application.status == Status.SUBMITTED


def test_the_same_matter_of_another_company_is_another_matter(company):
    domain.filed(company)

    assert domain.filed(domain.company_with_everything()).status == Status.SUBMITTED


def test_one_application_cannot_claim_the_same_matter_twice(company):
    with pytest.raises(Refused, match="不能重复申报"):
        domain.filed(company, domain.claim(), domain.claim())


def test_the_database_itself_keeps_one_live_application_for_one_matter(company):
    application = domain.filed(company)
    row = application.claims.get()
    twin = domain.draft(company)

    with pytest.raises(IntegrityError, match="matter"), transaction.atomic():
        Claim.objects.create(
            application=twin, level=row.level, event_date=row.event_date, matter=row.matter
        )


def test_a_withdrawn_matter_is_free_again(company, clerk):
    services.withdraw_application(domain.filed(company), by=clerk)

    assert domain.filed(company).status == Status.SUBMITTED


def test_numbers_run_without_gaps_over_refused_filings(company):
    numbers = [domain.filed(company).number]
    with pytest.raises(Refused), transaction.atomic():
        domain.filed(company)
    numbers += [domain.filed(domain.company_with_everything()).number for _time in range(2)]

    assert numbers == ["2026-0001", "2026-0002", "2026-0003"]


def test_numbers_begin_again_with_the_year(company, clock):
    domain.filed(company)
    clock.move_to(timezone.make_aware(timezone.datetime(2027, 1, 1, 0, 0)))

    assert domain.filed(domain.company_with_everything()).number == "2027-0001"


def returned(company, *claims):
    application = domain.at_stage(StageKind.REVIEW, company, *claims)
    domain.decide(domain.open_tasks(application)[0], Verdict.RETURN)
    application.refresh_from_db()
    return application


def test_a_correction_keeps_number_and_time_of_filing(company, clock):
    application = returned(company)
    number, submitted_at = application.number, application.submitted_at
    clock.shift(86400)

    application = domain.submit(application)

    assert (application.number, application.submitted_at) == (number, submitted_at)
    assert Job.objects.filter(args__reason="correction").count() == 1


def test_a_correction_keeps_the_claims_ids_and_forgets_the_amounts_determined(company):
    application = returned(company)
    row = application.claims.get()
    Claim.objects.filter(pk=row.pk).update(determined_amount=Decimal("5000.00"))

    domain.submit(application, domain.claim(requested=Decimal("8000.00")))

    corrected = application.claims.get()
    assert corrected.pk == row.pk
    assert (corrected.requested, corrected.determined_amount) == (Decimal("8000.00"), None)


def test_a_correction_may_put_its_claims_in_another_order(company):
    first, second = (domain.claim(domain.LADDER, subject=name) for name in ("甲", "乙"))
    application = returned(company, first, second)

    domain.submit(application, second, first)

    assert list(application.claims.values_list("subject", flat=True)) == ["乙", "甲"]


def test_a_claim_dropped_in_a_correction_may_be_applied_for_again(company):
    first, second = (domain.claim(domain.LADDER, subject=name) for name in ("甲", "乙"))
    application = returned(company, first, second)
    domain.submit(application, first)

    assert domain.filed(company, second).status == Status.SUBMITTED


def test_only_the_person_who_filed_is_told_by_mail(company, clerk):
    application = returned(company)

    job = Job.objects.get(kind="mail")
    assert job.args["to"] == [clerk.email]
    assert application.number in job.args["subject"]


def test_a_person_without_an_address_holds_nothing_up(company, clerk):
    type(clerk).objects.filter(pk=clerk.pk).update(email="")

    assert returned(company).status == Status.RETURNED
    assert not Job.objects.filter(kind="mail").exists()


def test_a_colleague_may_file_what_another_began(company):
    application = domain.draft(company)
    colleague = UserFactory()
    MemberFactory(user=colleague, company=company)

    assert domain.submit(application, by=colleague).submitted_by == colleague


def test_who_no_longer_acts_for_the_company_is_told_no_more(company, clerk):
    application = domain.at_stage(StageKind.REVIEW, company)
    lead = MemberFactory(company=company, user__email="lead@example.org").user
    MemberFactory(company=company, role="clerk", scopes=["apply"], user__email="new@example.org")
    company.members.filter(user=clerk).update(ended_at=timezone.now())

    domain.decide(domain.open_tasks(application)[0], Verdict.RETURN)

    assert Job.objects.get(kind="mail").args["to"] == [lead.email]
