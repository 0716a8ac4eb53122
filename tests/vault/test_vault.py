"""The vault: every file once, with its type and term, found again by every application."""

import os
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from accounts.refusals import NotAllowed, Refused
from audit.models import Entry
from companies.models import StoredFile
from companies.vault import access, services
from companies.vault.kinds import FileKind, kind_of
from outbox.models import Job
from subsidies.applications import services as applications
from subsidies.models import Attachment
from tests import domain
from tests.vault.test_scanning import keep

pytestmark = pytest.mark.usefixtures("no_scanner")


def put(company, **given):
    said = {"kind": FileKind.LICENCE, "valid_from": None, "valid_until": date(2026, 12, 31)}
    said |= {"by": domain.clerk_of(company)} | given
    upload = SimpleUploadedFile("营业执照.pdf", domain.PDF)
    stored = services.add_file(company, upload, kind=FileKind.OTHER, by=said["by"])
    return services.describe_file(stored, **said)


def term(stored, day):
    StoredFile.objects.filter(pk=stored.pk).update(valid_until=day)


# What goes with an upload.
TYPED = {"kind": "licence", "valid_from": "", "valid_until": "2026-12-31"}


def mails():
    return list(Job.objects.filter(kind="mail").order_by("pk"))


def test_the_same_bytes_are_one_file_with_what_was_last_said_of_it(company):
    first = put(company, kind=FileKind.OTHER, valid_until=None)

    again = put(company)

    assert again.pk == first.pk
    assert (again.kind, again.valid_until) == (FileKind.LICENCE, date(2026, 12, 31))
    assert Entry.objects.filter(action="file.described", about_id=str(again.pk)).count() == 2


def test_only_its_people_put_files_into_a_companys_vault(company):
    stranger = domain.clerk_of(domain.company_with_everything())

    with pytest.raises(NotAllowed):
        put(company, by=stranger)
    with pytest.raises(NotAllowed):
        services.describe_file(
            put(company), kind=FileKind.TAX, valid_from=None, valid_until=None, by=stranger
        )


@pytest.mark.parametrize(
    ("material", "kind"),
    [
        ("项目投资专项审计报告", FileKind.AUDIT),
        ("年度审计报告", FileKind.ACCOUNTS),
        ("发票清单", FileKind.INVOICE),
        ("设备清单和现场照片", FileKind.EQUIPMENT),
        ("设备、软件和技术采购合同清单", FileKind.CONTRACT),
        ("高新技术企业证书", FileKind.RECOGNITION),
        ("项目总结", FileKind.OTHER),
    ],
)
def test_the_name_of_a_material_tells_its_kind(material, kind):
    assert kind_of(material) == kind


# Reuse


def test_a_file_of_the_vault_serves_an_application(company, clerk):
    stored = keep(company)
    application = domain.draft(company, complete=False)

    attachment = applications.attach_stored_file(application, "材料", stored, by=clerk)
    applications.attach_stored_file(application, "材料", stored, by=clerk)

    assert (attachment.file, Attachment.objects.count()) == (stored, 1)
    assert StoredFile.objects.count() == 1


def test_another_companys_file_does_not_serve(company, clerk):
    stored = keep(domain.company_with_everything())
    application = domain.draft(company, complete=False)

    with pytest.raises(NotAllowed):
        applications.attach_stored_file(application, "材料", stored, by=clerk)


def test_a_file_that_ran_out_does_not_serve(company, clerk):
    stored = put(company)
    term(stored, date(2026, 3, 10))
    stored.refresh_from_db()
    application = domain.draft(company, complete=False)

    with pytest.raises(Refused, match="2026-03-10"):
        applications.attach_stored_file(application, "材料", stored, by=clerk)


def test_the_form_offers_the_vaults_files_and_takes_the_chosen_one(company, clerk, client):
    stored = keep(company)
    old = keep(company, domain.PDF + b"old", "旧.pdf")
    term(old, date(2026, 3, 10))
    application = domain.draft(company, complete=False)
    client.force_login(clerk)
    url = reverse("application_edit", args=[application.pk])

    page = client.get(url).content.decode()
    assert str(stored.pk) in page
    assert str(old.pk) not in page

    answer = client.post(
        reverse("attachment_add", args=[application.pk]),
        {"revision": application.revision, "stored-0": str(stored.pk)},
    )

    assert answer.status_code == 302
    attachment = application.attachments.get()
    assert (attachment.file, attachment.material) == (stored, application.item.materials[0]["name"])


