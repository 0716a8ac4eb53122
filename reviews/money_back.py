"""What a company has to give back of its awards, as its application's page tells it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from reviews.services import finance_department
from subsidies.models import Application, Award


@dataclass(frozen=True)
class Demand:
    """An award asked back, whole or in part, since two people decided so. Amounts are yuan."""

    award: Award
    amount: Decimal
    returned: Decimal
    reason: str
    decided_at: datetime

    @property
    def left(self) -> Decimal:
        """What is still to come back."""
        return self.amount - self.returned


# The room that asks money back adds its answer: all that was decided on these awards.
DEMANDS: list[Callable[[Collection[Award]], list[Demand]]] = []


def demands_on(awards: Collection[Award]) -> list[Demand]:
    """All that was ever asked back of the awards, also what came back since."""
    return [demand for source in DEMANDS for demand in source(awards)] if awards else []


def how_to_give_back(application: Application) -> str:
    """Whom to ask: the system knows neither an account to pay to nor a deadline."""
    return _(
        "退到哪个账户、何时退清，请向%(finance)s询问；对退回的原因有疑问，请问%(lead)s。"
        "联系时请报申请编号 %(number)s。"
    ) % {
        "finance": finance_department(application.district),
        "lead": application.item.leads[0],
        "number": application.number,
    }
