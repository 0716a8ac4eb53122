import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from subsidies.applications.enums import Status
from subsidies.models import Application, Attachment, Claim
from tests import domain
from tests.factories import CompanyFactory, MemberFactory, UserFactory

WHOLE = {
    "level": "key",
    "subject": "精密压铸线自动化改造",
    "event_date": "2025-06-30",
    "recognised_investment": "12,345,678.90",
    "eligible_investment": "12,345,678.90",
    "other_support": "",
    "requested": "",
    "declared": "on",
}


def address(name, application):
    return reverse(f"application_{name}", args=[application.pk])


def pdf(name="材料.pdf"):
    return SimpleUploadedFile(name, domain.PDF)


@pytest.fixture
def draft(portal) -> Application:
    portal.post("/policies/jb24-03/apply/")
    return Application.objects.get()


def files_for(application) -> dict[str, SimpleUploadedFile]:
    return {
        f"file-{index}": pdf(f"{material['name']}.pdf")
        for index, material in enumerate(application.item.materials)
        if material["required"]
    }


def revision(application) -> int:
    return Application.objects.get(pk=application.pk).revision


def test_opening_a_draft_takes_a_press_of_the_button(portal):
    assert portal.get("/policies/jb24-03/apply/").url == "/policies/jb24-03/"
    assert not Application.objects.exists()


def test_a_draft_that_nobody_touched_serves_again(portal, draft):
    portal.post("/policies/jb24-03/apply/")

    assert Application.objects.count() == 1


def test_a_draft_keeps_what_was_typed_and_shows_it_again(portal, draft):
    portal.post(address("edit", draft), {"revision": 1, "eligible_investment": "12万，待核"})

    page = portal.get(address("edit", draft)).content.decode()
    assert 'value="12万，待核"' in page
    assert "field-error" not in page, "an unfinished draft shows no faults"


def test_an_older_page_does_not_overwrite_a_newer_one(portal, draft):
    portal.post(address("edit", draft), {"revision": 1, "subject": "先改的"})
    response = portal.post(address("edit", draft), {"revision": 1, "subject": "后改的"})
    page = response.content.decode()

    assert response.status_code == 409
    assert "同事刚改过" in page
    assert "后改的" in page, "what was typed stays on the page"
    assert 'name="revision" id="revision" value="1"' in page
    draft.refresh_from_db()
    assert draft.form_data["subject"] == "先改的"


def test_a_quiet_saving_answers_with_the_new_revision_and_the_estimate(portal, draft):
    response = portal.post(
        address("edit", draft), {**WHOLE, "revision": 1}, headers={"HX-Request": "true"}
    )
    page = response.content.decode()

    assert "<html" not in page
    assert 'value="2"' in page
    assert "740,740.73" in page
    assert "已保存" in page


def test_a_quiet_saving_that_comes_too_late_says_so(portal, draft):
    portal.post(address("edit", draft), {"revision": 1})
    response = portal.post(address("edit", draft), {"revision": 1}, headers={"HX-Request": "true"})

    assert response.status_code == 409
    assert "同事刚改过" in response.content.decode()


def test_a_whole_form_with_its_files_is_filed_in_one_go(portal, draft):
    response = portal.post(address("submit", draft), {**WHOLE, "revision": 1, **files_for(draft)})

    draft.refresh_from_db()
    assert response.status_code == 302
    assert draft.status == Status.SUBMITTED
    claim = Claim.objects.get()
    assert claim.facts == {
        "recognised_investment": "12345678.90",
        "eligible_investment": "12345678.90",
    }
    assert claim.subject == WHOLE["subject"]
    assert claim.requested is None


def test_everything_that_stands_in_the_way_is_said_at_once(portal, draft):
    response = portal.post(
        address("submit", draft),
        {"revision": 1, "level": "key", "eligible_investment": "12万"},
    )
    page = response.content.decode()

    assert response.status_code == 422
    for text in (
        "请填写项目名称",
        "请填写认定投资额",
        "请以元为单位",
        "请填写项目完工日期",
        "还缺材料：发票清单",
        "请勾选承诺",
    ):
        assert text in page
    draft.refresh_from_db()
    assert draft.status == Status.DRAFT
    assert draft.form_data["eligible_investment"] == "12万"


