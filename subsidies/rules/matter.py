"""One claim with everything that decides about it."""

from dataclasses import dataclass
from datetime import date

from subsidies.rules.edition import Catalogue, Document, Item, Level
from subsidies.rules.history import History
from subsidies.rules.question import Award, Claim, Company, YearFigures


@dataclass(frozen=True, slots=True)
class Matter:
    """`history` is what stands before this claim, the claims accepted earlier included."""

    as_of: date
    company: Company
    claim: Claim
    item: Item
    level: Level
    history: History
    catalogue: Catalogue

    @property
    def document(self) -> Document:
        return self.item.document

    @property
    def year(self) -> int:
        return self.claim.policy_year

    @property
    def figures(self) -> YearFigures:
        return self.company.in_year(self.year)

    @property
    def figures_before(self) -> YearFigures:
        return self.company.in_year(self.year - 1)

    def concerns_subject_of(self, award: Award) -> bool:
        """An award to the company as such has no subject, whatever was written there."""
        return self.level.per == "company" or award.subject == self.claim.subject
