"""What the company was granted before, and what this question has added so far."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from subsidies.rules.edition import Catalogue
from subsidies.rules.question import Award


class History:
    """Awards by item, and their totals by district and policy year."""

    def __init__(self, catalogue: Catalogue, awards: Iterable[Award]) -> None:
        self._catalogue = catalogue
        self._by_item: defaultdict[str, list[Award]] = defaultdict(list)
        self._totals: defaultdict[tuple[str, int], int] = defaultdict(int)
        for award in awards:
            self.add(award)

    def add(self, award: Award) -> None:
        district = self._catalogue.items[award.item].document.district
        self._by_item[award.item].append(award)
        self._totals[district, award.year] += award.amount

    def of_item(self, item: str) -> Sequence[Award]:
        return self._by_item.get(item, ())

    def of_district(self, district: str, year: int) -> int:
        """All that was granted under the district's policies in one policy year, in fen."""
        return self._totals.get((district, year), 0)
