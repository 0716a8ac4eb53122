"""Whether the database is what every client was told, and whether no ceiling was passed."""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from email import message_from_bytes
from email.header import decode_header, make_header
from pathlib import Path, PurePosixPath

from django.conf import settings
from django.db.models import Count, Max, Q, QuerySet

from audit.anchors import first_broken_anchor, read_lines
from audit.models import Entry
from audit.services import first_broken_entry
from chaos.clients import History, done
from chaos.world import World
from disbursements.models import Batch, BatchStatus, PaymentLine
from outbox.mail import message_id
from outbox.models import Job, State
from reviews.models import Notice, Opinion, StageKind, Verdict
from subsidies.applications.enums import Status
from subsidies.ledger.models import NET, REACHED, AwardStatus, EntryKind
from subsidies.ledger.reconciliation import differences
from subsidies.ledger.settlement import stored_differences
from subsidies.models import Application, Award, LedgerEntry, Settlement

# What Django's file backend writes behind each mail.
MAIL_RULE = b"-" * 79
# What companies are told of by mail, in the key of the mail's job.
TOLD = re.compile(r"([0-9a-f-]{36}):\d+:(approved|rejected|returned|notice|paid|failed)\b")
# Of how an application stands the company is told by the same word.
DECISIONS = (Status.APPROVED, Status.REJECTED, Status.RETURNED)
# An act, what it was done to, and by whom.
Deed = tuple[str, str, int | None]


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


def findings(history: History, var: Path, made: World) -> list[Finding]:
    """What the database and the files under `var` say to what the clients were told."""
    return [
        Finding("I1", "no ceiling is passed", list(_overshoot(made))),
        Finding("I2", "counters are the sums of their entries", [
            *differences(), *stored_differences(),
        ]),
        Finding("I3", "every acknowledged answer is in the database", list(_lost(history))),
        Finding("I4", "one award, one notice, one file, one mail, one payment", [
            *_awards(), *_notices(), *_payments(), *_told(), *_mails(var / "mail"),
        ]),
        Finding("I5", "the audit chain is whole, and what its anchors saw", _chain()),
        Finding("I6", "nothing is left half done", list(_unfinished())),
        Finding("I7", "every change has its act and its person", list(_unrecorded())),
        Finding("C02", "no deadlock", _deadlocks(var / "postgres" / "log")),
        Finding("answers", "every client has an answer", list(_unanswered(history))),
        Finding("finance", "batches were made, approved and paid", list(_idle())),
    ]  # fmt: skip


def overshoot(made: World) -> Decimal:
    """Yuan granted above any budget or annual cap, as the world was made with them.

    Awards without the cap and those from before use it up, and may pass it: each award with it
    is held against all that was granted before it.
    """
    spent: defaultdict[int, Decimal] = defaultdict(Decimal)
    used: defaultdict[tuple[int, int], Decimal] = defaultdict(Decimal)
    above: defaultdict[tuple[int, int], Decimal] = defaultdict(Decimal)
    awards = Award.objects.standing().annotate(ours=Q(claim__isnull=False), net=NET)
    for line, company, year, is_capped, net in awards.order_by(
        "ours", "granted_at", "pk"
    ).values_list("budget_line", "company", "policy_year", "counts_to_cap", "net"):
        if line:
            spent[line] += net
        used[company, year] += net
        if is_capped:
            over = used[company, year] - made.caps.get(company, Decimal(0))
            above[company, year] = max(above[company, year], over)
    over_budget = (
        max(amount - made.budgets.get(line, Decimal(0)), Decimal(0))
        for line, amount in spent.items()
    )
    return sum(over_budget, Decimal(0)) + sum(above.values(), Decimal(0))


def _overshoot(made: World) -> Iterator[str]:
    if above := overshoot(made):
        yield f"{above} yuan above ceilings"


def _lost(history: History) -> Iterator[str]:
    """What a client was told and the database does not know, and what stands there although its
    client was told otherwise: each asks until it has an answer."""
    stands = _deeds()
    # Not only what a client heard last: also the answer to a second press.
    told = {
        (answer.act, about, int(answer.who.split(":")[0]))
        for answer in history.answers
        if answer.status == 302 and (about := done(answer.act, answer.about, answer.location))
    }
    for act, about, person in sorted(told - stands):
        yield f"{act} {about}: {person} was told that it is done"
    for act, about, person in sorted(stands - told):
        yield f"{act} {about}: done, and {person} was not told so"
    awards = Award.objects.filter(claim__application__status=Status.APPROVED)
    granted = set(map(str, awards.values_list("claim__application__case", flat=True)))
    for act, case, person in sorted(told & stands):
        if act == Verdict.AGREE and case not in granted:
            yield f"case {case}: {person} was told that it is approved, and there is no award"
    decided = {about for act, about, _person in stands if act in Verdict.values}
    for outcome in history.outcomes:
        if outcome.said == "no longer open" and outcome.about not in decided:
            yield f"case {outcome.about}: {outcome.who} was told that it is no longer open"


