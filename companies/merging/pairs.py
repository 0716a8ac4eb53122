"""Rows that may be one company, and why."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from companies.models import BankAccount, Company, Contact

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# The legal form says nothing about who it is; the longest first.
FORMS = ("有限责任公司", "股份有限公司", "有限公司", "股份公司", "公司")
# What so many rows share is a switchboard or a made-up value, and tells nothing.
MOST = 5


@dataclass(frozen=True)
class Pair:
    """Two rows, the older first."""

    first: Company
    second: Company
    reasons: list["StrOrPromise"]


def plain_name(name: str) -> str:
    """The name without brackets, spaces and legal form, in one width of signs."""
    plain = re.sub(r"[\s()\[\]〔〕【】·.\-]", "", unicodedata.normalize("NFKC", name)).upper()
    for form in FORMS:
        if plain.endswith(form):
            return plain.removesuffix(form)
    return plain


def pairs_among(companies: Iterable[Company]) -> list[Pair]:
    """Pairs of the rows given, those with the most reasons first."""
    rows = {company.pk: company for company in companies}
    reasons: dict[tuple[int, int], list[StrOrPromise]] = defaultdict(list)
    for reason, values in _signs(rows):
        alike: dict[str, set[int]] = defaultdict(set)
        for pk, value in values:
            if value:
                alike[value].add(pk)
        for pks in alike.values():
            if len(pks) <= MOST:
                for pair in combinations(sorted(pks), 2):
                    reasons[pair].append(reason)
    found = [Pair(rows[one], rows[other], why) for (one, other), why in reasons.items()]
    return sorted(found, key=lambda pair: (-len(pair.reasons), pair.first.pk, pair.second.pk))


def _signs(
    rows: dict[int, Company],
) -> Iterable[tuple["StrOrPromise", Iterable[tuple[int, str]]]]:
    """What two rows may have in common, with each row's value of it."""
    companies = rows.values()
    accounts = BankAccount.objects.filter(company__in=rows).values_list("company", "number")
    yield _("名称相同"), [(row.pk, plain_name(row.name)) for row in companies]
    yield _("组织机构代码相同"), [(row.pk, row.uscc[8:17]) for row in companies]
    yield _("收款账号相同"), [(pk, number) for pk, number in accounts]
    phones = Contact.objects.filter(company__in=rows).values_list("company", "phone")
    yield _("联系电话相同"), [(pk, re.sub(r"\D", "", phone)) for pk, phone in phones]
