"""The folder of the exchange form: one YAML file an edition, and the departments.

`load_catalogue_files` reads a whole folder and either gives all of it or raises every problem
of every file at once.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from subsidies.catalogue.checks import check_departments, check_editions
from subsidies.catalogue.compiler import sha256_of
from subsidies.catalogue.schema import (
    DEPARTMENTS_SCHEMA,
    FOLDER,
    CatalogueProblems,
    Key,
    Problem,
    check_form,
    problem_at,
)

DEPARTMENTS_FILE = "departments.yaml"


@dataclass(frozen=True, slots=True)
class EditionFile:
    """A sound edition: its name, its body in the form that the database keeps, and its hash."""

    name: str
    body: dict[str, Any]
    sha256: str


@dataclass(frozen=True, slots=True)
class CatalogueFiles:
    """A folder's districts (with their departments) and editions, the latter by name."""

    districts: list[dict[str, Any]]
    editions: list[EditionFile]


def load_catalogue_files(folder: Path = FOLDER) -> CatalogueFiles:
    """The folder's content. Raises CatalogueProblems with everything that is wrong."""
    departments, problems = _read(folder / DEPARTMENTS_FILE)
    problems += check_form(DEPARTMENTS_FILE, departments, DEPARTMENTS_SCHEMA)
    if problems:
        # Without the departments every item of every edition would be reported for nothing.
        raise CatalogueProblems(problems)
    problems += check_departments(DEPARTMENTS_FILE, departments)

    bodies: dict[str, Any] = {}
    complete = True
    for path in sorted(folder.glob("*.yaml")):
        if path.name != DEPARTMENTS_FILE:
            try:
                bodies[path.name], found = _read(path)
                problems += found
            except CatalogueProblems as error:
                problems += error.problems
                complete = False
    problems += check_editions(bodies, departments["districts"], complete=complete)
    if problems:
        raise CatalogueProblems(problems)
    return CatalogueFiles(
        districts=departments["districts"],
        editions=[EditionFile(body["edition"], body, sha256_of(body)) for body in bodies.values()],
    )


class _Loader(yaml.SafeLoader):
    """YAML without its surprises: 1:2 is no number in base 60, 2024-05-01 no date and `no` no
    false. What is a number all the same is kept as one, so that the form can refuse it."""

    def construct_scalar(self, node: Any) -> Any:
        value = super().construct_scalar(node)
        # A block scalar's last line break is layout, not text.
        return value.strip() if isinstance(value, str) else value


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"^(~|null|)$", ["~", "n", ""]),
    ("bool", r"^(true|false)$", list("tf")),
    ("int", r"^[-+]?(0|[1-9][0-9]*)$", list("-+0123456789")),
    ("float", r"^[-+]?[0-9]+[.][0-9]+$", list("-+0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


def _read(path: Path) -> tuple[Any, list[Problem]]:
    """The file's content, and its keys that stand twice. Raises CatalogueProblems where the file
    can't be read at all."""
    try:
        loader = _Loader(path.read_text(encoding="utf-8"))
        node = loader.get_single_node()
        data = None if node is None else loader.construct_document(node)
    except FileNotFoundError:
        raise _unreadable(path, "没有这个文件") from None
    except UnicodeDecodeError:
        raise _unreadable(path, "文件不是 UTF-8 编码") from None
    except yaml.MarkedYAMLError as error:
        lines = [f"第 {error.problem_mark.line + 1} 行"] if error.problem_mark else []
        raise _unreadable(path, f"不是正确的 YAML：{error.problem}", *lines) from error
    except yaml.YAMLError as error:
        raise _unreadable(path, f"不是正确的 YAML：{str(error).splitlines()[0]}") from error
    return data, [problem_at(path.name, data, keys, "这个键写了两次") for keys in _duplicates(node)]


def _unreadable(path: Path, message: str, *keys: Key) -> CatalogueProblems:
    return CatalogueProblems([Problem(path.name, keys, message)])


def _duplicates(node: yaml.Node | None, keys: Sequence[Key] = ()) -> Iterator[list[Key]]:
    """Where a mapping holds a key twice: YAML would keep the last and say nothing."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield [*keys, key.value]
            seen.add(key.value)
            yield from _duplicates(value, [*keys, key.value])
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _duplicates(value, [*keys, index])
