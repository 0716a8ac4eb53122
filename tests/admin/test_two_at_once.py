"""Two officers at one row: what the other has changed meanwhile is seen before it is saved over."""

import json
import re
from decimal import Decimal
from html import unescape

import pytest

from accounts.models import Role
from reviews.services import finance_department
from subsidies.models import BudgetLine
from tests import domain


@pytest.fixture
def line(budget, client):
    person = domain.official(finance_department(budget.district), Role.ADMINISTRATOR)
    client.force_login(person)
    return budget


def form_of(answer):
    """What a browser would send of the page as it is."""
    values = {field.html_name: field.value() for field in answer.context["adminform"].form}
    (shown,) = re.findall(r'name="shown" value="([^"]*)"', answer.content.decode())
    return {name: value for name, value in values.items() if value is not None} | {
        "shown": unescape(shown)
    }


def page_of(line):
    return f"/admin/subsidies/budgetline/{line.pk}/change/"


def test_what_another_changed_meanwhile_is_named_and_what_was_typed_stays(client, line):
    typed = form_of(client.get(page_of(line))) | {"total": "7000000.00"}
    BudgetLine.objects.update(total=Decimal("9000000.00"))

    answer = client.post(page_of(line), typed)

    page = answer.content.decode()
    assert "您打开本页之后，别人改了这一项，现为“9000000.00”" in page
    assert form_of(answer)["total"] == "7000000.00"
    assert BudgetLine.objects.get().total == Decimal("9000000.00")


def test_whoever_has_seen_it_may_save(client, line):
    typed = form_of(client.get(page_of(line))) | {"total": "7000000.00"}
    BudgetLine.objects.update(total=Decimal("9000000.00"))
    again = form_of(client.post(page_of(line), typed))

    assert client.post(page_of(line), again).status_code == 302
    assert BudgetLine.objects.get().total == Decimal("7000000.00")


def test_what_the_ledger_counts_meanwhile_is_no_change(client, line, company):
    typed = form_of(client.get(page_of(line))) | {"name": "工业政策资金"}
    domain.approved(company)

    assert client.post(page_of(line), typed).status_code == 302
    assert BudgetLine.objects.get().name == "工业政策资金"


@pytest.mark.ignore_template_errors  # of Django's own page
def test_a_page_shows_no_password_in_its_hidden_field(client, company):
    officer = domain.official(finance_department(company.district), Role.SECURITY_OFFICER)
    client.force_login(officer)
    person = domain.official(domain.item("jb24-12").leads[0], Role.REVIEWER)

    shown = form_of(client.get(f"/admin/accounts/user/{person.pk}/change/"))["shown"]

    assert json.loads(shown).keys() == {"username", "name", "email", "is_active"}
