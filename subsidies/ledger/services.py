"""Every movement of money. Amounts are yuan with two decimals.

Each function takes the locks of `accounts.locks` in their order, reads again behind
them, moves the counters and writes the entry, all in the caller's transaction.
"""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.locks import locked
from accounts.models import User
from accounts.refusals import Refused, StateChanged
from companies.facts import cultivation_cap
from companies.figures import chosen_figure, freeze
from companies.models import Company, Measure
from outbox.failpoints import failpoint
from subsidies.applications.answers import answer_application
from subsidies.applications.models import Application, Claim
from subsidies.ledger.models import (
    NEXT_AWARD_STATUSES,
    REACHED,
    Account,
    Award,
    AwardStatus,
    BudgetLine,
    BudgetLineQuerySet,
    CompanyYear,
    EntryKind,
    Freeze,
    LedgerEntry,
    balance_of,
)
from subsidies.ledger.settlement_models import settled_contributions
from subsidies.money import yuan

FEN = Decimal("0.01")


# What is granted and on no live payment line.
ADJUSTABLE = (AwardStatus.GRANTED, AwardStatus.NOTIFIED, AwardStatus.PAYMENT_FAILED)


class BudgetExhausted(Refused):
    pass


class AboveAnswer(Refused):
    """The amount is more than the rules allow as things stand now."""


@transaction.atomic
def reserve_application(application: Application, *, by: User) -> None:
    """Hold what was determined for an application's claims on its budget line.

    The application is locked by the caller. Raises BudgetExhausted, with what is left.
    """
    amounts = application.claims.values_list("determined_amount", flat=True)
    line, held = _locked_budget(application)
    refuse_while_frozen()
    _hold(application, sum((each or Decimal(0) for each in amounts), Decimal(0)), line, held, by)


@transaction.atomic
def release_application(application: Application, *, by: User) -> None:
    """Let go of whatever is held for an application, which the caller has locked."""
    for line in _locked_lines(held := _held(application)):
        _move_held(application, line, -held[line.pk], by)


@transaction.atomic
def grant_application(
    application: Application, amounts: dict[int, Decimal], *, by: User
) -> list[Award]:
    """Commit an application's claims as awards, all or none, from what is held for it.

    Where too little is held, or on a line of a year that is over, that is put right first.
    `amounts` maps a claim's id to what is granted. The application is locked by the caller.
    Raises BudgetExhausted or AboveAnswer, with what is left; nothing is changed then.
    """
    if any(amount % FEN for amount in amounts.values()):
        # The column would round it, and upwards too.
        raise ValueError(f"an award has no part of a fen: {amounts}")
    claims = list(application.claims.select_related("level__item__edition__document"))
    if missing := [claim for claim in claims if claim.pk not in amounts]:
        raise Refused(_("“%(claim)s”还没有核定金额，请退回审定。") % {"claim": missing[0]})
    line, held = _locked_budget(application)
    company = locked(Company.objects.filter(pk=application.company_id)).get()
    if company.merged_into_id:
        raise Refused(_("这家企业已并入另一行，它的申请不能批准。"))
    for year in sorted({claim.policy_year for claim in claims if _counts_to_cap(claim)}):
        freeze(company, year)
    years = {
        year: _locked_company_year(application, year)
        for year in sorted({claim.policy_year for claim in claims})
    }
    failpoint("ledger.locked")
    refuse_while_frozen()
    _refuse_above_answer(application, claims, amounts)
    _refuse_above_settled(claims, amounts, years)
    _hold(application, sum((amounts[claim.pk] for claim in claims), Decimal(0)), line, held, by)
    awards = []
    for claim in claims:
        award = _grant(application, claim, amounts[claim.pk], line, years[claim.policy_year], by)
        awards.append(award)
    return awards


def _grant(
    application: Application,
    claim: Claim,
    amount: Decimal,
    line: BudgetLine,
    company_year: CompanyYear,
    by: User,
) -> Award:
    item = claim.level.item
    counts_to_cap = _counts_to_cap(claim)
    award = Award.objects.create(
        district=application.district,
        company=application.company,
        claim=claim,
        budget_line=line,
        item_code=item.code,
        level_code=claim.level.code,
        subject=claim.subject,
        policy_year=claim.policy_year,
        amount=amount,
        counts_to_cap=counts_to_cap,
        granted_at=timezone.now(),
        granted_by=by,
    )
    failpoint("ledger.awarded")
    BudgetLine.objects.filter(pk=line.pk).update(
        reserved=F("reserved") - amount, granted=F("granted") + amount
    )
    _count(award, company_year, amount)
    failpoint("ledger.counted")
    _write(award, EntryKind.GRANT, Account.RESERVED, Account.GRANTED, amount, company_year, by)
    return award


