"""What people type into names stands on the paper as they typed it, and does nothing."""

import socket
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader
from weasyprint import HTML

from reviews.notices.fonts import OnlyOurFonts
from reviews.notices.pdf import render_pdf
from tests.notices.paper import made_up_notice, text

SECRET = "canary-5b0c7d"


class Listener:
    """A server on this machine that only counts who comes."""

    def __init__(self) -> None:
        self.calls = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                call, _address = self._socket.accept()
            except OSError:
                return
            self.calls += 1
            call.close()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    path = tmp_path / "canary.txt"
    path.write_text(SECRET)
    return path


def attacks(listener: Listener, canary: Path) -> list[str]:
    url = f"http://127.0.0.1:{listener.port}/x"
    return [
        f'<img src="{url}">',
        f"<img src='{canary.as_uri()}'>",
        f'<link rel="stylesheet" href="{url}">',
        f'<link rel="attachment" href="{canary.as_uri()}">',
        f"</style><style>@import url({url});</style>",
        f"</title><style>p {{ background: url({url}) }}</style>",
        f'"><svg><image href="{url}"/></svg>',
        f'<iframe src="{url}"></iframe><object data="{canary.as_uri()}"></object>',
        f"url({url})",
        f"{{% include '{canary}' %}}{{{{ notice.pk }}}}",
        "}} p { display: none }",
        "&lt;b&gt; & ＜img＞",
    ]


@pytest.mark.parametrize("field", ["company", "subject", "item", "department", "document"])
def test_markup_in_a_field_is_shown_as_it_was_typed(field, listener, canary):
    typed = attacks(listener, canary)
    # A few at a time: a paragraph that goes over the page has the page's foot in its text.
    for some in (typed[:4], typed[4:8], typed[8:]):
        content = render_pdf(made_up_notice(**{field: "、".join(some)}))

        said = text(content)
        assert [attack for attack in some if "".join(attack.split()) not in said] == []
        assert not PdfReader(BytesIO(content)).attachments
        assert SECRET not in said
    assert listener.calls == 0


def test_markup_in_a_step_is_shown_as_it_was_typed(listener, canary):
    typed = attacks(listener, canary)
    steps = [
        {"name": "应得", "amount": "1.00", "clause": "一", "detail": attack, "interpretation": ""}
        for attack in typed
    ]
    said = text(render_pdf(made_up_notice(steps=steps)))

    assert [attack for attack in typed if "".join(attack.split()) not in said] == []
    assert listener.calls == 0


def test_the_listener_would_notice(listener, canary):
    """Control: WeasyPrint left to itself does call and does attach."""
    attack = attacks(listener, canary)
    open_html = HTML(string=f"<body>{attack[0]}{attack[3]}").write_pdf()

    assert listener.calls > 0
    assert PdfReader(BytesIO(open_html)).attachments


def test_markup_that_came_through_would_still_reach_nothing(listener, canary):
    markup = "<body>" + "".join(attacks(listener, canary))
    content = HTML(string=markup, url_fetcher=OnlyOurFonts()).write_pdf()

    assert listener.calls == 0
    assert not PdfReader(BytesIO(content)).attachments
    assert SECRET not in text(content)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/", "https://127.0.0.1/", "file:///etc/hostname", "data:,x", "ftp://a/"],
)
def test_the_fetcher_refuses_every_protocol(url):
    with pytest.raises(ValueError, match="disallowed protocol"):
        OnlyOurFonts().fetch(url)
