"""Whether the database is what every client was told, and whether no ceiling was passed."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from email import message_from_bytes
from email.header import decode_header, make_header
from pathlib import Path, PurePosixPath

from django.conf import settings
from django.db.models import Count, Max, Q, QuerySet, Sum

from audit.models import Entry
from audit.services import first_broken_entry
from chaos.clients import History, batch_of, case_page
from disbursements.models import Batch, BatchStatus, PaymentLine
from outbox.mail import message_id
from outbox.models import Job, State
from reviews.models import Notice, Opinion, StageKind, Verdict
from subsidies.applications.enums import Status
from subsidies.ledger.models import EntryKind
from subsidies.ledger.reconciliation import differences
from subsidies.models import Application, Award, BudgetLine, CompanyYear, LedgerEntry

# What Django's file backend writes behind each mail.
MAIL_RULE = b"-" * 79
BATCH_ACTS = ("batch.made", "batch.approved", "batch.paid")


@dataclass(frozen=True)
class Finding:
    """One thing that must hold: its number, what it is, and what contradicts it."""

    name: str
    says: str
    faults: list[str]


@dataclass(frozen=True)
class Mail:
    """One that went out; of the body its hash."""

    id: str
    to: str
    subject: str
    digest: str


def findings(history: History, var: Path) -> list[Finding]:
    """What the database and the files under `var` say to what the clients were told."""
    return [
        Finding("I1", "no ceiling is passed", list(_overshoot())),
        Finding("I2", "counters are the sums of their entries", differences()),
        Finding("I3", "every acknowledged answer is in the database", list(_lost(history))),
        Finding("I4", "one award, one notice, one file, one mail, one payment", [
            *_doubled_awards(), *_notices(), *_payments(), *_mails(var / "mail"),
        ]),
        Finding("I5", "the audit chain is whole", _chain()),
        Finding("I6", "nothing is left half done", list(_unfinished())),
        Finding("I7", "every change has its act and its person", list(_unrecorded())),
        Finding("C02", "no deadlock", _deadlocks(var / "postgres" / "log")),
        Finding("answers", "every client has an answer", list(_unanswered(history))),
    ]  # fmt: skip


def overshoot() -> Decimal:
    """Yuan granted above any budget or annual cap."""
    above = Decimal(0)
    for line in BudgetLine.objects.all():
        granted = _sum(Award.objects.standing().filter(budget_line=line))
        above += max(granted - line.total, Decimal(0))
    for year in CompanyYear.objects.exclude(capped=0):
        awards = Award.objects.standing().filter(
            company=year.company_id, district=year.district_id, policy_year=year.year
        )
        above += max(_sum(awards.filter(counts_to_cap=True)) - (year.cap or 0), Decimal(0))
    return above


def _sum(awards: "object") -> Decimal:
    return awards.aggregate(sum=Sum("amount", default=Decimal(0)))["sum"]


def _overshoot() -> Iterator[str]:
    if above := overshoot():
        yield f"{above} yuan above ceilings"


def _lost(history: History) -> Iterator[str]:
    """Answers a client saw and the database does not know."""
    opinions = Opinion.objects.filter(task__stage__kind=StageKind.APPROVAL, verdict=Verdict.AGREE)
    consents = {(str(case), person) for case, person in opinions.values_list("case", "person")}
    approved = {case for case, _person in consents}
    for outcome in history.outcomes:
        if outcome.said == "no longer open" and outcome.about not in approved:
            yield f"case {outcome.about}: {outcome.who} was told that it is no longer open"
    states = {
        "make batch": tuple(BatchStatus),
        "approve": (BatchStatus.APPROVED, BatchStatus.PAID),
        "pay": (BatchStatus.PAID,),
    }
    batches = {str(pk): status for pk, status in Batch.objects.values_list("pk", "status")}
    # Not only what a client heard last: also the answer to a second press.
    for answer in history.answers:
        if answer.status != 302:
            continue
        person = int(answer.who.split(":")[0])
        if answer.act == "decide":
            case = answer.about.split("/")[3]
            if answer.location == case_page(case) and (case, person) not in consents:
                yield f"case {case}: {answer.who} was told yes"
        batch = batch_of(answer.location)
        if batch and answer.act in states and batches.get(batch) not in states[answer.act]:
            yield f"batch {batch}: {answer.act} was told done; it is {batches.get(batch)}"


def _doubled_awards() -> Iterator[str]:
    for row in (
        LedgerEntry.objects.filter(kind=EntryKind.GRANT)
        .values("award").annotate(n=Count("pk")).filter(n__gt=1)
    ):  # fmt: skip
        yield f"award {row['award']} was granted {row['n']} times"
    approved = Application.objects.filter(status=Status.APPROVED)
    for application in approved.annotate(n=Count("claims__award")).exclude(
        n=Count("claims", distinct=True)
    ):
        yield f"application {application.number}: {application.n} awards"


def orphans() -> set[str]:
    """Files of notices that no row points to, by their path under the media folder: what a worker
    left that was killed between the file and the commit."""
    media = Path(settings.MEDIA_ROOT)
    files = (path for path in (media / "notices").rglob("*") if path.is_file())
    known = set(Notice.objects.values_list("pdf", flat=True))
    return {path.relative_to(media).as_posix() for path in files} - known


def _notices() -> Iterator[str]:
    for award in Award.objects.standing().filter(claim__isnull=False, notice__isnull=True):
        yield f"award {award.pk} has no notice"
    for row in Notice.objects.exclude(pdf="").values("pdf").annotate(n=Count("pk")).filter(n__gt=1):
        yield f"{row['n']} notices point to {row['pdf']}"
    for path in orphans():
        # Where the sweeper looks (companies.vault.services.sweep_orphans).
        if not PurePosixPath(path).match("notices/*/*"):
            yield f"{path} has no row and nothing sweeps it"
    mails = Job.objects.filter(kind="mail", key__contains=":notice:")
    told = Counter(key.rpartition(":")[2] for key in mails.values_list("key", flat=True))
    for notice in Notice.objects.all():
        if not notice.rendered_at:
            yield f"notice {notice.number} was not rendered"
            continue
        with notice.pdf.open("rb") as file:
            if hashlib.sha256(file.read()).hexdigest() != notice.sha256:
                yield f"notice {notice.number}: the file is not what was noted"
        if told[str(notice.pk)] != 1:
            yield f"notice {notice.number}: the company is told of it {told[str(notice.pk)]} times"


def _payments() -> Iterator[str]:
    lines = PaymentLine.objects.filter(is_live=True).values("award").annotate(n=Count("pk"))
    for row in lines.filter(n__gt=1):
        yield f"award {row['award']} stands on {row['n']} payment lines"
    paid = LedgerEntry.objects.filter(kind=EntryKind.PAY).values("award").annotate(n=Count("pk"))
    for row in paid.filter(n__gt=1):
        yield f"award {row['award']} was paid {row['n']} times"


def _mails(folder: Path) -> Iterator[str]:
    sent = list(_sent(folder))
    for mail, number in Counter((mail.to, mail.subject, mail.digest) for mail in sent).items():
        if number > 1:
            yield f"{number} mails: {mail}"
    of_job = Counter(mail.id for mail in sent)
    for job in Job.objects.filter(kind="mail"):
        number = of_job.pop(message_id(job), 0)
        if number > 1 or (job.state == State.DONE and not number):
            yield f"{job}: {number} mails"
    for unknown in of_job:
        yield f"mail {unknown} is of no job"


def ambiguous() -> QuerySet[Job]:
    """Mails whose worker was lost while it handed them over: a person is asked."""
    return Job.objects.filter(state=State.DEAD, handed_over_at__isnull=False)


def _sent(folder: Path) -> Iterator[Mail]:
    """What the file backend wrote; mails of one moment may share a file."""
    for file in folder.glob("*.log"):
        for part in file.read_bytes().split(MAIL_RULE):
            if not part.strip():
                continue
            message = message_from_bytes(part.lstrip())
            subject = str(make_header(decode_header(message["Subject"] or "")))
            body = message.get_payload(decode=True)
            digest = hashlib.sha256(body if isinstance(body, bytes) else b"").hexdigest()
            yield Mail(message["Message-ID"] or "", message["To"] or "", subject, digest)


def _chain() -> list[str]:
    broken = first_broken_entry()
    return [] if broken is None else [f"entry {broken}"]


def seconds_to_do_what_waited(at: datetime) -> float:
    """How long after a moment everything was done that had been put in before it."""
    waited = Job.objects.filter(created_at__lte=at, done_at__gt=at)
    last: datetime | None = waited.aggregate(last=Max("done_at"))["last"]
    return (last - at).total_seconds() if last else 0.0


def unfinished() -> int:
    return Job.objects.filter(state__in=[State.QUEUED, State.RUNNING]).count()


def _unfinished() -> Iterator[str]:
    for job in Job.objects.exclude(state=State.DONE).exclude(pk__in=ambiguous()):
        yield f"{job}: {job.last_error}"
    for entry in Award.objects.filter(status="granted", claim__isnull=False):
        yield f"award {entry.pk} was never told"


def _unrecorded() -> Iterator[str]:
    acts = Counter(
        Entry.objects.filter(action="case.approval.agree").values_list("about_id", flat=True)
    )
    nobody = Entry.objects.filter(Q(action__startswith="case.") | Q(action__startswith="batch."))
    for entry in nobody.filter(actor__isnull=True):
        yield f"entry {entry.seq} has no person"
    for application in Application.objects.filter(status=Status.APPROVED):
        if acts[str(application.pk)] != 1:
            yield f"application {application.number}: {acts[str(application.pk)]} acts"
    if len(acts) != Application.objects.filter(status=Status.APPROVED).count():
        yield f"{len(acts)} acts"
    yield from _unrecorded_batches()


def _unrecorded_batches() -> Iterator[str]:
    """What became of each batch, and what was recorded of it: one act each, and no other."""
    became: Counter[tuple[str, str]] = Counter()
    for pk, status in Batch.objects.values_list("pk", "status"):
        became["batch.made", str(pk)] = 1
        became["batch.approved", str(pk)] = status in (BatchStatus.APPROVED, BatchStatus.PAID)
        became["batch.paid", str(pk)] = status == BatchStatus.PAID
    acts = Counter(Entry.objects.filter(action__in=BATCH_ACTS).values_list("action", "about_id"))
    for act in sorted(became.keys() | acts.keys()):
        if acts[act] != became[act]:
            yield f"{act[0]} of batch {act[1]}: {acts[act]} acts"


def _deadlocks(log: Path) -> list[str]:
    """From PostgreSQL's own log: what it counts itself it forgets with each crash."""
    with log.open(errors="replace") as lines:
        number = sum("deadlock detected" in line for line in lines)
    return [f"{number} deadlocks"] if number else []


def _unanswered(history: History) -> Iterator[str]:
    answered = Counter(outcome.act for outcome in history.outcomes)
    for act, number in history.begun.items():
        if answered[act] != number:
            yield f"{act}: begun {number} times, {answered[act]} outcomes"
    for outcome in history.outcomes:
        if outcome.said.startswith(("gave up", "unexpected")):
            yield f"{outcome.who} {outcome.act} {outcome.about}: {outcome.said}"
