"""Merging two rows: what goes over, what stays, when it is refused, and back again."""

from datetime import timedelta
from decimal import Decimal

import pgtrigger
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.serializers import serialize
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import District, Role
from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.models import Entry
from audit.services import record
from companies.merging import services
from companies.merging.relations import STAYS, relations
from companies.models import AccountChange, Company, Contact, CreditEntry, Incident, Member, Merge
from companies.services import change_account
from companies.team.access import company_of
from companies.vault.access import visible_to
from companies.vault.kinds import FileKind
from companies.vault.services import add_file
from reviews.services import finance_department
from subsidies.applications import services as applications
from subsidies.applications.answers import question_about
from subsidies.ledger import services as ledger
from subsidies.ledger.models import AwardStatus, CompanyYear
from subsidies.models import Application, Award
from tests import domain
from tests.factories import (
    AppointmentFactory,
    BankAccountFactory,
    CompanyFactory,
    MemberFactory,
    PastAwardFactory,
    UserFactory,
    YearlyFigureFactory,
)
from tests.imports.tables import as_csv, start
from tests.threads import at_once


def state(*companies):
    """Every row that points at the companies, and the companies, as text."""
    rows = [*Company.objects.filter(pk__in=[company.pk for company in companies]).order_by("pk")]
    for model, column in relations():
        rows += model._base_manager.filter(**{f"{column}__in": companies}).order_by("pk")
    rows += CompanyYear.objects.filter(company__in=companies).order_by("pk")
    rows += Award.objects.filter(company__in=companies).order_by("pk")
    rows += Application.objects.filter(company__in=companies).order_by("pk")
    return serialize("json", rows)


def paid(company, code="jb24-13a", **given):
    """An award of this system, paid."""
    award = domain.notified_award(company, domain.claim(code, **given))
    ledger.move_award(award, AwardStatus.SCHEDULED)
    return ledger.pay(award, on=timezone.localdate(), by=award.granted_by)


@pytest.fixture
def rich(other):
    """The second row with something of every kind."""
    clerk = domain.clerk_of(other)
    CreditEntry.objects.create(company=other, title="失信", listed_on=domain.TODAY)
    Incident.objects.create(company=other, kind="safety", date=domain.TODAY)
    YearlyFigureFactory(company=other, year=2022, measure="revenue")
    add_file(other, SimpleUploadedFile("a.pdf", domain.PDF), kind=FileKind.TAX, by=clerk)
    PastAwardFactory(company=other)
    return other


def test_what_points_at_the_row_goes_over_and_like_facts_stay(company, rich, keeper):
    mine = set(company.figures.values_list("pk", flat=True))

    services.merge(company, rich, by=keeper)

    rich.refresh_from_db()
    assert rich.merged_into == company
    assert company.credit_entries.count() == company.incidents.count() == 1
    assert company.files.count() == 1
    assert company.members.count() == 2
    # The four figures that both have stay with the row that is read through.
    assert company.figures.exclude(pk__in=mine).get().year == 2022
    assert rich.figures.count() == 4
    assert company.accounts.get(is_current=True).number != rich.accounts.get().number


def test_awards_and_applications_are_not_rewritten(company, rich, keeper):
    award = Award.objects.get(company=rich)
    dropped = applications.withdraw_application(
        domain.draft(rich, complete=False), by=domain.clerk_of(rich)
    )

    services.merge(company, rich, by=keeper)

    award.refresh_from_db()
    dropped.refresh_from_db()
    assert award.company == dropped.company == rich


def test_the_people_of_both_see_the_history_of_both(company, rich, keeper, browser):
    one, two = domain.clerk_of(company), domain.clerk_of(rich)
    dropped = applications.withdraw_application(domain.draft(rich, complete=False), by=two)

    services.merge(company, rich, by=keeper)

    for person in (one, two):
        assert dropped in Application.objects.visible_to(person)
        assert visible_to(person).count() == 1
        assert dropped.item.title in browser(person).get("/applications/").text
        assert list(Company.objects.acted_for_by(person)) == [company]
        assert set(Company.objects.visible_to(person)) == {company, rich}


def test_nobody_acts_for_the_merged_row(company, rich, keeper):
    # Of both rows: the membership of the merged one stays where it is.
    person = domain.clerk_of(company)
    MemberFactory(user=person, company=rich)

    services.merge(company, rich, by=keeper)

    with pytest.raises(NotAllowed):
        applications.start_application(domain.item(domain.ALONE), rich, by=person)
    assert list(Company.objects.acted_for_by(person)) == [company]


