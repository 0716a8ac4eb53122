"""Officials at their browsers: each reads pages, presses buttons and writes down every answer."""

import contextlib
import http.client
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Sequence
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
# How often somebody presses a button twice.
DOUBLE_PRESSES = 0.1
# What a client says of a decision that was taken, and how often each is.
DECIDED = {"agree": "approved", "return": "returned", "reject": "rejected"}
VERDICT_WEIGHTS = (0.94, 0.03, 0.03)
# How often the bank sends back a line of a batch that was paid.
SENT_BACK = 0.5
REASON = ("failure", "户名与账号不符")
# How often finance goes round when nobody decides any more.
ROUNDS_AFTER = 3

# To whose page a yes leads.
PAGES = {
    **dict.fromkeys(DECIDED, "/workspace/cases/"),
    **dict.fromkeys(["make batch", "approve", "pay", "fail"], "/finance/batches/"),
    "settle": "/finance/years/",
}

Field = tuple[str, str]


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
        self.died: list[str] = []
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

    def note_death(self, death: threading.ExceptHookArgs) -> None:
        """For `threading.excepthook`: whatever else the thread was to do was not done."""
        with self._lock:
            self.died.append(f"{type(death.thread).__name__} died: {death.exc_value!r}")
        threading.__excepthook__(death)

    def keep(self, about: str, page: str) -> None:
        """A page that nobody expected."""
        (self._folder / f"unexpected-{about}.html").write_text(page)


@dataclass
class Form:
    """A form of a page: where it goes and what it sends by itself."""

    action: str
    fields: list[Field] = field(default_factory=list)
    buttons: list[Field] = field(default_factory=list)


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

    def post(self, path: str, fields: list[Field], *, act: str) -> Reply:
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


def thing_of(path: str) -> str:
    """The key of the case, batch, line or year that an address is about; empty without one."""
    found = re.search(r"/(?:cases|batches|lines|years)/([0-9a-f-]+)/", path)
    return found[1] if found else ""


def done(act: str, path: str, location: str) -> str:
    """What the act was done to, by where a redirect leads; empty where that is no yes."""
    if act not in PAGES or location != f"{PAGES[act]}{thing_of(location)}/":
        return ""
    if act == "make batch":
        return thing_of(location)
    # Of a line its batch's page is shown.
    return thing_of(path) if act == "fail" or thing_of(path) == thing_of(location) else ""


def is_answer(reply: Reply) -> bool:
    """Whether it says what became of the form; after a failure it may be done or not."""
    return reply.status is not None and reply.status < 500


class Approver(threading.Thread):
    """Decides on the cases it was given, one after the other, until each has an answer: most are
    approved."""

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
        # Drawn before anything that hangs on time is.
        verdicts = self._random.choices(list(DECIDED), VERDICT_WEIGHTS, k=len(self._work))
        for work, verdict in zip(self._work, verdicts, strict=True):
            if self._progress.late:
                return
            self._history.begin(verdict)
            self._history.note(self._decide(work, verdict))
            self._progress.settle()

    def _decide(self, work: Work, verdict: str) -> Outcome:
        """Press until the case has an answer: yes, a reason why not, or somebody else's yes."""
        lost = 0
        case = work.case
        said = [("verdict", verdict), ("text", "" if verdict == "agree" else "材料与申报不符")]
        sent = None if self._random.random() < READS else self._form_known(work, said)
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
                    return self._outcome(verdict, case, "no longer open", lost)
                self._token = next(pair for pair in form.fields if pair[0] == TOKEN_FIELD)
                sent = [*form.fields, *said]
            status, page, location = self._press(action, sent, verdict)
            match status:
                case 302 if done(verdict, action, location):
                    return self._outcome(verdict, case, DECIDED[verdict], lost)
                case 422:
                    return self._outcome(verdict, case, "refused", lost)
                case 409 | 404:
                    sent = None
                    if status == 404:
                        return self._outcome(verdict, case, "no longer open", lost)
                case None:
                    # The same form again: whether the first one arrived nobody knows.
                    lost += 1
                case 503 | 502 | 500:
                    # As the page says: in a moment.
                    time.sleep(self._random.uniform(0.5, 1.5))
                case _:
                    self._history.keep(case, page)
                    return self._outcome(verdict, case, f"unexpected {status}", lost)
            time.sleep(self._random.uniform(0.2, 0.8))
        return self._outcome(verdict, case, "gave up", lost)

    def _press(self, action: str, sent: list[Field], act: str) -> Reply:
        """Press the button, now and then once more before there is an answer. Of two answers a
        yes counts; without one nobody knows what it will be until each press has been answered."""
        replies: list[Reply] = []

        def press() -> None:
            replies.append(self._browser.post(action, sent, act=act))

        presses = [
            threading.Thread(target=press)
            for _time in range(self._random.random() < DOUBLE_PRESSES)
        ]
        for second in presses:
            second.start()
        press()
        for second in presses:
            second.join()
        return min(replies, key=lambda reply: (reply.status != 302, is_answer(reply)))

    def _form_known(self, work: Work, said: list[Field]) -> list[Field] | None:
        """What the page's form would hold; nobody has one before the first page."""
        if self._token is None:
            return None
        return [
            self._token,
            ("submission", str(uuid4())),
            ("task", str(work.task)),
            ("revision", str(work.revision)),
            *said,
        ]

    def _outcome(self, act: str, case: str, said: str, lost: int) -> Outcome:
        return Outcome(self._browser.who, act, case, said, lost)


