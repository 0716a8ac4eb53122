"""The fiscal contribution is for finance of the district and the company's own people. Everybody
else is led over every page they can reach, and must not meet it, nor what tells it."""

import re
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Appointment, Department, Role
from companies import figures
from companies.models import AccountChange, YearlyFigure
from companies.services import change_account
from outbox.services import perform_due
from reviews.models import Notice, StageKind
from subsidies.models import Award
from tests import domain
from tests.factories import AppointmentFactory
from tests.imports.tables import FISCAL, as_csv, confirm, start
from tests.profile.conftest import browser_of
from tests.workspace.conftest import INDUSTRY, person

CONTRIBUTION = Decimal("7654321.98")
GRANTED = Decimal("10000.00")
CORRECTED = Decimal("6543219.87")
LINK = re.compile(r'(?:href|hx-get|action)="(/[^"#]*)')
LEAVES = re.compile(
    r"^/(static|media|language|sign-out|logout|password|admin/accounts/user)|/download/|\.png|/list\.xlsx"
)
PAGES_AT_MOST = 400


def told(amount):
    return {f"{amount:,.2f}", f"{amount:.2f}"}


# What is left of the cap tells the contribution beside what was granted.
SECRETS = told(CONTRIBUTION) | told(CONTRIBUTION - GRANTED) | told(CORRECTED)


@pytest.fixture
def told_everywhere(company, budget, maker, clerk):
    """The contribution, in every place that could tell it: an import, a case in review, a
    granted award with its notice, a batch to come, a correction, a changed account."""
    company.figures.filter(measure="fiscal_contribution").delete()
    table = as_csv([FISCAL, (company.uscc, 2025, str(CONTRIBUTION), "税务导入", "2026-01-31")])
    confirm(start("fiscal", company.district, maker, table), maker)
    domain.notified_award(company)
    perform_due()
    figure = company.figures.get(measure="fiscal_contribution")
    figures.correct_figure(
        figure, value=CORRECTED, as_of=timezone.localdate(), reason="年终清算", by=maker
    )
    domain.at_stage(StageKind.DETERMINATION, company, domain.investment("2500000.00"))
    perform_due()
    change_account(company, bank="宁波银行", number="70010122000099999", cnaps="", by=clerk)
    return company


def pages_of(client: Client) -> dict[str, str]:
    """Every page that one can walk to from the entrances, by its address."""
    waiting = ["/", "/policies/", "/cases/", "/worklist/", "/imports/", "/admin/", "/audit/"]
    waiting += ["/company/", "/finance/", "/finance/accounts/"]
    seen: dict[str, str] = {}
    while waiting and len(seen) < PAGES_AT_MOST:
        address = waiting.pop(0).replace("&amp;", "&")
        if address in seen or LEAVES.search(address):
            continue
        response = client.get(address)
        seen[address] = response.content.decode(errors="replace") if not response.streaming else ""
        if response.status_code in (301, 302):
            waiting.append(response["Location"])
        waiting += [link for link in LINK.findall(seen[address]) if link not in seen]
    return seen


def where_told(client: Client) -> set[str]:
    return {
        address
        for address, content in pages_of(client).items()
        if any(secret in content for secret in SECRETS)
    }


@pytest.mark.usefixtures("told_everywhere")
class TestPages:
    @pytest.mark.parametrize(
        "role", [Role.REVIEWER, Role.LEAD, Role.POLICY_OFFICER, Role.AUDITOR, Role.ADMINISTRATOR]
    )
    def test_an_official_outside_finance_meets_it_nowhere(self, role):
        official = Appointment.objects.filter(
            role=role, department__district__code="330205", department__code__contains="jb-"
        ).first()
        if role in (Role.REVIEWER, Role.LEAD):
            user = person(INDUSTRY, role)
        elif official:
            user = official.user
        else:
            user = AppointmentFactory(
                role=role, department=Department.objects.get(code=INDUSTRY)
            ).user

        assert where_told(browser_of(user)) == set()

    def test_another_company_and_the_public_meet_it_nowhere(self):
        stranger = domain.clerk_of(domain.company_with_everything(fiscal_contribution=None))

        assert where_told(browser_of(stranger)) == set()
        assert where_told(Client()) == set()

    def test_a_reviewer_sees_the_amount_after_the_cap_and_that_something_is_left(self):
        pages = "".join(pages_of(browser_of(person(INDUSTRY))).values())

        assert "总量的数额只对财政和本企业显示" in pages
        assert "还有余额" in pages

    def test_finance_and_the_company_see_it(self, told_everywhere, maker, clerk):
        detail = f"/workspace/companies/{told_everywhere.pk}/"

        assert detail in where_told(browser_of(maker))
        assert "/company/" in where_told(browser_of(clerk))


def test_the_notice_goes_from_hand_to_hand_and_does_not_say_it(told_everywhere):
    for notice in Notice.objects.all():
        assert [secret for secret in SECRETS if secret in str(notice.content)] == []
    assert Award.objects.exists()
    assert AccountChange.objects.exists()


def test_a_finance_officer_of_another_district_is_a_stranger(told_everywhere):
    finance = Department.objects.filter(district__code="330212", is_finance=True).first()
    user = domain.official(finance, Role.FINANCE)

    assert (
        not YearlyFigure.objects.visible_to(user)
        .filter(company=told_everywhere)
        .filter(measure="fiscal_contribution")
    )
    assert where_told(browser_of(user)) == set()