def test_each_fault_links_to_its_field(portal, draft):
    page = portal.post(address("submit", draft), {"revision": 1}).content.decode()

    for name in ("level", "subject", "eligible_investment", "event_date"):
        assert f'href="#id_{name}"' in page
        assert f'id="id_{name}"' in page


def test_what_has_not_happened_yet_cannot_be_filed(portal, draft):
    data = {**WHOLE, "event_date": "2027-01-01", "revision": 1, **files_for(draft)}
    response = portal.post(address("submit", draft), data)

    assert response.status_code == 422
    assert "还没有到" in response.content.decode()


def test_what_the_service_refuses_is_said_on_the_form(portal, draft, company):
    company.accounts.all().delete()
    response = portal.post(address("submit", draft), {**WHOLE, "revision": 1, **files_for(draft)})

    assert response.status_code == 422
    assert "收款账户" in response.content.decode()
    assert WHOLE["subject"] in response.content.decode()


def test_a_file_is_added_with_what_was_typed_beside_it(portal, draft):
    portal.post(
        reverse("attachment_add", args=[draft.pk]),
        {"revision": 1, "subject": "压铸线", "file-0": pdf()},
    )

    draft.refresh_from_db()
    assert draft.form_data["subject"] == "压铸线"
    assert Attachment.objects.get().material == draft.item.materials[0]["name"]


def test_a_file_that_is_not_what_it_says_is_refused_at_its_row(portal, draft):
    bad = SimpleUploadedFile("清单.xlsx", b"no")
    response = portal.post(
        reverse("attachment_add", args=[draft.pk]), {"revision": 1, "file-2": bad}
    )

    assert response.status_code == 422
    assert "清单.xlsx" in response.content.decode()
    assert not Attachment.objects.exists()


def test_a_file_can_be_taken_off_again(portal, draft):
    portal.post(reverse("attachment_add", args=[draft.pk]), {"revision": 1, "file-0": pdf()})
    attachment = Attachment.objects.get()
    portal.post(reverse("attachment_remove", args=[attachment.pk]), {"revision": 2})

    assert not Attachment.objects.exists()


def test_a_file_comes_back_as_it_was_given_and_never_as_a_page(portal, draft):
    portal.post(reverse("attachment_add", args=[draft.pk]), {"revision": 1, "file-0": pdf()})
    response = portal.get(reverse("attachment_download", args=[Attachment.objects.get().pk]))

    assert b"".join(response.streaming_content) == domain.PDF
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["edit", "submit", "withdraw"])
def test_another_companys_application_does_not_exist(draft, name):
    stranger = UserFactory()
    MemberFactory(user=stranger, company=CompanyFactory())
    client = Client()
    client.force_login(stranger)

    assert client.post(address(name, draft), {"revision": 1}).status_code == 404


def test_another_companys_file_does_not_exist(portal, draft):
    portal.post(reverse("attachment_add", args=[draft.pk]), {"revision": 1, "file-0": pdf()})
    attachment = Attachment.objects.get()
    stranger = UserFactory()
    MemberFactory(user=stranger, company=CompanyFactory())
    client = Client()
    client.force_login(stranger)

    assert client.get(reverse("attachment_download", args=[attachment.pk])).status_code == 404
    assert client.post(reverse("attachment_remove", args=[attachment.pk])).status_code == 404
    assert Attachment.objects.exists()


def test_whoever_is_not_signed_in_is_asked_to(public):
    for url in ("/applications/", "/policies/jb24-03/apply/"):
        assert public.get(url).url.startswith("/login/")


def test_the_list_shows_what_to_do_next(portal, draft):
    page = portal.get("/applications/").content.decode()

    assert "继续填写" in page
    assert "草稿" in page


def test_a_draft_can_be_withdrawn(portal, draft):
    portal.post(address("withdraw", draft))

    draft.refresh_from_db()
    assert draft.status == Status.WITHDRAWN


def test_a_nul_in_a_field_breaks_nothing(portal, draft):
    response = portal.post(address("edit", draft), {"revision": 1, "subject": "甲\0乙"})

    assert response.status_code == 302


@pytest.mark.parametrize("name", ["application_submit", "attachment_add"])
def test_the_address_of_a_refused_form_loaded_again_is_the_form(portal, draft, name):
    response = portal.get(reverse(name, args=[draft.pk]))

    assert response.url.startswith(address("edit", draft))