def lock_awards(awards: Iterable[Award]) -> None:
    """Take the locks of several awards at once, before the first is moved.

    One after the other would take the second's budget line behind the first's company-year, and
    so wait in a ring with a grant that goes the right way round.
    """
    pks = [award.pk for award in awards]
    rows = list(locked(Award.objects.filter(pk__in=pks)).order_by("pk"))
    lines = {award.budget_line_id for award in rows if award.budget_line_id}
    _locked_lines(lines)
    list(locked(Company.objects.filter(pk__in={row.company_id for row in rows})).order_by("pk"))
    years = LedgerEntry.objects.filter(award__in=pks).values("company_year")
    list(locked(CompanyYear.objects.filter(pk__in=years)).order_by("company_id", "year"))


@transaction.atomic
def cancel(award: Award, *, by: User) -> Award:
    """Take back an award that is not on its way to the bank; its money is free again."""
    award, line, company_year = _locked_award(award)
    _move(award, AwardStatus.CANCELLED)
    BudgetLine.objects.filter(pk=line.pk).update(granted=F("granted") - award.payable)
    _count(award, company_year, -award.payable)
    _write(
        award, EntryKind.RELEASE, Account.GRANTED, Account.BUDGET, award.payable, company_year, by
    )
    return award


@transaction.atomic
def pay(award: Award, *, on: date, by: User) -> Award:
    """Note that the bank paid an award on that day."""
    award, line, company_year = _locked_award(award)
    _move(award, AwardStatus.PAID, paid_on=on)
    BudgetLine.objects.filter(pk=line.pk).update(paid=F("paid") + award.payable)
    failpoint("ledger.paid")
    _write(award, EntryKind.PAY, Account.GRANTED, Account.PAID, award.payable, company_year, by)
    return award


@transaction.atomic
def fail(award: Award, *, by: User) -> Award:
    """Note that the bank did not pay, or sent the money back: the award is due again."""
    award, line, company_year = _locked_award(award)
    was_paid = award.status == AwardStatus.PAID
    _move(award, AwardStatus.PAYMENT_FAILED)
    if was_paid:
        BudgetLine.objects.filter(pk=line.pk).update(paid=F("paid") - award.payable)
        _write(
            award, EntryKind.FAIL, Account.PAID, Account.GRANTED, award.payable, company_year, by
        )
    return award


@transaction.atomic
def take_back(award: Award, amount: Decimal, *, by: User) -> Award:
    """Note that a company gave back this much of an award under clawback.

    It is the budget's again, and no longer counts in the company's year.
    """
    award, line, company_year = _locked_award(award)
    if award.status != AwardStatus.CLAWBACK:
        raise _state_changed(award)
    Award.objects.filter(pk=award.pk).update(returned=F("returned") + amount)
    BudgetLine.objects.filter(pk=line.pk).update(
        paid=F("paid") - amount, granted=F("granted") - amount
    )
    _count(award, company_year, -amount)
    _write(award, EntryKind.RETURN, Account.PAID, Account.BUDGET, amount, company_year, by)
    award.refresh_from_db()
    return award


@transaction.atomic
def move_award(award: Award, status: AwardStatus) -> Award:
    """The arrows that move no money: notified, scheduled, and back."""
    award = locked(Award.objects.filter(pk=award.pk)).get()
    _move(award, status)
    return award


def _move(award: Award, status: AwardStatus, *, paid_on: date | None = None) -> None:
    if status not in NEXT_AWARD_STATUSES[AwardStatus(award.status)]:
        raise _state_changed(award)
    award.status = status
    if paid_on or status not in REACHED:
        award.paid_on = paid_on
    award.save(update_fields=["status", "paid_on"])
    failpoint("ledger.moved")


def _state_changed(award: Award) -> StateChanged:
    return StateChanged(
        _("状态已变化：这笔奖补现在是“%(status)s”。请刷新页面。")
        % {"status": award.get_status_display()}
    )


