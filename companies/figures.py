"""Yearly figures: which of several sources speaks, what is declared, corrected and frozen."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.locks import locked
from accounts.models import District, Role, User
from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.models import Entry
from audit.services import record
from companies.models import Company, FigureCorrection, SourceRule, StoredFile, YearlyFigure
from companies.profile.kinds import Measure, Source
from companies.signals import facts_changed
from companies.team import access
from companies.team.enums import Scope

# The figures that a company may declare itself; the contribution is the tax office's to tell.
DECLARED = tuple(measure for measure in Measure if measure != Measure.FISCAL_CONTRIBUTION)
DECLARING = "figure.declared"


@dataclass(frozen=True)
class Figures:
    """What the sources say of one measure in one year: the one that speaks first, then the
    others by the same rule."""

    year: int
    measure: Measure
    sources: list[YearlyFigure]

    @property
    def chosen(self) -> YearlyFigure:
        return self.sources[0]

    @property
    def differ(self) -> bool:
        return len({figure.value for figure in self.sources}) > 1


def rules_of(district: District | int) -> dict[str, SourceRule]:
    """The district's rule for each measure; the default order where it says nothing."""
    pk = district if isinstance(district, int) else district.pk
    rules = {measure.value: SourceRule(measure=measure) for measure in Measure}
    return rules | {rule.measure: rule for rule in SourceRule.objects.filter(district=pk)}


def compare(
    figures: Iterable[YearlyFigure], rules: dict[str, SourceRule]
) -> dict[tuple[int, str], Figures]:
    """The figures of one company by year and measure.

    What money rests on speaks (`freeze`). What another source tells stands beside it and never
    speaks by itself: finance corrects the frozen figure where it was wrong.
    """
    groups: defaultdict[tuple[int, str], list[YearlyFigure]] = defaultdict(list)
    for figure in figures:
        groups[figure.year, figure.measure].append(figure)
    return {
        (year, measure): Figures(
            year, Measure(measure), sorted(rows, key=partial(_rank, rules[measure]))
        )
        for (year, measure), rows in groups.items()
    }


def _rank(rule: SourceRule, figure: YearlyFigure) -> tuple[bool, bool, int]:
    # A mark without the paper that proves it lifts nothing.
    is_audited = figure.is_audited and figure.evidence_id is not None
    return (
        not figure.is_frozen,
        rule.audited_first and not is_audited,
        rule.order.index(figure.source),
    )


def companies_changed_by(rule: SourceRule) -> int:
    """For how many companies of its district the rule, once it is saved, lets another figure of its
    measure speak in at least one year."""
    others = YearlyFigure.objects.filter(
        company=OuterRef("company"), year=OuterRef("year"), measure=OuterRef("measure")
    ).exclude(pk=OuterRef("pk"))
    rows = YearlyFigure.objects.filter(
        Exists(others), company__district=rule.district_id, measure=rule.measure
    )
    now = rules_of(rule.district_id)[rule.measure]
    changed = set()
    for (company, _year), group in groupby(
        rows.order_by("company_id", "year").iterator(), key=attrgetter("company_id", "year")
    ):
        sources = list(group)
        if min(sources, key=partial(_rank, now)) != min(sources, key=partial(_rank, rule)):
            changed.add(company)
    return len(changed)


def chosen_figures(company: Company) -> dict[tuple[int, str], YearlyFigure]:
    """The figure that speaks, for each year and measure of which something is known."""
    compared = compare(company.figures.all(), rules_of(company.district_id))
    return {key: figures.chosen for key, figures in compared.items()}


def chosen_figure(company: Company, year: int, measure: Measure) -> YearlyFigure | None:
    """The figure that speaks for one measure in one year, None where nothing is known."""
    rows = company.figures.filter(year=year, measure=measure)
    compared = compare(rows, rules_of(company.district_id))
    found = compared.get((year, measure.value))
    return found.chosen if found else None


@transaction.atomic
def freeze(company: Company, year: int) -> None:
    """A grant against the cap, or a settlement, rests on the company's fiscal contribution of the
    year: from now on the figure that speaks stays as it is and goes on speaking. Of a year that is
    frozen already nothing changes.

    Called behind the company's lock and before the figure is read: an import takes no lock of the
    company, and what it writes afterwards stands unfrozen beside.
    """
    figures = locked(company.figures.filter(year=year, measure=Measure.FISCAL_CONTRIBUTION))
    for found in compare(figures.order_by("pk"), rules_of(company.district_id)).values():
        if not found.chosen.is_frozen:
            found.chosen.frozen_at = timezone.now()
            found.chosen.save(update_fields=["frozen_at"])


@dataclass(frozen=True)
class Declared:
    """What a company said of a measure in a year before it said something else."""

    measure: Measure
    value: Decimal
    as_of: date
    by: str
    at: datetime | None


def declared_figure(company: Company, year: int, measure: Measure) -> YearlyFigure | None:
    return company.figures.filter(year=year, measure=measure, source=Source.DECLARED).first()


def stamp_of(figure: YearlyFigure | None) -> str:
    """What a person is shown of a declared figure, another stamp once any of it is another;
    empty where nothing is declared."""
    if figure is None:
        return ""
    shown = (figure.value, figure.as_of, figure.is_audited, figure.evidence_id, figure.entered_at)
    return hashlib.sha256(" ".join(map(str, shown)).encode()).hexdigest()


