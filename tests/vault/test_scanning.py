"""U06: an infected file is nobody's, a file without a verdict nobody else's."""

import io
import socket
from threading import Thread

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import Role
from accounts.refusals import Refused
from audit.models import Entry
from companies.files import store_file
from companies.models import ScanState, StoredFile
from companies.vault import access, services
from companies.vault.scanner import Clamd, ScannerAway
from outbox.models import MAX_ATTEMPTS, Job
from outbox.services import perform_due
from subsidies.applications import services as applications
from tests import domain
from tests.vault.clamd import EICAR, FakeClamd

INFECTED = b"%PDF-1.7\n" + EICAR + b"\n%%EOF\n"


def keep(company, content=domain.PDF, name="证照.pdf"):
    return store_file(company, SimpleUploadedFile(name, content), by=domain.clerk_of(company))


def reviewer_of(application):
    case = domain.case_of(application)
    return domain.official(case.tasks.order_by("pk").first().department, Role.REVIEWER)


def filed_with(company):
    """A filed application, its file, and a reviewer who sees it."""
    application = domain.filed(company)
    return application, application.attachments.first().file, reviewer_of(application)


def test_a_clean_file_is_found_clean_over_the_scanners_own_protocol(company, clamd):
    stored = keep(company)
    assert stored.scan_state == ScanState.PENDING

    perform_due()

    stored.refresh_from_db()
    assert (stored.scan_state, clamd.scanned) == (ScanState.CLEAN, [domain.PDF])


def test_a_large_file_reaches_the_scanner_whole(company, clamd):
    content = b"%PDF-1.7\n" + b"x" * 300_000 + b"\n%%EOF\n"

    keep(company, content)
    perform_due()

    assert clamd.scanned == [content]


def test_an_infected_file_is_quarantined_for_everyone_and_its_people_are_told(
    company, clerk, clamd, client
):
    stored = keep(company, INFECTED)
    perform_due()

    stored.refresh_from_db()
    assert (stored.scan_state, stored.virus) == (ScanState.INFECTED, "Eicar-Test-Signature")
    client.force_login(clerk)
    assert client.get(reverse("file_download", args=[stored.pk])).status_code == 403
    assert Entry.objects.filter(action="file.quarantined", about_id=str(stored.pk)).exists()
    assert Job.objects.get(kind="mail").args["to"] == [clerk.email]


def test_a_file_without_a_verdict_is_its_companys_alone(company, clerk, clamd, client):
    application, stored, reviewer = filed_with(company)
    assert stored.scan_state == ScanState.PENDING
    attachment = application.attachments.first()

    for url in (
        reverse("file_download", args=[stored.pk]),
        reverse("attachment_download", args=[attachment.pk]),
    ):
        client.force_login(reviewer)
        assert client.get(url).status_code == 403
        client.force_login(clerk)
        assert client.get(url).status_code == 200


def test_a_clean_file_reaches_the_reviewer(company, clamd, client):
    _application, stored, reviewer = filed_with(company)
    perform_due()
    client.force_login(reviewer)

    response = client.get(reverse("file_download", args=[stored.pk]))

    assert b"".join(response.streaming_content) == domain.PDF


def test_with_the_scanner_away_a_file_waits_and_is_asked_about_again(
    company, clamd, clock, settings
):
    clamd.stop()
    stored = keep(company)
    for _attempt in range(MAX_ATTEMPTS + 1):
        perform_due()
        clock.shift(600)
    stored.refresh_from_db()
    assert stored.scan_state == ScanState.PENDING
    assert Job.objects.get(kind="companies.examine_file").state == "dead"

    with FakeClamd() as again:
        settings.CLAMD_URL = again.url
        services.scan_what_waits()
        perform_due()

    stored.refresh_from_db()
    assert stored.scan_state == ScanState.CLEAN


@pytest.mark.parametrize(
    "answer",
    [b"stream: Can't allocate memory ERROR", b"INSTREAM size limit exceeded. ERROR", b"OK?"],
)
def test_whatever_is_no_verdict_leaves_the_file_waiting(company, clamd, answer):
    stored = keep(company)
    clamd.answer = answer

    with pytest.raises(ScannerAway):
        services.examine_file(stored)

    stored.refresh_from_db()
    assert stored.scan_state == ScanState.PENDING


def test_the_scanner_is_reached_over_a_socket_of_the_machine_too(tmp_path):
    path = str(tmp_path / "clamd.ctl")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()

        def answer():
            connection, _address = server.accept()
            with connection:
                while not connection.recv(4096).endswith(b"\0\0\0\0"):
                    pass
                connection.sendall(b"stream: OK\0")

        thread = Thread(target=answer)
        thread.start()
        finding = Clamd(f"unix://{path}").scan(io.BytesIO(b"content"))
        thread.join()

    assert finding.state == ScanState.CLEAN


def test_without_a_scanner_the_installation_decides_who_gets_a_file(company, no_scanner, settings):
    _application, stored, reviewer = filed_with(company)
    perform_due()
    stored.refresh_from_db()
    assert stored.scan_state == ScanState.UNSCANNED

    assert access.may_open(stored, reviewer)
    settings.REQUIRE_SCAN = True
    assert not access.may_open(stored, reviewer)
    assert access.may_open(stored, domain.clerk_of(company))


def test_files_from_before_the_scanner_are_scanned_once_there_is_one(
    company, no_scanner, clock, settings
):
    stored = keep(company)
    perform_due()
    clock.shift(3600)
    with FakeClamd() as fake:
        settings.CLAMD_URL = fake.url
        services.scan_what_waits()
        perform_due()

    stored.refresh_from_db()
    assert stored.scan_state == ScanState.CLEAN


def test_nothing_is_drawn_of_a_file_that_was_not_found_clean(company, clamd):
    stored = keep(company, INFECTED)

    perform_due()

    stored.refresh_from_db()
    assert (stored.pages, stored.preview_pages.count()) == (None, 0)


def test_an_infected_file_is_neither_attached_nor_filed(company, clerk, clamd):
    application = domain.draft(company)
    name = application.attachments.first().material
    stored = keep(company, INFECTED)
    perform_due()
    stored.refresh_from_db()

    with pytest.raises(Refused, match="已隔离"):
        applications.attach_stored_file(application, name, stored, by=clerk)
    StoredFile.objects.filter(pk=application.attachments.first().file_id).update(
        scan_state=ScanState.INFECTED, scanned_at="2026-03-11T00:00:00Z"
    )
    with pytest.raises(Refused, match="有病毒，已隔离"):
        domain.submit(application)
