"""Every pair of statuses, in the services and in the database."""

from itertools import product

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.refusals import StateChanged
from reviews.models import StageKind, Verdict
from subsidies.applications import services
from subsidies.applications.enums import EDITABLE, LIVE, NEXT_STATUSES, Status
from subsidies.models import Application
from tests import domain
from tests.factories import ApplicationFactory, UserFactory

CLOSED = {Status.APPROVED, Status.REJECTED, Status.WITHDRAWN}
ARROWS = [(source, target) for source in Status for target in NEXT_STATUSES[source]]


def columns(status):
    """What a row of this status must hold."""
    filed = status != Status.DRAFT
    return {
        "status": status,
        "number": "2026-0001" if filed else None,
        "submitted_at": timezone.now() if filed else None,
        "submitted_by": UserFactory() if filed else None,
        "closed_at": timezone.now() if status in CLOSED else None,
    }


def with_status(status, company):
    """An application that came to its status through the services."""
    clerk = domain.clerk_of(company)
    match status:
        case Status.DRAFT:
            return domain.draft(company)
        case Status.SUBMITTED:
            return domain.filed(company)
        case Status.IN_REVIEW:
            return domain.at_stage(StageKind.REVIEW, company)
        case Status.APPROVED:
            return domain.approved(company)
        case Status.WITHDRAWN:
            return services.withdraw_application(domain.filed(company), by=clerk)
        case _:
            application = domain.filed(company)
            verdict = {Status.RETURNED: Verdict.RETURN, Status.REJECTED: Verdict.REJECT}[status]
            domain.decide(domain.open_tasks(application)[0], verdict)
            application.refresh_from_db()
            return application


def draw(application, target):
    """Ask the services for an arrow, whatever the application's status."""
    match target:
        case Status.SUBMITTED:
            domain.submit(application)
        case Status.IN_REVIEW:
            services.accept(application)
        case Status.RETURNED:
            services.return_for_correction(application, reason="缺页")
        case Status.APPROVED:
            services.approve(application)
        case Status.REJECTED:
            services.reject(application, reason="不符合条件")
        case Status.WITHDRAWN:
            services.withdraw_application(application, by=domain.clerk_of(application.company))


def draws(application, target):
    """Whether the services draw the arrow; either way the application is then as before."""
    source = application.status
    try:
        with transaction.atomic():
            draw(application, target)
            assert Application.objects.get(pk=application.pk).status == target
            transaction.set_rollback(True)
    except StateChanged:
        return False
    finally:
        application.refresh_from_db()
        assert application.status == source
    return True


@pytest.mark.parametrize("source", Status)
def test_the_services_draw_the_arrows_and_no_others(company, budget, source):
    application = with_status(source, company)
    # No service leads back to a draft.
    targets = [status for status in Status if status != Status.DRAFT]

    assert {each for each in targets if draws(application, each)} == NEXT_STATUSES[source]


@pytest.mark.parametrize(
    ("source", "target"), [pair for pair in product(Status, Status) if pair[0] != pair[1]]
)
def test_the_database_draws_the_arrows_and_no_others(company, source, target):
    application = ApplicationFactory(company=company, **columns(source))
    rows = Application.objects.filter(pk=application.pk)

    if (source, target) in ARROWS:
        rows.update(**columns(target))
        assert rows.get().status == target
    else:
        with (
            pytest.raises(domain.REFUSED_BY_TRIGGER, match="is no arrow"),
            transaction.atomic(),
        ):
            rows.update(**columns(target))


@pytest.mark.parametrize("status", Status)
def test_a_row_of_each_status_is_possible(company, status):
    assert ApplicationFactory(company=company, **columns(status)).pk


@pytest.mark.parametrize("missing", ["number", "submitted_at", "submitted_by"])
@pytest.mark.parametrize("status", [status for status in Status if status != Status.DRAFT])
def test_the_database_refuses_a_filed_row_without_number_time_or_person(company, status, missing):
    with pytest.raises(IntegrityError, match="number_time_and_person"), transaction.atomic():
        ApplicationFactory(company=company, **{**columns(status), missing: None})


@pytest.mark.parametrize("given", ["number", "submitted_at", "submitted_by"])
def test_the_database_refuses_a_draft_that_looks_filed(company, given):
    filed = columns(Status.SUBMITTED)

    with pytest.raises(IntegrityError, match="number_time_and_person"), transaction.atomic():
        ApplicationFactory(company=company, **{given: filed[given]})


@pytest.mark.parametrize("status", Status)
def test_the_database_ties_the_time_of_closing_to_the_status(company, status):
    wrong = {**columns(status), "closed_at": None if status in CLOSED else timezone.now()}

    with pytest.raises(IntegrityError, match="closed_has_its_time"), transaction.atomic():
        ApplicationFactory(company=company, **wrong)


def test_a_draft_may_be_withdrawn_without_ever_having_had_a_number(company, clerk):
    application = services.withdraw_application(domain.draft(company), by=clerk)

    assert application.status == Status.WITHDRAWN
    assert (application.number, application.closed_at) == (None, timezone.now())


@pytest.mark.parametrize("status", Status)
def test_a_matter_is_held_exactly_while_the_application_is_live(company, budget, status):
    application = with_status(status, company)

    held = application.claims.filter(matter__isnull=False).exists()

    assert held == (status in LIVE)


def test_the_company_edits_in_the_states_from_which_it_may_file():
    assert {status for status in Status if Status.SUBMITTED in NEXT_STATUSES[status]} == EDITABLE


@pytest.mark.parametrize("number", ["2026-0001"])
def test_the_database_gives_a_number_once_in_a_district(company, number):
    ApplicationFactory(company=company, **columns(Status.SUBMITTED))

    with pytest.raises(IntegrityError, match="number_once"), transaction.atomic():
        ApplicationFactory(company=company, **columns(Status.SUBMITTED))
