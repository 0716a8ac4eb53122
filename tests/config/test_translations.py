"""The source is Chinese, and the English is whole: no string without it, no words outside of it.

Read with Babel, so that it needs no GNU gettext and no compiled catalogue.
"""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as Entry
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po
from django.conf import settings
from django.template.base import Lexer, TokenType
from django.utils.translation.template import templatize

KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[.0-9]*[a-z%]")
CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]+")
FULL_WIDTH = re.compile(r"[\u3000-\u303f\uff00-\uffef]")
MARKED = re.compile(r"""_\((?:"[^"]*"|'[^']*')\)""")

# An official paper, which is Chinese whoever prints it.
PAPERS = {"notices/award_notice.html"}
# The brand mark, the name of the other language, and what the library is searched for.
KEPT = {"惠", "中文", "技术改造", "高新技术企业", "智能工厂", "首台"}


class Message(NamedTuple):
    context: str | None
    text: str
    plural: str | None
    where: str


def templates() -> list[Path]:
    return sorted(
        path for path in Path(settings.BASE_DIR, "templates").rglob("*") if path.is_file()
    )


def modules() -> list[Path]:
    packages = [found.parent for found in Path(settings.BASE_DIR).glob("*/__init__.py")]
    return sorted(
        path for package in packages if package.name != "tests" for path in package.rglob("*.py")
    )


def messages() -> Iterator[Message]:
    for path in modules():
        yield from messages_of(path.read_text(), path)
    for path in templates():
        text = templatize(path.read_text(), origin=str(path))
        # What is left of a template is no Python to indent.
        yield from messages_of(re.sub(r"(?m)^[ \t]+", "", text), path)


def messages_of(source: str, path: Path) -> Iterator[Message]:
    file = io.BytesIO(source.encode())
    for line, found, _comments, context in extract("python", file, KEYWORDS):
        text, plural = found if isinstance(found, tuple) else (found, None)
        place = path.relative_to(settings.BASE_DIR)
        yield Message(context or None, text, plural, f"{place}:{line}")


@pytest.fixture(scope="module")
def english() -> Catalog:
    with Path(settings.BASE_DIR, "locale/en/LC_MESSAGES/django.po").open("rb") as file:
        return read_po(file, locale="en")


def entry_of(english: Catalog, message: Message) -> Entry | None:
    found = english.get(message.text, message.context)
    return found if found and not found.fuzzy and all(forms_of(found)) else None


def forms_of(entry: Entry) -> tuple[str, ...]:
    return entry.string if isinstance(entry.string, tuple) else (entry.string,)


def test_the_strings_of_both_kinds_of_files_are_found():
    ends = {Path(message.where.partition(":")[0]).suffix for message in messages()}

    assert ends == {".py", ".html"}


def test_every_string_has_its_english(english):
    missing = [message for message in messages() if entry_of(english, message) is None]

    assert not missing, "run `make messages`, then translate what is empty or fuzzy"


def test_every_plural_has_both_its_forms(english):
    wrong = [
        message
        for message in messages()
        if message.plural and (entry := entry_of(english, message)) and len(forms_of(entry)) != 2
    ]

    assert not wrong


def test_the_english_fills_in_the_same_places(english):
    wrong = [
        (message.where, message.text, form)
        for message in messages()
        if (entry := entry_of(english, message))
        for form in forms_of(entry)
        if sorted(set(PLACEHOLDER.findall(form))) != sorted(set(PLACEHOLDER.findall(message.text)))
    ]

    assert not wrong


def test_the_english_has_no_full_width_signs(english):
    wrong = [
        entry.id for entry in english if entry.id and FULL_WIDTH.search("".join(forms_of(entry)))
    ]

    assert not wrong


def test_the_catalogue_holds_nothing_that_is_no_longer_used(english):
    used = {(message.context, message.text) for message in messages()}
    kept = {
        (entry.context, entry.id[0] if isinstance(entry.id, tuple) else entry.id)
        for entry in english
        if entry.id
    }
    unused = kept - used

    assert not unused, "run `make messages`"


def test_templates_hold_no_words_outside_of_the_translation():
    found = [
        (str(path.relative_to(Path(settings.BASE_DIR, "templates"))), words)
        for path in templates()
        for words in unmarked_words(path.read_text())
    ]

    assert not [(name, words) for name, words in found if name not in PAPERS]


def unmarked_words(source: str) -> Iterator[str]:
    is_translated = False
    for token in Lexer(source).tokenize():
        tag = token.contents.split(maxsplit=1)[0] if token.contents.strip() else ""
        if token.token_type == TokenType.BLOCK:
            if tag in ("blocktranslate", "comment"):
                is_translated = True
            elif tag in ("endblocktranslate", "endcomment"):
                is_translated = False
        if is_translated or token.token_type == TokenType.COMMENT or tag == "translate":
            continue
        for words in CHINESE.findall(MARKED.sub("", token.contents)):
            if words not in KEPT:
                yield words
