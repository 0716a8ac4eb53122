"""What a profile page shows of a company to one reader."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Role, User
from companies.cnaps import is_doubtful
from companies.figures import Declared, Figures, compare, declared_before, rules_of
from companies.models import (
    AccountChange,
    Agreement,
    BankAccount,
    Company,
    Contact,
    Recognition,
    ScaleYear,
)
from companies.profile import size
from companies.profile.access import sees_agreement_papers, sees_contacts, sees_contribution
from companies.profile.evidence import gives_papers, keeper_of, keeps_facts
from companies.profile.industries import Industry, industry_of
from companies.profile.kinds import Measure, RecognitionKind

SIZES = {
    size.LARGE: gettext_lazy("大型"),
    size.MEDIUM: gettext_lazy("中型"),
    size.SMALL: gettext_lazy("小型"),
    size.MICRO: gettext_lazy("微型"),
}
# What most items ask for, of the year before this one.
WANTED = (Measure.RD_SPEND, Measure.REVENUE, Measure.STAFF)


@dataclass(frozen=True)
class FigureYear:
    """A year's figures, measure by measure, None where nothing is known; and what the company
    declared before what it declares now."""

    year: int
    rows: list[tuple[Measure, Figures | None]]
    earlier: list[Declared]


@dataclass(frozen=True)
class Gap:
    """Something that is missing, the section of the page where it would stand, and whether the
    company fills it in itself."""

    text: str
    anchor: str
    own: bool = True


class Profile:
    def __init__(self, company: Company, reader: User) -> None:
        self.company = company
        self.reader = reader
        self.today = timezone.localdate()

    @cached_property
    def is_own(self) -> bool:
        return self.company.has_member(self.reader)

    @cached_property
    def shows_contribution(self) -> bool:
        return sees_contribution(self.reader, self.company)

    @cached_property
    def shows_agreement_papers(self) -> bool:
        return sees_agreement_papers(self.reader, self.company)

    @cached_property
    def may_attach(self) -> bool:
        """Whether the reader may add the paper that a dated fact rests on."""
        return gives_papers(self.reader, self.company)

    @cached_property
    def scale_years(self) -> list[ScaleYear]:
        return list(self.company.scale_years.select_related("evidence"))

    @cached_property
    def shows_contacts(self) -> bool:
        return sees_contacts(self.reader, self.company)

    @cached_property
    def may_correct(self) -> bool:
        """Whether the reader may write a correction of a frozen contribution."""
        return not self.is_own and self.company.district_id in self.reader.district_ids(
            Role.FINANCE
        )

    @cached_property
    def industry(self) -> Industry | None:
        return industry_of(self.company.industry)

    # Figures

    @cached_property
    def measures(self) -> list[Measure]:
        return [
            measure
            for measure in Measure
            if measure != Measure.FISCAL_CONTRIBUTION or self.shows_contribution
        ]

    @cached_property
    def _compared(self) -> dict[tuple[int, str], Figures]:
        rows = self.company.figures.filter(measure__in=self.measures)
        rows = rows.select_related("entered_by", "evidence").prefetch_related("corrections")
        return compare(rows, rules_of(self.company.district_id))

    @cached_property
    def open_papers(self) -> set[int]:
        """The figures whose paper the reader may add."""
        kept = {
            role
            for role in (Role.ADMINISTRATOR, Role.FINANCE)
            if keeps_facts(self.reader, self.company, role)
        }
        return {
            figure.pk
            for figures in self._compared.values()
            for figure in figures.sources
            if keeper_of(figure) in kept and figure.takes_paper
        }

    @cached_property
    def years(self) -> list[FigureYear]:
        years = sorted({year for year, _measure in self._compared}, reverse=True)
        earlier = declared_before(
            figure for figures in self._compared.values() for figure in figures.sources
        )
        return [
            FigureYear(
                year,
                [(measure, self._compared.get((year, measure))) for measure in self.measures],
                earlier.get(year, []),
            )
            for year in years
        ]

    # Size

    @cached_property
    def size_year(self) -> int | None:
        """The newest year of which everything is known that the size rests on, else the newest
        of which anything is."""
        needed = size.measures_of(self.company.industry)
        found = {
            year: sum((year, measure) in self._compared for measure in needed)
            for year, _measure in self._compared
        }
        complete = [year for year, count in found.items() if needed and count == len(needed)]
        some = [year for year, count in found.items() if count]
        return max(complete or some, default=None)

    @cached_property
    def size(self) -> size.Size:
        figures: dict[Measure, Decimal] = {
            Measure(measure): figures.chosen.value
            for (year, measure), figures in self._compared.items()
            if year == self.size_year
        }
        return size.size_of(self.company.industry, figures)

    @property
    def size_name(self) -> str:
        return str(SIZES[self.size.size]) if self.size.size else ""

    @property
    def missing_for_size(self) -> str:
        return _("、").join(str(measure.label) for measure in self.size.missing)

    # Standing

    @cached_property
    def recognitions(self) -> list[Recognition]:
        return list(self.company.recognitions.newest_first().select_related("evidence"))

    @cached_property
    def agreements(self) -> list[Agreement]:
        return list(self.company.agreements.newest_first().select_related("evidence"))

    @cached_property
    def contacts(self) -> list[Contact]:
        return list(self.company.contacts.main_first())

    # Accounts

    @cached_property
    def accounts(self) -> list[BankAccount]:
        accounts = self.company.accounts.select_related(
            "entered_by",
            "change__checked_by",
            "change__checked_for",
            "change__confirmed_by",
            "change__confirmed_for",
        )
        return list(accounts.order_by("-pk"))

    @cached_property
    def account(self) -> BankAccount | None:
        return next((account for account in self.accounts if account.is_current), None)

    @cached_property
    def change(self) -> AccountChange | None:
        return self.company.open_account_change

    @cached_property
    def refused_change(self) -> AccountChange | None:
        """The last change, where finance sent it back."""
        last = self.company.account_changes.select_related("account").order_by("-pk").first()
        return last if last and last.status == "refused" else None

    @property
    def has_doubtful_cnaps(self) -> bool:
        return self.account is not None and is_doubtful(self.account.cnaps)

    # What is missing

    @cached_property
    def gaps(self) -> list[Gap]:
        year = self.today.year - 1
        gaps = []
        if not self.company.industry:
            gaps.append(Gap(_("所属行业"), "registration"))
        if not self.company.street:
            gaps.append(Gap(_("街道（镇）"), "registration"))
        if not self.company.scale_years.filter(year=year).exists():
            gaps.append(Gap(_("%(year)s 年度规上状态") % {"year": year}, "standing", own=False))
        known = {
            row.kind
            for row in self.recognitions
            if row.valid_until is None or row.valid_until.year >= year
        }
        gaps += [
            Gap(str(kind.label), "standing", own=False)
            for kind in RecognitionKind
            if kind not in known
        ]
        gaps += [
            Gap(_("%(year)s 年度%(measure)s") % {"year": year, "measure": measure.label}, "figures")
            for measure in WANTED
            if (year, measure) not in self._compared
        ]
        if not self.contacts:
            gaps.append(Gap(_("联系人"), "contacts"))
        if not self.account:
            gaps.append(Gap(_("收款账户"), "account"))
        return gaps

    @property
    def own_gaps(self) -> list[Gap]:
        return [gap for gap in self.gaps if gap.own]

    @property
    def officials_gaps(self) -> list[Gap]:
        return [gap for gap in self.gaps if not gap.own]