def _count(award: Award, company_year: CompanyYear, amount: Decimal) -> None:
    """Count so much more (less, below zero) in the company's year."""
    counter = "capped" if award.counts_to_cap else "uncapped"
    CompanyYear.objects.filter(pk=company_year.pk).update(**{counter: F(counter) + amount})


def _write(
    award: Award,
    kind: EntryKind,
    credit: Account,
    debit: Account,
    amount: Decimal,
    company_year: CompanyYear,
    by: User,
) -> None:
    assert award.budget_line is not None
    LedgerEntry.objects.create(
        award=award,
        budget_line=award.budget_line,
        company_year=company_year,
        kind=kind,
        credit=credit,
        debit=debit,
        amount=amount,
        at=timezone.now(),
        by=by,
    )
    failpoint("ledger.written")


@transaction.atomic
def adjust(award: Award, amount: Decimal, *, by: User) -> Award:
    """Make an award that is not on its way to the bank come to so much more, or less below zero.

    Raises BudgetExhausted, or Refused where the company's year has no room for more; an award of
    which nothing would be left is cancelled.
    """
    award = (
        locked(Award.objects.filter(pk=award.pk))
        .select_related("company", "claim__application")
        .get()
    )
    if award.status not in ADJUSTABLE:
        raise _state_changed(award)
    if amount > 0 and award.company.merged_into:
        # Its counter no longer holds the cap; a new application is measured against the whole.
        raise Refused(
            _("%(company)s 已并入 %(kept)s，差额请由 %(kept)s 另行申请。")
            % {"company": award.company, "kept": award.company.merged_into}
        )
    if award.payable + amount <= 0:
        return cancel(award, by=by)
    assert award.claim is not None
    assert award.budget_line_id is not None
    (line,) = _locked_lines([award.budget_line_id])
    locked(Company.objects.filter(pk=award.company_id)).get()
    company_year = _locked_company_year(award.claim.application, award.policy_year)
    if amount > 0:
        refuse_while_frozen()
    cap = corrected_cap(award.company, award.policy_year)
    if amount > line.left:
        raise BudgetExhausted(
            _("预算余额不足：“%(line)s”剩余 %(left)s 元，本次需要 %(total)s 元。")
            % {"line": line.name, "left": yuan(line.left), "total": yuan(amount)}
        )
    after = company_year.carried + company_year.granted + amount
    is_within = cap is not None and after <= cap
    if amount > 0 and award.counts_to_cap and not is_within:
        raise Refused(_("企业当年剩余的总量不够补差，请重新结算。"))
    Award.objects.filter(pk=award.pk).update(adjusted=F("adjusted") + amount)
    BudgetLine.objects.filter(pk=line.pk).update(granted=F("granted") + amount)
    # With the counter, or the CHECK would look at one without the other: the settlement has taken
    # the corrected figure in, and from now on the year has its cap.
    counter = "capped" if award.counts_to_cap else "uncapped"
    CompanyYear.objects.filter(pk=company_year.pk).update(
        **{counter: F(counter) + amount}, **({"cap": cap} if is_within else {})
    )
    accounts = (Account.BUDGET, Account.GRANTED)
    credit, debit = accounts if amount > 0 else accounts[::-1]
    _write(award, EntryKind.ADJUST, credit, debit, abs(amount), company_year, by)
    award.refresh_from_db()
    return award


def pending_money(company: Company) -> set[str]:
    """The numbers of the applications for which money is held for the company or was granted to
    it, and has not reached it yet."""
    rows = company.rows()
    entries = LedgerEntry.objects.filter(
        Q(application__company__in=rows) | Q(award__company__in=rows)
    )
    number = Coalesce("application__number", "award__claim__application__number")
    held = entries.values(number=number).annotate(held=balance_of(Account.RESERVED))
    granted = Award.objects.pending().filter(company__in=rows)
    return {
        *held.filter(held__gt=0).values_list("number", flat=True),
        *granted.values_list("claim__application__number", flat=True),
    }


def was_paid_since(company: Company, moment: datetime) -> bool:
    """Whether an award of the company was paid after that moment."""
    paid = LedgerEntry.objects.filter(kind=EntryKind.PAY, at__gt=moment)
    return paid.filter(award__company__in=company.rows()).exists()


