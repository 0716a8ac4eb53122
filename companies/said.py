"""Sentences that are kept, and said again in the language of whoever reads them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Said(str):
    """A sentence in the reader's language that remembers its words in the source (`msgid`, marked
    with gettext_noop) and the values in it, which JSON must know."""

    msgid: str
    values: dict[str, Any]

    def __new__(cls, msgid: str, **values: Any) -> "Said":
        said = super().__new__(cls, gettext(msgid) % values)
        said.msgid, said.values = msgid, values
        return said


def kept(sentence: "StrOrPromise") -> dict[str, Any]:
    """What to keep of a sentence. One without values is its own msgid: jobs speak Chinese."""
    if isinstance(sentence, Said):
        return {"text": sentence.msgid, "values": sentence.values}
    return {"text": str(sentence)}


def say_again(found: Mapping[str, Any]) -> str:
    """A kept sentence in the reader's language."""
    msgid: str = found["text"]
    return gettext(msgid) % found["values"] if "values" in found else gettext(msgid)