class Finance(threading.Thread):
    """Three people of finance in turn: one makes a batch of what waits, the next approves it, the
    third notes that the bank paid, and now and then that it sent something back, which waits
    again; company-years are settled between. Until the fire is over, and a few rounds more: what
    came back last is paid again."""

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
            self._go_round()
            time.sleep(1)
        for _round in range(ROUNDS_AFTER):
            self._go_round()

    def _go_round(self) -> None:
        self._make()
        for batch in self._links(self._second, "/finance/batches/"):
            self._press(self._second, batch, "approve")
        for batch in self._links(self._payer, "/finance/batches/"):
            paid = self._press(self._payer, batch, "pay", [("on", self._today)])
            if paid == "done" and self._random.random() < SENT_BACK:
                self._one_of(self._payer, batch, "/finance/lines/", "fail", REASON)
        self._one_of(self._maker, "/finance/years/", "/finance/years/", "settle")

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
        self._until_answered(self._maker, "/finance/batches/new/", sent, "make batch")

    def _links(self, browser: Browser, page: str, to: str = "") -> list[str]:
        """The pages of batches, lines or years that a page links to."""
        found = re.findall(rf'href="({to or page}[0-9a-f-]+/)', browser.get(page).page)
        return sorted(set(found))

    def _one_of(self, browser: Browser, page: str, to: str, act: str, *more: Field) -> None:
        """Do it to one of those that a page links to."""
        if links := self._links(browser, page, to):
            self._press(browser, self._random.choice(links), act, list(more))

    def _press(self, browser: Browser, at: str, act: str, more: Sequence[Field] = ()) -> str:
        """Send a page's form, if it has it; what was answered."""
        action = f"{at}{act}/"
        page = browser.get(at).page
        form = next((form for form in forms_of(page) if form.action == action), None)
        if form is None:
            return "no form"
        names = {name for name, _value in more}
        sent = [*(pair for pair in form.fields if pair[0] not in names), *more]
        return self._until_answered(browser, action, sent, act)

    def _until_answered(self, browser: Browser, action: str, sent: list[Field], act: str) -> str:
        """Send the form until it has an answer: that it was done, or a reason why not."""
        self._history.begin(act)
        about = thing_of(action)
        lost = 0
        said = "gave up"
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            status, page, location = browser.post(action, sent, act=act)
            if status is not None and status < 500:
                said = {422: "refused", 409: "changed"}.get(status, f"unexpected {status}")
                if status == 302 and (thing := done(act, action, location)):
                    said, about = "done", thing
                elif said.startswith("unexpected"):
                    self._history.keep(about or act, page)
                break
            lost += status is None
            time.sleep(self._random.uniform(0.1, 0.5))
        self._history.note(Outcome(browser.who, act, about, said, lost))
        return said
