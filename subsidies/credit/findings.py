"""What stands against a company under a policy document, entry by entry."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from companies.models import Company, CreditEntry, CreditKind
from subsidies.catalogue.models import Edition
from subsidies.credit.models import CreditEffect, CreditJudgement, CreditRule

# What counts until somebody says otherwise.
DEFAULTS = {
    CreditKind.BLACKLIST: CreditEffect.BLOCKS,
    CreditKind.PENALTY: CreditEffect.ASKS,
    CreditKind.ABNORMAL: CreditEffect.ASKS,
    CreditKind.OTHER: CreditEffect.ASKS,
}
# The check of an edition that asks for a clean record; a document without it looks at none.
CHECK = "dishonesty"


@dataclass(frozen=True)
class Finding:
    """An entry that stands, what it does under the clause, and what was judged of it."""

    entry: CreditEntry
    effect: CreditEffect
    clause: str
    judgement: CreditJudgement | None = None

    @property
    def blocks(self) -> bool:
        return self.effect == CreditEffect.BLOCKS

    @property
    def is_open(self) -> bool:
        """Whether a person still has to judge it."""
        return not self.blocks and self.judgement is None

    @property
    def obstacle(self) -> str:
        """Why nobody agrees or pays as long as this stands; empty where nothing is in the way."""
        told = {"entry": self.entry.named, "clause": self.clause}
        if self.blocks:
            return _("失信记录未修复：%(entry)s，依据 %(clause)s") % told
        if self.judgement is None:
            return _("信用记录还没有判断：%(entry)s，依据 %(clause)s") % told
        if self.judgement.matters:
            return _("信用记录已判断为影响兑现：%(entry)s，依据 %(clause)s") % told
        return ""

    def as_kept(self) -> dict[str, Any]:
        """The finding as a receipt keeps it."""
        entry, judged = self.entry, self.judgement
        return {
            "entry": entry.pk,
            "kind": entry.kind,
            "grade": entry.grade,
            "title": entry.title,
            "number": entry.number,
            "source": entry.source,
            "listed_on": entry.listed_on.isoformat(),
            "valid_until": entry.valid_until.isoformat() if entry.valid_until else None,
            "as_of": entry.as_of.isoformat() if entry.as_of else None,
            "effect": self.effect.value,
            "clause": self.clause,
            "judgement": judged
            and {
                "matters": judged.matters,
                "text": judged.text,
                "by": str(judged.by),
                "at": judged.at.isoformat(),
            },
        }


# By kind and grade; without a grade for all that have no line of their own.
Effects = dict[tuple[str, str], CreditEffect]


def effects(document_id: int, day: date) -> Effects:
    """What was set for a document."""
    return _effects([document_id], day)[document_id]


def _effects(documents: Collection[int], day: date) -> dict[int, Effects]:
    defaults: Effects = {(kind.value, ""): effect for kind, effect in DEFAULTS.items()}
    found = {document: dict(defaults) for document in documents}
    for rule in CreditRule.objects.filter(document__in=documents).in_force_on(day):
        found[rule.document_id][rule.kind, rule.grade] = CreditEffect(rule.effect)
    return found


def findings(
    company: Company, edition: Any, judgements: Iterable[CreditJudgement] = ()
) -> list[Finding]:
    """What stands against a company today under an edition's document, the gravest first.
    Entries without effect are left out; a document that asks for no clean record has none.
    Of a merged row's it is what stands against the row that it turned out to be."""
    if CHECK not in edition.rules_document.rules:
        return []
    today = timezone.localdate()
    record = company.standing_row.credit_entries
    entries = list(record.standing_on(today).order_by("listed_on", "pk"))
    if not entries:
        return []
    return _weighed(entries, edition, effects(edition.document_id, today), judgements)


def _weighed(
    entries: Iterable[CreditEntry],
    edition: Any,
    found: Effects,
    judgements: Iterable[CreditJudgement],
) -> list[Finding]:
    rule = edition.rules_document.rules.get(CHECK)
    if rule is None:
        return []
    judged = {(row.entry_id, row.kind, row.grade): row for row in judgements}
    rows = [
        Finding(
            entry,
            found.get((entry.kind, entry.grade)) or found[entry.kind, ""],
            rule.clause,
            judged.get((entry.pk, entry.kind, entry.grade)),
        )
        for entry in entries
    ]
    return sorted(
        (row for row in rows if row.effect != CreditEffect.NONE), key=lambda row: not row.blocks
    )


def findings_of(application: Any) -> list[Finding]:
    """What stands against an application today, with what was judged of it."""
    return findings(
        application.company,
        application.item.edition,
        application.credit_judgements.select_related("by").order_by("pk"),
    )


def findings_of_all(applications: Collection[Any]) -> dict[UUID, list[Finding]]:
    """`findings_of` each of the applications against which anything may stand, with four queries
    however many. They are loaded with company and item."""
    today = timezone.localdate()
    companies = {row.pk: row.company.merged_into_id or row.company_id for row in applications}
    entries: defaultdict[int, list[CreditEntry]] = defaultdict(list)
    record = CreditEntry.objects.filter(company__in=companies.values()).standing_on(today)
    for entry in record.order_by("listed_on", "pk"):
        entries[entry.company_id].append(entry)
    about = [row for row in applications if companies[row.pk] in entries]
    if not about:
        return {}
    editions = Edition.objects.defer("body").in_bulk({row.item.edition_id for row in about})
    found = _effects({edition.document_id for edition in editions.values()}, today)
    judgements: defaultdict[UUID, list[CreditJudgement]] = defaultdict(list)
    judged = CreditJudgement.objects.filter(application__in=about).select_related("by")
    for judgement in judged.order_by("pk"):
        judgements[judgement.application_id].append(judgement)
    return {
        row.pk: _weighed(
            entries[companies[row.pk]],
            editions[row.item.edition_id],
            found[editions[row.item.edition_id].document_id],
            judgements[row.pk],
        )
        for row in about
    }


def dishonesty(found: Iterable[Finding]) -> list[dict[str, str]]:
    """The `dishonesty` of a question: what blocks. The rest is for people to judge."""
    return [{"listed_on": row.entry.listed_on.isoformat()} for row in found if row.blocks]


def with_people(answer: dict[str, Any], kept: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """A claim's answer as pages tell it, with what the rules leave to people (`as_kept`).

    The engine knows only what bars, so beside an entry that a person judges its check passes and
    says that there is none. A receipt keeps the engine's words; readers are told both.
    """
    judged = [row["judgement"] for row in kept if row["effect"] == CreditEffect.ASKS]
    if not judged:
        return answer
    waits = judged.count(None)
    bad = sum(judgement["matters"] for judgement in judged if judgement)
    fine = len(judged) - waits - bad
    told = [
        text % {"n": n}
        for n, text in (
            (waits, ngettext("%(n)d 条待人工判断", "%(n)d 条待人工判断", waits)),
            (bad, ngettext("%(n)d 条判断为影响兑现", "%(n)d 条判断为影响兑现", bad)),
            (fine, ngettext("%(n)d 条判断为不影响兑现", "%(n)d 条判断为不影响兑现", fine)),
        )
        if n
    ]
    said = {
        "outcome": "fail" if bad else "warn" if waits else "pass",
        "detail": _("；").join([_("没有一票否决的条目"), *told]),
    }
    return answer | {
        "checks": [
            check | said if check["code"] == CHECK and check["outcome"] == "pass" else check
            for check in answer["checks"]
        ]
    }
