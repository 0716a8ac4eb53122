"""国民经济行业分类 GB/T 4754-2017 with its 2019 amendment, as data beside this file.

A section (A to T) holds divisions (two digits), these groups (three) and these classes (four).
Codes and names were transcribed from one public copy and each was read against a second one; where
those differed, further copies decided. The published standard itself was not at hand: check a class
against it before a decision rests on its name.
"""

from csv import DictReader
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.utils.translation import gettext_noop

FILE = Path(__file__).with_name("gbt4754-2017.csv")
# The twenty sections, which pages say in the reader's language too; all below is the standard's.
SECTIONS = frozenset(
    {
        gettext_noop("农、林、牧、渔业"),
        gettext_noop("采矿业"),
        gettext_noop("制造业"),
        gettext_noop("电力、热力、燃气及水生产和供应业"),
        gettext_noop("建筑业"),
        gettext_noop("批发和零售业"),
        gettext_noop("交通运输、仓储和邮政业"),
        gettext_noop("住宿和餐饮业"),
        gettext_noop("信息传输、软件和信息技术服务业"),
        gettext_noop("金融业"),
        gettext_noop("房地产业"),
        gettext_noop("租赁和商务服务业"),
        gettext_noop("科学研究和技术服务业"),
        gettext_noop("水利、环境和公共设施管理业"),
        gettext_noop("居民服务、修理和其他服务业"),
        gettext_noop("教育"),
        gettext_noop("卫生和社会工作"),
        gettext_noop("文化、体育和娱乐业"),
        gettext_noop("公共管理、社会保障和社会组织"),
        gettext_noop("国际组织"),
    }
)


@dataclass(frozen=True)
class Industry:
    """A row of the classification. `code` is as the company's row keeps it: `C3912`, `C39`."""

    section: str
    digits: str
    name: str

    @property
    def code(self) -> str:
        return self.section + self.digits

    @property
    def level(self) -> int:
        """1 a section, 2 a division, 3 a group, 4 a class."""
        return max(len(self.digits), 1)

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


@cache
def industries() -> dict[str, Industry]:
    """Every row, by its digits; sections by their letter."""
    found: dict[str, Industry] = {}
    with FILE.open(encoding="utf-8", newline="") as file:
        section = ""
        for row in DictReader(line for line in file if not line.startswith("#")):
            code, name = row["code"], row["name"]
            if code.isalpha():
                section = code
                found[code] = Industry(section, "", name)
                continue
            found[code] = Industry(section, code, name)
    return found


def industry_of(code: str) -> Industry | None:
    """The row of a company's code (`C3912`, `3912`, `39`); None for one that the standard does
    not know, or with another section's letter."""
    digits = code.lstrip("ABCDEFGHIJKLMNOPQRST")
    found = industries().get(digits) if digits else None
    if found is None or code[: -len(digits)] not in ("", found.section):
        return None
    return found


def code_of(typed: str) -> str:
    """A code as the company's row keeps it, `C3912` also for `3912`; empty for one that the
    standard does not know."""
    found = industry_of(typed)
    return found.code if found else ""


def sections() -> list[Industry]:
    return [row for row in industries().values() if row.level == 1]


def divisions(section: str) -> list[Industry]:
    return [row for row in industries().values() if row.section == section and row.level == 2]


def search(text: str, *, section: str = "", division: str = "") -> list[Industry]:
    """Divisions and classes by code or a part of the name, within a section or division if one
    is named."""
    wanted = text.strip().upper()
    if not wanted and not section and not division:
        return []
    return [
        row
        for row in industries().values()
        if row.level in (2, 4)
        and row.section.startswith(section)
        and row.digits.startswith(division)
        and (row.code.startswith(wanted) or row.digits.startswith(wanted) or wanted in row.name)
    ]
