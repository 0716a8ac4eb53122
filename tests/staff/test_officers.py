"""The three officers: each one office only, and nobody gives themselves one. Case A04: an officer
who grants a role to himself, through the page and past it."""

from datetime import date, timedelta
from itertools import product

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse

from accounts.models import OFFICERS, Appointment, Department, District, Role, User
from reviews.services import finance_department
from tests import domain
from tests.factories import AppointmentFactory, DepartmentFactory, UserFactory
from tests.threads import at_once

ADD = "/admin/accounts/appointment/add/"
BARRED = [
    (held, given)
    for held, given in product(Role, Role)
    if held != given and {held, given} & {*OFFICERS}
]
ALLOWED = [pair for pair in product(Role, Role) if pair not in BARRED]
NEXT_WEEK = domain.TODAY + timedelta(days=7)


@pytest.fixture
def finance(world):
    return finance_department(District.objects.get(code="330205"))


@pytest.fixture
def security_officer(finance, client):
    person = domain.official(finance, Role.SECURITY_OFFICER)
    client.force_login(person)
    return person


def given(person, department, role, **changed):
    return {
        "user": person.pk,
        "department": department.pk,
        "role": role,
        "starts_on": domain.TODAY.isoformat(),
        "ends_on": "",
        **changed,
    }


def change_url(row):
    return reverse(f"admin:accounts_{row._meta.model_name}_change", args=[row.pk])


@pytest.mark.parametrize(("held", "role"), BARRED)
def test_no_page_gives_an_officer_a_second_office(security_officer, finance, client, held, role):
    person = AppointmentFactory(department=finance, role=held).user

    answer = client.post(ADD, given(person, finance, role))

    assert answer.status_code == 200
    assert "系统管理、安全管理、审计三员互不兼任" in answer.content.decode()
    assert person.appointments.count() == 1


@pytest.mark.parametrize(("held", "role"), BARRED)
def test_the_database_gives_an_officer_no_second_office(db, held, role):
    person = AppointmentFactory(role=held).user

    with pytest.raises(domain.REFUSED_BY_TRIGGER, match="no other office"), transaction.atomic():
        AppointmentFactory(user=person, role=role)


@pytest.mark.parametrize(("held", "role"), ALLOWED)
def test_all_other_offices_go_together(db, held, role):
    person = AppointmentFactory(role=held).user

    AppointmentFactory(user=person, role=role).full_clean()


@pytest.mark.parametrize(
    ("first", "second", "allowed"),
    [
        ((date(2026, 1, 1), date(2026, 1, 31)), (date(2026, 2, 1), None), True),
        ((date(2026, 1, 1), date(2026, 2, 1)), (date(2026, 2, 1), None), False),
        ((date(2026, 3, 1), None), (date(2026, 1, 1), date(2026, 2, 28)), True),
        ((date(2026, 3, 1), None), (date(2026, 1, 1), date(2026, 3, 1)), False),
        ((date(2026, 3, 1), None), (date(2026, 4, 1), None), False),
    ],
)
def test_an_office_after_the_other_is_no_second_one(db, first, second, allowed):
    (starts_on, ends_on), (next_starts_on, next_ends_on) = first, second
    held = AppointmentFactory(role=Role.AUDITOR, starts_on=starts_on, ends_on=ends_on)
    next_one = AppointmentFactory.build(
        user=held.user,
        department=held.department,
        role=Role.FINANCE,
        starts_on=next_starts_on,
        ends_on=next_ends_on,
    )

    assert bool(barred(next_one)) is not allowed
    assert stored(next_one) is allowed


def barred(appointment):
    rows = Appointment.objects.filter(user=appointment.user)
    return rows.between(appointment.starts_on, appointment.ends_on).barred_by(appointment.role)


def stored(appointment):
    try:
        with transaction.atomic():
            appointment.save()
    except DatabaseError:
        return False
    return True


def test_an_office_is_not_stretched_over_another(security_officer, finance, client):
    person = UserFactory()
    ended = AppointmentFactory(
        user=person, department=finance, role=Role.REVIEWER, ends_on=domain.TODAY
    )
    AppointmentFactory(user=person, department=finance, role=Role.AUDITOR, starts_on=NEXT_WEEK)

    answer = client.post(
        change_url(ended), {"starts_on": "2026-01-01", "ends_on": NEXT_WEEK.isoformat()}
    )

    assert "互不兼任" in answer.content.decode()
    with pytest.raises(domain.REFUSED_BY_TRIGGER, match="no other office"):
        domain.execute(f"UPDATE accounts_appointment SET ends_on = NULL WHERE id = {ended.pk}")


