"""The catalogue that the engine works with, compiled from the editions in the database.

An edition's hash stands for its content, so what was compiled once for a hash is right for the
life of the process, whatever is published meanwhile.
"""

from collections.abc import Iterable, Mapping
from functools import cache

from django.apps import apps

from subsidies.catalogue.compiler import Body, compile_edition, levels_of
from subsidies.rules.edition import Catalogue, Document, Item


def catalogue() -> Catalogue:
    """All items of the newest published edition of each document."""
    return _catalogue(tuple(sorted(_current_hashes().values())))


def edition_catalogue(edition_ids: Iterable[int]) -> Catalogue:
    """The catalogue with some documents held at the given editions: an application is worked
    out by the edition it was filed under, beside the current ones of the other documents."""
    pinned = apps.get_model("subsidies", "Edition").objects.filter(pk__in=list(edition_ids))
    hashes = _current_hashes() | dict(pinned.values_list("document_id", "sha256"))
    return _catalogue(tuple(sorted(hashes.values())))


def _current_hashes() -> dict[int, str]:
    current = apps.get_model("subsidies", "Edition").objects.current()
    return dict(current.values_list("document_id", "sha256"))


@cache
def _catalogue(hashes: tuple[str, ...]) -> Catalogue:
    items: dict[str, Item] = {}
    for sha256 in hashes:
        items |= compiled(sha256)[1]
    return Catalogue(items=items)


@cache
def compiled(sha256: str) -> tuple[Document, Mapping[str, Item]]:
    """The edition with this hash as the engine takes it."""
    return compile_edition(_body(sha256), sha256)


def item_body(sha256: str, code: str) -> Body:
    """An item's part of the edition with this hash, for what the engine does not need."""
    return _item_bodies(sha256)[code]


def claim_questions(sha256: str, item: str, level: str) -> list[tuple[str, str]]:
    """The facts that a claim of the level needs, each with the question to put."""
    body = next(row for row in levels_of(item_body(sha256, item)) if row["code"] == level)
    return [(fact["fact"], fact["question"]) for fact in body.get("claim_facts", ())]


@cache
def _item_bodies(sha256: str) -> Mapping[str, Body]:
    return {item["code"]: item for item in _body(sha256)["items"]}


@cache
def _body(sha256: str) -> Body:
    body: Body = apps.get_model("subsidies", "Edition").objects.get(sha256=sha256).body
    return body
