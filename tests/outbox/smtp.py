"""A mail server that does as it is told, at a port of its own."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Server(socketserver.ThreadingTCPServer):
    """Answers each command with 250 but for those that `answers` names: a line to say instead,
    or None to end the conversation there. `accepted` are the mails it took."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.answers: dict[str, str | None] = {}
        self.accepted: list[str] = []


class Conversation(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        if not self._say("greeting", "220 ready"):
            return
        while line := self.rfile.readline().decode().strip():
            command = line.split()[0].upper()
            if not self._say(command, "354 go on" if command == "DATA" else "250 ok"):
                return
            if command == "DATA" and "DATA" not in self.server.answers:
                mail = "".join(iter(lambda: self.rfile.readline().decode(), ".\r\n"))
                if "mail" not in self.server.answers:
                    self.server.accepted.append(mail)
                    # Taken, whatever the sender hears of it.
                    if not self._say("accepted", "250 accepted"):
                        return
                elif not self._say("mail", ""):
                    return

    def _say(self, when: str, usual: str) -> bool:
        """Whether the conversation goes on."""
        answer = self.server.answers.get(when, usual)
        if answer is not None:
            self.wfile.write(f"{answer}\r\n".encode())
        return answer is not None


@contextmanager
def mail_server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