def budget_line_for(application: Application) -> BudgetLine | None:
    """The line that an award of this application draws on this year, None if there is none."""
    return _budget_lines(application).first()


def _budget_lines(application: Application) -> BudgetLineQuerySet:
    return BudgetLine.objects.for_item(
        document_id=application.item.edition.document_id,
        department_id=application.item.leads[0].pk,
        item_code=application.item.code,
        year=timezone.localdate().year,
    )


def is_frozen() -> bool:
    """Whether the ledger is known to be wrong, and nothing is granted or sent on it."""
    return Freeze.objects.filter(lifted_at__isnull=True).exists()


def refuse_while_frozen() -> None:
    """Asked behind the locks: a freeze that came while one waited for them counts too."""
    if is_frozen():
        raise Refused(
            _("台账核对发现差异，批准和拨付的制单、复核已暂停。请联系财政和系统管理人员。")
        )


def _refuse_above_settled(
    claims: list[Claim], amounts: dict[int, Decimal], years: dict[int, CompanyYear]
) -> None:
    """The answer may have grown with an agreement or a carried award; the settled cap has not."""
    for year, row in years.items():
        asked = sum(
            (amounts[claim.pk] for claim in claims if claim.policy_year == year), Decimal(0)
        )
        if row.capped and row.left is not None and asked > row.left and _counts_to_cap(claims[0]):
            raise AboveAnswer(
                _("%(year)s 年度总量已锁定，余额不够本次批准。请由财政先作年度结算。")
                % {"year": year}
            )


def _counts_to_cap(claim: Claim) -> bool:
    return "annual_cap" in claim.level.item.edition.rules_document.rules


def _held(application: Application) -> dict[int, Decimal]:
    """What is held for an application, by budget line."""
    rows = LedgerEntry.objects.of_application(application).order_by().values_list("budget_line")
    return dict(rows.annotate(held=balance_of(Account.RESERVED)).exclude(held=0))


def _hold(
    application: Application,
    total: Decimal,
    line: BudgetLine,
    held: dict[BudgetLine, Decimal],
    by: User,
) -> None:
    """Hold exactly `total` on this line, and nothing on others."""
    here = held.get(line, Decimal(0))
    if total > line.left + here:
        raise BudgetExhausted(
            _("预算余额不足：“%(line)s”剩余 %(left)s 元，本次需要 %(total)s 元。")
            % {"line": line.name, "left": yuan(line.left + here), "total": yuan(total)}
        )
    for other, amount in held.items():
        if other != line:
            _move_held(application, other, -amount, by)
    _move_held(application, line, total - here, by)


def _move_held(application: Application, line: BudgetLine, amount: Decimal, by: User) -> None:
    """Hold so much more on a locked line; less where it is below zero."""
    if not amount:
        return
    accounts = [Account.BUDGET, Account.RESERVED]
    credit, debit = accounts if amount > 0 else reversed(accounts)
    # Counted by the database itself: a CHECK refuses what a forgotten lock would let through.
    BudgetLine.objects.filter(pk=line.pk).update(reserved=F("reserved") + amount)
    LedgerEntry.objects.create(
        application=application,
        budget_line=line,
        kind=EntryKind.RESERVE if amount > 0 else EntryKind.RELEASE,
        credit=credit,
        debit=debit,
        amount=abs(amount),
        at=timezone.now(),
        by=by,
    )


def _locked_lines(pks: Iterable[int]) -> list[BudgetLine]:
    return list(locked(BudgetLine.objects.filter(pk__in=list(pks))).order_by("pk"))


def _locked_budget(application: Application) -> tuple[BudgetLine, dict[BudgetLine, Decimal]]:
    """This year's line for an application, and what is held for it on which line, all locked."""
    line = budget_line_for(application)
    if line is None:
        raise BudgetExhausted(
            _("%(year)s 年度没有本事项的预算科目，请财政部门先下达预算。")
            % {"year": timezone.localdate().year}
        )
    held = _held(application)
    rows = {row.pk: row for row in _locked_lines({line.pk, *held})}
    return rows[line.pk], {rows[pk]: amount for pk, amount in held.items()}