@pytest.mark.django_db(transaction=True)
def test_of_two_offices_given_at_once_one_is_refused():
    person, department = UserFactory(), DepartmentFactory()

    def give(role):
        with transaction.atomic():
            AppointmentFactory(user_id=person.pk, user=None, department=department, role=role)

    results = at_once(*(lambda role=role: give(role) for role in OFFICERS))

    refused = [result for result in results if isinstance(result, Exception)]
    assert len(refused) == 2
    assert all(isinstance(error, domain.REFUSED_BY_TRIGGER) for error in refused)
    assert person.appointments.count() == 1


def test_a_security_officer_gives_an_office_and_is_named(security_officer, finance, client):
    person = UserFactory()

    answer = client.post(ADD, given(person, finance, Role.REVIEWER))

    assert answer.status_code == 302
    assert person.appointments.get().appointed_by == security_officer


def test_nobody_gives_an_office_to_themselves(security_officer, finance, client):
    answer = client.post(ADD, given(security_officer, finance, Role.SECURITY_OFFICER))

    assert answer.status_code == 200
    assert "本人的任职须由另一位安全管理员办理" in answer.content.decode()
    assert security_officer.appointments.count() == 1


def test_the_database_lets_nobody_appoint_themselves(db):
    person = UserFactory()

    with pytest.raises(IntegrityError, match="nobody_appoints_themselves"), transaction.atomic():
        AppointmentFactory(user=person, appointed_by=person)


def test_ones_own_office_is_changed_by_another(security_officer, finance, client):
    own = security_officer.appointments.get()
    later = {"starts_on": "2020-01-01", "ends_on": "2030-12-31"}

    assert client.post(change_url(own), later).status_code == 403
    client.force_login(domain.official(finance, Role.SECURITY_OFFICER, 2))
    assert client.post(change_url(own), later).status_code == 302
    own.refresh_from_db()
    assert own.ends_on == date(2030, 12, 31)


def test_an_office_that_was_given_stays_whose_and_what_it_was(security_officer, finance, client):
    row = Appointment.objects.filter(department=finance, role=Role.REVIEWER).first()
    person = row.user

    client.post(change_url(row), given(UserFactory(), finance, Role.LEAD, ends_on="2026-12-31"))

    row.refresh_from_db()
    assert (row.user, row.role, row.ends_on) == (person, Role.REVIEWER, date(2026, 12, 31))


@pytest.mark.parametrize("role", [role for role in Role if role != Role.SECURITY_OFFICER])
def test_no_other_role_keeps_the_people(finance, client, role):
    person = domain.official(finance, role)
    own = person.appointments.get()
    client.force_login(person)

    answers = [
        client.post(ADD, given(person, finance, Role.FINANCE)),
        client.post(change_url(own), {"starts_on": "2020-01-01", "ends_on": "2030-12-31"}),
        client.post("/admin/accounts/user/add/", {"username": "another"}),
        client.post(change_url(person), {"username": "another", "name": "", "email": ""}),
        client.post(f"/admin/accounts/user/{person.pk}/password/", {"password1": "x"}),
    ]

    assert [answer.status_code for answer in answers] == [403] * len(answers)
    own.refresh_from_db()
    assert own.ends_on is None
    assert person.appointments.count() == 1
    assert not User.objects.filter(username="another").exists()


# Django's own templates ask for variables that are not always there.
@pytest.mark.ignore_template_errors
@pytest.mark.parametrize(
    ("role", "seen", "kept"),
    [
        (
            Role.SECURITY_OFFICER,
            {"user", "appointment", "department", "district"},
            {"user", "appointment"},
        ),
        (
            Role.ADMINISTRATOR,
            {"user", "appointment", "department", "district", "company", "budgetline", "route"},
            {"department", "district", "company", "budgetline"},
        ),
    ],
)
def test_each_officer_keeps_what_is_theirs(finance, client, role, seen, kept):
    client.force_login(domain.official(finance, role))

    apps = client.get("/admin/").context["app_list"]

    models = {
        model["object_name"].lower(): model["perms"] for app in apps for model in app["models"]
    }
    asked = {"user", "appointment", "department", "district", "company", "budgetline", "route"}
    assert models.keys() & asked == seen
    assert {name for name in asked & models.keys() if models[name]["change"]} == kept


def test_a_security_officer_appoints_in_the_own_district_only(security_officer, client, world):
    elsewhere = Department.objects.filter(district__code="330212").first()

    answer = client.post(ADD, given(UserFactory(), elsewhere, Role.REVIEWER))

    assert answer.status_code == 200
    assert not Appointment.objects.filter(appointed_by=security_officer).exists()