def test_the_preview_shows_what_the_merge_does_and_does_nothing(company, rich, keeper):
    before, acts = state(company, rich), Entry.objects.count()

    lines = {line.what: line for line in services.preview(company, rich, by=keeper)}

    assert state(company, rich) == before
    assert Entry.objects.count() == acts
    assert not Merge.objects.exists()
    assert lines["年度数据"].moves == 1
    assert len(lines["年度数据"].stays) == 4
    assert lines["信用记录"].moves == lines["企业文件"].moves == 1
    assert lines["收款账户"].stays


def test_undoing_restores_every_row_exactly(company, rich, keeper, budget):
    paid(company)
    before = state(company, rich)

    done = services.merge(company, rich, by=keeper)
    assert state(company, rich) != before
    services.undo(done, by=keeper)

    assert state(company, rich) == before
    assert [entry.action for entry in Entry.objects.order_by("seq")][-2:] == [
        "company.merged",
        "company.parted",
    ]


def test_a_merge_that_was_undone_may_be_done_again_and_not_undone_twice(company, rich, keeper):
    done = services.merge(company, rich, by=keeper)
    services.undo(done, by=keeper)

    with pytest.raises(StateChanged):
        services.undo(done, by=keeper)
    assert services.merge(company, rich, by=keeper).pk != done.pk


def test_a_merge_is_undone_from_the_last_backwards(company, rich, keeper):
    third = domain.company_with_everything()
    before = state(company, rich, third)
    first = services.merge(company, rich, by=keeper)
    second = services.merge(third, company, by=keeper)

    rich.refresh_from_db()
    # Read through once, however often it was merged.
    assert rich.merged_into == third
    with pytest.raises(Refused, match="先撤销那一次"):
        services.undo(first, by=keeper)

    services.undo(second, by=keeper)
    services.undo(first, by=keeper)
    assert state(company, rich, third) == before


@pytest.mark.parametrize("which", ["kept", "removed"])
def test_pending_money_of_either_row_refuses_and_is_named(company, other, keeper, budget, which):
    award = domain.notified_award(company if which == "kept" else other)
    number = award.claim.application.number

    with pytest.raises(Refused, match=f"还有没拨付.*受理号 {number}"):
        services.merge(company, other, by=keeper)

    assert not Merge.objects.exists()


@pytest.mark.parametrize("stage", ["draft", "filed"])
def test_what_is_under_way_for_the_merged_row_refuses(company, other, keeper, stage):
    domain.draft(other) if stage == "draft" else domain.filed(other)

    with pytest.raises(Refused, match="没有办结"):
        services.merge(company, other, by=keeper)
    # For the row that stays it goes on.
    services.merge(other, company, by=keeper)


def test_undoing_is_refused_once_the_company_was_paid(company, other, keeper, budget, clock):
    done = services.merge(company, other, by=keeper)
    clock.shift(timedelta(minutes=1))
    paid(company)

    with pytest.raises(Refused, match="已经拨付"):
        services.undo(done, by=keeper)

    other.refresh_from_db()
    assert other.merged_into == company


def test_an_earlier_payment_does_not_hinder_undoing(company, other, keeper, budget, clock):
    paid(company)
    clock.shift(timedelta(minutes=1))

    services.undo(services.merge(company, other, by=keeper), by=keeper)


def test_a_settled_figure_stays_with_the_row_whose_awards_rest_on_it(world, keeper, budget):
    kept, removed = capped(None), capped("100000.00")
    paid(removed)

    services.merge(kept, removed, by=keeper)

    settled = removed.figures.get(measure="fiscal_contribution")
    assert settled.is_frozen
    assert settled.value == Decimal("100000.00")


def test_undoing_is_refused_once_a_figure_that_went_over_was_settled(world, keeper, budget):
    kept, removed = capped(None), capped("100000.00")
    done = services.merge(kept, removed, by=keeper)
    ledger.cancel(domain.notified_award(kept), by=keeper)

    with pytest.raises(Refused, match="年度数据"):
        services.undo(done, by=keeper)


