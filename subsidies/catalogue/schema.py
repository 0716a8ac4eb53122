"""The form of the YAML files: known keys, right types, units written.

The form itself stands in the two `.schema.json` files, where editors find it too; a subschema's
`x-message` says in the policy officer's words what belongs there. What the values mean
together is the matter of `checks`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from jsonschema import Draft202012Validator

FOLDER = Path(__file__).parent
EDITION_SCHEMA = FOLDER / "edition.schema.json"
DEPARTMENTS_SCHEMA = FOLDER / "departments.schema.json"

Key: TypeAlias = str | int


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one file, for a policy officer: where it stands and what to write.

    `keys` lead to the place from the top of the file; inside an item it is shown by the item's
    code, where it has one, and not by its number.
    """

    file: str
    keys: tuple[Key, ...]
    message: str
    item: str = ""

    def __str__(self) -> str:
        path = path_of(self.keys[2:] if self.item else self.keys)
        return ": ".join(part for part in (self.file, self.item, path, self.message) if part)

    @property
    def item_index(self) -> int | None:
        """The number of the item that the problem stands in; None for the document's own."""
        match self.keys:
            case ("items", int(index), *_):
                return index
        return None


class CatalogueProblems(Exception):
    """Everything wrong with the files of the catalogue, not only the first thing."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


def problem_at(file: str, data: Any, keys: Sequence[Key], message: str) -> Problem:
    problem = Problem(file, tuple(keys), message)
    if problem.item_index is None:
        return problem
    item = data["items"][problem.item_index]
    code = item.get("code") if isinstance(item, Mapping) else None
    return replace(problem, item=code) if isinstance(code, str) else problem


def path_of(keys: Sequence[Key]) -> str:
    path = ""
    for key in keys:
        if isinstance(key, int):
            path += f"[{key}]"
        else:
            path += f".{key}" if path else key
    return path


def check_form(file: str, data: Any, schema: Path = EDITION_SCHEMA) -> list[Problem]:
    """Every departure of one parsed file from its form, in the order of the file."""
    if not isinstance(data, Mapping):
        return [Problem(file, (), "文件是空的，或者不是由键和值组成")]
    errors = sorted(_validator(schema).iter_errors(data), key=lambda error: _order(error.path))
    return [
        problem_at(file, data, keys, message)
        for error in errors
        for keys, message in _explain(error)
    ]


@cache
def _validator(schema: Path) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))


def _order(path: Sequence[Key]) -> list[tuple[bool, Key]]:
    # Keys and indexes never compare with each other; at one place they are of one kind.
    return [(isinstance(key, int), key) for key in path]


def _explain(error: Any) -> Iterator[tuple[list[Key], str]]:
    keys = list(error.absolute_path)
    match error.validator:
        case "required":
            # jsonschema reports each missing key by itself, but names it in its sentence only.
            missing = next(k for k in error.validator_value if error.message.startswith(f"{k!r} "))
            yield [*keys, missing], "缺少这一项"
        case "additionalProperties":
            for key in error.instance:
                if key not in error.schema["properties"]:
                    yield [*keys, str(key)], "没有这个键，请检查拼写"
        case "enum":
            allowed = "、".join(error.validator_value)
            yield (
                keys,
                f"{error.schema['x-message']} {_shown(error.instance)}，可以写：{allowed}",
            )
        case "minItems":
            yield keys, "列表不能是空的，没有内容就整项删去"
        case "uniqueItems":
            yield keys, "列表里有重复"
        case _ if "x-message" in error.schema:
            yield keys, f"{error.schema['x-message']}，现在是 {_shown(error.instance)}"
        case _:
            form = "列表" if error.schema["type"] == "array" else "键和值"
            yield keys, f"要写成{form}，现在是 {_shown(error.instance)}"


def _shown(value: Any) -> str:
    if value is None:
        return "空"
    return json.dumps(value, ensure_ascii=False)
