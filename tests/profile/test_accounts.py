"""A changed account while money is on its way: two finance officers, neither of the company."""

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Department, Role
from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.models import Entry
from companies import services
from companies.cnaps import is_doubtful
from companies.models import AccountChange, Company
from disbursements.services import approve_batch, make_batch, mark_paid
from reviews.models import StageKind
from subsidies.ledger import services as ledger
from tests import domain
from tests.factories import MemberFactory
from tests.profile.conftest import browser_of

NEW = {"bank": "宁波银行股份有限公司江北支行", "number": "70010122000099999", "cnaps": ""}
PAGE = "/finance/accounts/"


@pytest.fixture
def change(company, clerk, award):
    services.change_account(company, by=clerk, **NEW)
    return AccountChange.objects.get()


def number(company):
    return Company.objects.get(pk=company.pk).current_account.number


def test_without_money_on_its_way_an_account_changes_at_once(company, clerk):
    services.change_account(company, by=clerk, **NEW)

    assert number(company) == NEW["number"]
    assert company.accounts.count() == 2
    assert company.accounts.get(is_current=True).entered_by == clerk


def test_with_money_on_its_way_the_account_before_it_stays(company, change):
    assert number(company) != NEW["number"]
    assert change.status == "asked"
    assert Entry.objects.about(company).filter(action="company.account_asked").exists()


def test_money_that_is_held_for_the_company_makes_a_change_wait_as_well(company, clerk, budget):
    application = domain.at_stage(StageKind.PUBLIC_NOTICE, company)

    services.change_account(company, by=clerk, **NEW)

    assert number(company) != NEW["number"]
    services.withdraw_account(AccountChange.objects.get(), by=clerk)
    with transaction.atomic():
        ledger.release_application(application, by=clerk)
    services.change_account(company, by=clerk, **NEW)
    assert number(company) == NEW["number"]


def test_two_officers_let_it_take_effect(company, change, maker, second):
    services.check_account(change, by=maker)
    assert number(company) != NEW["number"]

    services.confirm_account(change, by=second)

    assert number(company) == NEW["number"]
    assert company.accounts.filter(is_current=True).count() == 1
    acts = Entry.objects.about(company).values_list("action", flat=True)
    assert [act for act in acts if "account" in act] == [
        "company.account_asked",
        "company.account_checked",
        "company.account_confirmed",
    ]


def test_one_officer_does_not_do_both(company, change, maker):
    services.check_account(change, by=maker)

    with pytest.raises(NotAllowed, match="另一位"):
        services.confirm_account(change, by=maker)
    rows = AccountChange.objects.filter(pk=change.pk)
    with pytest.raises(IntegrityError, match="second_person"), transaction.atomic():
        rows.update(status="confirmed", confirmed_by=maker, confirmed_at=change.asked_at)
    assert number(company) != NEW["number"]


def test_nothing_is_confirmed_that_nobody_checked(change, second):
    with pytest.raises(StateChanged, match="待财政核对"):
        services.confirm_account(change, by=second)
    with pytest.raises(domain.REFUSED_BY_TRIGGER, match="no arrow"):
        domain.execute("UPDATE companies_accountchange SET status = 'confirmed'")


@pytest.mark.parametrize("act", [services.check_account, services.confirm_account])
def test_an_officer_of_the_company_does_neither(company, change, maker, second, act):
    if act is services.confirm_account:
        services.check_account(change, by=second)
    MemberFactory(user=maker, company=company)

    with pytest.raises(NotAllowed, match="您是"):
        act(change, by=maker)
    with pytest.raises(domain.REFUSED_BY_TRIGGER, match="their own company"):
        domain.execute(f"UPDATE companies_accountchange SET checked_by_id = {maker.pk}")


def test_nobody_outside_finance_checks_it(change, clerk, world):
    lead = domain.official(Department.objects.get(code="jb-industry"), Role.LEAD)
    for person in (clerk, lead):
        with pytest.raises(NotAllowed, match="财政"):
            services.check_account(change, by=person)