def test_undoing_is_refused_where_a_row_that_went_over_became_the_one(company, other, keeper):
    Contact.objects.create(company=company, name="甲", is_main=True)
    Contact.objects.create(company=other, name="乙", is_main=True)
    went = Contact.objects.create(company=other, name="丙")
    done = services.merge(company, other, by=keeper)
    company.contacts.update(is_main=False)
    Contact.objects.filter(pk=went.pk).update(is_main=True)

    with pytest.raises(Refused, match="“联系人”，与原处的有冲突"):
        services.undo(done, by=keeper)

    other.refresh_from_db()
    assert other.merged_into == company
    Contact.objects.filter(pk=went.pk).update(is_main=False)
    services.undo(done, by=keeper)
    assert other.contacts.count() == 2


def test_undoing_is_refused_where_it_would_give_a_row_a_second_representative(
    company, other, keeper
):
    legal = MemberFactory(company=company, role="legal")
    person = MemberFactory(company=other, role="administrator").user
    MemberFactory(company=company, user=person, ended_at=timezone.now())
    MemberFactory(company=other, role="legal", user__is_active=False)
    done = services.merge(company, other, by=keeper)
    Member.objects.filter(pk=legal.pk).update(role="administrator")
    company.members.filter(user=person).update(role="legal")

    with pytest.raises(Refused, match="“企业人员”，与原处的有冲突"):
        services.undo(done, by=keeper)

    company.members.filter(user=person).update(role="administrator")
    services.undo(done, by=keeper)
    assert other.members.get(user=person).role == "administrator"


def test_an_account_confirmed_by_somebody_who_was_of_the_other_row_goes_over(
    company, other, keeper
):
    officer = UserFactory()
    MemberFactory(company=company, user=officer, ended_at=timezone.now())
    now = timezone.now()
    AccountChange.objects.create(
        company=other,
        account=other.accounts.get(),
        status="confirmed",
        asked_by=domain.clerk_of(other),
        checked_by=UserFactory(),
        checked_at=now,
        confirmed_by=officer,
        confirmed_at=now,
    )

    services.preview(company, other, by=keeper)
    done = services.merge(company, other, by=keeper)

    assert company.account_changes.count() == 1
    services.undo(done, by=keeper)
    assert other.account_changes.count() == 1


def test_who_left_the_kept_row_and_leads_the_other_goes_on_acting(company, other, keeper):
    lead = domain.clerk_of(other)
    MemberFactory(company=company, user=lead, role="clerk", ended_at=timezone.now())
    before = state(company, other)
    shown = {line.what: line for line in services.preview(company, other, by=keeper)}

    done = services.merge(company, other, by=keeper)

    assert (shown["企业人员"].moves, shown["企业人员"].stays) == (1, [])
    acting = company.members.acting(lead).get()
    assert acting.is_lead
    services.undo(done, by=keeper)
    assert state(company, other) == before


def test_who_leads_the_other_row_and_is_a_clerk_of_the_kept_one_leads_both(company, other, keeper):
    lead = domain.clerk_of(other)
    MemberFactory(company=company, user=lead, role="clerk", scopes=["data"])
    before = state(company, other)

    done = services.merge(company, other, by=keeper)

    assert company.members.acting(lead).get().is_lead
    services.undo(done, by=keeper)
    assert state(company, other) == before


def test_the_legal_representative_of_the_other_row_stays_it(company, other, keeper):
    lead = domain.clerk_of(company)
    MemberFactory(company=other, user=lead, role="legal")

    services.merge(company, other, by=keeper)

    assert company.members.acting(lead).get().role == "legal"


def test_who_leads_the_kept_row_goes_on_leading_it(company, other, keeper):
    lead = domain.clerk_of(company)
    MemberFactory(company=other, user=lead, role="clerk", scopes=["data"])

    services.merge(company, other, by=keeper)

    assert company.members.acting(lead).get().is_lead


def test_who_left_the_other_row_leads_nothing_by_it(company, other, keeper):
    person = domain.clerk_of(other)
    other.members.update(ended_at=timezone.now())
    MemberFactory(company=company, user=person, role="clerk", scopes=["data"])

    services.merge(company, other, by=keeper)

    assert not company.members.acting(person).get().is_lead


def test_an_account_that_was_replaced_after_it_went_over_is_current_again(company, other, keeper):
    company.accounts.all().delete()
    theirs = other.current_account
    done = services.merge(company, other, by=keeper)
    assert company.current_account == theirs
    given = change_account(
        company, bank="中国银行", number="6222020000000001", cnaps="", by=domain.clerk_of(company)
    )

    services.undo(done, by=keeper)

    assert company.current_account == given
    assert other.current_account == theirs


