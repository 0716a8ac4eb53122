"""Merging two rows of one company, seen before it is done, and undone until money has left.

`docs/decisions/0014-a-merged-row-stays.md` says why nothing is rewritten.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import IntegrityError, InternalError, ProgrammingError, transaction
from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.locks import locked
from accounts.models import Role, User
from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.services import record
from companies import pending
from companies.merging import signals
from companies.merging.relations import moving_rows, relations
from companies.models import BankAccount, Company, Member, Merge, YearlyFigure
from companies.team import access
from companies.team.enums import MemberRole

Moved = dict[str, list[str]]
# From the highest.
RANKS: list[str] = [MemberRole.LEGAL, MemberRole.ADMINISTRATOR, MemberRole.CLERK]
# How the database says no: a constraint, or a trigger.
REFUSALS = (IntegrityError, InternalError, ProgrammingError)


@dataclass(frozen=True)
class Line:
    """A kind of rows in a preview: how many go over, and what of them stays and why not."""

    what: str
    moves: int
    stays: list[str]


@transaction.atomic
def merge(kept: Company, removed: Company, *, by: User) -> Merge:
    """Make two rows one company: what points at `removed` goes over to `kept`, except where the
    database already has the same there; its awards and applications stay and count for both.

    Raises Refused with everything that stands in the way.
    """
    kept, removed, moved = _join(kept, removed, by)
    current = BankAccount.objects.filter(company__in=[kept, removed], is_current=True)
    done = Merge.objects.create(
        kept=kept,
        removed=removed,
        by=by,
        moved=moved,
        accounts=sorted(current.values_list("pk", flat=True)),
    )
    record("company.merged", about=kept, by=by, removed=removed.pk, moved=moved)
    return done


def _join(kept: Company, removed: Company, by: User) -> tuple[Company, Company, Moved]:
    kept, removed = _locked(kept, removed, by)
    faults = []
    for company in (kept, removed):
        if company.merged_into_id:
            faults.append(_("%(company)s 已并入另一行。请刷新页面。") % {"company": company})
        if numbers := pending.pending_money(company):
            faults.append(
                _(
                    "%(company)s 还有没拨付或已预留的奖补（受理号 %(numbers)s），"
                    "拨付、取消或退回以后才能合并。"
                )
                % {"company": company, "numbers": _("、").join(numbers)}
            )
    faults += _two_representatives(kept, removed)
    if faults:
        raise Refused(*faults)
    removed.merged_into = kept
    removed.save(update_fields=["merged_into"])
    moved = _move(kept, removed)
    signals.merged.send(Company, kept=kept, removed=removed)
    return kept, removed, moved


def preview(kept: Company, removed: Company, *, by: User) -> list[Line]:
    """What a merge would do. Raises what the merge raises.

    The rows are joined and parted again, for only the database knows which of them it refuses.
    No row is made and nothing recorded: the audit chain waits for nobody who looks.
    """
    with transaction.atomic():
        kept, removed, moved = _join(kept, removed, by)
        lines = []
        for model, column in relations():
            went = moved.get(_key(model, column), [])
            stays = [
                str(row)
                for row in model._base_manager.filter(**{column: removed})
                .exclude(pk__in=went)
                .order_by("pk")
            ]
            moves = len(went)
            if moves or stays:
                lines.append(Line(str(model._meta.verbose_name), moves, stays))
        transaction.set_rollback(True)
    return lines


@transaction.atomic
def undo(done: Merge, *, by: User) -> Merge:
    """Part the rows again: what went over goes back, and a row that is left without an account is
    paid to the one that it had. Until the company is paid, or something was granted on a figure
    that went over."""
    kept, removed = _locked(done.kept, done.removed, by)
    done = locked(Merge.objects.filter(pk=done.pk)).get()
    if done.undone_at:
        raise StateChanged(_("这次合并已经撤销。请刷新页面。"))
    if removed.merged_into_id != kept.pk:
        raise Refused(_("%(company)s 后来又并入了另一行，请先撤销那一次。") % {"company": kept})
    if _is_settled_on(done):
        raise Refused(_("合并以后已按移过来的年度数据核定过金额，不能再撤销。"))
    removed.merged_into = None
    removed.save(update_fields=["merged_into"])
    for member in removed.members.filter(pk__in=done.moved.get(_key(Member, "company"), [])):
        try:
            with transaction.atomic():
                _change_places(member, kept.members.get(user=member.user))
        except REFUSALS as error:
            raise _in_the_way(Member) from error
    for key, pks in done.moved.items():
        label, column = key.rsplit(".", 1)
        rows = apps.get_model(label)._base_manager.filter(pk__in=pks, **{column: kept})
        if not _put(rows, column, removed):
            raise _in_the_way(rows.model)
    for row in (kept, removed):
        if row.current_account is None:
            row.accounts.filter(pk__in=done.accounts).update(is_current=True)
    signals.parted.send(Company, kept=kept, removed=removed)
    # Behind the locks that a payment takes too. The rows are parted here: each is asked.
    if any(pending.was_paid_since(row, done.at) for row in (kept, removed)):
        raise Refused(_("合并以后已经拨付过，不能再撤销。"))
    done.undone_by, done.undone_at = by, timezone.now()
    done.save(update_fields=["undone_by", "undone_at"])
    record("company.parted", about=kept, by=by, removed=removed.pk, merged_at=done.at)
    return done


def _in_the_way(model: type[Model]) -> Refused:
    return Refused(
        _("合并以后改过移过来的“%(what)s”，与原处的有冲突，不能撤销。请先改回。")
        % {"what": model._meta.verbose_name}
    )


def _is_settled_on(done: Merge) -> bool:
    """Whether something was granted on a figure that went over."""
    figures = YearlyFigure.objects.filter(pk__in=done.moved.get(_key(YearlyFigure, "company"), []))
    return figures.filter(frozen_at__isnull=False).exists()


@dataclass(frozen=True)
class Done:
    """A merge that stands: how many rows of which kind went over, and whether it may still be
    undone, unless what went over is in the way."""

    merge: Merge
    counts: list[tuple[str, int]]
    may_be_undone: bool


def told(merges: Iterable[Merge]) -> list[Done]:
    """What pages say of merges that stand, loaded by `for_list`."""
    return [
        Done(
            merge,
            _counts(merge),
            merge.removed.merged_into_id == merge.kept_id
            and not _is_settled_on(merge)
            and not pending.was_paid_since(merge.kept, merge.at),
        )
        for merge in merges
    ]


def _counts(done: Merge) -> list[tuple[str, int]]:
    counted: Counter[str] = Counter()
    for key, pks in done.moved.items():
        counted[str(apps.get_model(key.rsplit(".", 1)[0])._meta.verbose_name)] += len(pks)
    return sorted(counted.items())


def _two_representatives(kept: Company, removed: Company) -> list[str]:
    """Why the 法定代表人 of the removed row could not go on acting: the kept row has another."""
    legal = Member.objects.filter(role=MemberRole.LEGAL, ended_at__isnull=True)
    theirs = legal.filter(company=removed).select_related("user").first()
    ours = legal.filter(company=kept).select_related("user").first()
    if not (theirs and ours and theirs.is_current) or theirs.user_id == ours.user_id:
        return []
    return [
        _(
            "两行各有法定代表人（%(ours)s、%(theirs)s），合并后只能有一名。"
            "请其中一人先改为其他身份，账号已停用的由系统管理员停用其身份。"
        )
        % {"ours": ours.user, "theirs": theirs.user}
    ]


def _move(kept: Company, removed: Company) -> Moved:
    """Each row by itself: where the database refuses it, because the like is there, it stays."""
    moved: Moved = {}
    for model, column in relations():
        rows = moving_rows(model, column, removed)
        for pk in rows.order_by("pk").values_list("pk", flat=True):
            if _put(model._base_manager.filter(pk=pk), column, kept) or (
                model is Member and column == "company" and _is_taken_over(pk, kept)
            ):
                moved.setdefault(_key(model, column), []).append(str(pk))
    return moved


def _is_taken_over(pk: int, kept: Company) -> bool:
    """Who belongs to the removed row today acts for the kept one, also after having left it; of
    two roles that are held today the higher counts."""
    member = Member.objects.get(pk=pk)
    theirs = kept.members.filter(user=member.user).first()
    if theirs is None or not member.is_current:
        return False
    if theirs.is_current and RANKS.index(theirs.role) <= RANKS.index(member.role):
        return False
    _change_places(member, theirs)
    return True


def _change_places(one: Member, other: Member) -> None:
    """Two rows of a person, one for each company: each gets what the other says. The rows
    themselves cannot change companies, for there is one of a person and company."""
    for name in ("role", "scopes", "given_by", "starts_on", "ends_on", "ended_at"):
        mine, theirs = getattr(one, name), getattr(other, name)
        setattr(one, name, theirs)
        setattr(other, name, mine)
    one.save()
    other.save()


def _put(rows: QuerySet[Any], column: str, company: Company) -> bool:
    """Send rows to the company, all or none; false where the database refuses it."""
    try:
        with transaction.atomic():
            rows.update(**{column: company})
    except REFUSALS:
        return False
    return True


def _key(model: type[Model], column: str) -> str:
    return f"{model._meta.label}.{column}"


def _locked(kept: Company, removed: Company, by: User) -> tuple[Company, Company]:
    if kept.pk == removed.pk:
        raise Refused(_("请选择两行不同的企业。"))
    rows = locked(Company.objects.filter(pk__in=[kept.pk, removed.pk])).order_by("pk")
    found = {row.pk: row for row in rows}
    kept, removed = found[kept.pk], found[removed.pk]
    if not {kept.district_id, removed.district_id} <= by.district_ids(Role.ADMINISTRATOR):
        raise NotAllowed(_("企业合并由当地的系统管理人员办理。"))
    # Members go over with their row: whoever merges or parts them belongs to neither.
    access.require_stranger(kept.rows() | removed.rows(), [by])
    if kept.district_id != removed.district_id:
        raise Refused(_("两行登记在不同的区县，不能合并。"))
    return kept, removed
