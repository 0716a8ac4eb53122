"""U04: uploads that are too long, break off or do not say how long they are, sent by hand to the
web server as it serves the product. Nothing is left of them."""

import socket
import subprocess
import sys

import pytest
from django.conf import settings
from django.test import Client

from chaos.servers import free_port
from companies.models import StoredFile
from outbox.models import Job
from tests.config.test_serving import SECONDS, is_open, wait_for
from tests.factories import DistrictFactory, MemberFactory
from tests.vault.test_downloads import picture

TOKEN = "x" * 32
EDGE = "the-edge-of-a-part"
# Cut anywhere behind its picture it is a JPEG all the same; too long to be held in memory.
PHOTO = picture("JPEG") + b"\x00" * 6_000_000


@pytest.fixture
def folders(tmp_path):
    """Where the web server puts files, for a while and for good."""
    for name in ("TMPDIR", "MEDIA_ROOT"):
        (tmp_path / name).mkdir()
    return {name: tmp_path / name for name in ("TMPDIR", "MEDIA_ROOT")}


@pytest.fixture
def port(environment, folders):
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi"],
        cwd=settings.BASE_DIR,
        env=environment | folders | {"PORT": str(port), "WEB_WORKERS": "1"},
    )
    try:
        wait_for(lambda: is_open(port))
        yield port
    finally:
        process.terminate()
        process.wait(SECONDS)


@pytest.fixture
def cookies(environment):
    """Those of somebody who may add files to a company's vault."""
    client = Client()
    client.force_login(MemberFactory(company__district=DistrictFactory()).user)
    return f"{settings.SESSION_COOKIE_NAME}={client.session.session_key}; csrftoken={TOKEN}"


def form():
    fields = {"csrfmiddlewaretoken": TOKEN, "kind": "other"}
    parts = [
        f'--{EDGE}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    head = f'--{EDGE}\r\nContent-Disposition: form-data; name="upload"; filename="a.jpg"\r\n\r\n'
    return "".join([*parts, head]).encode() + PHOTO + f"\r\n--{EDGE}--\r\n".encode()


def begin(port, cookies, length):
    """A connection on which the head of an upload was sent; `length` is its line on the length."""
    line = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
    head = [
        "POST /company/files/ HTTP/1.1",
        "Host: 127.0.0.1",
        f"Cookie: {cookies}",
        f"Content-Type: multipart/form-data; boundary={EDGE}",
        length,
    ]
    line.sendall("\r\n".join([*head, "", ""]).encode())
    return line


def whole(port, cookies):
    body = form()
    with begin(port, cookies, f"Content-Length: {len(body)}") as line:
        line.sendall(body)
        return status(line)


def broken_off(port, cookies):
    body = form()
    with begin(port, cookies, f"Content-Length: {len(body)}") as line:
        line.sendall(body[: len(body) // 2])
        line.shutdown(socket.SHUT_WR)
        return status(line)


def too_long(port, cookies):
    with begin(port, cookies, f"Content-Length: {settings.REQUEST_MAX_BYTES + 1}") as line:
        line.sendall(form()[:100_000])
        return status(line)


def without_end(port, cookies):
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    with begin(port, cookies, "Transfer-Encoding: chunked") as line:
        line.sendall(chunk)
        answer = status(line)
        # Nobody reads the rest.
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            line.sendall(chunk * 30)
    return answer


def status(line):
    return int(line.recv(100).split()[1])


def test_an_upload_is_kept_when_it_came_in_whole_and_of_others_nothing_is_left(
    port, cookies, folders
):
    for send, answers in {broken_off: (400, 403), too_long: (400,), without_end: (400,)}.items():
        assert send(port, cookies) in answers, send
        assert not StoredFile.objects.exists(), send
        assert not Job.objects.exists(), send
        assert [list(folder.iterdir()) for folder in folders.values()] == [[], []], send

    assert whole(port, cookies) == 302
    assert StoredFile.objects.get().size == len(PHOTO)
    assert list(folders["TMPDIR"].iterdir()) == []