def test_an_account_of_the_other_row_that_was_made_current_goes_back_with_it(
    company, other, keeper
):
    ours, theirs = company.current_account, other.current_account
    other.accounts.update(is_current=False)
    done = services.merge(company, other, by=keeper)
    company.accounts.update(is_current=False)
    company.accounts.filter(pk=theirs.pk).update(is_current=True)

    services.undo(done, by=keeper)

    assert company.current_account == ours
    assert other.current_account == theirs


def test_it_does_not_go_back_beside_another_current_one(company, other, keeper):
    older = BankAccountFactory(company=other, is_current=False)
    done = services.merge(company, other, by=keeper)
    company.accounts.update(is_current=False)
    company.accounts.filter(pk=older.pk).update(is_current=True)

    with pytest.raises(Refused, match="“收款账户”，与原处的有冲突"):
        services.undo(done, by=keeper)

    assert company.current_account == older
    change_account(
        company, bank="中国银行", number="6222020000000001", cnaps="", by=domain.clerk_of(company)
    )
    services.undo(done, by=keeper)
    assert company.current_account
    assert other.accounts.filter(is_current=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_looking_at_a_merge_uses_no_number_and_keeps_no_other_act_waiting(world):
    kept, removed = domain.company_with_everything(), domain.company_with_everything()
    keeper = domain.official(finance_department(kept.district), Role.ADMINISTRATOR)
    with connection.cursor() as cursor:

        def numbers():
            cursor.execute("SELECT sequencename, last_value FROM pg_sequences ORDER BY 1")
            return cursor.fetchall()

        with transaction.atomic():
            record("company.profile_changed", about=kept, by=keeper)
        before = numbers()

        with CaptureQueriesContext(connection) as asked:
            assert services.preview(kept, removed, by=keeper)

        assert numbers() == before
        assert not [row for row in asked if "audit_" in row["sql"]]


# The caps


def capped(value):
    """A company whose cap of 2025 is this, in yuan."""
    return domain.company_with_everything(fiscal_contribution=value)


def test_the_engine_is_told_the_history_of_both_rows(world, keeper, budget):
    kept, removed = capped("12000.00"), capped("12000.00")
    paid(removed)  # 10,000 yuan

    services.merge(kept, removed, by=keeper)

    question = question_about(kept, [], year=2025, found=[])
    assert [award["amount"] for award in question["history"]] == ["10000.00"]


def test_a_grant_after_the_merge_has_only_what_both_rows_left(world, keeper, budget):
    kept, removed = capped("100000.00"), capped("100000.00")
    PastAwardFactory(company=removed, amount=Decimal("95000.00"))
    services.merge(kept, removed, by=keeper)
    application = domain.filed(kept)

    with pytest.raises(ledger.AboveAnswer), transaction.atomic():
        ledger.grant_application(
            application, domain.amounts_of(application, "10000.00"), by=UserFactory()
        )
    ledger.grant_application(
        application, domain.amounts_of(application, "5000.00"), by=UserFactory()
    )

    year = CompanyYear.objects.get(company=kept)
    assert (year.carried, year.capped) == (Decimal("95000.00"), Decimal("5000.00"))


def test_the_database_holds_the_cap_of_both_rows_without_the_engine(world, keeper, budget):
    kept, removed = capped("100000.00"), capped("100000.00")
    paid(kept)
    PastAwardFactory(company=removed, amount=Decimal("85000.00"))
    services.merge(kept, removed, by=keeper)

    with pytest.raises(IntegrityError, match="company_year_within_cap"), transaction.atomic():
        CompanyYear.objects.filter(company=kept).update(capped=Decimal("15000.01"))


def test_rows_that_are_above_the_cap_together_are_not_merged(world, keeper, budget):
    kept, removed = capped("10000.00"), capped("10000.00")
    paid(kept)
    paid(removed)

    with pytest.raises(Refused, match="超过年度总量"):
        services.merge(kept, removed, by=keeper)

    removed.refresh_from_db()
    assert removed.merged_into is None


def test_what_the_merged_row_claimed_is_not_claimed_again(company, other, keeper, budget):
    paid(other)
    services.merge(company, other, by=keeper)

    with pytest.raises(Refused, match="不能重复申报"):
        domain.filed(company)


# Who, and what the database holds


def test_only_the_districts_administrator_merges_and_parts(company, other, keeper):
    elsewhere = domain.official(
        finance_department(District.objects.get(code="330212")), Role.ADMINISTRATOR
    )
    done = services.merge(company, other, by=keeper)

    for person in (elsewhere, domain.clerk_of(company), UserFactory()):
        with pytest.raises(NotAllowed):
            services.undo(done, by=person)
        with pytest.raises(NotAllowed):
            services.merge(company, other, by=person)


@pytest.fixture(params=["kept", "removed", "merged before", "left"])
def insider(request, company, other, keeper):
    """An administrator who is of one of the rows, or was."""
    row = other
    if request.param == "kept":
        row = company
    elif request.param == "merged before":
        row = CompanyFactory(district=company.district)
    ended_at = timezone.now() if request.param == "left" else None
    second = AppointmentFactory(
        department=finance_department(company.district), role=Role.ADMINISTRATOR
    ).user
    MemberFactory(company=row, user=second, ended_at=ended_at)
    if request.param == "merged before":
        services.merge(other, row, by=keeper)
        other.refresh_from_db()
    return second


def test_nobody_merges_their_own_way_into_a_company(company, other, insider, browser):
    before = state(company, other)

    for act in (services.preview, services.merge):
        with pytest.raises(NotAllowed, match="须由另一人办理"):
            act(company, other, by=insider)
    address = f"/workspace/companies/{company.pk}/merge/{other.pk}/"
    for page in (browser(insider).get(address), browser(insider).post(address)):
        assert page.status_code == 403
        assert "须由另一人办理" in page.text

    assert state(company, other) == before


def test_nor_parts_the_rows_again(company, other, keeper, insider):
    done = services.merge(company, other, by=keeper)

    with pytest.raises(NotAllowed, match="须由另一人办理"):
        services.undo(done, by=insider)

    done.refresh_from_db()
    assert done.undone_at is None


def test_the_database_refuses_a_merge_by_one_of_its_people(company, other, keeper, insider):
    with pytest.raises(domain.REFUSED_BY_TRIGGER), transaction.atomic():
        Merge.objects.create(kept=company, removed=other, by=insider)
    done = services.merge(company, other, by=keeper)
    with pytest.raises(domain.REFUSED_BY_TRIGGER), transaction.atomic():
        Merge.objects.filter(pk=done.pk).update(undone_by=insider, undone_at=timezone.now())

    services.undo(done, by=keeper)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMINISTRATOR])
