"""The settlement of a company and a policy year under its annual cap.

The claims that were determined or granted stand in order of acceptance, each with what it came to
before the cap. Those of documents without the cap use the year up and are never cut. What was
granted is never edited: where it differs, a settlement proposes adjustments.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.locks import locked
from accounts.models import District, Role, User
from accounts.refusals import Refused
from audit.services import record
from companies.facts import cultivation_cap
from companies.figures import freeze
from companies.models import Company
from companies.team import access
from subsidies.applications.answers import CAP_STEP, amount_before_cap, answer_again
from subsidies.applications.enums import Reason, Status
from subsidies.applications.models import Claim, Receipt
from subsidies.catalogue.models import Allocation
from subsidies.ledger.models import Award, AwardQuerySet, AwardStatus, CompanyYear
from subsidies.ledger.services import corrected_cap, lock_awards
from subsidies.ledger.settlement_models import (
    Adjustment,
    AdjustmentStatus,
    CapSource,
    Settlement,
    SettlementLine,
)
from subsidies.rules.settle import share_out


@dataclass(frozen=True)
class Asked:
    """A claim before the cap, in fen."""

    before: int
    counts_to_cap: bool


@dataclass(frozen=True)
class Settled:
    """What the cap leaves a claim, in fen; `room` is what it found, None where it is not cut."""

    room: int | None
    amount: int


def settle_amounts(
    asked: Sequence[Asked], *, cap: int, carried: int, allocation: Allocation
) -> list[Settled]:
    """What each claim gets, in order of acceptance (`rules.settle` on the amounts alone)."""
    if allocation == Allocation.PROPORTIONAL:
        return _in_proportion(asked, cap - carried)
    return _in_order(asked, cap - carried)


def _in_order(asked: Sequence[Asked], left: int) -> list[Settled]:
    settled = []
    for claim in asked:
        room = max(left, 0) if claim.counts_to_cap else None
        amount = claim.before if room is None else min(claim.before, room)
        settled.append(Settled(room, amount))
        left -= amount
    return settled


def _in_proportion(asked: Sequence[Asked], left: int) -> list[Settled]:
    room = max(left - sum(claim.before for claim in asked if not claim.counts_to_cap), 0)
    capped = [claim.before for claim in asked if claim.counts_to_cap]
    shares = iter(share_out(capped, room) if sum(capped) > room else capped)
    return [
        Settled(room, next(shares)) if claim.counts_to_cap else Settled(None, claim.before)
        for claim in asked
    ]


@dataclass(frozen=True)
class Row:
    """A claim of many companies' settlements at once: `group` tells the company-years apart.
    Amounts in fen; `proportional` as the group's district has it."""

    group: int
    place: int
    before: int
    counts_to_cap: bool
    cap: int
    carried: int
    proportional: bool


# The twin of `settle_amounts` for reports: whole fen in numeric, `div` rounds down. In order, a
# claim finds what all before it leave; once that is nothing, it stays nothing.
SETTLE_SQL = """
WITH asked AS (
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::numeric[], %s::boolean[],
                         %s::numeric[], %s::numeric[], %s::boolean[])
        AS row (company_year, place, before, counts, cap, carried, proportional)
), roomed AS (
    SELECT *,
        greatest(cap - carried - coalesce(sum(before) OVER earlier, 0), 0) AS room_in_order,
        greatest(cap - carried
            - coalesce(sum(before) FILTER (WHERE NOT counts) OVER whole, 0), 0) AS room,
        coalesce(sum(before) FILTER (WHERE counts) OVER whole, 0) AS total
    FROM asked
    WINDOW whole AS (PARTITION BY company_year),
        earlier AS (PARTITION BY company_year ORDER BY place
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
), shared AS (
    SELECT *,
        CASE WHEN total > 0 THEN div(before * room, total) ELSE 0 END AS share,
        CASE WHEN total > 0 THEN mod(before * room, total) ELSE 0 END AS remainder
    FROM roomed
), ranked AS (
    SELECT *,
        room - sum(share) FILTER (WHERE counts) OVER (PARTITION BY company_year) AS over,
        row_number() OVER (PARTITION BY company_year, counts
                           ORDER BY remainder DESC, place) AS turn
    FROM shared
)
SELECT CASE
        WHEN NOT counts THEN before
        WHEN NOT proportional THEN least(before, room_in_order)
        WHEN total <= room THEN before
        ELSE share + (turn <= over)::integer
    END
FROM ranked ORDER BY company_year, place
"""