def declared_before(figures: Iterable[YearlyFigure]) -> dict[int, list[Declared]]:
    """What stood as declared before what does now, the newest first, by year: what companies said,
    and what a table or an administrator had put there before they said it again."""
    declared = {str(row.pk): row for row in figures if row.source == Source.DECLARED}
    found: defaultdict[int, list[Declared]] = defaultdict(list)
    acts = Entry.objects.filter(
        action=DECLARING, about_type=YearlyFigure._meta.label_lower, about_id__in=declared
    )
    last: dict[str, tuple[Decimal, date]] = {}
    for act in acts.order_by("seq"):
        figure = declared[act.about_id]
        told = [(act.data, act.actor_name, act.at)]
        # Older acts do not say what they replaced.
        if before := act.data.get("before"):
            entered_at = before["at"] and datetime.fromisoformat(before["at"])
            told.insert(0, (before, before["by"], entered_at))
        for data, by, at in told:
            said = Decimal(data["value"]), date.fromisoformat(data["as_of"])
            if said not in (last.get(act.about_id), (figure.value, figure.as_of)):
                found[figure.year].insert(0, Declared(Measure(figure.measure), *said, by, at))
            last[act.about_id] = said
    return found


@transaction.atomic
def declare_figure(
    company: Company,
    *,
    year: int,
    measure: Measure,
    value: Decimal,
    as_of: date,
    is_audited: bool,
    evidence: StoredFile | None,
    replaces: str,
    by: User,
) -> YearlyFigure:
    """What the company itself says of a year; said again, it takes the place of what it said,
    which the audit chain keeps (`declared_before`). `replaces` is the stamp of what the person was
    shown as what goes: raises StateChanged where something else is there."""
    access.require(company, by, Scope.DATA)
    if measure not in DECLARED:
        raise NotAllowed(_("财政贡献以税务、财政的数据为准，不由企业申报。"))
    if evidence is not None and evidence.company_id != company.pk:
        raise NotAllowed(_("依据文件不是本企业的，请重新选择。"))
    if is_audited and evidence is None:
        raise Refused(_("请附审计报告作依据文件；没有的，请取消“经审计”的勾"))
    _locked(company)
    # An import takes no lock of the company: what it wrote is waited for.
    declared = company.figures.filter(year=year, measure=measure, source=Source.DECLARED)
    before = locked(declared).first()
    if before and stamp_of(before) != replaces:
        raise StateChanged(_("这一年度已经申报过。请看一遍原来的数，再保存。"))
    figure, _is_new = YearlyFigure.objects.update_or_create(
        company=company,
        year=year,
        measure=measure,
        source=Source.DECLARED,
        defaults={
            "value": value,
            "as_of": as_of,
            "is_audited": is_audited,
            "evidence": evidence,
            "entered_by": by,
            "entered_at": timezone.now(),
        },
    )
    record(
        DECLARING,
        about=figure,
        by=by,
        year=year,
        measure=measure,
        value=str(value),
        as_of=as_of,
        is_audited=is_audited,
        before=before and _told(before),
    )
    facts_changed.send(
        YearlyFigure, district=company.district, company=company, cause=f"declared:{uuid4()}"
    )
    return figure


def _told(figure: YearlyFigure) -> dict[str, Any]:
    """What the chain keeps of a figure that is replaced."""
    return {
        "value": str(figure.value),
        "as_of": figure.as_of,
        "is_audited": figure.is_audited,
        "evidence": figure.evidence_id,
        "by": str(figure.entered_by or ""),
        "at": figure.entered_at,
    }


@transaction.atomic
def correct_figure(
    figure: YearlyFigure, *, value: Decimal, as_of: date, reason: str, by: User
) -> FigureCorrection:
    """Say what a frozen fiscal contribution should have been.

    What was granted and the ledger's cap stay as they are until a later settlement takes the
    correction in. The act is recorded without figure and reason: auditors are not shown them.
    """
    company = _locked(figure.company)
    figure.refresh_from_db()
    if company.district_id not in by.district_ids(Role.FINANCE):
        raise NotAllowed(_("财政贡献只由财政人员更正。"))
    principal = by.principal(Role.FINANCE, district_id=company.district_id)
    access.require_stranger(company.rows(), [by, principal])
    if company.merged_into:
        # No settlement would take it in.
        raise Refused(
            _("%(company)s 已并入 %(kept)s，请更正 %(kept)s 的数据。")
            % {"company": company, "kept": company.merged_into}
        )
    if not figure.is_frozen:
        raise StateChanged(_("这个数还没有锁定，请直接重新导入。"))
    if figure != chosen_figure(company, figure.year, Measure(figure.measure)):
        raise Refused(_("这一年度采用的是另一来源的数据，请更正采用的那一条。"))
    if not reason.strip():
        raise Refused(_("请写明更正原因。"))
    correction = FigureCorrection.objects.create(
        figure=figure, value=value, as_of=as_of, reason=reason.strip(), entered_by=by
    )
    record(
        "figure.corrected",
        about=correction,
        by=by,
        on_behalf_of=principal,
        year=figure.year,
        figure=figure.pk,
    )
    return correction


def _locked(company: Company) -> Company:
    return locked(Company.objects.filter(pk=company.pk)).get()
