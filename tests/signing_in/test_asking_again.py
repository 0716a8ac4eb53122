"""Before money is settled, figures leave the house or roles change, the password is asked for
again, and nothing that was filled in is lost. A browser here has no record of a password, as a
session that somebody else left open for long."""

from datetime import timedelta
from uuid import uuid4

import pytest
from allauth.core.internal import ratelimit
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Appointment, Department, Role, User
from accounts.signing_in.asking import BACK
from audit.models import Entry
from companies.merging import services as merging
from companies.models import AccountChange
from companies.registration.services import keep_licence, register
from companies.team.enums import MemberRole
from disbursements import services
from disbursements.models import Batch
from reviews.models import Opinion, StageKind
from reviews.services import finance_department
from subsidies.models import CompanyYear, PolicyDocument
from tests import domain
from tests.factories import (
    AppointmentFactory,
    CompanyFactory,
    MemberFactory,
    UserFactory,
    uscc,
)
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


def test_a_form_that_went_past_the_password_page_gets_the_same_answer_again(
    old,
    batch,
    second,  # noqa: F811
):
    old.force_login(with_password(second))
    address = reverse("batch_approve", args=[batch.pk])
    page = "http://testserver" + reverse("batch_detail", args=[batch.pk])
    form = {"submission": str(uuid4())}
    done = old.post(address, {**form, ANSWER: PASSWORD, BACK: page})

    again = old.post(address, form)

    assert (done.status_code, again.status_code) == (302, 302)
    assert again.headers["Location"] == done.headers["Location"]


def test_the_way_back_leads_to_a_page_also_from_a_form_that_was_refused(old, batch, second):  # noqa: F811
    old.force_login(with_password(second))
    address = reverse("batch_approve", args=[batch.pk])

    asked = old.post(address, headers={"Referer": f"http://testserver{address}"})

    assert f'href="{batch.get_absolute_url()}"' in asked.content.decode()


def test_whoever_gives_no_password_finds_the_way_back(old, batch, second):  # noqa: F811
    old.force_login(with_password(second))
    address = reverse("batch_approve", args=[batch.pk])
    page = "http://testserver" + reverse("batch_detail", args=[batch.pk])

    asked = old.post(address, headers={"referer": page})
    asked_again = old.post(
        address,
        {ANSWER: "wrong", BACK: page},
        headers={"referer": "http://testserver" + address},
    )
    from_elsewhere = old.post(address, headers={"referer": "https://elsewhere.example/"})

    assert f'href="{page}">取消' in asked.text
    assert f'href="{page}">取消' in asked_again.text
    assert asked_again.text.count(f'name="{BACK}"') == 1
    assert 'href="/">取消' in from_elsewhere.text


def test_paying_asks_too(old, batch, maker, second):  # noqa: F811
    old.force_login(with_password(maker))
    address = reverse("batch_pay", args=[batch.pk])
    services.approve_batch(batch, by=User.objects.get(pk=second.pk))
    key = {"submission": str(uuid4())}

    # Not to be told of a slip.
    assert old.post(address, {**key, "on": "2026-02-30"}).status_code == 422
    assert old.post(address, {**key, "on": domain.TODAY}).status_code == ASKED
    # The key is not used up by asking.
    assert old.post(address, {**key, "on": domain.TODAY, ANSWER: PASSWORD}).status_code == 302


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


def test_whoever_is_signed_in_does_not_pay_for_others_behind_the_same_address(
    old,
    batch,
    second,  # noqa: F811
    monkeypatch,
):
    """An office shares an address, and a process that died may not have taken its count back."""
    monkeypatch.setattr(ratelimit, "consume", lambda *args, **kwargs: None)
    old.force_login(with_password(second))

    answer = old.post(
        reverse("batch_approve", args=[batch.pk]),
        {"submission": str(uuid4()), ANSWER: PASSWORD},
    )

    assert answer.status_code == 302


def test_a_sign_in_counts_for_five_minutes(batch, second, clock):  # noqa: F811
    client = signed_in(with_password(second))
    clock.shift(timedelta(minutes=5))
    assert client.post(reverse("batch_approve", args=[batch.pk])).status_code == ASKED
    approval = {"submission": str(uuid4()), ANSWER: PASSWORD}
    client.post(reverse("batch_approve", args=[batch.pk]), approval)
    clock.shift(timedelta(minutes=4, seconds=59))

    fields = {"submission": str(uuid4()), "on": domain.TODAY}
    response = client.post(reverse("batch_pay", args=[batch.pk]), fields)

    assert response.status_code == 302


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


