"""Before money is settled, figures leave the house or roles change, the password is asked for
again, and nothing that was filled in is lost. A browser here has no record of a password, as a
session that somebody else left open for long."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Appointment, Department, Role, User
from audit.models import Entry
from disbursements import services
from disbursements.models import Batch
from reviews.models import Opinion, StageKind
from tests import domain
from tests.factories import AppointmentFactory, UserFactory
from tests.finance.conftest import awards, maker, second  # noqa: F401
from tests.signing_in.people import PASSWORD, signed_in

ASKED = 403
ANSWER = "reauthentication-password"


def with_password(user: User) -> User:
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def old(world) -> Client:
    """A browser whose sign-ins keep no record of the password."""
    return Client()


@pytest.fixture
def batch(awards, maker) -> Batch:  # noqa: F811
    return services.make_batch(awards[0].district, awards, by=maker)


@pytest.mark.parametrize(
    ("kind", "is_asked"),
    [
        (StageKind.ACCEPTANCE, False),
        (StageKind.DETERMINATION, True),
        (StageKind.FINANCE, True),
        (StageKind.APPROVAL, True),
    ],
)
def test_the_decisions_that_settle_money_ask(kind, is_asked, old, company, budget):
    application = domain.at_stage(kind, company, domain.claim())
    [task] = domain.open_tasks(application)
    old.force_login(with_password(domain.someone_fresh(task)))
    address = reverse("case_decide", args=[application.case.pk])
    fields = {
        "submission": str(uuid4()),
        "task": task.pk,
        "revision": application.revision,
        "text": "经核对，一致。",
    }
    before = Opinion.objects.count()

    response = old.post(address, fields)

    assert (response.status_code == ASKED) == is_asked
    if is_asked:
        page = response.content.decode()
        assert 'name="text" value="经核对，一致。"' in page
        assert f'action="{address}"' in page
        assert Opinion.objects.count() == before
        # With the password the form is read: it lacks a verdict.
        response = old.post(address, {**fields, ANSWER: PASSWORD})
        assert response.status_code == 422
        assert "请选择结论" in response.content.decode()


def test_a_batch_is_approved_only_by_somebody_who_just_gave_the_password(
    old,
    batch,
    second,  # noqa: F811
):
    old.force_login(with_password(second))
    address = reverse("batch_approve", args=[batch.pk])

    assert old.post(address).status_code == ASKED
    response = old.post(address, {ANSWER: "wrong"})
    assert response.status_code == ASKED
    assert "密码不对" in response.content.decode()
    batch.refresh_from_db()
    assert batch.approved_by is None

    fields = {ANSWER: PASSWORD, "submission": str(uuid4())}
    assert old.post(address, fields).status_code == 302
    batch.refresh_from_db()
    assert batch.approved_by == second


def test_paying_asks_too(old, batch, maker):  # noqa: F811
    old.force_login(with_password(maker))

    assert old.post(reverse("batch_pay", args=[batch.pk])).status_code == ASKED


def test_a_list_to_be_downloaded_asks_and_leads_on(old, batch, second, maker):  # noqa: F811
    services.approve_batch(batch, by=second)
    old.force_login(with_password(maker))
    address = reverse("batch_download", args=[batch.pk])

    response = old.get(address)
    assert response.url.startswith("/login/again/?next=")
    response = old.post(response.url, {"password": PASSWORD})

    assert response.url == address
    assert old.get(address).status_code == 200


def test_who_may_not_is_told_so_and_not_asked(old, batch, clerk):
    old.force_login(clerk)

    response = old.post(reverse("batch_approve", args=[batch.pk]))

    assert response.status_code == 403
    assert "reauthentication" not in response.content.decode()


def test_a_sign_in_counts_for_five_minutes(batch, second, clock):  # noqa: F811
    client = signed_in(with_password(second))
    clock.shift(timedelta(minutes=5))
    assert client.post(reverse("batch_approve", args=[batch.pk])).status_code == ASKED
    client.post(reverse("batch_approve", args=[batch.pk]), {ANSWER: PASSWORD})
    clock.shift(timedelta(minutes=4, seconds=59))

    response = client.post(reverse("batch_pay", args=[batch.pk]), {})

    assert response.status_code != ASKED


def test_what_was_chosen_several_times_is_kept_so(old, world, company):
    department = Department.objects.first()
    officer = AppointmentFactory(
        user=with_password(UserFactory()), department=department, role=Role.SECURITY_OFFICER
    ).user
    old.force_login(officer)
    people = UserFactory.create_batch(2)
    address = reverse("admin:accounts_user_changelist")
    keys = [str(user.pk) for user in people]

    page = old.post(address, {"action": "unlock", "_selected_action": keys}).content.decode()

    for key in keys:
        assert f'name="_selected_action" value="{key}"' in page
    assert not Entry.objects.filter(action="person.unlocked").exists()


def test_giving_an_office_asks_and_keeps_the_form(old, world):
    department = Department.objects.first()
    officer = AppointmentFactory(
        user=with_password(UserFactory()), department=department, role=Role.SECURITY_OFFICER
    ).user
    old.force_login(officer)
    colleague = UserFactory()
    address = reverse("admin:accounts_appointment_add") + "?_changelist_filters=role"
    fields = {
        "user": colleague.pk,
        "department": department.pk,
        "role": Role.REVIEWER,
        "starts_on": "2026-03-01",
        "ends_on": "",
    }

    response = old.post(address, fields)

    assert response.status_code == ASKED
    assert not Appointment.objects.filter(user=colleague).exists()
    assert f'action="{address}"' in response.content.decode()
    old.post(address, {**fields, ANSWER: PASSWORD})
    assert Appointment.objects.filter(user=colleague, role=Role.REVIEWER).exists()


def test_setting_somebodys_password_asks_first(old, world):
    officer = AppointmentFactory(user=with_password(UserFactory()), role=Role.SECURITY_OFFICER).user
    old.force_login(officer)

    response = old.get(reverse("admin:auth_user_password_change", args=[UserFactory().pk]))

    assert response.url.startswith("/login/again/")
