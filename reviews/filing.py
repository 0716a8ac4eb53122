"""What a company filed, with what a correction changed."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from audit.models import Entry
from subsidies.catalogue.vocabulary import CLAIM_FACTS
from subsidies.models import Application, Claim
from subsidies.money import yuan

NOT_MONEY = frozenset({"quantity"})


@dataclass(frozen=True)
class Fact:
    """One line of a filing. `before` is what stood there in the filing before, where it differs."""

    label: str
    value: str
    unit: str = ""
    before: str = ""


@dataclass(frozen=True)
class FiledClaim:
    """A claim's facts as filed; `title` tells several claims apart."""

    title: str
    facts: list[Fact]


def filed_claims(
    application: Application, claims: list[Claim], filed: list[Entry]
) -> list[FiledClaim]:
    """The claims as they stand, with what the last correction changed."""
    before: dict[str, Any] = {}
    if len(filed) > 1:
        before = {claim["id"]: claim for claim in filed[-2].data["claims"]}
    return [
        FiledClaim(title=str(claim), facts=_facts(application, claim, before.get(str(claim.pk))))
        for claim in claims
    ]


def _facts(application: Application, claim: Claim, before: dict[str, Any] | None) -> list[Fact]:
    now = claim.as_question()
    titles = dict(application.item.levels.values_list("code", "title"))
    level_before = titles.get(before["level"], "") if before else claim.level.title
    facts = [
        Fact(
            _("档次"),
            claim.level.title,
            before="" if level_before == claim.level.title else level_before,
        )
    ]
    if claim.subject or (before and before.get("subject")):
        label = application.item.subject_label or _("对象")
        facts.append(_fact(label, "subject", now, before))
    facts += [_fact(str(name), code, now, before) for code, name in CLAIM_FACTS.items()]
    facts.append(_fact(application.item.event_label, "event_date", now, before))
    facts.append(_fact(_("已得其他补助"), "other_support", now, before))
    if claim.match_required:
        facts.append(Fact(_("上级要求区级配套"), _("是")))
    facts.append(_fact(_("申请金额"), "requested", now, before))
    return [fact for fact in facts if fact.value or fact.before]


MONEY = frozenset({*CLAIM_FACTS, "other_support", "requested"}) - NOT_MONEY


def _fact(label: str, code: str, now: dict[str, Any], before: dict[str, Any] | None) -> Fact:
    value = _text(code, now.get(code))
    earlier = value if before is None else _text(code, before.get(code))
    return Fact(
        label,
        value,
        unit=_("元") if code in MONEY and value else "",
        before="" if earlier == value else earlier or _("没有填写"),
    )


def _text(code: str, value: str | None) -> str:
    if not value:
        return ""
    if code in MONEY:
        # No other support is no line of the filing.
        return yuan(Decimal(value)) if Decimal(value) or code != "other_support" else ""
    return value
