"""U04: a client that is slow, or goes in the middle, takes no thread from the others."""

import contextlib
import itertools
import socket
from types import SimpleNamespace

import pytest

from chaos.servers import free_port
from config import worker
from tests.config.test_serving import SECONDS, serving

HALF_A_HEAD = b"GET /?begun HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
HALF_A_FORM = b"POST /?begun HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nhalf"


@pytest.fixture
def port(tmp_path):
    """Of a web server of two threads, whose patience is short."""
    port = free_port()
    with serving(port, tmp_path, "--worker-class", "tests.config.hurried.Worker", "--threads", "2"):
        yield port


@pytest.mark.parametrize("half", [HALF_A_HEAD, HALF_A_FORM], ids=["head", "form"])
def test_others_are_answered_while_slow_clients_hold_every_thread(port, tmp_path, half):
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(connected(port)) for _thread in range(2)]
        for client in slow:
            client.sendall(half)
        asking = stack.enter_context(connected(port))
        asking.sendall(f"GET /?{tmp_path / 'begun'} HTTP/1.0\r\n\r\n".encode())

        assert b" 200 OK" in asking.recv(100)
        assert [client.recv(100) for client in slow] == [b"", b""]


def connected(port):
    return socket.create_connection(("127.0.0.1", port), timeout=SECONDS)


@pytest.fixture
def line():
    """A client's end of a line, as the server reads it, and the client's own."""
    here, there = socket.socketpair()
    with worker.Client(fileno=here.detach()) as client, there:
        client.settimeout(SECONDS)
        yield client, there


def reading_takes(seconds, monkeypatch):
    times = itertools.count(step=seconds)
    monkeypatch.setattr(worker, "time", SimpleNamespace(monotonic=lambda: next(times)))


def test_a_byte_now_and_then_is_no_request(line, monkeypatch):
    client, there = line
    reading_takes(worker.PATIENCE / 3, monkeypatch)

    there.sendall(b"GET /")
    assert [client.recv(1) for _byte in range(3)] == [b"G", b"E", b"T"]
    with pytest.raises(ConnectionResetError):
        client.recv(1)


def test_a_long_request_on_a_fair_line_comes_in_whole(line, monkeypatch):
    client, there = line
    reading_takes(1, monkeypatch)

    for _second in range(100):
        there.sendall(b"x" * worker.BYTES_A_SECOND)
        assert client.recv(worker.BYTES_A_SECOND)
    assert client.patience == worker.PATIENCE


def test_who_goes_in_the_middle_has_not_sent_it_all(line):
    client, there = line
    there.close()

    with pytest.raises(ConnectionResetError):
        client.recv(1)
