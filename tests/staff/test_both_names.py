"""Acts of a stand-in that keep no second name on their row: the record bears both."""

from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import Role
from accounts.refusals import NotAllowed
from audit.models import Entry
from companies.figures import correct_figure
from companies.imports.services import confirm_import
from companies.models import CreditKind, YearlyFigure
from reviews.services import finance_department
from subsidies.credit.models import CreditEffect
from subsidies.credit.services import set_rule
from subsidies.models import PolicyDocument
from tests import domain
from tests.factories import MemberFactory, StandInFactory
from tests.imports.tables import FISCAL, as_csv, start


@pytest.fixture
def deputy(world):
    return domain.official(domain.item("jb24-12").leads[0], Role.REVIEWER)


@pytest.fixture
def standing_in(company, deputy):
    """Lets the deputy stand in for the holder of a role in finance."""

    def for_role(role):
        principal = domain.official(finance_department(company.district), role)
        StandInFactory(appointment=principal.appointments.get(), deputy=deputy)
        return principal

    return for_role


def names(action):
    entry = Entry.objects.get(action=action)
    return entry.actor, entry.data["on_behalf_of"]


@pytest.fixture
def figure(company):
    figure = company.figures.get(measure="fiscal_contribution")
    YearlyFigure.objects.filter(pk=figure.pk).update(frozen_at=timezone.now())
    return figure


def correct(figure, by):
    correct_figure(figure, value=Decimal(1), as_of=domain.TODAY, reason="清算", by=by)


def test_a_corrected_figure_bears_both_names(figure, deputy, standing_in):
    principal = standing_in(Role.FINANCE)

    correct(figure, deputy)

    assert names("figure.corrected") == (deputy, principal.pk)


def test_nobody_corrects_the_figure_of_whom_they_stand_in_fors_company(
    company, figure, deputy, standing_in
):
    MemberFactory(company=company, user=standing_in(Role.FINANCE))

    with pytest.raises(NotAllowed, match="须由另一人办理"):
        correct(figure, deputy)


def test_a_credit_rule_bears_both_names(company, deputy, standing_in):
    principal = standing_in(Role.POLICY_OFFICER)

    set_rule(
        PolicyDocument.objects.get(code="jb24"),
        CreditKind.PENALTY,
        CreditEffect.ASKS,
        starts_on=domain.TODAY,
        reason="通知",
        by=deputy,
    )

    assert names("credit_rule.set") == (deputy, principal.pk)


def test_a_confirmed_import_bears_both_names_before_it_is_written(company, deputy, standing_in):
    principal = standing_in(Role.FINANCE)
    table = as_csv([FISCAL, (company.uscc, 2024, "1.00", "税务导入", "2026-01-31")])
    run = start("fiscal", company.district, deputy, table)

    confirm_import(run, plan=run.plan, codes_confirmed=False, by=deputy)

    assert names("import.confirmed") == (deputy, principal.pk)
