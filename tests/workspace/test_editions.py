"""The page of editions: for whom, and what it says."""

import pytest

from accounts.models import District, Role
from reviews.services import finance_department
from subsidies.models import Edition, Item, Level
from tests.factories import AppointmentFactory

HERE = "/workspace/editions/"
READERS = {Role.POLICY_OFFICER, Role.AUDITOR, Role.ADMINISTRATOR}


def appointed(role, code="330205"):
    department = finance_department(District.objects.get(code=code))
    return AppointmentFactory(department=department, role=role).user


@pytest.mark.parametrize("role", Role)
def test_policy_officers_auditors_and_administrators_read_it(world, client, role):
    client.force_login(appointed(role))

    answer = client.get(HERE)

    assert answer.status_code == (200 if role in READERS else 403)
    if role in READERS:
        assert f'href="{HERE}" aria-current="page"' in answer.content.decode()


def test_an_edition_is_told_with_its_content_and_hash(world, client):
    client.force_login(appointed(Role.POLICY_OFFICER))
    edition = Edition.objects.get(name__startswith="jb24")
    items = Item.objects.filter(edition=edition).count()
    levels = Level.objects.filter(item__edition=edition).count()

    page = client.get(HERE).content.decode()

    assert edition.document.title in page
    assert f'title="{edition.sha256}">{edition.sha256[:12]}<' in page
    assert f"{items} 个事项" in page
    assert f"{levels} 档" in page
    assert "已发布" in page


def test_editions_of_another_district_are_not_told(world, client):
    client.force_login(appointed(Role.POLICY_OFFICER))

    shown = set(client.get(HERE).context["editions"])

    assert shown == set(Edition.objects.filter(document__district__code="330205"))
    assert shown != set(Edition.objects.all())


def test_a_policy_officer_lands_there(world, client):
    client.force_login(appointed(Role.POLICY_OFFICER))

    assert client.get("/").url == HERE
