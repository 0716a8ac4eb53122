"""A fake clamd: real sockets, the protocol's INSTREAM, and the one virus that harms nobody."""

import socketserver
import struct
from threading import Thread
from typing import Self

# In two parts, so that a scanner of the machine does not take this file for the virus.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + rb"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server: FakeClamd = self.server.fake  # type: ignore[attr-defined]
        command = b""
        while not command.endswith(b"\0"):
            command += self.rfile.read(1)
        assert command == b"zINSTREAM\0"
        content = b""
        while size := struct.unpack("!L", self.rfile.read(4))[0]:
            content += self.rfile.read(size)
        server.scanned.append(content)
        answer = server.answer or (
            b"stream: Eicar-Test-Signature FOUND" if EICAR in content else b"stream: OK"
        )
        self.wfile.write(answer + b"\0")


class FakeClamd:
    def __init__(self) -> None:
        self.scanned: list[bytes] = []
        # What it says instead of a verdict.
        self.answer = b""
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Handler)
        self._server.fake = self  # type: ignore[attr-defined]
        self.url = f"tcp://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Nobody answers at the address any more."""
        self._server.shutdown()
        self._server.server_close()
