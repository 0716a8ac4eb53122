"""What a level's amount comes to, in the words of a card or a table."""

from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from subsidies.catalogue.models import Level
from subsidies.catalogue.vocabulary import BASES
from subsidies.rules.edition import Formula
from subsidies.templatetags.money import percent

ONE_OFF = {
    Formula.FIXED: _("定额奖励"),
    Formula.UP_TO: _("在最高限额内核定"),
    Formula.LADDER: _("累进补差，扣除同一序列已兑现的"),
    Formula.LADDER_UP_TO: _("累进补差，同一序列合计不超过"),
    Formula.PER_UNIT: _("按数量计算"),
    Formula.UNSPECIFIED: _("金额由实施细则确定"),
}


def amount_note(level: Level) -> str | Promise:
    """How the amount is worked out, in a few words: 可补助投资额的 6%."""
    formula = Formula(level.item.formula)
    rules = level.rules_level
    if formula is Formula.MATCH and rules.rate is not None:
        return gettext("上级资助额的 %(rate)s") % {"rate": percent(rules.rate)}
    if formula is Formula.RATE and rules.rate is not None:
        return gettext("%(base)s的 %(rate)s") % {
            "base": BASES[rules.base],
            "rate": percent(rules.rate),
        }
    return ONE_OFF[formula]


def highest(levels: list[Level]) -> Decimal | None:
    """The most that any level may give, where a level names a sum."""
    return max((level.amount for level in levels if level.amount is not None), default=None)
