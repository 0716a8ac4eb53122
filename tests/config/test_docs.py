"""What the documents point to is there."""

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
# [text](place), ![text](place "title"), [text]: place, <a href="place">, <img src="place">
PLACES = re.compile(
    r"""\]\(\s*<?([^)\s>]+)|^\[[^\]]+\]:\s*(\S+)|(?:href|src|srcset)=["']([^"'\s]+)""", re.M
)


def relative_places(text: str) -> set[str]:
    without_code = re.sub(r"^```.*?^```|`[^`\n]+`(?!\])", "", text, flags=re.M | re.S)
    found = {next(filter(None, groups)) for groups in PLACES.findall(without_code)}
    return {place for place in found if not re.match(r"[a-z][a-z+.-]*:|//|#", place)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_and_picture_is_there(document):
    places = relative_places(document.read_text())

    missing = {
        place for place in places if not (document.parent / re.split(r"[#?]", place)[0]).exists()
    }

    assert not missing


def test_links_are_found_in_every_form():
    text = '[a](b.md) ![c](d.png "e") [`f`](g.md#h)\n[i]: j.md\n<img src="k.png">\n[l](https://m) '

    assert relative_places(text) == {"b.md", "d.png", "g.md#h", "j.md", "k.png"}


def test_the_documents_name_every_variable_of_the_example():
    told = (ROOT / "docs" / "operations.md").read_text()
    names = re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.M)

    assert {name for name in names if f"`{name}`" not in told} <= {
        "POSTGRES_PASSWORD",
        "REDIS_PASSWORD",
    }
