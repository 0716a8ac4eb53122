"""统一社会信用代码, the 18 characters by which a company is known (GB 32100-2015, GB 11714)."""

import unicodedata
from enum import Enum

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from companies.said import Said

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
ORGANISATION_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# 企业, 个体工商户, 农民专业合作社. An ID card's number passes the check sign, but not these.
COMPANY_PREFIXES = ("91", "92", "93")
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)

# Hyphens, dashes and middle dots, with which people part a code into groups. A full stop is none:
# a spreadsheet writes it into a code that it took for a number.
SEPARATORS = str.maketrans("", "", "-‐‑‒–—−·・")


class Verdict(Enum):
    ACCEPT = "accept"
    # Genuine codes with a wrong last sign exist, some were issued so before 2016: ask.
    CONFIRM = "confirm"
    REJECT = "reject"


def normalise(text: str) -> str:
    """Full-width signs, spaces, hyphens and small letters as people type them, in the
    written form."""
    return "".join(unicodedata.normalize("NFKC", text).translate(SEPARATORS).split()).upper()


def organisation_check_sign(body: str) -> str:
    """The check sign of the eight signs of an organisation code."""
    total = sum(
        ORGANISATION_ALPHABET.index(sign) * weight
        for sign, weight in zip(body, ORGANISATION_WEIGHTS, strict=True)
    )
    value = 11 - total % 11
    return {10: "X", 11: "0"}.get(value, str(value))


def check_sign(body: str) -> str:
    """The last sign that belongs to the first seventeen."""
    total = sum(ALPHABET.index(sign) * pow(3, place, 31) for place, sign in enumerate(body))
    return ALPHABET[(31 - total % 31) % 31]


def fault(code: str) -> str:
    """Why a normalised code cannot be that of a company which registers, for the person who typed
    it; empty where it can, also where its last sign has to be confirmed."""
    if wrong := _fault_of_signs(code):
        return wrong
    if not code.startswith(COMPANY_PREFIXES):
        return _("企业的代码以 91、92 或 93 开头。机关、事业单位和社会组织不在这里登记。")
    return _fault_of_form(code)


def misspelt(code: str) -> str:
    """Why a normalised code cannot be anybody's; empty where it can."""
    return _fault_of_signs(code) or _fault_of_form(code)


def _fault_of_signs(code: str) -> str:
    if len(code) != 18:
        return Said(
            gettext_noop("统一社会信用代码是 18 位，现在是 %(length)d 位。"), length=len(code)
        )
    if wrong := "、".join(dict.fromkeys(sign for sign in code if sign not in ALPHABET)):
        return Said(
            gettext_noop("代码里没有“%(signs)s”这样的字符，请核对（没有字母 I、O、S、V、Z）。"),
            signs=wrong,
        )
    return ""


def _fault_of_form(code: str) -> str:
    if verdict(code) is Verdict.REJECT:
        return _("代码有误：第 3 至 8 位应是数字，第 17 位应与前面相符。请对照营业执照核对。")
    return ""


def verdict(code: str) -> Verdict:
    """What to do with a normalised code."""
    well_formed = (
        len(code) == 18 and all(sign in ALPHABET for sign in code) and code[2:8].isdecimal()
    )
    if not well_formed or organisation_check_sign(code[8:16]) != code[16]:
        return Verdict.REJECT
    return Verdict.ACCEPT if check_sign(code[:17]) == code[17] else Verdict.CONFIRM
