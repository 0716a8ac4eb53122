"""gunicorn's worker with threads, which does not wait for its clients for ever.

As it comes, a thread waits without end for the rest of a request: as many slow clients as there
are threads hold the whole server. And of a client that went in the middle it hands over what came
as if it were all: half a file would be kept as a file.
"""

import errno
import socket
import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

# Seconds that a request may keep a thread waiting. What comes in earns them back at this pace.
PATIENCE = 10.0
BYTES_A_SECOND = 8 * 1024


class Client(socket.socket):
    """A client's end of the line. Where a request stays away or is too slow, reading fails."""

    patience = PATIENCE

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        own_limit, began = self.gettimeout(), time.monotonic()
        self.settimeout(self.patience if own_limit is None else min(self.patience, own_limit))
        try:
            data = super().recv(size, flags)
        except TimeoutError:
            data = b""
        finally:
            self.settimeout(own_limit)
        waited = time.monotonic() - began
        left = self.patience - waited + len(data) / BYTES_A_SECOND
        self.patience = min(PATIENCE, max(0.0, left))
        # More is only asked for where a request is not whole yet.
        if not data or not self.patience:
            raise ConnectionResetError(errno.ECONNRESET, "The request was not sent to its end.")
        return data


class Worker(ThreadWorker):
    def enqueue_req(self, conn: Any) -> None:
        """Called with each new connection, and with one on which the next request begins."""
        if not isinstance(conn.sock, Client):
            conn.sock = Client(fileno=conn.sock.detach())
        conn.sock.patience = PATIENCE
        super().enqueue_req(conn)