def test_pages_are_the_administrators(company, other, browser, role):
    client = browser(domain.official(finance_department(company.district), role))

    assert client.get("/workspace/companies/duplicates/").status_code == 403
    url = f"/workspace/companies/{company.pk}/merge/{other.pk}/"
    assert client.get(url).status_code == client.post(url).status_code == 403


def test_a_row_is_not_merged_into_itself_nor_twice(company, other, keeper):
    with pytest.raises(Refused, match="两行不同"):
        services.merge(company, company, by=keeper)
    services.merge(company, other, by=keeper)
    with pytest.raises(Refused, match="已并入另一行"):
        services.merge(domain.company_with_everything(), other, by=keeper)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE companies_company SET merged_into_id = id",
        "UPDATE companies_merge SET kept_id = removed_id",
        "UPDATE companies_merge SET undone_at = now()",
        "INSERT INTO companies_merge (kept_id, removed_id, moved, by_id, at)"
        " SELECT kept_id, removed_id, moved, by_id, at FROM companies_merge",
    ],
)
def test_the_database_takes_no_impossible_merge(company, other, keeper, sql):
    services.merge(company, other, by=keeper)

    with pytest.raises(IntegrityError):
        domain.execute(sql)


@pytest.mark.django_db(transaction=True)
def test_two_merges_at_once_the_wrong_way_round_make_one(world):
    one, two = CompanyFactory(), CompanyFactory()
    keeper = domain.official(finance_department(one.district), Role.ADMINISTRATOR)

    results = at_once(
        lambda: services.merge(one, two, by=keeper), lambda: services.merge(two, one, by=keeper)
    )

    assert sum(isinstance(result, Refused) for result in results) == 1
    assert Company.objects.standing().count() == 1


def test_every_table_of_companies_goes_over_or_is_said_to_stay():
    """A table that refuses changes must be in STAYS, and be read through `Company.rows()`. One that
    refuses them of some rows leaves those behind (`moving_rows`)."""
    for model, column in relations():
        guards = [
            trigger.name
            for trigger in getattr(model._meta, "triggers", [])
            if isinstance(trigger, pgtrigger.Protect)
            and trigger.condition is None
            and trigger.operation in (pgtrigger.Update, pgtrigger.Update | pgtrigger.Delete)
        ]
        assert not guards, f"{model._meta.label}.{column} cannot go over"
    assert {"subsidies.Award", "subsidies.Application", "subsidies.CompanyYear"} <= STAYS