def _locked_company_year(application: Application, year: int) -> CompanyYear:
    """The company's row of that policy year, made where it is missing, with today's cap and
    what the company got before this system."""
    key = {
        "company": application.company,
        "district": application.district,
        "year": year,
    }
    CompanyYear.objects.bulk_create([CompanyYear(**key)], ignore_conflicts=True)
    row = locked(CompanyYear.objects.filter(**key)).get()
    cap = cap_in_force(row)
    carried = carried_by(row)
    used = carried + row.capped + row.uncapped_seen
    changed = (cap, carried) != (row.cap, row.carried)
    if changed and (row.capped == 0 or (cap is not None and used <= cap)):
        row.cap, row.carried = cap, carried
        row.save(update_fields=["cap", "carried"])
    return row


def carried_by(row: CompanyYear) -> Decimal:
    """What counts against the cap beside the row's own awards: those from before this system,
    and all of the rows that were merged into the company."""
    awards = Award.objects.standing().filter(
        Q(company=row.company_id, claim=None) | Q(company__merged_into=row.company_id),
        district=row.district_id,
        policy_year=row.year,
    )
    return awards.total()


def recount(company: Company) -> None:
    """After rows were merged into the company or parted from it: what its caps have left.

    Raises Refused where capped awards stand and both rows together are above a cap.
    """
    years = locked(CompanyYear.objects.filter(company=company)).order_by("district_id", "year")
    for row in years:
        row.carried = carried_by(row)
        if row.capped and (
            row.cap is None or row.carried + row.capped + row.uncapped_seen > row.cap
        ):
            raise Refused(
                _("%(year)s 年度两行已批准的合计超过年度总量，不能合并。") % {"year": row.year}
            )
        row.save(update_fields=["carried"])


def cap_in_force(row: CompanyYear) -> Decimal | None:
    """What grants of the year are measured against today; None where nothing is known. Once
    something was granted against it, the cap stays as it was until a settlement says what it
    should have been (`corrected_cap`)."""
    if not row.capped:
        return annual_cap(row.company, row.year)
    newest = row.settlements.filter(lines__counts_to_cap=True).first()
    return newest.cap if newest else row.cap


def annual_cap(company: Company, year: int) -> Decimal | None:
    """What a company may get in a policy year: its cultivation agreement's amount, otherwise its
    fiscal contribution of that year; None where neither is known."""
    agreed = cultivation_cap(company, year)
    if agreed is not None:
        return agreed
    settled = settled_contributions(company).get(year)
    if settled is not None:
        return settled
    figure = chosen_figure(company, year, Measure.FISCAL_CONTRIBUTION)
    return figure.value if figure else None


def corrected_cap(company: Company, year: int) -> Decimal | None:
    """As `annual_cap`, with what a frozen contribution should have been: a settlement takes
    corrections in, a grant takes them from the settlement."""
    agreed = cultivation_cap(company, year)
    if agreed is not None:
        return agreed
    figure = chosen_figure(company, year, Measure.FISCAL_CONTRIBUTION)
    if figure is None:
        return None
    correction = figure.corrections.last()
    return correction.value if correction else figure.value


def _locked_award(award: Award) -> tuple[Award, BudgetLine, CompanyYear]:
    award = locked(Award.objects.filter(pk=award.pk)).get()
    assert award.budget_line_id is not None
    line = locked(BudgetLine.objects.filter(pk=award.budget_line_id)).get()
    company_year = locked(
        CompanyYear.objects.filter(
            company=award.company_id, district=award.district_id, year=award.policy_year
        )
    ).get()
    return award, line, company_year


def _refuse_above_answer(
    application: Application, claims: list[Claim], amounts: dict[int, Decimal]
) -> None:
    """Ask the engine again behind the locks: history may have grown since the page was read."""
    answers = {entry["id"]: entry for entry in answer_application(application)["claims"]}
    faults = []
    for claim in claims:
        entry = answers[str(claim.pk)]
        payable = Decimal(entry["payable"] or 0)
        if amounts[claim.pk] > payable:
            faults.append(
                _("“%(claim)s”现在最多可兑现 %(payable)s 元，不能批准 %(amount)s 元。请重新审定。")
                % {
                    "claim": claim,
                    "payable": yuan(payable),
                    "amount": yuan(amounts[claim.pk]),
                }
            )
    if faults:
        raise AboveAnswer(*faults)
