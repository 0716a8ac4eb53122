"""`python -m chaos [PROFILE] [--seed N] [--report FILE]`: burn, check, report."""

import argparse
import os
import secrets
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from random import Random

from chaos import plan
from chaos.clients import (
    DECIDED,
    VERDICT_WEIGHTS,
    Approver,
    Browser,
    Finance,
    History,
    Work,
    case_page,
)
from chaos.faults import Faults, Progress
from chaos.servers import Installation, ended_at_failpoints

DRAIN_SECONDS = 900
# How many of the cases.
TWICE = 0.1


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("profile", nargs="?", choices=plan.PROFILES, default="short")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--report", type=Path, help="also write the report to a file")
    parser.add_argument("--minutes", type=float, help="begin no approval after so long")
    parser.add_argument("--keep", action="store_true", help="keep database and logs")
    options = parser.parse_args()
    seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    profile = plan.PROFILES[options.profile]
    # Whoever ends this ends its processes, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    # PostgreSQL, which never runs as root, has to pass through.
    folder.chmod(0o755)
    report = Report()
    bound = f" MINUTES={options.minutes:g}" if options.minutes else ""
    report.say(f"make chaos PROFILE={options.profile} SEED={seed}{bound}")
    random = Random(seed)
    faults = plan.faults(profile, random)
    report.say(f"plan: {plan.summary(faults)}; failpoints at {profile.failpoints} each")
    report.say(f"in this order: {plan.order(faults)}")
    whole = run(profile, faults, seed, random, folder, report, options.minutes)
    if options.report:
        options.report.write_text(report.text)
    if whole and not options.keep:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        print(f"Database, logs and histories: {folder}", file=sys.stderr)
    return 0 if whole else 1


class Report:
    def __init__(self) -> None:
        self.text = ""

    def say(self, line: str) -> None:
        self.text += line + "\n"
        print(line, flush=True)


def run(
    profile: plan.Profile,
    planned: list[plan.Fault],
    seed: int,
    random: Random,
    folder: Path,
    report: Report,
    minutes: float | None,
) -> bool:
    installation = Installation(folder, failpoints=f"*={profile.failpoints}", seed=seed)
    try:
        os.environ.update(installation.environment)
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        import django

        django.setup()
        return _burn(profile, planned, random, installation, report, minutes)
    finally:
        installation.stop()


def _burn(
    profile: plan.Profile,
    planned: list[plan.Fault],
    random: Random,
    installation: Installation,
    report: Report,
    minutes: float | None,
) -> bool:
    from django.db import connections

    from accounts.models import User
    from chaos import checker, world

    began = time.monotonic()
    # Some cases are given to two people, and some that come to an approver are not approved.
    made = world.build(round(profile.approvals / (1 + TWICE) / VERDICT_WEIGHTS[0] * 1.01))
    people = {person.pk: person for person in User.objects.all()}
    history = History(installation.folder / "history.jsonl")
    threading.excepthook = history.note_death
    approvers = _approvers(made, profile.clients, random, people, installation, history, world)
    progress = Progress(sum(len(work) for _browser, work in approvers), minutes)
    finance = Finance(
        [
            Browser(str(pk), installation.ports, world.cookies_of(people[pk]), history)
            for pk in made.finance
        ],
        Random(random.random()),
        progress,
        history,
        made.today.isoformat(),
    )
    connections.close_all()
    report.say(f"{progress.total} decisions stand ready after {time.monotonic() - began:.0f} s")

    installation.start()
    reader, work = approvers[0]
    if reader.get(case_page(work[0].case)).status != 200:
        raise SystemExit(f"No page opens; see {installation.folder / 'web.log'}.")
    began = time.monotonic()
    clients = [
        Approver(browser, work, Random(random.random()), progress, history)
        for browser, work in approvers
    ]
    fire = Faults(installation, planned, random)
    burning = threading.Thread(target=fire.follow, args=(progress,), daemon=True)
    for thread in (*clients, finance, burning):
        thread.start()
    for client in clients:
        client.join()
    burnt = time.monotonic() - began
    progress.over = True
    burning.join()
    finance.join()
    drained = _drain(checker)
    for child in installation.children.values():
        child.stop()
    restarts = {name: child.restarts for name, child in installation.children.items()}
    found = checker.findings(history, installation.var, made)
    ended = ended_at_failpoints(installation.folder)
    _tell(report, history, fire, burnt, drained, restarts, ended, checker, found, made)
    return not any(finding.faults for finding in found)