@pytest.mark.parametrize("chosen", ["", "x", "00000000-0000-0000-0000-000000000000"])
def test_a_choice_that_is_none_attaches_nothing(company, clerk, client, chosen):
    application = domain.draft(company, complete=False)
    keep(company)
    client.force_login(clerk)

    client.post(
        reverse("attachment_add", args=[application.pk]),
        {"revision": application.revision, "stored-0": chosen},
    )

    assert not application.attachments.exists()


def test_the_vault_says_where_a_file_is_used(company, clerk, client):
    application = domain.filed(company)
    stored = application.attachments.first().file
    client.force_login(clerk)

    page = client.get(reverse("vault")).content.decode()

    assert application.number in page
    assert {use.url for use in access.uses_in(company)[stored.pk]} == {
        reverse("application_detail", args=[application.pk])
    }


# The pages


def test_a_file_is_uploaded_with_type_and_term(company, clerk, client):
    client.force_login(clerk)
    data = TYPED | {"upload": SimpleUploadedFile("执照.pdf", domain.PDF)}

    assert client.post(reverse("vault"), data).status_code == 302

    stored = company.files.get()
    assert (stored.kind, stored.valid_until) == ("licence", date(2026, 12, 31))
    assert "执照.pdf" in client.get(reverse("vault")).content.decode()


def test_a_file_that_is_there_already_is_said_to_be_with_what_changed(company, clerk, client):
    client.force_login(clerk)

    def told(**typed):
        upload = SimpleUploadedFile("执照.pdf", domain.PDF)
        answer = client.post(reverse("vault"), TYPED | typed | {"upload": upload}, follow=True)
        (message,) = answer.context["messages"]
        return str(message)

    assert told() == "“执照.pdf”已在材料库。有效期到 2026-12-31。"
    was_there = f"这份文件此前已在材料库中：“执照.pdf”，{domain.TODAY} 上传。"
    assert told() == f"{was_there}类型和有效期没有改动。有效期到 2026-12-31。"
    assert told(kind="tax", valid_until="2027-12-31") == (
        f"{was_there}类型改为“{FileKind.TAX.label}”。有效期止改为“2027-12-31”。"
    )


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"upload": ""}, "请选择文件"),
        ({"upload": SimpleUploadedFile("a.exe", b"MZ")}, "不是可以上传的格式"),
    ],
)
def test_a_file_that_is_none_is_told_and_not_kept(company, clerk, client, given, sentence):
    client.force_login(clerk)

    response = client.post(reverse("vault"), TYPED | given)

    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not StoredFile.objects.exists()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"valid_until": "昨天"}, "请写成年-月-日"),
        ({"valid_from": "2027-01-01"}, "有效期止不能早于有效期起"),
        ({"kind": "secret"}, "选择"),
    ],
)
def test_what_else_is_wrong_is_told_and_the_file_need_not_come_again(
    company, clerk, client, given, sentence
):
    client.force_login(clerk)
    upload = SimpleUploadedFile("执照.pdf", domain.PDF)

    page = client.post(reverse("vault"), TYPED | {"upload": upload} | given)

    assert page.status_code == 422
    assert sentence in page.content.decode()
    assert "已收到“执照.pdf”" in page.content.decode()
    stored = company.files.get()
    assert client.post(reverse("vault"), TYPED | {"kept": stored.pk}).status_code == 302
    stored.refresh_from_db()
    assert (stored.kind, stored.valid_until) == ("licence", date(2026, 12, 31))


@pytest.mark.parametrize("typed", [{}, {"valid_from": "2026-02-01"}])
def test_what_is_left_open_of_a_file_that_is_there_stays_as_it_was_said(
    company, clerk, client, typed
):
    known = put(company, valid_from=date(2026, 1, 1))
    client.force_login(clerk)
    open_form = {"kind": "other", "valid_from": "", "valid_until": ""}

    page = client.post(
        reverse("vault"), open_form | typed | {"upload": SimpleUploadedFile("执照.pdf", domain.PDF)}
    )

    before = (known.kind, known.valid_until)
    known.refresh_from_db()
    assert (known.kind, known.valid_until) == before == (FileKind.LICENCE, date(2026, 12, 31))
    assert known.valid_from == date(2026, 2 if typed else 1, 1)
    assert "有效期到 2026-12-31" in client.get(page.url).content.decode()


def test_a_term_that_would_end_before_it_begins_is_told_of_a_file_that_is_there(
    company, clerk, client
):
    put(company)
    client.force_login(clerk)

    page = client.post(
        reverse("vault"),
        TYPED
        | {"valid_from": "2027-01-01", "valid_until": ""}
        | {"upload": SimpleUploadedFile("执照.pdf", domain.PDF)},
    )

    assert page.status_code == 422
    assert "有效期止不能早于有效期起" in page.content.decode()


