"""Goes through a table once and says what it would change; the same walk writes it.

A file is taken whole or not at all, so the walk that writes raises at the first thing that is
not as it was shown, and its transaction takes everything back.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.locks import locked
from accounts.models import District, User
from accounts.refusals import StateChanged
from companies.imports import cells
from companies.imports.files import Row, Unreadable
from companies.imports.kinds import (
    CODE,
    NAME,
    Column,
    Companies,
    Key,
    Kind,
    Unclear,
    Values,
)
from companies.models import Company
from companies.said import Said, kept

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

BATCH = 1000
FAULTS_KEPT = 5000
SAMPLES_KEPT = 50
# Nobody confirms more codes than these with open eyes.
DOUBTFUL_MOST = 200


@dataclass
class Plan:
    """What a table would do. `digest` is the hash of every change in it."""

    new: int = 0
    changed: int = 0
    same: int = 0
    faults: int = 0
    fault_list: list[dict[str, Any]] = field(default_factory=list)
    samples: list[dict[str, Any]] = field(default_factory=list)
    doubtful: list[dict[str, Any]] = field(default_factory=list)
    # Whose own form shows what is changed.
    companies: set[int] = field(default_factory=set)
    hash: Any = field(default_factory=hashlib.sha256)

    @property
    def digest(self) -> str:
        return str(self.hash.hexdigest())

    @property
    def faults_by_row(self) -> list[dict[str, Any]]:
        """As people go through the file: what is wrong with all of it, then row after row. The
        registry is asked a batch later than the cells are read."""
        return sorted(self.fault_list, key=lambda fault: fault["row"] or 0)

    def fault(
        self, text: "StrOrPromise", row: int | None = None, column: str = "", value: str = ""
    ) -> None:
        self.faults += 1
        if len(self.fault_list) < FAULTS_KEPT:
            self.fault_list.append(
                {"row": row, "column": column, "value": value[:60], **kept(text)}
            )

    def change(self, told: dict[str, Any]) -> None:
        if told["new"]:
            self.new += 1
        else:
            self.changed += 1
        self.hash.update(json.dumps(told, ensure_ascii=False).encode())
        if len(self.samples) < SAMPLES_KEPT:
            self.samples.append(told)


@dataclass
class Line:
    """A row of the file. Its key is empty where a cell of it was not understood, and it is right
    as long as nothing was found wrong with it."""

    number: int
    values: Values
    key: Key = ()
    is_right: bool = True


def go_through(
    kind: Kind,
    rows: Iterator[Row],
    district: District,
    *,
    people: Iterable[User],
    write_by: User | None = None,
) -> Plan:
    """The plan of a table; with somebody to write it, in the caller's transaction, what it says
    is done. `people` have a hand in it: a row of their own company is a fault."""
    walk = _Walk(kind, district, people, write_by)
    try:
        walk.read_header(rows)
    except Unreadable as error:
        walk.plan.fault(error.text, error.row)
        return walk.plan
    for batch in _batches(walk.read(rows)):
        walk.compare(batch)
    if len(walk.plan.doubtful) > DOUBTFUL_MOST:
        walk.plan.fault(
            Said(
                gettext_noop(
                    "要人工确认的代码有 %(codes)d 个，超过 %(most)d 个。请核对后分批导入。"
                ),
                codes=len(walk.plan.doubtful),
                most=DOUBTFUL_MOST,
            )
        )
    if not walk.is_filled and not walk.plan.faults:
        walk.plan.fault(_("除了表头没有数据。请从第 2 行起填写。"))
    return walk.plan


def _batches(lines: Iterator[Line]) -> Iterable[list[Line]]:
    batch: list[Line] = []
    for line in lines:
        batch.append(line)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


class _Walk:
    def __init__(
        self, kind: Kind, district: District, people: Iterable[User], write_by: User | None
    ) -> None:
        self.kind = kind
        self.district = district
        self.own = set(Company.objects.ever_of(people).values_list("pk", flat=True))
        self.write_by = write_by
        self.plan = Plan()
        self.header: list[str] = []
        self.places: list[tuple[int, Column]] = []
        # Columns of which nobody knows where they stand.
        self.unclear: set[str] = set()
        self.width = 0
        self.seen: dict[int, int] = {}
        self.is_filled = False

    # The header

    def read_header(self, rows: Iterator[Row]) -> None:
        """Which column stands where. Raises Unreadable where the first row is no header."""
        number, titles = next(rows, (1, []))
        if not titles:
            raise Unreadable(_("表里没有内容。请按模板填写。"))
        self.header = [cells.plain(title) for title in titles]
        known = {cells.plain(column.title): column for column in self.kind.columns}
        found = [title for title in self.header if title in known]
        if not found:
            raise Unreadable(self._no_header(titles), number)
        for place, title in enumerate(self.header):
            if column := known.get(title):
                self.width = place + 1
                if found.count(title) == 1:
                    self.places.append((place, column))
            elif title:
                self.plan.fault(
                    _("不认识这一列。请用模板的表头，多余的列请删去"),
                    number,
                    letter(place),
                    titles[place],
                )
        for title, column in known.items():
            if found.count(title) > 1:
                self.plan.fault(_("这一列出现了两次"), number, "", column.title)
            elif column.required and title not in found:
                self.plan.fault(_("缺少这一列"), number, "", column.title)
        if self.plan.faults:
            # A column that is not found may be one with a title that nobody knows.
            placed = {column.field for _place, column in self.places}
            self.unclear = {column.field for column in self.kind.columns} - placed

    def _no_header(self, titles: list[str]) -> str:
        if len(titles) == 1 and any(sign in titles[0] for sign in "\t;|"):
            return _("列之间要用逗号分隔。请另存为“CSV UTF-8（逗号分隔）”或 xlsx。")
        return Said(
            gettext_noop("第一行应是表头，以“%(title)s”等列名开头。标题、说明等行请删去。"),
            title=self.kind.columns[0].title,
        )

    # The rows

    def read(self, rows: Iterator[Row]) -> Iterator[Line]:
        """The rows with what their cells say, up to where the file cannot be read on."""
        try:
            for number, texts in rows:
                self.is_filled = True
                if [cells.plain(text) for text in texts] == self.header:
                    self.plan.fault(_("又是一行表头，请删去"), number)
                elif len(texts) < self.width or any(
                    text.strip() for text in texts[len(self.header) :]
                ):
                    self.plan.fault(
                        Said(
                            gettext_noop("有 %(cells)d 格，表头有 %(titles)d 列。请检查逗号和引号"),
                            cells=len(texts),
                            titles=len(self.header),
                        ),
                        number,
                    )
                else:
                    yield self._understand(number, texts)
        except Unreadable as error:
            self.plan.fault(error.text, error.row)

    def _understand(self, number: int, texts: list[str]) -> Line:
        line = Line(number, Values({}, set(self.unclear)), is_right=not self.unclear)
        for place, column in self.places:
            text = texts[place].strip()
            try:
                if text:
                    line.values.said[column.field] = column.read(text)
                elif column.required:
                    raise cells.CellFault(_("没有填写"))
            except cells.CellFault as fault:
                line.values.unclear.add(column.field)
                self._fault_at(column.field, fault.text, line, text)
        for check in self.kind.checks:
            with suppress(Unclear):
                if clash := check(line.values):
                    self._fault_at(*clash, line)
        with suppress(Unclear):
            line.key = self.kind.key(line.values)
            self._check_repeated(line)
        return line

    def _check_repeated(self, line: Line) -> None:
        # Hashes, not keys: a hundred thousand rows in some megabytes.
        first = self.seen.setdefault(hash(line.key), line.number)
        if first != line.number:
            text = Said(gettext_noop("与第 %(row)d 行重复，请只留一行"), row=first)
            self._fault_at(CODE, text, line)

    def _place_of(self, name: str) -> str:
        return next(
            (
                f"{letter(place)} {column.title}"
                for place, column in self.places
                if column.field == name
            ),
            "",
        )

    # The registry

    def compare(self, batch: list[Line]) -> None:
        codes = {code for line in batch if (code := line.values.said.get(CODE))}
        companies = {
            company.uscc: company
            for company in Company.objects.filter(uscc__in=codes).only(
                "uscc", "name", "district_id", "merged_into"
            )
        }
        for line in batch:
            with suppress(Unclear):
                self._check_company(line, companies.get(line.values[CODE]))
        lines = [line for line in batch if line.key]
        found = self._existing(lines)
        differing = {
            line.key: found[line.key]
            for line in lines
            if line.key in found and self._difference(found[line.key], line.values)
        }
        if self.write_by and differing:
            # Only what is to be changed is held, and compared again as it now stands.
            self._lock(differing, found)
        new: list[Any] = []
        changed: list[Any] = []
        fields: set[str] = set()
        for line in lines:
            row = found.get(line.key)
            difference = self._difference(row, line.values) if row else {}
            if difference and (refusal := self.kind.refusal(row)):
                self._fault_at(CODE, refusal, line)
            if not line.is_right:
                continue
            company = companies.get(line.values[CODE])
            if row is None:
                built = self.kind.build(line.values, company, self.district)
                self._tell(line, company, self._cells_of_new(line.values), new=True)
                self._doubt(line)
                new.append(built)
            elif difference:
                if not self._apply(row, difference, line):
                    continue
                changes = [list(change) for change in self._cells_of(difference, line.values)]
                self._tell(line, company, changes)
                fields.update(difference)
                changed.append(row)
            else:
                self.plan.same += 1
        if self.write_by:
            for row in [*new, *changed]:
                fields.update(self.kind.sign(row, self.write_by))
            manager = self.kind.model._default_manager
            manager.bulk_create(new, batch_size=BATCH)
            if changed and manager.bulk_update(changed, sorted(fields)) != len(changed):
                raise StateChanged(_("要改的数据刚被别人删去。"))
        if self.kind.is_on_the_companys_form:
            touched = {row.company_id for row in [*new, *changed]}
            self.plan.companies |= touched
            if self.write_by:
                Company.objects.filter(pk__in=touched).update(revision=F("revision") + 1)

    def _check_company(self, line: Line, company: Company | None) -> None:
        if company and company.merged_into:
            text = Said(
                gettext_noop("这个代码的企业已并入 %(code)s，请改用那个代码"),
                code=company.merged_into.uscc,
            )
            self._fault_at(CODE, text, line)
            return
        if company and company.pk in self.own:
            self._fault_at(CODE, _("上传或确认的人是这家企业的人员，这一行须由另一人导入"), line)
            return
        is_of_district = company is not None and company.district_id == self.district.pk
        if isinstance(self.kind, Companies):
            if company and not is_of_district:
                self._fault_at(CODE, _("这家企业登记在别的区县，不能由本区导入"), line)
            return
        if company is None or not is_of_district:
            self._fault_at(CODE, _("企业库里没有这个代码，请先导入企业"), line)
            return
        name = line.values.get(NAME)
        if name and cells.plain(name) != cells.plain(company.name):
            text = Said(gettext_noop("与企业库里的“%(name)s”不一致，请核对代码"), name=company.name)
            self._fault_at(NAME, text, line)

    def _fault_at(self, name: str, text: "StrOrPromise", line: Line, value: str = "") -> None:
        line.is_right = False
        value = value or str(line.values.said.get(name, ""))
        self.plan.fault(text, line.number, self._place_of(name), value)

    def _existing(self, lines: list[Line]) -> dict[Key, Any]:
        wanted = {line.key for line in lines}
        found: dict[Key, Any] = {}
        for row in self.kind.existing([line.values for line in lines], self.district):
            key = self.kind.key_of(row)
            if key in wanted:
                found.setdefault(key, row)
        return found

    def _lock(self, differing: dict[Key, Any], found: dict[Key, Any]) -> None:
        rows = self.kind.rows(self.district).filter(pk__in=[row.pk for row in differing.values()])
        for row in locked(rows):
            found[self.kind.key_of(row)] = row

    def _difference(self, row: Any, values: Values) -> dict[str, tuple[Any, Any]]:
        return {
            name: (getattr(row, name), value)
            for name, value in self.kind.fields_of(values).items()
            if getattr(row, name) != value
        }

    def _apply(self, row: Any, difference: dict[str, tuple[Any, Any]], line: Line) -> bool:
        """Change the row; whether it may stand so, the cells with what the registry knows."""
        before = {name: getattr(row, name) for name in self.kind.filled_in}
        if "value" in difference:
            for mark in self.kind.said_of_value:
                if (said := getattr(row, mark.field)) != mark.none:
                    difference[mark.field] = (said, mark.none)
        for name, (_before, after) in difference.items():
            setattr(row, name, after)
        try:
            row.clean()
        except ValidationError as error:
            for name, faults in error.error_dict.items():
                for fault in faults:
                    self._fault_at(name, fault.message, line)
            return False
        for name, value in before.items():
            if name not in difference and getattr(row, name) != value:
                difference[name] = (value, getattr(row, name))
        return True

    def _doubt(self, line: Line) -> None:
        if isinstance(self.kind, Companies) and (reason := self.kind.doubt(line.values[CODE])):
            self.plan.doubtful.append(
                {
                    "row": line.number,
                    "code": line.values[CODE],
                    "name": line.values[NAME],
                    "reason": reason,
                }
            )

    def _tell(
        self, line: Line, company: Company | None, changes: list[list[str]], *, new: bool = False
    ) -> None:
        self.plan.change(
            {
                "row": line.number,
                "code": line.values[CODE],
                "name": line.values.get(NAME) or str(company),
                "named": [
                    [column.title, self._shown(column, line.values[column.field], line.values)]
                    for _place, column in self.places
                    if column.field in self.kind.named_by and column.field in line.values
                ],
                "new": new,
                "changes": changes,
            }
        )

    def _cells_of_new(self, values: Values) -> list[list[str]]:
        told = (CODE, NAME, *self.kind.named_by)
        return [
            [column.title, "", self._shown(column, values[column.field], values)]
            for _place, column in self.places
            if column.field in values and column.field not in told
        ]

    def _cells_of(
        self, difference: dict[str, tuple[Any, Any]], values: Values
    ) -> Iterator[tuple[str, str, str]]:
        for _place, column in self.places:
            if column.field in difference:
                before, after = difference[column.field]
                yield (
                    column.title,
                    self._shown(column, before, values),
                    self._shown(column, after, values),
                )
        for mark in self.kind.said_of_value:
            if mark.field in difference:
                yield mark.title, "有", "无"

    def _shown(self, column: Column, value: Any, values: Values) -> str:
        """A value as the file would write it, a number with its unit unless the column says it."""
        if value is None or value == "":
            return ""
        if isinstance(value, bool):
            return "是" if value else "否"
        if isinstance(value, Decimal):
            has_unit = column.title.endswith("（元）")
            return f"{value:,.2f}" if has_unit else self.kind.amount(value, values)
        return next(
            (word for word, choice in column.choices.items() if choice == value), str(value)
        )


def letter(place: int) -> str:
    """The name of a column in a spreadsheet, from its place counted from 0."""
    name = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(65 + rest) + name
    return name