def _approvers(made, clients, random, people, installation, history, world):
    """Each client with its cases; some are given to two people at once."""
    by_person: dict[int, list[Work]] = {}
    for work in made.work:
        number = 2 if random.random() < TWICE and len(work.approvers) > 1 else 1
        for person in random.sample(work.approvers, number):
            by_person.setdefault(person, []).append(work)
    share = max(1, clients // len(by_person))
    found = []
    for person, cases in sorted(by_person.items()):
        for place in range(share):
            browser = Browser(
                f"{person}:{place}",
                installation.ports,
                world.cookies_of(people[person]),
                history,
            )
            found.append((browser, cases[place::share]))
    return found


def _drain(checker) -> float:
    """Seconds until the outbox was empty, from the last answer on."""
    began = time.monotonic()
    while checker.unfinished() and time.monotonic() - began < DRAIN_SECONDS:
        time.sleep(0.5)
    return time.monotonic() - began


def _tell(report, history, fire, burnt, drained, restarts, ended, checker, found, made) -> None:
    from subsidies.models import Award

    approvals = [outcome for outcome in history.outcomes if outcome.act == "agree"]
    said = Counter(outcome.said for outcome in approvals)
    against = Counter(
        f"{outcome.act} {outcome.said}"
        for outcome in history.outcomes
        if outcome.act in DECIDED and outcome.act != "agree"
    )
    statuses = Counter(str(answer.status or "none") for answer in history.answers)
    report.say(
        f"{len(approvals)} approvals tried in {burnt:.0f} s: "
        + ", ".join(f"{number} {word}" for word, number in said.most_common())
        + f"; {against.total()} decisions against: "
        + ", ".join(f"{number} {words}" for words, number in against.most_common())
    )
    report.say(
        "finance: " + ", ".join(f"{number} {name}" for name, number in checker.finance().items())
    )
    report.say(
        f"{len(history.answers)} requests: "
        + ", ".join(f"{number} × {status}" for status, number in statuses.most_common())
        + f"; {sum(outcome.lost_answers for outcome in history.outcomes)} answers lost on the way"
    )
    report.say(
        f"{len(fire.done)} faults done: "
        + plan.summary([plan.Fault(0, kind) for _at, kind in fire.done])
        + (f"; missed: {Counter(fire.missed)}" if fire.missed else "")
    )
    report.say(
        f"{ended.total()} processes ended at failpoints: "
        + ", ".join(f"{number} × {name}" for name, number in ended.most_common())
    )
    waited = [0.0, *(checker.seconds_to_do_what_waited(at) for at, _kind in fire.done)]
    report.say(
        f"restarts: {restarts}; the outbox was empty {drained:.0f} s after the last answer; "
        f"what waited at the last fault was done {waited[-1]:.0f} s after it "
        f"(after any fault: {max(waited):.0f} s at most)"
    )
    report.say(
        f"{checker.ambiguous().count()} mails may have gone out or not, and a person is asked"
    )
    report.say(f"{len(checker.orphans())} files of notices without a row, left to the sweeper")
    awards = Award.objects.standing().filter(claim__isnull=False)
    total = sum(awards.values_list("amount", flat=True))
    report.say(
        f"{awards.count()} awards, {total} yuan; above any ceiling: {checker.overshoot(made)}"
    )
    for finding in found:
        verdict = "holds" if not finding.faults else f"BROKEN ({len(finding.faults)})"
        report.say(f"{finding.name}: {finding.says}: {verdict}")
        for fault in finding.faults[:10]:
            report.say(f"    {fault}")


if __name__ == "__main__":
    sys.exit(main())
