"""Officials at their browsers: each reads pages, presses buttons and writes down every answer."""

import contextlib
import http.client
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import cycle
from pathlib import Path
from random import Random
from typing import NamedTuple
from urllib.parse import urlencode
from uuid import uuid4

from chaos.faults import Progress

# As long as a browser would wait: whoever asks again too soon only adds to the queue.
TIMEOUT_SECONDS = 60
# How long somebody goes on trying; far longer than any outage of the plan.
PATIENCE_SECONDS = 300
# How often somebody opens a case before deciding on it. In between they send the form that they
# know, as a list of cases would: rendering pages is not what burns here.
READS = 0.1
# Of everybody; asked for again before weighty acts.
PASSWORD = "Kindling-2026"
TOKEN_FIELD = "csrfmiddlewaretoken"
PASSWORD_FIELD = "reauthentication-password"


@dataclass(frozen=True)
class Work:
    """A case to be approved, what its form holds, and by whom it may be."""

    case: str
    task: int
    revision: int
    approvers: tuple[int, ...]


@dataclass
class Answer:
    """What one request came to. `status` is None where no answer arrived, `location` where a
    redirect leads."""

    at: float
    who: str
    act: str
    about: str
    status: int | None
    seconds: float
    location: str = ""


@dataclass
class Outcome:
    """What a client knows in the end of one thing it wanted to do."""

    who: str
    act: str
    about: str
    said: str
    lost_answers: int = 0


class Reply(NamedTuple):
    status: int | None
    page: str
    location: str


class History:
    """Every answer of every client, also as lines in a file. `begun` counts by act what must have
    an outcome in the end."""

    def __init__(self, path: Path) -> None:
        self.answers: list[Answer] = []
        self.outcomes: list[Outcome] = []
        self.begun: Counter[str] = Counter()
        self._folder = path.parent
        self._file = path.open("w")
        self._lock = threading.Lock()

    def begin(self, act: str) -> None:
        with self._lock:
            self.begun[act] += 1

    def note(self, row: Answer | Outcome) -> None:
        with self._lock:
            (self.answers if isinstance(row, Answer) else self.outcomes).append(row)
            self._file.write(json.dumps(row.__dict__, ensure_ascii=False) + "\n")
            self._file.flush()

    def keep(self, about: str, page: str) -> None:
        """A page that nobody expected."""
        (self._folder / f"unexpected-{about}.html").write_text(page)


@dataclass
class Form:
    """A form of a page: where it goes and what it sends by itself."""

    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.forms.append(Form(given.get("action", "")))
            self._open = True
        elif self._open and tag == "input" and given.get("name"):
            kind = given.get("type", "text")
            if kind in ("hidden", "text", "date") or "checked" in given:
                self.forms[-1].fields.append((given["name"], given.get("value", "")))
            elif kind in ("checkbox", "radio"):
                self.forms[-1].buttons.append((given["name"], given.get("value", "")))
        elif self._open and tag == "button" and given.get("name"):
            self.forms[-1].buttons.append((given["name"], given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False


def forms_of(html: str) -> list[Form]:
    reader = _Reader()
    # Most of a page is no form, and reading it all would be most of what clients do.
    for form in re.findall(r"<form.*?</form>", html, re.DOTALL):
        reader.feed(form)
    return reader.forms


class Browser:
    """One signed-in person, behind a proxy that gives each request to the next web server.
    Cookies are those of the visit; redirects are not followed."""

    def __init__(
        self, who: str, ports: list[int], cookies: dict[str, str], history: History
    ) -> None:
        self.who = who
        self._ports = cycle(ports)
        self._cookies = dict(cookies)
        self._history = history

    def get(self, path: str, *, act: str = "read") -> Reply:
        return self._request("GET", path, None, act=act)

    def post(self, path: str, fields: list[tuple[str, str]], *, act: str) -> Reply:
        """Send a form; where the page asks for the password, the same form with it."""
        reply = self._request("POST", path, urlencode(fields), act=act)
        if reply.status == 403 and PASSWORD_FIELD in reply.page:
            fields = [*fields, (PASSWORD_FIELD, PASSWORD)]
            reply = self._request("POST", path, urlencode(fields), act=act)
        return reply

    def _request(self, method: str, path: str, body: str | None, *, act: str) -> Reply:
        port = next(self._ports)
        origin = f"http://127.0.0.1:{port}"
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items()),
            "Origin": origin,
            "Referer": origin + path,
        }
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        began = time.time()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
        status: int | None = None
        text = location = ""
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
            status = response.status
            location = response.getheader("Location", "")
            for name, value in response.getheaders():
                if name.lower() == "set-cookie":
                    cookie, _, rest = value.split(";")[0].partition("=")
                    self._cookies[cookie] = rest
        connection.close()
        seconds = time.time() - began
        self._history.note(Answer(began, self.who, act, path, status, seconds, location))
        return Reply(status, text, location)


def case_page(case: str) -> str:
    return f"/workspace/cases/{case}/"


def batch_of(location: str) -> str | None:
    """The key of the batch to whose page a redirect leads, if it leads to one."""
    found = re.fullmatch(r"/finance/batches/([0-9a-f-]{36})/", location)
    return found and found[1]