def finance_person(company, role=Role.FINANCE):
    return domain.official(finance_department(company.district), role)


def invite(company):
    fields = {"email": "new@example.org", "role": "clerk", "scopes": "apply"}
    return domain.clerk_of(company), reverse("team"), fields


def change_place(company):
    member = MemberFactory(company=company, role="clerk", scopes=["apply"])
    fields = {"role": "clerk", "scopes": "data"}
    return domain.clerk_of(company), reverse("member_edit", args=[member.pk]), fields


def end_place(company):
    member = MemberFactory(company=company, role="clerk", scopes=["apply"])
    return domain.clerk_of(company), reverse("member_end", args=[member.pk]), {}


def change_account(company):
    fields = {"bank": "宁波银行江北支行", "number": "70010122000099999", "cnaps": ""}
    return domain.clerk_of(company), reverse("company_profile"), fields


def check_account(company):
    change = AccountChange.objects.create(
        company=company, account=company.current_account, asked_by=domain.clerk_of(company)
    )
    return finance_person(company), reverse("account_check", args=[change.pk]), {}


def confirm_account(company):
    user, address, fields = check_account(company)
    return user, address.replace("check", "confirm"), fields


def refuse_account(company):
    user, address, _fields = check_account(company)
    return user, address.replace("check", "refuse"), {"reason": "户名不符"}


def correct_figure(company):
    figure = company.figures.get(measure="fiscal_contribution")
    type(figure).objects.filter(pk=figure.pk).update(frozen_at=timezone.now())
    fields = {"value": "5", "as_of": "2026-03-01", "reason": "税务年终清算"}
    return finance_person(company), reverse("figure_correct", args=[figure.pk]), fields


def settle_year(company):
    row = CompanyYear.objects.create(company=company, district=company.district, year=2025)
    return finance_person(company), reverse("year_settle", args=[row.pk]), {}


def merge(company):
    other = CompanyFactory(district=company.district)
    keeper = finance_person(company, Role.ADMINISTRATOR)
    return keeper, reverse("company_merge", args=[company.pk, other.pk]), {}


def part(company):
    keeper, _address, _fields = merge(company)
    other = CompanyFactory(district=company.district)
    done = merging.merge(company, other, by=keeper)
    return keeper, reverse("merge_undo", args=[done.pk]), {}


def confirm_registration(company):
    newcomer = UserFactory()
    registration = register(
        uscc(987654),
        name="宁波新登有限公司",
        district=company.district,
        street="",
        role=MemberRole.ADMINISTRATOR,
        licence=keep_licence(SimpleUploadedFile("a.pdf", domain.PDF), by=newcomer),
        code_confirmed=False,
        by=newcomer,
    )
    keeper = finance_person(company, Role.ADMINISTRATOR)
    return keeper, reverse("registration_confirm", args=[registration.pk]), {}


def set_rule(company):
    fields = {
        "document": PolicyDocument.objects.get(code="jb24").pk,
        "kind": "penalty",
        "effect": "blocks",
        "starts_on": domain.TODAY,
        "reason": "区里的通知",
    }
    return finance_person(company, Role.POLICY_OFFICER), reverse("credit_rules"), fields


WEIGHTY = [
    invite,
    change_place,
    end_place,
    change_account,
    check_account,
    confirm_account,
    refuse_account,
    correct_figure,
    settle_year,
    merge,
    part,
    confirm_registration,
    set_rule,
]


@pytest.mark.parametrize("act", WEIGHTY)
def test_acts_on_people_rows_figures_and_accounts_ask_and_lose_nothing(old, company, act):
    user, address, fields = act(company)
    fields["submission"] = str(uuid4())
    old.force_login(with_password(user))
    before = Entry.objects.count()

    response = old.post(address, fields)

    assert response.status_code == ASKED
    assert Entry.objects.count() == before
    for name, value in fields.items():
        assert f'name="{name}" value="{value}"' in response.text
    answer = old.post(address, {**fields, ANSWER: PASSWORD})
    # Nobody has checked the account that is to be confirmed.
    assert answer.status_code == (409 if act is confirm_account else 302)


@pytest.mark.parametrize("act", [invite, change_place, change_account, correct_figure, set_rule])
def test_a_slip_is_told_before_the_password_is_asked_for(old, company, act):
    user, address, fields = act(company)
    old.force_login(with_password(user))

    response = old.post(address, dict.fromkeys(fields, "") | {"ends_on": "gestern"})

    assert response.status_code == 422
    assert ANSWER not in response.text