def test_a_file_of_others_is_not_kept_for_us(company, clerk, client):
    theirs = keep(domain.company_with_everything())
    client.force_login(clerk)

    assert client.post(reverse("vault"), TYPED | {"kept": theirs.pk}).status_code == 422

    theirs.refresh_from_db()
    assert theirs.kind == "other"


def test_the_list_is_narrowed_by_type_and_term(company, clerk, client):
    licence = put(company)
    term(licence, date(2026, 3, 20))
    keep(company, domain.PDF + b"2", "另一份.pdf")
    client.force_login(clerk)

    for query in ("kind=licence", "ending=1"):
        page = client.get(reverse("vault") + "?" + query).content.decode()
        assert "营业执照.pdf" in page
        assert "另一份.pdf" not in page


def test_only_its_company_changes_what_a_file_is(company, clerk, client):
    application = domain.filed(company)
    stored = application.attachments.first().file
    task = domain.open_tasks(application)[0]
    client.force_login(domain.official(task.department, task.role))
    data = {"kind": "tax", "valid_from": "", "valid_until": ""}
    url = reverse("file_detail", args=[stored.pk])

    assert client.get(url).status_code == 200
    assert client.post(url, data).status_code == 404
    client.force_login(clerk)
    assert client.post(url, data).status_code == 302
    stored.refresh_from_db()
    assert stored.kind == "tax"


# Reminders


def test_a_file_that_runs_out_is_told_of_once_for_each_threshold(company, clerk, clock):
    stored = put(company)
    today = timezone.localdate()
    for days in (31, 30, 29, 8, 7, 3, 0, -1, -2, -20):
        clock.move_to(timezone.now().replace(year=2026, month=12, day=31) - timedelta(days=days))
        services.remind_of_expiry()
        services.remind_of_expiry()
    assert today < stored.valid_until

    assert [mail.args["subject"] for mail in mails()] == [
        "材料快到期：营业执照.pdf",
        "材料快到期：营业执照.pdf",
        "材料已过期：营业执照.pdf",
    ]
    assert all(mail.args["to"] == [clerk.email] for mail in mails())


def test_a_day_on_which_nothing_ran_is_caught_up(company, clock):
    stored = put(company)
    term(stored, date(2026, 3, 16))  # 5 days left, and nobody was told before

    services.remind_of_expiry()

    assert len(mails()) == 1


def test_a_renewed_file_is_told_of_again_when_it_runs_out_again(company):
    stored = put(company)
    term(stored, date(2026, 3, 20))
    services.remind_of_expiry()
    term(stored, date(2026, 3, 25))

    services.remind_of_expiry()

    assert len(mails()) == 2


def test_of_what_ran_out_long_ago_nobody_is_told(company):
    term(put(company), date(2025, 1, 1))

    services.remind_of_expiry()

    assert mails() == []


# Rows and files (F14)


def test_a_file_whose_transaction_failed_is_swept_and_no_other(company, settings):
    stored = keep(company)
    orphan = Path(settings.MEDIA_ROOT, "companies", "ab", "ab" * 16)
    fresh = Path(settings.MEDIA_ROOT, "imports", "cd", "cd" * 16)
    for path in (orphan, fresh):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    old = (timezone.now() - timedelta(days=2)).timestamp()
    os.utime(orphan, (old, old))
    os.utime(stored.content.path, (old, old))
    os.utime(fresh, (timezone.now().timestamp(),) * 2)

    assert services.sweep_orphans() == 1

    assert not orphan.exists()
    assert fresh.exists()
    assert Path(stored.content.path).exists()


def test_a_request_that_is_too_long_is_refused_before_it_is_read(company, clerk, client, settings):
    settings.REQUEST_MAX_BYTES = 1000
    client.force_login(clerk)

    response = client.post(
        reverse("vault"), {"upload": SimpleUploadedFile("a.pdf", domain.PDF + b"x" * 2000)}
    )

    assert response.status_code == 400
    assert not StoredFile.objects.exists()


def test_what_it_means_that_a_file_was_not_scanned_is_said(company, clerk, client):
    stored = keep(company)
    client.force_login(clerk)
    for page in (reverse("vault"), reverse("file_detail", args=[stored.pk])):
        assert "不等于有病毒" in client.get(page).content.decode()

    StoredFile.objects.update(scan_state="clean", scanned_at=timezone.now())

    for page in (reverse("vault"), reverse("file_detail", args=[stored.pk])):
        assert "不等于有病毒" not in client.get(page).content.decode()