def settle_in_sql(rows: Iterable[Row]) -> list[int]:
    """What each claim gets (fen), for many company-years in one query; in order of group, place."""
    columns = [
        [getattr(row, name) for row in rows]
        for rows in [list(rows)]
        for name in ("group", "place", "before", "counts_to_cap", "cap", "carried", "proportional")
    ]
    with connection.cursor() as cursor:
        cursor.execute(SETTLE_SQL, columns)
        return [int(amount) for (amount,) in cursor.fetchall()]


def stored_differences() -> list[str]:
    """Every line of a company-year's newest settlement that SQL works out otherwise."""
    newest = Settlement.objects.order_by("company_year", "-pk").distinct("company_year")
    lines = list(
        SettlementLine.objects.filter(settlement__in=newest.values("pk"), settlement__cap__gte=0)
        .select_related("settlement")
        .order_by("settlement__company_year", "rank")
    )
    found = settle_in_sql(
        Row(
            group=line.settlement.company_year_id,
            place=line.rank,
            before=_fen(line.before),
            counts_to_cap=line.counts_to_cap,
            cap=_fen(line.settlement.cap or Decimal(0)),
            carried=_fen(line.settlement.carried),
            proportional=line.settlement.allocation == Allocation.PROPORTIONAL,
        )
        for line in lines
    )
    return [
        f"settlement {line.settlement_id}, line {line.rank}: {line.settled}; SQL says {_yuan(fen)}"
        for line, fen in zip(lines, found, strict=True)
        if _fen(line.settled) != fen
    ]


@transaction.atomic
def settle(company: Company, district: District, year: int, *, by: User | None) -> Settlement:
    """Settle a company's policy year with today's figures, and propose what should be adjusted:
    the claims of its row and of those merged into it, under its own cap.

    Gives the newest settlement back where nothing it rests on has changed. Raises Refused where
    the cap is not known, and for a row that was merged itself.
    """
    principal = by.principal(Role.FINANCE, district_id=district.pk) if by else None
    access.require_stranger(company.rows(), [by, principal])
    company = locked(Company.objects.filter(pk=company.pk)).select_related("merged_into").get()
    if company.merged_into:
        raise Refused(
            _("%(company)s 已并入 %(kept)s，请结算 %(kept)s。")
            % {"company": company, "kept": company.merged_into}
        )
    key = {"company": company, "district": district, "year": year}
    CompanyYear.objects.bulk_create([CompanyYear(**key)], ignore_conflicts=True)
    company_year = locked(CompanyYear.objects.filter(**key)).get()
    lines = _lines(company_year, moved={})
    is_capped = any(line.counts_to_cap for line in lines)
    if is_capped and _cap_source(company_year) == CapSource.CONTRIBUTION:
        freeze(company, year)
    basis = _basis(company_year, lines)
    if is_capped and basis.cap is None:
        raise Refused(
            _("%(company)s %(year)s 年的财政贡献还没有录入，不能结算。")
            % {"company": company, "year": year}
        )
    newest = company_year.settlements.first()
    if newest is not None and newest.sha256 == basis.sha256:
        return newest
    settlement = Settlement.objects.create(
        company_year=company_year,
        allocation=basis.allocation,
        cap=basis.cap,
        cap_source=basis.cap_source,
        carried=basis.carried,
        sha256=basis.sha256,
        at=timezone.now(),
        by=by,
    )
    _write_lines(settlement, basis)
    _propose(settlement)
    record(
        "year.settled",
        about=company_year,
        by=by,
        on_behalf_of=principal,
        company=company.name,
        year=year,
        lines=len(basis.lines),
        sha256=basis.sha256,
    )
    return settlement


