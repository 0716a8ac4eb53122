"""When an entry of the credit record counts, whose word it is, and who sees it."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import Role
from companies.models import CreditEntry, CreditKind, Incident, IncidentKind, months_after
from subsidies.rules.question import IncidentKind as EngineIncidentKind
from tests.credit.conftest import INDUSTRY, listed, person
from tests.domain import TODAY, clerk_of, company_with_everything
from tests.factories import AppointmentFactory, CompanyFactory, DistrictFactory

YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)


def stands(company):
    return company.credit_entries.standing_on(TODAY).exists()


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        ({"listed_on": TODAY}, True),
        ({"listed_on": TOMORROW}, False),
        ({"listed_on": YESTERDAY, "repaired_on": TOMORROW}, True),
        ({"listed_on": YESTERDAY, "repaired_on": TODAY}, False),
        ({"listed_on": TODAY, "repaired_on": TODAY}, False),
        ({"listed_on": YESTERDAY, "valid_until": TODAY}, True),
        ({"listed_on": YESTERDAY, "valid_until": YESTERDAY}, False),
        ({"listed_on": YESTERDAY, "valid_until": TOMORROW, "repaired_on": TODAY}, False),
    ],
)
def test_an_entry_stands_until_the_day_before_its_repair_and_on_its_last_day(
    company, dates, expected
):
    listed(company, **dates)

    assert stands(company) is expected


@pytest.mark.parametrize(
    ("theirs", "its", "expected"),
    [
        # 信用中国 says that it was repaired: so it was.
        ({"source": "企业信用信息公示系统"}, {"repaired_on": TODAY}, 0),
        # It says that it stands: so it does, once.
        ({"source": "企业信用信息公示系统", "repaired_on": TODAY}, {}, 1),
        ({"source": "企业信用信息公示系统"}, {}, 1),
        # It ran out there.
        ({"source": "税务局"}, {"valid_until": YESTERDAY}, 0),
        # Another document, and one that nobody can find again by its number.
        ({"source": "税务局", "number": "甬税〔2026〕8号"}, {"repaired_on": TODAY}, 1),
        ({"source": "税务局", "number": ""}, {"repaired_on": TODAY, "number": ""}, 1),
    ],
)
def test_where_sources_differ_credit_china_has_the_last_word(company, theirs, its, expected):
    listed(company, **theirs, listed_on=date(2026, 1, 5))
    listed(company, **its, listed_on=date(2026, 1, 5))

    assert company.credit_entries.standing_on(TODAY).count() == expected


def test_credit_china_speaks_of_its_company_only(company):
    listed(company, source="税务局")
    listed(CompanyFactory(), repaired_on=TODAY)

    assert stands(company)


@pytest.mark.parametrize(
    "dates", [{"repaired_on": date(2026, 3, 9)}, {"valid_until": date(2026, 3, 9)}]
)
def test_the_database_wants_the_days_in_order(company, dates):
    with pytest.raises(IntegrityError), transaction.atomic():
        listed(company, **dates)


@pytest.mark.parametrize(
    ("grade", "last", "fits"),
    [
        ("minor", date(2026, 6, 10), True),
        ("minor", date(2026, 6, 11), False),
        ("general", date(2026, 6, 9), False),
        ("general", date(2026, 6, 10), True),
        ("general", date(2027, 3, 10), True),
        ("general", date(2027, 3, 11), False),
        ("serious", date(2027, 3, 9), False),
        ("serious", date(2029, 3, 10), True),
        ("serious", date(2029, 3, 11), False),
        ("", date(2040, 1, 1), True),
    ],
)
def test_a_grade_bounds_how_long_an_entry_is_shown(company, grade, last, fits):
    entry = CreditEntry(
        company=company, title="罚款", grade=grade, listed_on=date(2026, 3, 10), valid_until=last
    )

    if fits:
        entry.full_clean()
    else:
        with pytest.raises(ValidationError, match="公示期应到"):
            entry.full_clean()


def test_without_a_last_day_the_longest_of_the_grade_is_taken(company):
    entry = CreditEntry(company=company, title="罚款", grade="minor", listed_on=date(2025, 11, 30))

    entry.full_clean()

    assert entry.valid_until == date(2026, 2, 28)  # February has no 30th


@pytest.mark.parametrize(
    ("change", "last"),
    [
        ({"grade": "serious"}, date(2029, 1, 15)),
        ({"grade": "minor"}, date(2026, 4, 15)),
        ({"listed_on": date(2026, 2, 1)}, date(2027, 2, 1)),
        ({"grade": ""}, None),
        ({"title": "另一事由"}, date(2027, 1, 15)),
        ({"grade": "serious", "valid_until": date(2028, 1, 15)}, date(2028, 1, 15)),
    ],
)
def test_a_last_day_that_followed_from_the_grade_follows_the_grade(company, change, last):
    entry = CreditEntry(company=company, title="罚款", grade="general", listed_on=date(2026, 1, 15))
    entry.clean()
    entry.save()
    entry = CreditEntry.objects.get()

    for name, value in change.items():
        setattr(entry, name, value)
    entry.clean()

    assert entry.valid_until == last


def test_a_last_day_that_somebody_gave_stays(company):
    CreditEntry.objects.create(
        company=company,
        title="罚款",
        grade="general",
        listed_on=date(2026, 1, 15),
        valid_until=date(2026, 12, 31),
    )
    entry = CreditEntry.objects.get()
    entry.grade = "serious"

    with pytest.raises(ValidationError, match="公示期应到"):
        entry.clean()


def test_a_month_later_is_the_same_day_or_the_last():
    assert months_after(date(2023, 12, 31), 2) == date(2024, 2, 29)
    assert months_after(date(2024, 2, 29), 12) == date(2025, 2, 28)


def test_what_was_entered_before_kinds_is_of_the_list_that_blocks(company):
    entry = listed(company)

    assert entry.kind == CreditKind.BLACKLIST
    assert CreditEntry._meta.get_field("kind").db_default == CreditKind.BLACKLIST


def test_the_kinds_of_incidents_are_those_that_the_engine_knows():
    assert IncidentKind.values == [kind.value for kind in EngineIncidentKind]


# Who sees what


def page(company):
    return reverse("company_credit", args=[company.pk])


@pytest.fixture
def record(company):
    listed(company, title="还在名单上")
    listed(company, title="已经修复", number="2号", repaired_on=TODAY)
    listed(company, title="已经到期", number="3号", valid_until=date(2026, 3, 10))
    listed(company, title="别处说的", number="2号", source="税务局")
    Incident.objects.create(company=company, kind="safety", date=date(2025, 5, 1), note="机械伤害")
    return company


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.LEAD])
def test_officials_see_what_stands(client, record, role):
    client.force_login(person(INDUSTRY, role))

    shown = client.get(page(record)).content.decode()

    assert "还在名单上" in shown
    assert "机械伤害" in shown
    for hidden in ("已经修复", "已经到期", "别处说的"):
        assert hidden not in shown


@pytest.mark.parametrize("keeper", ["auditor", "administrator"])
def test_who_keeps_the_record_sees_the_evidence_too(client, record, keeper, request):
    client.force_login(request.getfixturevalue(keeper))

    shown = client.get(page(record)).content.decode()

    for entry in ("还在名单上", "已经修复", "已经到期", "别处说的"):
        assert entry in shown
    for state in ("2026-03-11 修复", "2026-03-10 到期", "以信用中国为准"):
        assert state in shown


def test_an_auditor_of_another_district_sees_neither(client, record):
    elsewhere = AppointmentFactory(department__district=DistrictFactory(), role=Role.AUDITOR)
    client.force_login(elsewhere.user)

    assert client.get(page(record)).status_code == 404
    assert not record.credit_entries.visible_to(elsewhere.user, TODAY).exists()


def test_the_page_is_the_officials(client, record, clerk):
    client.force_login(clerk)

    assert client.get(page(record)).status_code == 403


def test_a_company_sees_on_its_own_page_what_stands_and_how_to_repair_it(client, record, clerk):
    client.force_login(clerk)

    shown = client.get(reverse("company_profile")).content.decode()

    assert "还在名单上" in shown
    assert "甬税〔2026〕7号" in shown
    assert "信用修复" in shown
    for hidden in ("已经修复", "已经到期", "别处说的"):
        assert hidden not in shown


def test_a_company_sees_its_own_entries_only(record):
    stranger = clerk_of(company_with_everything())

    assert not CreditEntry.objects.visible_to(stranger, TODAY).exists()
    assert CreditEntry.objects.visible_to(clerk_of(record), TODAY).count() == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "还没有修复，现在就可以申请"),
        ({"grade": "minor"}, "还没有修复，现在就可以申请"),
        ({"grade": "serious"}, "最短公示期到 2027-03-10，满后可以申请"),
        ({"repaired_on": TOMORROW}, "已准予修复，2026-03-12 起不再有效"),
    ],
)
def test_a_company_reads_who_told_an_entry_when_and_whether_it_can_be_repaired(
    client, company, clerk, given, said
):
    listed(company, source="宁波市税务局", as_of=YESTERDAY, **given)
    client.force_login(clerk)

    page = client.get(reverse("company_profile")).content.decode()

    for text in ("来源：宁波市税务局", "截至 2026-03-10", said, "怎样修复", "提出异议"):
        assert text in page


def test_a_company_reads_no_other_companys_entries(client, company, clerk):
    listed(company_with_everything(), title="别家的")
    client.force_login(clerk)

    page = client.get(reverse("company_profile")).content.decode()

    assert "没有有效的信用记录。" in page
    assert "别家的" not in page
