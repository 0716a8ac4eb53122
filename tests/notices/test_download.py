"""Who gets the PDF of a notice, and how it is sent."""

import pytest
from django.urls import reverse

from accounts.models import Department, Role
from companies.models import Member
from tests import domain
from tests.factories import MemberFactory


@pytest.fixture
def address(rendered):
    return reverse("notice_download", args=[rendered.pk])


def signed_in(client, user):
    client.force_login(user)
    return client


def official(code: str, role: Role):
    return domain.official(Department.objects.get(code=code), role)


def test_the_company_gets_the_very_file_that_was_issued(client, clerk, rendered, address):
    response = signed_in(client, clerk).get(address)

    assert b"".join(response.streaming_content) == rendered.pdf.read()
    assert response["Content-Type"] == "application/pdf"


def test_the_file_is_saved_and_never_run_or_kept_on_the_way(client, clerk, address):
    response = signed_in(client, clerk).get(address)

    assert response["Content-Disposition"].startswith("attachment; filename*=utf-8''")
    assert "%E3%80%942026%E3%80%951%E5%8F%B7.pdf" in response["Content-Disposition"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "no-store"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    ("department", "role"),
    [
        ("jb-industry", Role.REVIEWER),
        ("jb-industry", Role.LEAD),
        ("jb-finance", Role.FINANCE),
        ("jb-finance", Role.AUDITOR),
    ],
)
def test_officials_who_may_see_the_application_get_it(client, address, department, role):
    assert signed_in(client, official(department, role)).get(address).status_code == 200


@pytest.mark.parametrize(
    ("department", "role"),
    [
        ("jb-housing", Role.REVIEWER),
        ("jb-finance", Role.POLICY_OFFICER),
        ("jb-finance", Role.ADMINISTRATOR),
        ("yz-industry", Role.REVIEWER),
        ("yz-finance", Role.FINANCE),
    ],
)
def test_to_other_officials_it_does_not_exist(client, address, department, role):
    assert signed_in(client, official(department, role)).get(address).status_code == 404


def test_to_another_company_it_does_not_exist(client, address):
    assert signed_in(client, MemberFactory().user).get(address).status_code == 404


def test_who_has_left_the_company_no_longer_gets_it(client, clerk, address):
    Member.objects.filter(user=clerk).delete()

    assert signed_in(client, clerk).get(address).status_code == 404


def test_strangers_are_asked_to_sign_in(client, address):
    response = client.get(address)

    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))


def test_a_notice_that_is_not_on_paper_yet_cannot_be_fetched(client, clerk, notice):
    response = signed_in(client, clerk).get(reverse("notice_download", args=[notice.pk]))

    assert response.status_code == 404