def still_holds(adjustment: Adjustment) -> bool:
    """Whether the award is as its settlement found it, and a settlement of today would bring it to
    the same amount. The caller has locked the award (`lock_awards`).

    What other adjustments of the same settlement have moved since is part of it.
    """
    settlement = adjustment.settlement
    lines = {line.claim_id: line for line in settlement.lines.select_related("award")}
    assert adjustment.award.claim_id is not None
    line = lines.pop(adjustment.award.claim_id)
    if adjustment.award.net != line.granted:
        return False
    moved = {
        pk: other
        for pk, other in lines.items()
        if other.award
        and min(other.granted, other.settled) <= other.award.net
        and other.award.net <= max(other.granted, other.settled)
    }
    year = settlement.company_year
    basis = _basis(year, _lines(year, moved))
    return any(
        each.claim.pk == line.claim_id and _yuan(result.amount) == line.settled
        for each, result in zip(basis.lines, basis.settled(), strict=True)
    )


@dataclass(frozen=True)
class _Line:
    claim: Claim
    award: Award | None
    before: Decimal
    granted: Decimal
    counts_to_cap: bool


@dataclass(frozen=True)
class _Basis:
    """What the settlement of a company-year rests on."""

    cap: Decimal | None
    cap_source: CapSource
    carried: Decimal
    allocation: Allocation
    lines: list[_Line]

    def settled(self) -> list[Settled]:
        return settle_amounts(
            [Asked(_fen(line.before), line.counts_to_cap) for line in self.lines],
            cap=_fen(self.cap or Decimal(0)),
            carried=_fen(self.carried),
            allocation=self.allocation,
        )

    @property
    def sha256(self) -> str:
        content = {
            "cap": str(self.cap),
            "carried": str(self.carried),
            "allocation": self.allocation,
            "claims": [
                [
                    line.claim.pk,
                    str(line.before),
                    line.counts_to_cap,
                    str(line.award.pk) if line.award else None,
                    str(line.granted),
                ]
                for line in self.lines
            ],
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _basis(company_year: CompanyYear, lines: list[_Line]) -> _Basis:
    return _Basis(
        cap=corrected_cap(company_year.company, company_year.year),
        cap_source=_cap_source(company_year),
        carried=_awards(company_year).standing().filter(claim=None).total(),
        allocation=_allocation(lines),
        lines=lines,
    )


def _cap_source(company_year: CompanyYear) -> CapSource:
    agreed = cultivation_cap(company_year.company, company_year.year)
    return CapSource.CONTRIBUTION if agreed is None else CapSource.AGREEMENT


def _lines(company_year: CompanyYear, moved: Mapping[int, SettlementLine]) -> list[_Line]:
    """The claims of the year, in order of acceptance; those whose line of a settlement is given (by
    the claim's id) as it found them.

    Each is asked with the history of the company's other awards: of those before it in this year
    what they come to here, of all others what was granted. So what a cap cut off once does not
    come back where a later level has given it.
    """
    claims = _claims(company_year)
    awards = {claim.pk: getattr(claim, "award", None) for claim in claims}
    granted = {pk: award.net if award else Decimal(0) for pk, award in awards.items()}
    granted |= {pk: line.granted for pk, line in moved.items()}
    receipts = _receipts(claims)
    elsewhere = [
        award.as_history()
        for award in Award.objects.filter(company__in=company_year.company.rows())
        .standing()
        .exclude(claim__in=claims)
    ]
    lines: list[_Line] = []
    for place, claim in enumerate(claims):
        award = awards[claim.pk]
        if claim.pk in moved:
            before = moved[claim.pk].before
        else:
            earlier = [_as_history(line.claim, line.before) for line in lines]
            later = [_as_history(other, granted[other.pk]) for other in claims[place + 1 :]]
            receipt = receipts.get(
                (claim.application_id, Reason.APPROVAL if award else Reason.REVIEW)
            )
            before = _before_cap(claim, award, receipt, [*elsewhere, *earlier, *later])
        capped = CAP_STEP in claim.level.item.edition.rules_document.rules
        lines.append(_Line(claim, award, before, granted[claim.pk], capped))
    return lines


def _claims(company_year: CompanyYear) -> list[Claim]:
    return list(
        Claim.objects.filter(
            application__company__in=company_year.company.rows(),
            application__district=company_year.district_id,
            event_date__year=company_year.year,
        )
        .filter(
            Q(award__isnull=False)
            | Q(application__status=Status.IN_REVIEW, determined_amount__isnull=False)
        )
        .exclude(award__status__in=[AwardStatus.CANCELLED, AwardStatus.RETURNED])
        .select_related("award", "application", "level__item__edition__document")
        .order_by("application__submitted_at", "application__number", "pk")
    )


def _receipts(claims: Iterable[Claim]) -> dict[tuple[UUID, str], Receipt]:
    """The newest receipt of each application's determination and approval."""
    receipts = (
        Receipt.objects.filter(
            application__in={claim.application_id for claim in claims},
            reason__in=[Reason.REVIEW, Reason.APPROVAL],
        )
        .select_related("application__item__edition")
        .order_by("application_id", "reason", "-pk")
        .distinct("application_id", "reason")
    )
    return {(receipt.application_id, receipt.reason): receipt for receipt in receipts}


def _as_history(claim: Claim, amount: Decimal) -> dict[str, object]:
    """A claim in a question's history, as if it had been granted so much."""
    return {
        "item": claim.level.item.code,
        "level": claim.level.code,
        "subject": claim.subject,
        "year": claim.policy_year,
        "amount": str(amount),
    }


def _before_cap(
    claim: Claim, award: Award | None, receipt: Receipt | None, history: list[dict[str, object]]
) -> Decimal:
    """What the claim came to before the annual cap, as its decision found it; no more than it
    comes to beside this history, and no less than was granted.

    What an official reduced stays reduced, and what was given back does not come again.
    """
    if award is not None and award.returned:
        return award.net
    decided = award.amount if award else claim.determined_amount or Decimal(0)
    entries = receipt.answer["claims"] if receipt else []
    entry = next((entry for entry in entries if entry["id"] == str(claim.pk)), None)
    whole = amount_before_cap(entry) if entry else None
    if receipt is None or entry is None or whole is None:
        return decided
    if decided < Decimal(entry["payable"] or 0):
        whole = min(decided, whole)
    now = amount_before_cap(answer_again(receipt, claim, history))
    return max(award.net if award else Decimal(0), whole if now is None else min(whole, now))


def _allocation(lines: list[_Line]) -> Allocation:
    """As the document with the cap has it."""
    for line in lines:
        if line.counts_to_cap:
            return Allocation(line.claim.level.item.edition.document.allocation)
    return Allocation.IN_ORDER


def _write_lines(settlement: Settlement, basis: _Basis) -> None:
    SettlementLine.objects.bulk_create(
        SettlementLine(
            settlement=settlement,
            claim=line.claim,
            award=line.award,
            rank=rank,
            counts_to_cap=line.counts_to_cap,
            before=line.before,
            room=None if result.room is None else _yuan(result.room),
            settled=_yuan(result.amount),
            granted=line.granted,
        )
        for rank, (line, result) in enumerate(zip(basis.lines, basis.settled(), strict=True), 1)
    )


def _awards(company_year: CompanyYear) -> AwardQuerySet:
    """The awards of the company's rows in that year."""
    return Award.objects.filter(
        company__in=company_year.company.rows(),
        policy_year=company_year.year,
        district=company_year.district_id,
    )


def _propose(settlement: Settlement) -> None:
    """What differs from the grants; what an earlier settlement proposed is out of date."""
    awards = _awards(settlement.company_year)
    Adjustment.objects.open().filter(award__in=awards).update(status=AdjustmentStatus.SUPERSEDED)
    for line in settlement.lines.select_related("award"):
        difference = line.settled - line.granted
        if line.award and difference:
            Adjustment.objects.create(
                settlement=settlement,
                award=line.award,
                kind=Adjustment.Kind.REDUCE if difference < 0 else Adjustment.Kind.SUPPLEMENT,
                amount=abs(difference),
            )


def propose_again(adjustment: Adjustment) -> None:
    """Put an adjustment back whose clawback was dropped, unless a later settlement has spoken."""
    lock_awards([adjustment.award])
    newest = adjustment.settlement.company_year.settlements.first()
    if newest == adjustment.settlement:
        adjustment = locked(Adjustment.objects.filter(pk=adjustment.pk)).get()
        adjustment.status = AdjustmentStatus.PROPOSED
        adjustment.save(update_fields=["status"])


def _fen(amount: Decimal) -> int:
    return int(amount * 100)


def _yuan(fen: int) -> Decimal:
    return Decimal(fen).scaleb(-2)
