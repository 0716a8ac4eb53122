"""An administrator sets what may be spent; what was spent is the ledger's to say."""

from decimal import Decimal

from django.db import connection
from django.test.utils import CaptureQueriesContext

from subsidies.admin import BudgetLineForm
from subsidies.models import BudgetLine
from tests import domain


def url_of(line):
    return f"/admin/subsidies/budgetline/{line.pk}/change/"


def values_of(line, **given):
    return {
        "district": line.district_id,
        "year": line.year,
        "document": line.document_id,
        "department": line.department_id or "",
        "item_code": line.item_code,
        "code": line.code,
        "name": line.name,
        "total": line.total,
        **given,
    }


def test_what_is_granted_meanwhile_is_not_written_over(administrator, client, budget, monkeypatch):
    granted = Decimal("10000.00")
    clean = BudgetLineForm.clean

    def grant_meanwhile(form):
        BudgetLine.objects.filter(pk=budget.pk).update(granted=granted)
        return clean(form)

    monkeypatch.setattr(BudgetLineForm, "clean", grant_meanwhile)

    answer = client.post(url_of(budget), values_of(budget, total="60000000.00"))

    assert answer.status_code == 302
    budget.refresh_from_db()
    assert (budget.total, budget.granted) == (Decimal("60000000.00"), granted)


def test_the_line_is_locked_while_it_is_changed(administrator, client, budget):
    with CaptureQueriesContext(connection) as queries:
        client.post(url_of(budget), values_of(budget, name="新名称"))

    statements = [query["sql"] for query in queries]
    locking = [sql for sql in statements if "budgetline" in sql and "FOR NO KEY UPDATE" in sql]
    assert len(locking) == 1


def test_a_total_below_what_was_granted_is_an_error_of_the_form(
    administrator, client, company, budget
):
    domain.approved(company)
    granted = BudgetLine.objects.get(pk=budget.pk).granted

    answer = client.post(url_of(budget), {**values_of(budget), "total": granted - 1})

    assert answer.status_code == 200
    assert "预算不能低于已预留和已批准的" in answer.content.decode()
    assert "请填写不低于该数的金额" in answer.content.decode()


def test_a_line_with_entries_stays_what_it_was_for(administrator, client, company, budget):
    domain.approved(company)

    answer = client.post(url_of(budget), values_of(budget, year=2027, total="60000000.00"))

    assert answer.status_code == 302
    budget.refresh_from_db()
    assert (budget.year, budget.total) == (2026, Decimal("60000000.00"))


def test_a_line_without_entries_can_still_be_put_right(administrator, client, budget):
    client.post(url_of(budget), values_of(budget, year=2027))

    budget.refresh_from_db()
    assert budget.year == 2027
