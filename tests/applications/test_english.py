"""What English changes besides words, and what it must not reach."""

from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import translation

from outbox.models import Job
from reviews.routes import current_route
from reviews.templatetags.cases import wan_exact
from subsidies.applications import services
from subsidies.templatetags.money import wan
from tests import domain


@pytest.mark.parametrize(
    ("language", "whole", "parts"),
    [("zh-hans", "260", "64.07"), ("en", "2,600,000", "640,740.73")],
)
def test_only_chinese_counts_in_ten_thousands(language, whole, parts):
    with translation.override(language):
        assert (wan(Decimal(2_600_000)), wan(Decimal("640740.73"))) == (whole, parts)


@pytest.mark.parametrize(("language", "text"), [("zh-hans", "64.074073"), ("en", "640,740.73")])
def test_a_public_list_is_exact_in_both_languages(language, text):
    with translation.override(language):
        assert wan_exact(Decimal("640740.73")) == text


def test_a_route_is_kept_in_chinese_whoever_opens_the_first_case(company):
    with translation.override("en"):
        route = current_route(company.district)

    assert route.stages.first().name == "受理"


def test_a_mail_is_in_chinese_whatever_the_one_who_causes_it_reads(company):
    application = domain.filed(company)
    with translation.override("en"), transaction.atomic():
        services.return_for_correction(application, reason="请补发票")

    assert "需要补正" in Job.objects.get(kind="mail").args["subject"]