def test_a_refused_account_says_why_and_the_one_before_it_stays(company, change, maker, portal):
    with pytest.raises(Refused, match="退回原因"):
        services.refuse_account(change, reason=" ", by=maker)

    services.refuse_account(change, reason="账号与开户许可证不符", by=maker)

    assert number(company) != NEW["number"]
    assert "账号与开户许可证不符" in portal.get("/company/").content.decode()


def test_the_company_gives_a_change_up_or_asks_for_another(company, change, clerk):
    services.change_account(company, by=clerk, **NEW | {"number": "70010122000088888"})

    assert set(AccountChange.objects.values_list("status", flat=True)) == {"asked", "withdrawn"}
    services.withdraw_account(AccountChange.objects.get(status="asked"), by=clerk)
    assert not AccountChange.objects.open().exists()


def test_no_batch_is_made_while_a_change_waits(district, company, award, change, maker):
    with pytest.raises(Refused, match=f"{company.name} 更换了收款账户"):
        make_batch(district, [award], by=maker)


def test_no_batch_is_approved_while_a_change_waits(district, company, award, clerk, maker, second):
    batch = make_batch(district, [award], by=maker)
    services.change_account(company, by=clerk, **NEW)

    with pytest.raises(Refused, match="还没有经两位财政人员确认"):
        approve_batch(batch, by=second)


def test_what_the_bank_was_sent_is_noted_as_paid_to_the_account_before(
    district, company, award, clerk, maker, second
):
    batch = make_batch(district, [award], by=maker)
    approve_batch(batch, by=second)
    services.change_account(company, by=clerk, **NEW)

    mark_paid(batch, on=domain.TODAY, by=maker)

    assert batch.lines.get().account != NEW["number"]


@pytest.fixture
def district(company):
    return company.district


def test_finance_finds_what_waits_from_its_home(change, maker, second):
    assert "收款账户变更（1）" in browser_of(maker).get("/finance/").content.decode()
    page = browser_of(maker).get(PAGE).content.decode()
    assert NEW["number"] in page

    browser_of(maker).post(f"{PAGE}{change.pk}/check/")
    assert "收款账户变更（1）" not in browser_of(maker).get("/finance/").content.decode()
    answer = browser_of(maker).post(f"{PAGE}{change.pk}/confirm/")
    assert answer.status_code == 403
    browser_of(second).post(f"{PAGE}{change.pk}/confirm/")

    change.refresh_from_db()
    assert (change.status, change.checked_by, change.confirmed_by) == ("confirmed", maker, second)


def test_the_finance_of_another_district_finds_nothing(change, world):
    finance = Department.objects.filter(district__code="330212", is_finance=True).first()
    stranger = domain.official(finance, Role.FINANCE)

    assert NEW["bank"] not in browser_of(stranger).get(PAGE).content.decode()
    assert browser_of(stranger).post(f"{PAGE}{change.pk}/check/").status_code == 404


@pytest.mark.parametrize(
    "number", ["313651027012", "303121075205", "402873300213", "001100001509", ""]
)
def test_a_good_number_of_a_bank_raises_no_doubt(number):
    assert not is_doubtful(number)


def test_a_wrong_check_digit_is_a_warning_and_no_refusal(company, clerk, portal):
    assert is_doubtful("313651027013")

    services.change_account(company, by=clerk, **NEW | {"cnaps": "313651027013"})

    assert "校验位不符" in portal.get("/company/").content.decode()


def test_a_first_account_that_waits_is_not_said_to_be_saved(company, award, portal):
    company.accounts.all().delete()

    page = portal.post("/company/", NEW, follow=True).content.decode()

    assert "账户已收到" in page
    assert "收款账户已保存" not in page
    assert not company.accounts.filter(is_current=True).exists()