def _deeds() -> set[Deed]:
    """What officials did, by the names that their clients have for it."""
    opinions = Opinion.objects.filter(task__stage__kind=StageKind.APPROVAL)
    deeds: set[Deed] = {
        (verdict, str(case), person)
        for verdict, case, person in opinions.values_list("verdict", "case", "person")
    }
    batches = Batch.objects.values_list("pk", "made_by", "approved_by", "paid_by")
    for pk, *people in batches:
        deeds |= {
            (act, str(pk), person)
            for act, person in zip(("make batch", "approve", "pay"), people, strict=True)
            if person
        }
    failed = PaymentLine.objects.filter(failed_at__isnull=False)
    deeds |= {("fail", str(pk), person) for pk, person in failed.values_list("pk", "failed_by")}
    settled = Settlement.objects.values_list("company_year", "by")
    return deeds | {("settle", str(year), person) for year, person in settled}


def _awards() -> Iterator[str]:
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
    ours = Award.objects.standing().filter(claim__isnull=False)
    for award in ours.exclude(claim__application__status=Status.APPROVED):
        yield f"award {award.pk}: its application was not approved"


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
    for notice in Notice.objects.all():
        if not notice.rendered_at:
            yield f"notice {notice.number} was not rendered"
            continue
        with notice.pdf.open("rb") as file:
            if hashlib.sha256(file.read()).hexdigest() != notice.sha256:
                yield f"notice {notice.number}: the file is not what was noted"


def _payments() -> Iterator[str]:
    """What was paid stands on one line of one batch that was paid, with the same amount in the
    ledger; what waits in a batch that was not, waits on one line, too."""
    entries = LedgerEntry.objects.filter(kind__in=[EntryKind.PAY, EntryKind.FAIL]).order_by("pk")
    paid: defaultdict[object, list[Decimal]] = defaultdict(list)
    for award, kind, amount in entries.values_list("award", "kind", "amount"):
        # What failed is paid no more, whatever came of it afterwards.
        paid[award] = [*paid[award], amount] if kind == EntryKind.PAY else paid[award][:-1]
    live = PaymentLine.objects.filter(is_live=True).select_related("award", "batch")
    for award, number in Counter(line.award_id for line in live).items():
        if number > 1:
            yield f"award {award} stands on {number} payment lines"
    on_paid_lines, on_open_lines = set(), set()
    for line in live:
        if line.batch.status != BatchStatus.PAID:
            on_open_lines.add(line.award_id)
            continue
        on_paid_lines.add(line.award_id)
        award, batch = line.award, line.batch
        if award.status not in REACHED or award.paid_on != batch.paid_on:
            yield f"batch {batch} was paid, and award {award.pk} is {award.status}"
        if line.amount != award.payable:
            yield f"batch {batch}: {line.amount} for award {award.pk} of {award.payable}"
        if paid[award.pk] != [line.amount]:
            said = ", ".join(map(str, paid[award.pk])) or "nothing"
            yield f"batch {batch} paid {line.amount} for award {award.pk}; entries say {said}"
    ours = Award.objects.filter(claim__isnull=False)
    reached = set(ours.filter(status__in=REACHED).values_list("pk", flat=True))
    reached |= {award for award, amounts in paid.items() if amounts}
    for award in reached - on_paid_lines:
        yield f"award {award} was paid in no batch"
    waiting = set(ours.filter(status=AwardStatus.SCHEDULED).values_list("pk", flat=True))
    for award in waiting ^ on_open_lines:
        yield f"award {award} waits in no batch, or is in one and does not wait"


def _told() -> Iterator[str]:
    """Once each: of a decision, a notice, a payment, and a payment that failed."""
    due: Counter[tuple[str, str]] = Counter()
    decided = Application.objects.filter(status__in=DECISIONS)
    due.update((str(pk), status) for pk, status in decided.values_list("pk", "status"))
    lines = PaymentLine.objects.filter(failed_at__isnull=False)
    paid = LedgerEntry.objects.filter(kind=EntryKind.PAY)
    notices = Notice.objects.filter(rendered_at__isnull=False)
    for event, rows in (("failed", lines), ("paid", paid), ("notice", notices)):
        keys = rows.order_by().values_list("award__claim__application", flat=True)
        due.update((str(key), event) for key in keys)
    jobs = Job.objects.filter(kind="mail").values_list("key", flat=True)
    told = Counter(found.groups() for key in jobs if (found := TOLD.match(key)))
    for about in sorted(due.keys() | told.keys()):
        if due[about] != told[about]:
            yield f"application {about[0]}: {due[about]} × {about[1]}, told {told[about]} times"


