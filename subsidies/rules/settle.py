"""Answers a whole question: every claim checked and worked out, then settled against the caps.

The answer is a function of the catalogue's editions and the question alone.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from subsidies.rules import amount
from subsidies.rules.answer import Answer, Check, ClaimAnswer, Outcome, Step
from subsidies.rules.checks import run_checks
from subsidies.rules.edition import Catalogue
from subsidies.rules.history import History
from subsidies.rules.matter import Matter
from subsidies.rules.question import Allocation, Award, Claim, Question


def explain(question: Question, catalogue: Catalogue) -> Answer:
    """The answer to a question, with its whole trace.

    Every item and level named in the question must stand in `catalogue`, as they do in what
    `parse_questions` lets through; a KeyError otherwise.
    """
    if question.allocation is Allocation.PROPORTIONAL:
        drafts = _settle_in_proportion(question, catalogue)
    else:
        drafts = _settle_in_order(question, catalogue)
    return Answer(tuple(draft.answer() for draft in drafts))


@dataclass(frozen=True, slots=True)
class _Draft:
    """A claim on its way to an answer."""

    matter: Matter
    checks: tuple[Check, ...]
    steps: tuple[Step, ...]
    missing: tuple[str, ...]

    @property
    def eligible(self) -> bool | None:
        if any(check.outcome is Outcome.FAILED for check in self.checks):
            return False
        return None if self.missing else True

    @property
    def payable(self) -> int | None:
        match self.eligible:
            case True:
                return self.steps[-1].amount
            case False:
                return 0
            case None:
                return None

    def followed_by(self, step: Step) -> "_Draft":
        return replace(self, steps=(*self.steps, step))

    def award(self) -> Award:
        claim = self.matter.claim
        return Award(
            claim.item, claim.level, claim.policy_year, self.payable or 0, subject=claim.subject
        )

    def answer(self) -> ClaimAnswer:
        return ClaimAnswer(
            id=self.matter.claim.id,
            eligible=self.eligible,
            entitlement=self.steps[0].amount if self.steps else None,
            payable=self.payable,
            ceiling=self.matter.level.ceiling,
            missing=self.missing,
            checks=self.checks,
            steps=self.steps,
        )


def _draft(question: Question, claim: Claim, catalogue: Catalogue, history: History) -> _Draft:
    item = catalogue.items[claim.item]
    matter = Matter(
        as_of=question.as_of,
        company=question.company,
        claim=claim,
        item=item,
        level=item.levels[claim.level],
        history=history,
        catalogue=catalogue,
    )
    checks = run_checks(matter)
    worked = amount.work_out(matter)
    missing = [path for check in checks for path in check.missing]
    missing += [*worked.missing, *amount.missing_for_cap(matter)]
    return _Draft(matter, checks, worked.steps, tuple(dict.fromkeys(missing)))


def _settle_in_order(question: Question, catalogue: Catalogue) -> list[_Draft]:
    history = History(catalogue, question.history)
    drafts = []
    for claim in question.claims:
        draft = _draft(question, claim, catalogue, history)
        if cap := _cap_of(draft, history):
            draft = draft.followed_by(amount.capped(draft.matter, draft.steps[-1].amount, cap))
        drafts.append(draft)
        if draft.payable:
            history.add(draft.award())
    return drafts


def _settle_in_proportion(question: Question, catalogue: Catalogue) -> list[_Draft]:
    """Step 5 waits for all claims; until then each counts with its amount after step 4."""
    history = History(catalogue, question.history)
    not_shared = History(catalogue, question.history)
    drafts = []
    for claim in question.claims:
        draft = _draft(question, claim, catalogue, history)
        drafts.append(draft)
        if draft.payable:
            history.add(draft.award())
            if not amount.is_capped(draft.matter):
                not_shared.add(draft.award())
    shares = _shares(drafts, not_shared)
    settled = []
    for place, draft in enumerate(drafts):
        if place in shares:
            draft = draft.followed_by(shares[place])
        elif cap := _cap_of(draft, not_shared):
            draft = draft.followed_by(amount.capped(draft.matter, draft.steps[-1].amount, cap))
        settled.append(draft)
    return settled


def _cap_of(draft: _Draft, history: History) -> amount.YearlyCap | None:
    """What step 5 leaves the claim; None where it does not apply or cannot be known."""
    if not draft.steps or not amount.is_capped(draft.matter):
        return None
    return amount.yearly_cap(draft.matter, history)


def _shares(drafts: Sequence[_Draft], not_shared: History) -> dict[int, Step]:
    """Step 5 of the claims, by place, whose policy year asks for more than the cap leaves."""
    years: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    for place, draft in enumerate(drafts):
        if draft.payable and amount.is_capped(draft.matter):
            years[draft.matter.document.district, draft.matter.year].append(place)
    steps = {}
    for places in years.values():
        asked = [drafts[place].payable or 0 for place in places]
        cap = _cap_of(drafts[places[0]], not_shared)
        if cap is None or sum(asked) <= cap.room:
            continue
        for place, before, share in zip(places, asked, share_out(asked, cap.room), strict=True):
            steps[place] = amount.shared(drafts[place].matter, before, share, sum(asked), cap)
    return steps


def share_out(asked: Sequence[int], room: int) -> list[int]:
    """Divides `room` fen by what each claim asked for, to the last fen.

    Takes at least one amount above 0, together more than `room`. Shares are rounded down; the
    fen left over go one each to the largest remainders, the earlier claim first on a tie. The
    products pass 64 bits easily, so this stays in Python's whole numbers.
    """
    total = sum(asked)
    shares, remainders = [], []
    for place, amount_asked in enumerate(asked):
        share, remainder = divmod(amount_asked * room, total)
        shares.append(share)
        remainders.append((-remainder, place))
    for _, place in sorted(remainders)[: room - sum(shares)]:
        shares[place] += 1
    return shares