class Approver(threading.Thread):
    """Approves the cases it was given, one after the other, until each has an answer."""

    def __init__(
        self, browser: Browser, work: list[Work], random: Random, progress: Progress,
        history: History,
    ) -> None:  # fmt: skip
        super().__init__(daemon=True)
        self._browser = browser
        self._work = work
        self._token: tuple[str, str] | None = None
        self._random = random
        self._progress = progress
        self._history = history

    def run(self) -> None:
        for work in self._work:
            if self._progress.late:
                return
            self._history.begin("decide")
            self._history.note(self._settle(work))
            self._progress.settle()

    def _settle(self, work: Work) -> Outcome:
        """Press until the case has an answer: yes, a reason why not, or somebody else's yes."""
        lost = 0
        case = work.case
        sent = None if self._random.random() < READS else self._form_known(work)
        action = f"{case_page(case)}decide/"
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if sent is None:
                status, page, _location = self._browser.get(case_page(case))
                if status != 200:
                    time.sleep(self._random.uniform(0.5, 1.5))
                    continue
                form = next((form for form in forms_of(page) if form.action == action), None)
                if form is None:
                    return self._outcome(case, "no longer open", lost)
                self._token = next(pair for pair in form.fields if pair[0] == TOKEN_FIELD)
                sent = [*form.fields, ("verdict", "agree")]
            twice = self._random.random() < 0.1
            if twice:
                # A second press of the button, before the first has an answer.
                second = threading.Thread(
                    target=self._browser.post, args=(action, sent), kwargs={"act": "decide"}
                )
                second.start()
            status, page, location = self._browser.post(action, sent, act="decide")
            if twice:
                second.join()
            match status:
                case 302 if location == case_page(case):
                    return self._outcome(case, "approved", lost)
                case 422:
                    return self._outcome(case, "refused", lost)
                case 409 | 404:
                    sent = None
                    if status == 404:
                        return self._outcome(case, "no longer open", lost)
                case None:
                    # The same form again: whether the first one arrived nobody knows.
                    lost += 1
                case 503 | 502 | 500:
                    # As the page says: in a moment.
                    time.sleep(self._random.uniform(0.5, 1.5))
                case _:
                    self._history.keep(case, page)
                    return self._outcome(case, f"unexpected {status}", lost)
            time.sleep(self._random.uniform(0.2, 0.8))
        return self._outcome(case, "gave up", lost)

    def _form_known(self, work: Work) -> list[tuple[str, str]] | None:
        """What the page's form would hold; nobody has one before the first page."""
        if self._token is None:
            return None
        return [
            self._token,
            ("submission", str(uuid4())),
            ("task", str(work.task)),
            ("revision", str(work.revision)),
            ("verdict", "agree"),
        ]

    def _outcome(self, case: str, said: str, lost: int) -> Outcome:
        return Outcome(self._browser.who, "decide", case, said, lost)


class Finance(threading.Thread):
    """Three people of finance in turn: one makes a batch of what waits, the next approves it, the
    third notes that the bank paid; until the fire is over."""

    def __init__(
        self, browsers: list[Browser], random: Random, progress: Progress, history: History,
        today: str,
    ) -> None:  # fmt: skip
        super().__init__(daemon=True)
        self._maker, self._second, self._payer = browsers
        self._random = random
        self._progress = progress
        self._history = history
        self._today = today

    def run(self) -> None:
        while not self._progress.over:
            self._make()
            for batch in self._batches(self._second):
                self._press(self._second, batch, "approve", [])
            for batch in self._batches(self._payer):
                self._press(self._payer, batch, "pay", [("on", self._today)])
            time.sleep(1)

    def _make(self) -> None:
        status, page, _location = self._maker.get("/finance/")
        form = next(
            (form for form in forms_of(page) if form.action == "/finance/batches/new/"), None
        )
        if status != 200 or form is None:
            return
        awards = [pair for pair in form.buttons if pair[0] == "award"]
        chosen = awards[: self._random.randint(1, 20)]
        if not chosen:
            return
        fields = [pair for pair in form.fields if pair[0] != "award"]
        status, page, _location = self._maker.post(
            "/finance/batches/new/", fields + chosen, act="choose"
        )
        form = next(
            (form for form in forms_of(page) if form.action == "/finance/batches/new/"), None
        )
        if status != 200 or form is None:
            return
        sent = [*form.fields, *[b for b in form.buttons if b[0] == "confirmed"]]
        self._until_answered(self._maker, "/finance/batches/new/", sent, "make batch", "")

    def _batches(self, browser: Browser) -> Iterator[str]:
        status, page, _location = browser.get("/finance/batches/")
        if status == 200:
            seen = {part.split("/")[0] for part in page.split('href="/finance/batches/')[1:]}
            yield from sorted(batch for batch in seen if len(batch) == 36)

    def _press(self, browser: Browser, batch: str, act: str, more: list[tuple[str, str]]) -> None:
        action = f"/finance/batches/{batch}/{act}/"
        page = browser.get(f"/finance/batches/{batch}/").page
        form = next((form for form in forms_of(page) if form.action == action), None)
        if form is None:
            return
        names = {name for name, _value in more}
        sent = [pair for pair in form.fields if pair[0] not in names] + more
        self._until_answered(browser, action, sent, act, batch)

    def _until_answered(
        self, browser: Browser, action: str, sent: list[tuple[str, str]], act: str, about: str
    ) -> None:
        """Send the form until it has an answer: that it was done, or a reason why not."""
        self._history.begin(act)
        lost = 0
        said = "gave up"
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            status, page, location = browser.post(action, sent, act=act)
            if status is not None and status < 500:
                said = {422: "refused", 409: "changed"}.get(status, f"unexpected {status}")
                if status == 302 and (batch := batch_of(location)):
                    said, about = "done", batch
                elif said.startswith("unexpected"):
                    self._history.keep(about or "batch", page)
                break
            lost += status is None
            time.sleep(self._random.uniform(0.1, 0.5))
        self._history.note(Outcome(browser.who, act, about, said, lost))
