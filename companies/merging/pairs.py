"""Rows that may be one company, and why. The database compares them: a district has more rows than
a page should load."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection
from django.utils.translation import gettext_lazy as _

from companies.models import Company

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# In the order of their numbers in SQL.
REASONS = (_("名称相同"), _("组织机构代码相同"), _("收款账号相同"), _("联系电话相同"))
# An account or phone that more rows share is an agent's, a switchboard or made up, and tells
# nothing. A name or organisation code tells, however many rows share it.
MOST = 5

# Of a name count neither brackets, spaces, width of signs nor the legal form, which says nothing
# about who it is.
PAIRS_SQL = r"""
WITH company AS (
    SELECT id, district_id, name, uscc FROM companies_company
    WHERE merged_into_id IS NULL AND district_id = ANY(%s)
), sign (district, company, reason, value) AS (
    SELECT district_id, id, 0, regexp_replace(
        upper(regexp_replace(normalize(name, NFKC), '[\s()\[\]〔〕【】·.\-]', '', 'g')),
        '(有限责任公司|股份有限公司|有限公司|股份公司|公司)$', '')
    FROM company
    UNION SELECT district_id, id, 1, substr(uscc, 9, 9) FROM company
    UNION SELECT district_id, company.id, 2, number
    FROM company JOIN companies_bankaccount ON company_id = company.id
    UNION SELECT district_id, company.id, 3, regexp_replace(phone, '\D', '', 'g')
    FROM company JOIN companies_contact ON company_id = company.id
), shared AS (
    SELECT reason, array_agg(company) AS companies FROM sign WHERE value <> ''
    GROUP BY district, reason, value HAVING count(*) > 1 AND (reason < 2 OR count(*) <= %s)
)
SELECT first, second, array_agg(DISTINCT reason ORDER BY reason)
FROM shared, unnest(companies) AS first, unnest(companies) AS second
WHERE first < second
GROUP BY first, second
ORDER BY count(DISTINCT reason) DESC, first, second
"""

# The keys of two rows, the older first, and the numbers of the reasons.
Found = tuple[int, int, list[int]]


@dataclass(frozen=True)
class Pair:
    first: Company
    second: Company
    reasons: list["StrOrPromise"]


def find_pairs(districts: Iterable[int]) -> list[Found]:
    """The pairs within each of the districts, those with the most reasons first."""
    with connection.cursor() as cursor:
        cursor.execute(PAIRS_SQL, [list(districts), MOST])
        return cursor.fetchall()


def load_pairs(found: Iterable[Found]) -> list[Pair]:
    """The pairs of a page with their rows."""
    found = list(found)
    rows = Company.objects.in_bulk(
        {key for first, second, _why in found for key in (first, second)}
    )
    return [
        Pair(rows[first], rows[second], [REASONS[reason] for reason in why])
        for first, second, why in found
    ]
