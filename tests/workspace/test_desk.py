"""Where those begin who keep the installation: what they may do, and nothing else."""

import pytest
from django.urls import reverse

from accounts.models import Role, User
from tests.factories import AppointmentFactory, UserFactory

ADMINISTRATORS = ["import_list", "registration_list", "credit_rules", "duplicate_list", "status"]


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.SECURITY_OFFICER])
def test_it_leads_to_what_the_role_may_do_and_everything_on_it_opens(client, db, role):
    client.force_login(AppointmentFactory(role=role).user)

    page = client.get(reverse("desk")).content.decode()

    for name in ADMINISTRATORS:
        assert (f'href="{reverse(name)}"' in page) == (role == Role.ADMINISTRATOR)
    assert (f'href="{reverse("stand_in_list")}"' in page) == (role == Role.SECURITY_OFFICER)
    main = page.partition('<main id="main">')[2].partition("</main>")[0]
    links = [part.partition('"')[0] for part in main.split('href="')[1:]]
    assert "/admin/accounts/user/" in links
    assert {client.get(link).status_code for link in links} == {200}


@pytest.mark.parametrize(
    "role", [Role.ADMINISTRATOR, Role.SECURITY_OFFICER, Role.POLICY_OFFICER, None]
)
def test_a_worklist_without_cases_leads_to_ones_own_work(client, db, role):
    user = AppointmentFactory(role=role).user if role else User.objects.create_superuser("first")
    client.force_login(user)

    assert client.get("/workspace/").url == "/"
    assert client.get("/", follow=True).status_code == 200


def test_it_is_for_officials_alone(client, db):
    client.force_login(UserFactory())

    assert client.get("/workspace/").status_code == 403
    assert client.get(reverse("desk")).status_code == 403
