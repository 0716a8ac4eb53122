import pytest
from django.db import transaction

from companies.models import Company
from reviews.models import Notice
from reviews.notices import services
from subsidies.models import Award, BudgetLine
from tests import domain
from tests.fixtures_domain import (  # noqa: F401
    budget,
    clerk,
    clock,
    company,
    flush_past_the_triggers,
    world,
)


@pytest.fixture
def notice(company: Company, budget: BudgetLine) -> Notice:  # noqa: F811
    """The notice of an approved application, not yet on paper."""
    application = domain.approved(company, domain.investment("12345678.90"))
    return Award.objects.get(claim__application=application).notice


@pytest.fixture
def rendered(notice: Notice) -> Notice:
    with transaction.atomic():
        services.render(str(notice.pk))
    notice.refresh_from_db()
    return notice
