"""Where those begin who keep the installation: what they may do, and nothing else."""

import pytest
from django.urls import reverse

from accounts.models import Role, User
from tests.factories import AppointmentFactory, MemberFactory, UserFactory

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


def places(page):
    """What the header leads to: in the bar, and below 更多."""
    bar, _, more = (
        page.partition('<nav class="mainnav"')[2].partition("</nav>")[0].partition("<details")
    )
    return bar, more


def test_the_bar_keeps_to_a_few_places_and_always_shows_the_current_one(client, db):
    client.force_login(AppointmentFactory(role=Role.ADMINISTRATOR).user)

    bar, more = places(client.get(reverse("desk")).text)
    assert bar.count("<a ") == 5
    assert reverse("duplicate_list") in more

    bar, more = places(client.get(reverse("duplicate_list")).text)
    assert bar.count("<a ") == 5
    assert f'{reverse("duplicate_list")}" aria-current="page"' in bar
    assert reverse("duplicate_list") not in more


def test_an_official_of_a_company_is_led_to_both(client, company):
    official = AppointmentFactory(user=MemberFactory(company=company).user).user
    client.force_login(official)

    assert reverse("company_profile") in "".join(places(client.get("/workspace/").text))
    bar, _more = places(client.get(reverse("company_profile")).text)
    assert reverse("application_list") in bar
    assert 'href="/"' in bar


def test_it_is_for_officials_alone(client, db):
    client.force_login(UserFactory())

    assert client.get("/workspace/").status_code == 403
    assert client.get(reverse("desk")).status_code == 403
