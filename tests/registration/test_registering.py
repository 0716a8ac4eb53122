"""From the form to the first 管理员: registered, looked at, confirmed or refused."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import District, Role
from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.models import Entry
from companies.models import Company, Registration, ScanState, StoredFile
from companies.registration import services
from companies.registration.models import RegistrationState
from companies.team.enums import MemberRole
from companies.vault.access import visible_to
from outbox.models import Job
from reviews.services import finance_department
from tests import domain
from tests.factories import CompanyFactory, MemberFactory, UserFactory, uscc
from tests.registration.conftest import CODE, licence
from tests.registration.test_codes import DOUBTFUL
from tests.threads import at_once

TYPED = {
    "code": CODE,
    "name": "宁波新登精密有限公司",
    "street": "330205103",
    "role": "administrator",
}


@pytest.fixture
def typed(district):
    return TYPED | {"district": district.pk, "licence": licence()}


def test_until_it_is_confirmed_the_person_acts_for_nobody(register, person, browser):
    registration = register()

    assert registration.state == RegistrationState.PENDING
    assert not Company.objects.exists()
    client = browser(person)
    assert client.get("/company/").url == "/company/register/"
    assert client.get("/company/team/").status_code == 404
    assert client.get("/policies/").status_code == 200
    assert registration.name in client.get("/company/register/").text
    assert browser(UserFactory()).get("/company/").status_code == 404


def test_confirmed_it_is_a_company_with_its_first_administrator(register, person, keeper, browser):
    registration = services.confirm(register(), by=keeper)

    company = Company.objects.get(uscc=CODE)
    assert (company.name, company.street) == ("宁波新登精密有限公司", "330205103")
    assert registration.company == company
    member = company.members.get()
    assert (member.user, member.role) == (person, "administrator")
    assert list(company.files.all()) == [registration.licence]
    assert Entry.objects.get(action="registration.confirmed").actor == keeper
    mail = Job.objects.get(kind="mail").args
    assert mail["to"] == [person.email]
    for page in ("/company/", "/policies/", "/company/team/"):
        assert page in mail["body"]
    assert company.name in browser(person).get("/company/").text


def test_refused_it_stays_with_its_reason(register, person, keeper, browser):
    registration = services.refuse(register(), reason="执照看不清，请重新拍照。", by=keeper)

    assert not Company.objects.exists()
    page = browser(person).get("/company/register/")
    assert "执照看不清" in page.text
    assert Entry.objects.get(action="registration.refused").data["reason"] == registration.reason
    body = Job.objects.get(kind="mail").args["body"]
    assert "执照看不清" in body
    assert "/company/register/" in body
    # And may be sent again.
    assert services.confirm(register(), by=keeper).company


@pytest.mark.parametrize("code", DOUBTFUL)
def test_a_doubtful_code_is_taken_when_it_is_confirmed_and_who_did_is_kept(
    register, person, keeper, code
):
    with pytest.raises(Refused, match="末位校验不符"):
        register(code)

    registration = register(code, code_confirmed=True)

    assert registration.code_confirmed_at == timezone.now()
    entry = Entry.objects.get(action="registration.sent")
    assert (entry.actor, entry.data["code_confirmed"]) == (person, True)
    services.confirm(registration, by=keeper)
    assert Entry.objects.get(action="registration.confirmed").data["code_confirmed_at"]


def test_a_sound_code_needs_no_confirmation(register):
    assert register(code_confirmed=True).code_confirmed_at is None


@pytest.mark.parametrize(
    "like",
    [{"name": TYPED["name"]}, {"uscc": CODE[:17] + ("A" if CODE[17] != "A" else "C")}],
    ids=["the name", "but the last sign"],
)
def test_who_decides_is_shown_companies_that_are_nearly_the_same(
    register, keeper, browser, district, like
):
    company = CompanyFactory(district=district, **like)
    stranger = CompanyFactory(district=district)

    page = browser(keeper).get(register().get_absolute_url()).text

    assert reverse("company_detail", args=[company.pk]) in page
    assert reverse("company_detail", args=[stranger.pk]) not in page


def test_a_row_that_nobody_acts_for_is_claimed(register, person, keeper):
    imported = CompanyFactory(uscc=CODE, name="宁波新登精密机械有限公司")

    registration = services.confirm(register(role=MemberRole.LEGAL), by=keeper)

    imported.refresh_from_db()
    assert registration.company == imported
    assert imported.name == "宁波新登精密机械有限公司"
    assert imported.members.get().role == "legal"


def test_a_row_whose_people_have_all_left_is_claimed(register, person, keeper):
    old = MemberFactory(company=CompanyFactory(uscc=CODE), ended_at=timezone.now())

    services.confirm(register(), by=keeper)

    assert set(old.company.members.current()) == {old.company.members.get(user=person)}


def test_a_company_with_a_team_names_nobody(register, browser, person, typed):
    member = MemberFactory(company=CompanyFactory(uscc=CODE), user__name="不该出现")

    page = browser(person).post("/company/register/", typed)

    assert page.status_code == 422
    assert "请本企业的管理员" in page.context["form"]["code"].errors[0]
    assert member.user.name not in page.text
    assert member.user.email not in page.text


def test_ones_own_company_is_not_registered_again(register, person):
    MemberFactory(company=CompanyFactory(uscc=CODE), user=person)

    with pytest.raises(Refused, match="您已经是"):
        register()


def test_a_claim_goes_to_the_companys_own_district(register, keeper):
    elsewhere = District.objects.get(code="330212")
    CompanyFactory(uscc=CODE, district=elsewhere)

    registration = register()

    assert registration.district == elsewhere
    with pytest.raises(NotAllowed):
        services.confirm(registration, by=keeper)


def test_nobody_fills_the_disk_with_licences(person, browser, typed, clock):
    for _try in range(services.MOST_LICENCES):
        services.keep_licence(licence(), by=person)

    page = browser(person).post("/company/register/", typed)

    assert page.status_code == 422
    assert "最多上传 10 份营业执照" in page.text
    assert StoredFile.objects.count() == services.MOST_LICENCES
    services.keep_licence(licence(), by=UserFactory())
    clock.shift(timedelta(days=1))
    services.keep_licence(licence(), by=person)


def test_a_code_waits_once(register):
    register()

    with pytest.raises(Refused, match="正在核对"):
        register(by=UserFactory())


def test_the_database_lets_a_code_wait_once(register):
    first = register()
    first.pk = None

    with pytest.raises(IntegrityError, match="one_pending_registration"), transaction.atomic():
        Registration.objects.create(
            district=first.district,
            uscc=first.uscc,
            name=first.name,
            role=first.role,
            licence=first.licence,
            person=first.person,
        )


@pytest.mark.parametrize(
    "change",
    [
        "state = 'confirmed'",
        "state = 'refused'",
        "uscc = '11330206002954449B'",
        "uscc = lower(uscc)",
    ],
)
def test_the_database_takes_no_half_decision_and_no_other_code(register, change):
    register()

    with pytest.raises(IntegrityError):
        domain.execute(f"UPDATE companies_registration SET {change}")


@pytest.mark.django_db(transaction=True)
def test_two_people_who_register_the_same_code_at_once_make_one_row(world):
    district = District.objects.get(code="330205")

    def act(person):
        kept = services.keep_licence(licence(), by=person)
        return lambda: services.register(
            CODE,
            name="宁波新登精密有限公司",
            district=district,
            street="330205103",
            role=MemberRole.ADMINISTRATOR,
            licence=kept,
            code_confirmed=False,
            by=person,
        )

    results = at_once(act(UserFactory()), act(UserFactory()))

    assert sum(isinstance(result, Registration) for result in results) == 1
    (refusal,) = [result for result in results if isinstance(result, Refused)]
    assert "正在核对" in refusal.messages[0]
    assert Registration.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_licence_sent_for_two_companies_at_once_is_one_registrations(world):
    person = UserFactory()
    kept = services.keep_licence(licence(), by=person)

    def act(code):
        return lambda: services.register(
            code,
            name="宁波新登精密有限公司",
            district=District.objects.get(code="330205"),
            street="330205103",
            role=MemberRole.ADMINISTRATOR,
            licence=kept,
            code_confirmed=False,
            by=person,
        )

    results = at_once(*(act(uscc(number)) for number in range(987601, 987605)))

    assert sum(isinstance(result, Registration) for result in results) == 1
    assert Registration.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_confirmations_at_once_make_one_company(world):
    district = District.objects.get(code="330205")
    keeper = domain.official(finance_department(district), Role.ADMINISTRATOR)
    person = UserFactory()
    registration = services.register(
        CODE,
        name="宁波新登精密有限公司",
        district=district,
        street="330205103",
        role=MemberRole.ADMINISTRATOR,
        licence=services.keep_licence(licence(), by=person),
        code_confirmed=False,
        by=person,
    )

    results = at_once(*[lambda: services.confirm(registration, by=keeper)] * 2)

    assert sum(isinstance(result, StateChanged) for result in results) == 1
    assert Company.objects.get().members.count() == 1


def test_a_team_that_came_meanwhile_stops_the_confirmation(register, keeper):
    registration = register()
    MemberFactory(company=CompanyFactory(uscc=CODE))

    with pytest.raises(Refused, match="已有人员"):
        services.confirm(registration, by=keeper)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMINISTRATOR])
def test_nobody_but_the_districts_administrator_decides(register, district, browser, role):
    registration = register()
    official = domain.official(finance_department(district), role)

    with pytest.raises(NotAllowed):
        services.confirm(registration, by=official)
    with pytest.raises(NotAllowed):
        services.refuse(registration, reason="不符", by=official)
    client = browser(official)
    assert client.get("/workspace/registrations/").status_code == 403
    assert client.get(registration.get_absolute_url()).status_code == 403


def test_another_districts_administrator_sees_nothing(register, browser):
    registration = register()
    other = finance_department(District.objects.get(code="330212"))
    client = browser(domain.official(other, Role.ADMINISTRATOR))

    assert client.get(registration.get_absolute_url()).status_code == 404
    assert registration.name not in client.get("/workspace/registrations/").text


def test_nobody_confirms_their_own(register, keeper):
    registration = register(by=keeper)

    with pytest.raises(NotAllowed, match="另一人"):
        services.confirm(registration, by=keeper)


def test_what_was_decided_is_not_decided_again(register, keeper):
    registration = services.refuse(register(), reason="不符", by=keeper)

    with pytest.raises(StateChanged):
        services.confirm(registration, by=keeper)


def test_an_infected_licence_is_not_confirmed(register, keeper):
    registration = register()
    StoredFile.objects.update(
        scan_state=ScanState.INFECTED, scanned_at=timezone.now(), virus="Eicar"
    )

    with pytest.raises(Refused, match="病毒"):
        services.confirm(registration, by=keeper)


def test_a_licence_that_nobody_can_open_yet_is_not_confirmed(register, keeper):
    registration = register()
    StoredFile.objects.update(scan_state=ScanState.PENDING)

    with pytest.raises(Refused, match="没有人能打开"):
        services.confirm(registration, by=keeper)

    StoredFile.objects.update(scan_state=ScanState.UNSCANNED)
    assert services.confirm(registration, by=keeper).company


def test_the_licence_is_seen_by_its_giver_and_the_administrator(
    register, person, keeper, browser, district
):
    stored = register().licence
    outsider = domain.official(finance_department(district), Role.FINANCE)

    assert stored in visible_to(person)
    assert stored in visible_to(keeper)
    assert stored not in visible_to(outsider)
    assert stored not in visible_to(UserFactory())
    assert browser(person).get(f"/files/{stored.pk}/").status_code == 200
    assert browser(keeper).get(f"/files/{stored.pk}/download/").status_code == 200
    assert browser(UserFactory()).get(f"/files/{stored.pk}/").status_code == 404


def test_the_same_licence_of_two_people_is_two_files(register, person):
    one, other = register(), register(DOUBTFUL[0], code_confirmed=True, by=UserFactory())

    assert one.licence != other.licence


def test_the_page_registers(person, browser, typed):
    client = browser(person)
    assert client.get("/").url == "/company/register/"
    page = client.get("/company/register/")
    assert "已对照营业执照核对" not in page.text

    answer = client.post("/company/register/", typed)

    assert answer.status_code == 302
    assert "待核对" in client.get("/company/register/").text


def test_the_page_asks_to_confirm_a_doubtful_code(person, browser, typed):
    client = browser(person)
    answer = client.post("/company/register/", typed | {"code": DOUBTFUL[0].lower()})
    assert answer.status_code == 422
    assert "已对照营业执照核对" in answer.text
    assert "抄错" in answer.text

    answer = client.post(
        "/company/register/",
        typed | {"code": DOUBTFUL[0], "code_confirmed": "on", "licence": licence()},
    )

    assert answer.status_code == 302
    assert Registration.objects.get().code_confirmed_at


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("code", "91310115MA1H8R7C6D", "代码有误"),
        ("code", "", "请填写统一社会信用代码"),
        ("name", "", "请填写企业名称"),
        ("street", "", "请选择街道"),
        ("licence", "", "请上传营业执照"),
        ("role", "clerk", "经办人不用登记"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_lost(person, browser, typed, field, value, said):
    page = browser(person).post("/company/register/", typed | {field: value})

    assert page.status_code == 422
    assert said in page.text
    if field != "name":
        assert TYPED["name"] in page.text
    assert not Registration.objects.exists()


def test_a_licence_that_came_with_a_mistake_need_not_come_again(person, browser, typed):
    client = browser(person)
    page = client.post("/company/register/", typed | {"name": ""})
    assert page.status_code == 422
    assert "已收到“执照.pdf”，不用再传" in page.text
    assert page.text.count("选填") == 0
    kept = StoredFile.objects.get()
    again = {name: value for name, value in typed.items() if name != "licence"}

    answer = client.post("/company/register/", again | {"kept": kept.pk})

    assert answer.status_code == 302
    assert Registration.objects.get().licence == kept


def test_another_persons_licence_is_not_taken(person, browser, typed):
    kept = services.keep_licence(licence(), by=UserFactory())

    page = browser(person).post("/company/register/", typed | {"licence": "", "kept": kept.pk})

    assert page.status_code == 422
    assert "请上传营业执照" in page.text
    assert "执照.pdf" not in page.text


def test_a_licence_serves_one_registration(register):
    used = register().licence

    with pytest.raises(Refused, match="请上传营业执照"):
        register(DOUBTFUL[0], code_confirmed=True, licence=used)


def test_a_licence_that_was_never_sent_is_forgotten_after_a_day(register, person, clock):
    sent = register().licence
    services.keep_licence(licence(), by=person)
    clock.shift(timedelta(hours=23))
    services.forget_licences()
    assert StoredFile.objects.count() == 2

    clock.shift(timedelta(hours=2))
    services.forget_licences()

    assert list(StoredFile.objects.all()) == [sent]


def test_the_street_is_asked_of_everybody_and_is_not_called_optional(person, browser):
    page = browser(person).get("/company/register/").text

    label = page.partition('for="id_street"')[2].partition("</label>")[0]
    assert "街道（镇）" in label
    assert "选填" not in label


def test_a_district_whose_streets_are_not_known_has_none_to_choose(person, browser, typed):
    other = District.objects.get(code="330212")

    answer = browser(person).post(
        "/company/register/", typed | {"district": other.pk, "street": "none"}
    )

    assert answer.status_code == 302
    assert Registration.objects.get().street == ""


def test_a_district_with_streets_has_one_to_choose(person, browser, typed):
    page = browser(person).post("/company/register/", typed | {"street": "none"})

    assert page.status_code == 422
    assert "请选择街道" in page.text


def test_the_workspace_shows_confirms_and_refuses(register, person, keeper, browser):
    client, registration = browser(keeper), register()
    assert registration.name in client.get("/workspace/registrations/").text
    page = client.get(registration.get_absolute_url())
    assert "确认登记" in page.text
    assert person.email in page.text
    silent = client.post(f"{registration.get_absolute_url()}refuse/", {"reason": ""})
    assert silent.status_code == 422

    answer = client.post(f"{registration.get_absolute_url()}confirm/")

    assert answer.status_code == 302
    assert Company.objects.filter(uscc=CODE).exists()
    again = client.post(f"{registration.get_absolute_url()}confirm/")
    assert again.status_code == 409
    assert "已经核对过" in again.text
    assert "已确认" in client.get("/workspace/registrations/").text


def test_pages_are_for_people_who_signed_in(world, client):
    assert client.get("/company/register/").status_code == 302
    assert client.get("/workspace/registrations/").status_code == 302


def test_the_longest_waiting_stands_first(register, keeper, browser, clock):
    register(name="先来有限公司")
    clock.shift(timedelta(minutes=5))
    register(DOUBTFUL[0], name="后到有限公司", code_confirmed=True)

    page = browser(keeper).get("/workspace/registrations/").text
    assert page.index("先来有限公司") < page.index("后到有限公司")


def test_the_database_lets_nobody_decide_on_their_own_registration(register, person):
    registration = register()

    with pytest.raises(IntegrityError, match="nobody_decides_on_their_own"):
        Registration.objects.filter(pk=registration.pk).update(
            state="refused", reason="不符", decided_by=person, decided_at=timezone.now()
        )


def test_the_database_lets_a_licence_serve_once(register):
    first = register()

    with (
        pytest.raises(IntegrityError, match="one_registration_of_a_licence"),
        transaction.atomic(),
    ):
        Registration.objects.create(
            district=first.district,
            uscc="91350203M0001QKT19",
            name="另一家",
            role="legal",
            licence=first.licence,
            person=first.person,
        )


def test_a_legal_representative_who_is_gone_makes_room(register, keeper, district):
    company = CompanyFactory(district=district, uscc=CODE)
    gone = MemberFactory(company=company, role="legal", user__is_active=False)

    services.confirm(register(role=MemberRole.LEGAL), by=keeper)

    gone.refresh_from_db()
    assert gone.ended_at
    assert company.members.current().get().role == "legal"
