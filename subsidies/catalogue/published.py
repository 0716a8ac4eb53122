"""The catalogue that the engine works with, compiled from the editions in the database.

An edition's hash stands for its content, so what was compiled once for a hash is right for the
life of the process, whatever is published meanwhile.
"""

from collections.abc import Mapping
from functools import cache

from django.apps import apps

from subsidies.catalogue.compiler import Body, compile_edition, levels_of
from subsidies.rules.edition import Catalogue, Document, Item


def catalogue() -> Catalogue:
    """All items of the newest published edition of each document."""
    return catalogue_of(hashes_with())


def hashes_with(*edition_ids: int) -> tuple[str, ...]:
    """What a catalogue is made of, one hash a document: the newest published editions, but the
    given ones for their documents. An application is worked out by the edition it was filed
    under, beside the current ones of the other documents."""
    editions = apps.get_model("subsidies", "Edition").objects
    hashes = dict(editions.current().values_list("document_id", "sha256"))
    hashes |= dict(editions.filter(pk__in=edition_ids).values_list("document_id", "sha256"))
    return tuple(sorted(hashes.values()))


@cache
def catalogue_of(hashes: tuple[str, ...]) -> Catalogue:
    """The catalogue of just these editions, named by their hashes, one of each document."""
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
