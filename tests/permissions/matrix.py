"""`matrix.yaml`, read: a row for each address, method and object, with an answer a role."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("matrix.yaml")
METHODS = ("GET", "POST", "PUT", "DELETE")
# Where a block says nothing of a method.
NO_SUCH_METHOD = "405 others"
SIGN_IN = "sign-in"
REFUSALS = {"403", "404", "405", SIGN_IN}
ANONYMOUS = "anonymous"
# An address without an object has this one.
NO_OBJECT = "-"


class Unclear(Exception):
    """The file contradicts itself; the text says where."""


@dataclass(frozen=True)
class Block:
    """What the file says of one address."""

    name: str
    path: str = ""
    params: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    send: dict[str, Any] = field(default_factory=dict)
    notes: str = ""
    is_open: bool = False
    lines: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    block: Block
    method: str
    object: str
    expected: dict[str, str]

    def __str__(self) -> str:
        return f"{self.block.name} {self.method} {self.object}"

    @property
    def let_in(self) -> list[str]:
        """The roles that are not refused."""
        return [role for role, answer in self.expected.items() if answer not in REFUSALS]

    @property
    def taken_of(self) -> list[str]:
        """The roles that are led on, as whoever sent a form that was taken."""
        return [role for role, answer in self.expected.items() if answer.startswith("302:")]


# {group: its roles}, for lines that would be long.
Groups = dict[str, list[str]]


@dataclass(frozen=True)
class Matrix:
    roles: dict[str, str]
    groups: Groups
    objects: dict[str, list[str]]
    blocks: dict[str, Block]
    rows: list[Row]


class _EachKeyOnce(yaml.SafeLoader):
    """Of two blocks for one address YAML would silently take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _value in node.value if key.value != "<<"]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise Unclear(f"two blocks or lines for {', '.join(sorted(twice))}")
        return super().construct_mapping(node, deep)


def read(text: str) -> Matrix:
    content = yaml.load(text, _EachKeyOnce)
    roles = content["roles"]
    groups = {name: names.split() for name, names in content["groups"].items()}
    objects = {kind: names.split() for kind, names in content["objects"].items()}
    blocks = {name: block_of(name, given) for name, given in content["urls"].items()}
    rows = [row for block in blocks.values() for row in _rows(block, list(roles), groups, objects)]
    return Matrix(roles, groups, objects, blocks, rows)


def load() -> Matrix:
    return read(FILE.read_text())


def block_of(name: str, given: dict[str, Any] | None) -> Block:
    lines = dict(given or {})
    return Block(
        name=name,
        path=lines.pop("path", ""),
        params={key: str(value) for key, value in lines.pop("with", {}).items()},
        query=lines.pop("query", {}),
        send=lines.pop("send", {}),
        notes=lines.pop("notes", ""),
        is_open=lines.pop("open", False),
        lines={head: str(line) for head, line in lines.items()},
    )


def objects_of(block: Block, objects: dict[str, list[str]]) -> list[str]:
    """The objects that an address is tried with: those of its parameters that are a kind."""
    kinds = [kind for kind in block.params.values() if kind in objects]
    if not kinds:
        return [NO_OBJECT]
    return [name for name in objects[kinds[0]] if all(name in objects[kind] for kind in kinds)]


def _rows(
    block: Block, roles: list[str], groups: Groups, objects: dict[str, list[str]]
) -> list[Row]:
    names = objects_of(block, objects)
    anywhere = {name for kind in objects.values() for name in kind}
    said: dict[tuple[str, str], str] = {}
    for head, line in block.lines.items():
        methods = [word for word in head.split() if word in METHODS]
        wanted = [word for word in head.split() if word not in METHODS] or names
        if not methods or set(wanted) - anywhere - {NO_OBJECT}:
            raise Unclear(f"{block.name}: “{head}” names no method, or an object that is none")
        for method in methods:
            # What several addresses share may name an object that this one has not.
            for name in [name for name in wanted if name in names]:
                if (method, name) in said:
                    raise Unclear(f"{block.name}: two lines say what {method} {name} answers")
                said[method, name] = line
    missing = {
        f"{method} {name}"
        for method in {method for method, _name in said}
        for name in names
        if (method, name) not in said
    }
    if missing:
        raise Unclear(f"{block.name}: no line for {', '.join(sorted(missing))}")
    return [
        Row(block, method, name, answers(block, said.get((method, name)), method, roles, groups))
        for method in METHODS
        for name in names
    ]


def answers(
    block: Block, line: str | None, method: str, roles: list[str], groups: Groups
) -> dict[str, str]:
    """{role: answer} of a line such as `200 reviewer lead | 404 foreign_official | 403 others`.

    `others` stands for every role that is not named, and only for a refusal: a role that is new
    is let in nowhere unless a line names it. `anyone` is for what all people get alike.
    Whoever is not signed in is asked to, except where the address is open or the line says so.
    """
    found: dict[str, str] = {}
    everybody = block.is_open or (line is None and method in ("PUT", "DELETE"))
    rest = [role for role in roles if everybody or role != ANONYMOUS]
    for part in (line or NO_SUCH_METHOD).split("|"):
        answer, *named = part.split()
        for name in named:
            if name == "others" and answer not in REFUSALS:
                raise Unclear(f"{block.name}: {answer} is no answer for “others”; name the roles")
            chosen = rest if name in ("others", "anyone") else groups.get(name, [name])
            if set(chosen) - set(roles):
                raise Unclear(f"{block.name}: nobody is called {name}")
            for role in chosen:
                if name in ("others", "anyone"):
                    found.setdefault(role, answer)
                elif found.setdefault(role, answer) != answer:
                    raise Unclear(f"{block.name}: {role} gets two answers in “{line}”")
    found.setdefault(ANONYMOUS, SIGN_IN)
    missing = set(roles) - set(found)
    if missing:
        raise Unclear(f"{block.name}: “{line}” does not say what {', '.join(missing)} get")
    return found


def line_of(found: dict[str, str], *, is_open: bool) -> str:
    """The shortest line that says these answers."""
    shown = dict(found)
    if not is_open and shown.get(ANONYMOUS) == SIGN_IN:
        del shown[ANONYMOUS]
    by_answer: dict[str, list[str]] = {}
    for role, answer in shown.items():
        by_answer.setdefault(answer, []).append(role)
    if len(by_answer) == 1:
        (answer,) = by_answer
        return f"{answer} {'others' if answer in REFUSALS else 'anyone'}"
    refusals = [answer for answer in by_answer if answer in REFUSALS]
    rest = max(refusals, key=lambda answer: len(by_answer[answer]), default=None)
    parts = [
        f"{answer} {'others' if answer == rest else ' '.join(named)}"
        for answer, named in sorted(by_answer.items(), key=lambda pair: (pair[0] == rest, pair[0]))
    ]
    return " | ".join(parts)
