"""The Chinese faces of the notices, and whether a text can be printed with them at all.

Noto Serif SC and Noto Sans SC come with a wheel and are always there. The faces that an official
paper is set in by custom (仿宋, 标宋, 黑体) and 霞鹜文楷, which has the rarest names, are used
where the machine has them: `texlive-lang-chinese` and `fonts-lxgw-wenkai` in Debian.
"""

import subprocess
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from io import BytesIO
from pathlib import Path

from django.utils.translation import gettext as _
from fontTools import subset
from fontTools.ttLib import TTFont
from weasyprint.urls import URLFetcher, URLFetcherResponse

from accounts.refusals import Refused

PACKAGED = {
    "Noto Serif SC": "NotoSerifSC-Regular.otf",
    "Noto Sans SC": "NotoSansSC-Regular.otf",
}
INSTALLED = {
    "FandolFang": "FandolFang-Regular",
    "FandolSong": "FandolSong-Bold",
    "FandolHei": "FandolHei-Regular",
    "LXGW WenKai": "LXGWWenKai-Regular",
}
# TeX keeps its faces where fontconfig does not look.
TEX_FOLDERS = [
    Path("/usr/share/texlive/texmf-dist/fonts/opentype/public/fandol"),
    Path("/usr/share/texmf-dist/fonts/opentype/public/fandol"),
]
# The Latin letters of FandolFang look typewritten, so those of Noto Serif go before it, as a face
# of their own. (A unicode-range cannot do this: WeasyPrint takes it as what the face *has*, and
# prints boxes for the names that FandolFang lacks.)
LATIN = "Notice Latin"
LATIN_SIGNS = "".join(map(chr, range(0x20, 0x7F)))
# The few signs set in 黑体, cut out of Noto Sans: embedding from the whole of it costs 95 kB.
LABELS = "Notice Labels"
LABEL_SIGNS = LATIN_SIGNS + "步骤计算说明条款金额（元）兑现"


class CharactersMissing(Refused):
    """Characters that no face has: an empty box on an official paper is worse than no paper."""

    def __init__(self, signs: Iterable[str]) -> None:
        self.signs = sorted(set(signs))
        super().__init__(
            _("字体里没有这些字：%(signs)s。请改正文字，或由系统管理员安装含有它们的字体后再签发。")
            % {"signs": "、".join(f"{_shown(sign)}（U+{ord(sign):04X}）" for sign in self.signs)}
        )


@dataclass(frozen=True)
class Face:
    """A font file as a family; `signs` cuts it down to those alone."""

    family: str
    path: Path
    signs: str = ""

    @property
    def url(self) -> str:
        return f"notice-font:{self.family.replace(' ', '-')}"

    @property
    def rule(self) -> str:
        return f'@font-face {{ font-family: "{self.family}"; src: url("{self.url}") }}'

    @cached_property
    def has(self) -> frozenset[int]:
        with TTFont(self.path, lazy=True) as font:
            return frozenset(font.getBestCmap())

    def content(self) -> bytes:
        if not self.signs:
            return self.path.read_bytes()
        subsetter = subset.Subsetter()
        subsetter.populate(text=self.signs)
        content = BytesIO()
        with TTFont(self.path, lazy=True, recalcTimestamp=False) as font:
            subsetter.subset(font)
            font.save(content)
        return content.getvalue()


class OnlyOurFonts(URLFetcher):
    """What a notice may load: the faces of this module. No protocol is allowed at all."""

    def __init__(self) -> None:
        super().__init__(allowed_protocols=())
        self._faces = {face.url: face for face in faces()}

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        if face := self._faces.get(url):
            return URLFetcherResponse(url, face.content())
        return super().fetch(url, headers)


@cache
def faces() -> tuple[Face, ...]:
    """All faces of this machine, found once a process."""
    package = files("pylopdf_fonts_zh_cn")
    serif, sans = found = [
        Face(family, Path(str(package / name))) for family, name in PACKAGED.items()
    ]
    found += [Face(LATIN, serif.path, LATIN_SIGNS), Face(LABELS, sans.path, LABEL_SIGNS)]
    for family, name in INSTALLED.items():
        if path := _installed(name):
            found.append(Face(family, path))
    return tuple(found)


def require_printable(text: str) -> None:
    """Raise CharactersMissing naming every character of the text that no face has."""
    if missing := {sign for sign in text if not _is_printable(sign)}:
        raise CharactersMissing(missing)


def _is_printable(sign: str) -> bool:
    # Format signs are invisible, and some turn a line of text around.
    if unicodedata.category(sign) in {"Cc", "Cf"}:
        return sign in "\n\r\t"
    return any(ord(sign) in face.has for face in faces())


def _shown(sign: str) -> str:
    return sign if sign.isprintable() else "?"


def _installed(name: str) -> Path | None:
    """The file of a face by its PostScript name."""
    for folder in TEX_FOLDERS:
        if (path := folder / f"{name}.otf").is_file():
            return path
    command = ["fc-list", "--format=%{file}\n", f":postscriptname={name}"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return None
    return next((Path(line) for line in sorted(listed.stdout.splitlines())), None)