def _mails(folder: Path) -> Iterator[str]:
    sent = list(_sent(folder))
    # Of what may happen again the company is told in the same words; how often, says `_told`.
    again = Job.objects.filter(Q(key__contains=":paid:") | Q(key__contains=":failed:"), kind="mail")
    may_repeat = {message_id(job) for job in again}
    once = (mail for mail in sent if mail.id not in may_repeat)
    for mail, number in Counter((mail.to, mail.subject, mail.digest) for mail in once).items():
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
    anchors = read_lines(Path(settings.AUDIT_ANCHOR_FILE))
    return [
        *([] if broken is None else [f"entry {broken}"]),
        *([] if anchors else ["no anchor was dropped"]),
        *filter(None, [first_broken_anchor(anchors)]),
    ]


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
    """What became of everything, and what was recorded of it: one act each, by whoever did it,
    and no other."""
    became: Counter[Deed] = Counter()
    opinions = Opinion.objects.filter(task__stage__kind=StageKind.APPROVAL)
    agreed = set()
    for verdict, about, person in opinions.values_list("verdict", "case__application", "person"):
        became[f"case.approval.{verdict}", str(about), person] += 1
        if verdict == Verdict.AGREE:
            agreed.add(about)
    approved = Application.objects.filter(status=Status.APPROVED)
    for application in agreed ^ set(approved.values_list("pk", flat=True)):
        yield f"application {application}: approved without an opinion, or the other way round"
    for batch in Batch.objects.all():
        became["batch.made", str(batch.pk), batch.made_by_id] = 1
        if batch.approved_by_id:
            became["batch.approved", str(batch.pk), batch.approved_by_id] = 1
        if batch.paid_by_id:
            became["batch.paid", str(batch.pk), batch.paid_by_id] = 1
    for line in PaymentLine.objects.filter(failed_at__isnull=False):
        became["payment.failed", str(line.batch_id), line.failed_by_id] += 1
    for settlement in Settlement.objects.all():
        became["year.settled", str(settlement.company_year_id), settlement.by_id] += 1
    recorded = Entry.objects.filter(
        Q(action__startswith="case.approval.")
        | Q(action__in=["batch.made", "batch.approved", "batch.paid"])
        | Q(action__in=["payment.failed", "year.settled"])
    )
    acts = Counter(recorded.order_by().values_list("action", "about_id", "actor"))
    for act in sorted(became.keys() | acts.keys(), key=str):
        if acts[act] != became[act]:
            yield f"{act[0]} of {act[1]} by {act[2]}: {acts[act]} acts of {became[act]}"
    nobody = Entry.objects.filter(action__regex=r"^(case|batch|payment|year)\.", actor=None)
    for entry in nobody:
        yield f"entry {entry.seq} has no person"


def _deadlocks(log: Path) -> list[str]:
    """From PostgreSQL's own log: what it counts itself it forgets with each crash."""
    with log.open(errors="replace") as lines:
        number = sum("deadlock detected" in line for line in lines)
    return [f"{number} deadlocks"] if number else []


def finance() -> dict[str, int]:
    """What became of the money that was granted: how many of each."""
    batches = Batch.objects.all()
    return {
        "batches made": batches.count(),
        "batches approved": batches.filter(approved_by__isnull=False).count(),
        "batches paid": batches.filter(status=BatchStatus.PAID).count(),
        "lines paid": LedgerEntry.objects.filter(kind=EntryKind.PAY).count(),
        "lines sent back": PaymentLine.objects.filter(failed_at__isnull=False).count(),
        "years settled": Settlement.objects.count(),
    }


def _idle() -> Iterator[str]:
    """Where nothing is paid, what holds for payments was not tried."""
    numbers = finance()
    for name in ("batches made", "batches approved", "batches paid", "lines paid"):
        if not numbers[name]:
            yield f"no {name}"


def _unanswered(history: History) -> Iterator[str]:
    yield from history.died
    answered = Counter(outcome.act for outcome in history.outcomes)
    for act, number in history.begun.items():
        if answered[act] != number:
            yield f"{act}: begun {number} times, {answered[act]} outcomes"
    for outcome in history.outcomes:
        if outcome.said.startswith(("gave up", "unexpected")):
            yield f"{outcome.who} {outcome.act} {outcome.about}: {outcome.said}"
