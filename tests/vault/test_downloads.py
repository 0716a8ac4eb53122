"""U05, U07, A06: who gets a file, asked each time, and how it leaves the house."""

import io
from email.message import Message
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from accounts.models import Appointment, Department, Role
from audit.models import Entry
from companies.files import store_file
from companies.models import StoredFile
from outbox.services import perform_due
from subsidies.applications import services as applications
from tests import domain
from tests.factories import MemberFactory
from tests.vault.test_scanning import filed_with, keep

pytestmark = pytest.mark.usefixtures("no_scanner")


def picture(kind="PNG", size=(20, 10)):
    stream = io.BytesIO()
    Image.new("RGB", size, "red").save(stream, kind)
    return stream.getvalue()


def urls_of(stored):
    return [
        reverse("file_detail", args=[stored.pk]),
        reverse("file_download", args=[stored.pk]),
        reverse("file_page", args=[stored.pk, 1]),
    ]


def test_strangers_get_404_for_every_address_of_a_file(company, client):
    stored = keep(company, picture(), "照片.png")
    perform_due()
    other = MemberFactory().user
    # An official of the district, who sees no application that holds the file.
    official = domain.official(Department.objects.get(code="jb-finance"), Role.REVIEWER)

    for person in (other, official):
        client.force_login(person)
        for url in [*urls_of(stored), reverse("file_download", args=[uuid4()])]:
            assert client.get(url).status_code == 404, url


def test_nobody_gets_a_file_without_signing_in(company, client):
    stored = keep(company)

    for url in urls_of(stored):
        assert client.get(url).status_code == 302


def test_an_official_who_takes_a_paper_is_on_record_and_its_company_is_not(company, clerk, client):
    application, stored, reviewer = filed_with(company)
    attachment = application.attachments.filter(file=stored).first()
    urls = [
        reverse("file_download", args=[stored.pk]),
        reverse("attachment_download", args=[attachment.pk]),
    ]

    for person in (clerk, reviewer):
        client.force_login(person)
        for url in urls:
            assert client.get(url).status_code == 200

    entries = Entry.objects.about(stored).filter(action="file.downloaded")
    assert [(entry.actor, entry.data["sha256"]) for entry in entries] == [
        (reviewer, stored.sha256)
    ] * len(urls)


def test_a_role_that_ended_closes_the_file_at_once(company, client):
    _application, stored, reviewer = filed_with(company)
    client.force_login(reviewer)
    url = reverse("file_download", args=[stored.pk])
    assert client.get(url).status_code == 200

    Appointment.objects.filter(user=reviewer).update(ends_on="2026-03-10")

    assert client.get(url).status_code == 404


def test_a_file_taken_off_is_closed_to_the_reviewer(company, clerk, client):
    application, stored, reviewer = filed_with(company)
    application.attachments.all().delete()
    client.force_login(reviewer)

    assert client.get(reverse("file_download", args=[stored.pk])).status_code == 404


def test_a_reviewer_does_not_see_the_file_of_a_draft(company, client):
    application = domain.draft(company)
    stored = application.attachments.first().file
    reviewer = domain.official(application.item.departments.first(), Role.REVIEWER)
    client.force_login(reviewer)

    assert client.get(reverse("file_download", args=[stored.pk])).status_code == 404


def test_a_person_who_left_the_company_gets_nothing_more(company, client):
    stored = keep(company)
    leaver = MemberFactory(company=company)
    client.force_login(leaver.user)
    assert client.get(reverse("file_download", args=[stored.pk])).status_code == 200

    leaver.delete()

    assert client.get(reverse("file_download", args=[stored.pk])).status_code == 404


@pytest.mark.parametrize(
    ("name", "content"),
    [("证照.pdf", domain.PDF), ("照片.png", picture()), ("照片.jpg", picture("JPEG"))],
)
def test_every_file_leaves_as_an_attachment_that_no_browser_runs(
    company, clerk, client, name, content
):
    stored = keep(company, content, name)
    client.force_login(clerk)

    response = client.get(reverse("file_download", args=[stored.pk]))

    assert response["Content-Disposition"].startswith("attachment;")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"].startswith("sandbox")
    assert response["Cache-Control"] == "no-store, private"
    assert response["Content-Type"] == stored.content_type


def test_a_page_that_slipped_in_is_not_shown_but_saved(company, clerk, client):
    """U07, though neither HTML nor SVG comes in: the row is written past the service."""
    stored = keep(company)
    StoredFile.objects.filter(pk=stored.pk).update(content_type="text/html", name="页.html")
    client.force_login(clerk)

    response = client.get(reverse("file_download", args=[stored.pk]))

    assert response["Content-Disposition"].startswith("attachment;")
    assert "sandbox" in response["Content-Security-Policy"]


@pytest.mark.parametrize(
    "name",
    [
        "../../x.pdf",
        'a"; filename="b.exe.pdf',
        "合同（1）.pdf",
        "a\r\nSet-Cookie: x=1.pdf",
        "😀.pdf",
    ],
)
def test_no_name_breaks_out_of_the_header(company, clerk, client, name):
    upload = SimpleUploadedFile("x.pdf", domain.PDF)
    upload._name = name
    stored = store_file(company, upload, by=clerk)
    client.force_login(clerk)

    response = client.get(reverse("file_download", args=[stored.pk]))

    header = Message()
    header["Content-Disposition"] = response["Content-Disposition"]
    assert header.get_content_disposition() == "attachment"
    assert header.get_filename() == stored.name
    assert "Set-Cookie" not in response
    assert "/" not in stored.name


def test_a_withdrawn_application_keeps_its_file_from_strangers(company, clerk, client):
    application, stored, _reviewer = filed_with(company)
    applications.withdraw_application(application, by=clerk)
    client.force_login(MemberFactory().user)

    assert client.get(reverse("file_download", args=[stored.pk])).status_code == 404
