"""统一社会信用代码: what is taken, what is asked, what is refused, however it is typed."""

import pytest
from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, connection, transaction

from accounts.refusals import Refused
from companies import uscc
from companies.models import Company
from companies.uscc import Verdict, normalise, verdict
from tests.factories import CompanyFactory
from tests.registration.conftest import CODE

ACCEPTED = (
    "91110000101623741K",
    "91110108551385082Q",
    "91350100M000100Y43",
    "11330206002954449B",
    "12330282688011591A",
    "12440600MB2C07549J",
)
# Genuine, from before 2016: only the last sign is wrong.
DOUBTFUL = ("91350203M0001QKT19", "91350211M0000XUF46")
REJECTED = "91310115MA1H8R7C6D"


@pytest.mark.parametrize("code", ACCEPTED)
def test_genuine_codes_are_accepted(code):
    assert verdict(code) is Verdict.ACCEPT


@pytest.mark.parametrize("code", DOUBTFUL)
def test_codes_with_a_wrong_last_sign_alone_are_to_be_confirmed(code):
    assert verdict(code) is Verdict.CONFIRM
    assert uscc.fault(code) == ""


def test_a_wrong_organisation_sign_is_rejected():
    assert verdict(REJECTED) is Verdict.REJECT


def variants(code):
    return (
        f"  {code}\t",
        f"{code[:4]} {code[4:8]}\u3000{code[8:]}",
        code.lower(),
        "".join(chr(ord(sign) + 0xFEE0) for sign in code),
        f"\u00a0{code}\u2003\n",
        f"{code[:2]}-{code[2:8]}‐{code[8:10]}‑{code[10:12]}–{code[12:16]}—{code[16:]}",
    )


@pytest.mark.parametrize("place", range(6))
def test_a_code_is_the_same_whatever_way_it_is_typed(place):
    assert normalise(variants(CODE)[place]) == CODE


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("", "18 位，现在是 0 位"),
        (CODE[:17], "18 位，现在是 17 位"),
        (CODE + "1", "18 位，现在是 19 位"),
        ("91330205TT00O00I1X", "“O、I”"),
        (REJECTED, "代码有误"),
        ("9133020ATT0000011X", "代码有误"),
        # Genuine institutions, and what an ID card's number looks like.
        ("11330206002954449B", "91、92 或 93"),
        ("12330282688011591A", "91、92 或 93"),
        ("330205199001011234", "91、92 或 93"),
    ],
)
def test_a_code_that_cannot_be_a_companys_is_refused_with_the_reason(world, register, code, why):
    with pytest.raises(Refused, match=why):
        register(code)


@pytest.mark.parametrize("place", range(5))
def test_a_company_that_is_known_is_found_whatever_way_its_code_is_typed(company, register, place):
    with pytest.raises(Refused, match="已经登记"):
        register(variants(company.uscc)[place])
    assert Company.objects.count() == 1


@pytest.mark.parametrize("place", range(5))
def test_the_database_takes_no_code_in_another_form(company, place):
    typed = variants(company.uscc)[place]

    with (
        pytest.raises((IntegrityError, DataError), match=r"company_uscc_is_normalised|too long"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE companies_company SET uscc = %s", [typed])


def test_the_database_takes_a_code_once(company):
    with pytest.raises(IntegrityError, match="uscc"), transaction.atomic():
        CompanyFactory(uscc=company.uscc)


def test_the_configuration_takes_no_rejected_code(company):
    company.uscc = REJECTED

    with pytest.raises(ValidationError, match="代码有误"):
        company.full_clean()
