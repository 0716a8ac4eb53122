"""Finding Chinese names by the first letters of their pinyin: 宁波 by nb."""

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from django.db import models
from pypinyin import Style, pinyin

if TYPE_CHECKING:
    from companies.models import Company

# One letter alone finds nearly everything.
SHORTEST = 2
_BETWEEN = r"[a-z0-9]*\|[a-z0-9]*"


def initials_of(name: str) -> str:
    """For each sign of a name the letters that its readings begin with, between bars.

    重 is read zhong or chong and stands as `cz`: either finds it. Brackets and the like are left
    out.
    """
    signs = unicodedata.normalize("NFKC", name).lower()
    return "|".join(filter(None, map(_letters, signs)))


def _letters(sign: str) -> str:
    if sign.isascii():
        return sign if sign.isalnum() else ""
    readings = pinyin(sign, style=Style.NORMAL, heteronym=True)
    letters = {reading[0] for reading in readings[0] if reading} if readings else set()
    return "".join(sorted(letter for letter in letters if letter.isascii() and letter.isalnum()))


def pattern_of(typed: str) -> str | None:
    """The regular expression that finds typed letters in what `initials_of` gives; None where
    what was typed cannot be meant so."""
    letters = unicodedata.normalize("NFKC", typed).lower()
    if not re.fullmatch(rf"[a-z0-9]{{{SHORTEST},30}}", letters):
        return None
    return _BETWEEN.join(letters)


class InitialsField(models.CharField):
    """Follows the row's `name` whenever the row is written."""

    def pre_save(self, model_instance: "models.Model | Company", add: bool) -> Any:
        value = initials_of(model_instance.name)  # type: ignore[union-attr]
        setattr(model_instance, self.attname, value)
        return value
