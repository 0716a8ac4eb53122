"""The scanner interface: what may look for viruses, and what it says of a file."""

import socket
import struct
from dataclasses import dataclass
from typing import IO, Protocol
from urllib.parse import urlsplit

from django.conf import settings

from companies.vault.models import ScanState

TIMEOUT = 60  # seconds without an answer
BLOCK = 64 * 1024


class ScannerAway(Exception):
    """The scanner did not answer, or not with a verdict: nothing is known of the file."""


@dataclass(frozen=True)
class Finding:
    state: ScanState
    virus: str = ""


class Scanner(Protocol):
    def scan(self, content: IO[bytes]) -> Finding:
        """What the content is. Raises ScannerAway where there is no verdict."""


class NoScanner:
    """For machines without one: nothing is claimed about any file."""

    def scan(self, content: IO[bytes]) -> Finding:
        return Finding(ScanState.UNSCANNED)


@dataclass(frozen=True)
class Clamd:
    """ClamAV's daemon, over TCP or a socket of the machine (`tcp://host:3310`, `unix:///path`).

    The kept client is under the GPL, the other is of 2014; of the protocol one command is
    needed: INSTREAM, then the content in blocks, each with its length, and an empty one.
    """

    url: str

    def scan(self, content: IO[bytes]) -> Finding:
        try:
            with self._connected() as connection:
                connection.sendall(b"zINSTREAM\0")
                while block := content.read(BLOCK):
                    connection.sendall(struct.pack("!L", len(block)) + block)
                connection.sendall(struct.pack("!L", 0))
                answer = self._answer(connection)
        except OSError as error:
            raise ScannerAway(str(error)) from error
        verdict = answer.removeprefix("stream: ")
        if verdict == "OK":
            return Finding(ScanState.CLEAN)
        if verdict.endswith(" FOUND"):
            return Finding(ScanState.INFECTED, verdict.removesuffix(" FOUND"))
        raise ScannerAway(answer or "no answer")

    def _connected(self) -> socket.socket:
        address = urlsplit(self.url)
        if address.scheme == "unix":
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(TIMEOUT)
            connection.connect(address.path)
            return connection
        return socket.create_connection((address.hostname, address.port or 3310), TIMEOUT)

    def _answer(self, connection: socket.socket) -> str:
        answer = b""
        while not answer.endswith(b"\0") and (part := connection.recv(4096)):
            answer += part
        return answer.rstrip(b"\0\n").decode(errors="replace")


def scanner() -> Scanner:
    return Clamd(settings.CLAMD_URL) if settings.CLAMD_URL else NoScanner()


def first_state() -> ScanState:
    """What a file is until it was looked at."""
    return ScanState.PENDING if settings.CLAMD_URL else ScanState.UNSCANNED
