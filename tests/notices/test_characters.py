"""Rare names are printed, or refused by name before anything is issued; never as empty boxes."""

import pytest

from reviews.notices import fonts, pdf
from reviews.notices.fonts import CharactersMissing, Face, require_printable
from reviews.notices.pdf import render_pdf, require_printable_content
from tests.notices.paper import made_up_notice, text

RARE = "宁波喆堃昇镕科技有限公司（犇䶮玥祎頔赟燚垚翀瑄珺婠嫄龑㛃）"
NOBODYS = "\U0010fffd"


@pytest.fixture
def _fang_song_without_rare_names(monkeypatch):
    """A machine whose 仿宋, like the one that is free, lacks the signs of rare names."""
    serif = fonts.faces()[0].path
    poor = Face("FandolFang", serif, signs="宁波科技有限公司你单位申报的")
    machine = (*(face for face in fonts.faces() if face.family != "FandolFang"), poor)
    monkeypatch.setattr(fonts, "faces", lambda: machine)
    monkeypatch.setattr(pdf, "faces", lambda: machine)
    pdf._press.cache_clear()
    yield
    pdf._press.cache_clear()


def test_rare_names_are_printed():
    said = text(render_pdf(made_up_notice(company=RARE, subject="厂房 1200㎡")))

    assert RARE in said
    assert "1200㎡" in said


@pytest.mark.usefixtures("_fang_song_without_rare_names")
def test_a_sign_that_the_first_face_lacks_comes_from_the_next_one():
    assert RARE in text(render_pdf(made_up_notice(company=RARE)))


def test_the_faces_that_come_with_the_project_have_all_common_signs():
    gb2312 = "".join(
        bytes([row, cell]).decode("gb2312", "ignore")
        for row in range(0xB0, 0xF8)
        for cell in range(0xA1, 0xFF)
    )

    assert len(gb2312) == 6763
    require_printable(gb2312 + "〔〕—《》“”（）：；，。、·×㎡①℃ 0123456789.,%")


def test_a_sign_that_nobody_has_is_refused_by_name():
    with pytest.raises(CharactersMissing) as refusal:
        render_pdf(made_up_notice(company=f"宁波{NOBODYS}有限公司"))

    assert refusal.value.signs == [NOBODYS]
    assert "U+10FFFD" in str(refusal.value)


def test_all_missing_signs_are_named_at_once():
    with pytest.raises(CharactersMissing, match=r"U\+10FFFC.+U\+10FFFD"):
        render_pdf(made_up_notice(company=f"宁波{NOBODYS}公司", subject="\U0010fffc"))


@pytest.mark.parametrize("sign", ["\u202e", "\u200b", "\x07", "\ufeff"])
def test_a_sign_that_cannot_be_seen_is_refused(sign):
    with pytest.raises(CharactersMissing, match=f"U\\+{ord(sign):04X}"):
        render_pdf(made_up_notice(company=f"宁波{sign}有限公司"))


def test_the_content_can_be_checked_before_it_gets_a_number():
    content = made_up_notice().content

    require_printable_content(content)
    content["steps"] = [{"detail": NOBODYS}]
    with pytest.raises(CharactersMissing):
        require_printable_content(content)


def test_what_was_drawn_is_checked_too(monkeypatch):
    monkeypatch.setattr(pdf, "require_printable", lambda text: None)

    with pytest.raises(CharactersMissing) as refusal:
        render_pdf(made_up_notice(company=f"宁波{NOBODYS}有限公司"))
    assert refusal.value.signs == [NOBODYS]