# Finding it again


def test_search_code_and_import_lead_to_the_row_that_stays(company, other, keeper, browser):
    services.merge(company, other, by=keeper)

    client = browser(keeper)
    assert Company.objects.by_code(other.uscc) == company
    assert list(Company.objects.standing().search(other.uscc)) == [company]
    listed = client.get("/workspace/companies/").text
    assert company.uscc in listed
    assert other.uscc not in listed
    page = client.get(f"/workspace/companies/{other.pk}/", follow=True)
    assert "并入的记录" in page.text
    assert other.uscc in page.text


def test_the_pages_merge_and_part(company, other, keeper, browser):
    client = browser(keeper)
    url = f"/workspace/companies/{company.pk}/merge/{other.pk}/"
    shown = client.get(url)
    assert "合并为一家" in shown.text
    assert "年度数据" in shown.text

    assert client.post(url).status_code == 302
    done = Merge.objects.get()
    assert client.get(url).status_code == 404
    assert client.post(f"/workspace/merges/{done.pk}/undo/").status_code == 302

    other.refresh_from_db()
    assert other.merged_into is None


def test_the_list_of_pairs_shows_the_merges_done_and_undoes_them(
    company, other, keeper, browser, budget, clock
):
    client = browser(keeper)
    done = services.merge(company, other, by=keeper)
    undo = f"/workspace/merges/{done.pk}/undo/"
    page = client.get("/workspace/companies/duplicates/")
    assert [each.merge for each in page.context["merges"]] == [done]
    assert other.uscc in page.text
    assert undo in page.text

    clock.shift(timedelta(minutes=1))
    paid(company)

    for address in ("/workspace/companies/duplicates/", f"/workspace/companies/{company.pk}/"):
        page = client.get(address).text
        assert "不能再撤销" in page
        assert undo not in page


def test_the_list_of_pairs_shows_no_merge_of_another_district(company, other, keeper, browser):
    services.merge(company, other, by=keeper)
    elsewhere = AppointmentFactory(role=Role.ADMINISTRATOR).user

    page = browser(elsewhere).get("/workspace/companies/duplicates/")

    assert page.context["merges"] == []


def test_a_refused_merge_says_why_before_and_after_the_press(
    company, other, keeper, browser, budget
):
    domain.notified_award(other)
    client = browser(keeper)
    url = f"/workspace/companies/{company.pk}/merge/{other.pk}/"

    assert "还有没拨付" in client.get(url).text
    assert "合并为一家" not in client.get(url).text
    answer = client.post(url)
    assert answer.status_code == 422
    assert "还有没拨付" in answer.text


def test_the_company_one_acts_for_is_the_row_that_stays(company, other, keeper, rf, browser):
    person = domain.clerk_of(other)
    services.merge(company, other, by=keeper)

    request = rf.get("/")
    request.user, request.session = person, {"company": other.pk}
    assert company_of(request) == company


@pytest.mark.parametrize("kind", ["companies", "figures"])
def test_an_import_under_the_merged_code_names_the_code_to_use(company, other, keeper, kind):
    services.merge(company, other, by=keeper)
    table = {
        "companies": [["统一社会信用代码", "企业名称"], [other.uscc, other.name]],
        "figures": [
            ["统一社会信用代码", "年度", "指标", "数值", "来源"],
            [other.uscc, "2025", "营业收入", "1.00", "统计导入"],
        ],
    }[kind]

    run = start(kind, company.district, keeper, as_csv(table))

    assert company.uscc in str(run.fault_list)


def test_two_legal_representatives_are_sorted_out_before(company, other, keeper):
    ours = MemberFactory(company=company, role="legal")
    theirs = MemberFactory(company=other, role="legal")

    with pytest.raises(Refused, match="各有法定代表人"):
        services.merge(company, other, by=keeper)

    ours.role = "administrator"
    ours.save()
    done = services.merge(company, other, by=keeper)
    theirs.refresh_from_db()
    assert (theirs.company, theirs.role) == (company, "legal")
    services.undo(done, by=keeper)
    theirs.refresh_from_db()
    assert theirs.company == other


def test_a_legal_representative_of_both_rows_is_one(company, other, keeper):
    person = MemberFactory(company=company, role="legal").user
    MemberFactory(company=other, role="legal", user=person)

    services.merge(company, other, by=keeper)

    assert company.members.get(user=person).role == "legal"
