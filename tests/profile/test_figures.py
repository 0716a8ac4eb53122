"""Several sources of one figure, and which of them speaks."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from accounts.models import District
from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.models import Entry
from audit.services import record
from companies.facts import company_facts
from companies.figures import (
    DECLARING,
    chosen_figure,
    compare,
    declare_figure,
    declared_before,
    declared_figure,
    rules_of,
    stamp_of,
)
from companies.models import SourceRule, YearlyFigure
from companies.profile.kinds import Measure, Source
from companies.vault.kinds import FileKind
from companies.vault.services import add_file
from tests import domain
from tests.factories import CompanyFactory, UserFactory, YearlyFigureFactory


@pytest.fixture
def sources(company):
    """Three sources that differ about the revenue of 2023."""
    return {
        source: YearlyFigureFactory(
            company=company, year=2023, measure="revenue", source=source, value=value
        )
        for source, value in (("declared", 300), ("tax", 100), ("statistics", 200))
    }


def chosen(company):
    return chosen_figure(company, 2023, Measure.REVENUE)


def rule(company, first, second, third, **given):
    return SourceRule.objects.create(
        district=company.district,
        measure="revenue",
        first=first,
        second=second,
        third=third,
        **given,
    )


def declare(company, by, **given):
    return declare_figure(
        company,
        **{
            "year": 2023,
            "measure": Measure.REVENUE,
            "value": Decimal("300.00"),
            "as_of": date(2024, 3, 1),
            "is_audited": False,
            "evidence": None,
            "replaces": "",
            "by": by,
            **given,
        },
    )


def shown(company):
    return stamp_of(declared_figure(company, 2023, Measure.REVENUE))


def test_where_no_rule_is_set_tax_comes_before_statistics_and_those_before_the_company(
    company, sources
):
    found = compare(company.figures.filter(year=2023), rules_of(company.district))

    figures = found[2023, "revenue"]
    assert [row.source for row in figures.sources] == ["tax", "statistics", "declared"]
    assert figures.differ
    assert chosen(company) == sources["tax"]


def test_the_district_says_which_source_speaks(company, sources):
    rule(company, "statistics", "declared", "tax")

    assert chosen(company) == sources["statistics"]
    assert company_facts(company, year=2025)["years"]["2023"]["revenue"] == "200.00"


def test_a_rule_is_for_one_measure_of_one_district(company, sources):
    other = CompanyFactory(district=District.objects.get(code="330212"))
    SourceRule.objects.create(
        district=other.district,
        measure="revenue",
        first="declared",
        second="tax",
        third="statistics",
    )
    SourceRule.objects.create(
        district=company.district,
        measure="rd_spend",
        first="declared",
        second="tax",
        third="statistics",
    )

    assert chosen(company) == sources["tax"]


@pytest.fixture
def report(company, clerk):
    upload = SimpleUploadedFile("审计报告.pdf", domain.PDF)
    return add_file(company, upload, kind=FileKind.ACCOUNTS, by=clerk)


def test_audited_figures_may_come_first_whatever_their_source(company, sources, report):
    declared = YearlyFigure.objects.filter(pk=sources["declared"].pk)
    declared.update(is_audited=True, evidence=report)
    assert chosen(company) == sources["tax"]

    rule(company, "tax", "statistics", "declared", audited_first=True)

    assert chosen(company) == sources["declared"]


def test_a_mark_without_the_paper_that_proves_it_lifts_no_figure(company, sources):
    YearlyFigure.objects.filter(pk=sources["declared"].pk).update(is_audited=True)

    rule(company, "tax", "statistics", "declared", audited_first=True)

    assert chosen(company) == sources["tax"]


def test_nothing_is_declared_as_audited_without_its_paper(company, clerk):
    with pytest.raises(Refused, match="审计报告"):
        declare(company, clerk, is_audited=True)

    assert not company.figures.filter(year=2023, source=Source.DECLARED).exists()


def test_a_rule_names_each_source_once(company):
    with pytest.raises(IntegrityError, match="each_source_once"), transaction.atomic():
        rule(company, "tax", "tax", "declared")


def test_only_what_rules_ask_for_goes_into_a_question(company):
    YearlyFigureFactory(company=company, year=2025, measure="staff", value=120)

    assert set(company_facts(company, year=2025)["years"]["2025"]) == {
        "rd_spend",
        "revenue",
        "fiscal_contribution",
    }


def test_staff_are_whole_persons(company):
    with pytest.raises(IntegrityError, match="staff_is_whole"), transaction.atomic():
        YearlyFigureFactory(company=company, measure="staff", value=Decimal("120.50"))


def test_the_company_declares_and_declares_again_beside_the_other_sources(
    company, clerk, sources, report
):
    declare(company, clerk, value=Decimal("310.00"), evidence=report, replaces=shown(company))

    figure = company.figures.get(year=2023, measure="revenue", source=Source.DECLARED)
    assert (figure.value, figure.entered_by, figure.evidence) == (310, clerk, report)
    assert chosen(company) == sources["tax"]
    assert Entry.objects.about(figure).get().data["value"] == "310.00"


def test_what_was_declared_is_not_replaced_unseen(company, clerk, sources):
    with pytest.raises(StateChanged, match="已经申报过"):
        declare(company, clerk, value=Decimal("310.00"))

    sources["declared"].refresh_from_db()
    assert sources["declared"].value == 300


def test_a_paper_that_a_colleague_added_to_the_same_value_is_not_replaced_unseen(
    company, clerk, report
):
    declare(company, clerk)
    seen = shown(company)
    declare(company, clerk, is_audited=True, evidence=report, replaces=seen)

    with pytest.raises(StateChanged, match="已经申报过"):
        declare(company, clerk, value=Decimal("310.00"), replaces=seen)

    figure = declared_figure(company, 2023, Measure.REVENUE)
    assert (figure.is_audited, figure.evidence) == (True, report)


def test_what_was_declared_before_stays_to_be_read(company, clerk):
    for value in ("300.00", "310.00", "320.00"):
        figure = declare(company, clerk, value=Decimal(value), replaces=shown(company))

    earlier = declared_before([figure])[2023]
    assert [str(said.value) for said in earlier] == ["310.00", "300.00"]
    assert {(said.measure, said.as_of, said.by) for said in earlier} == {
        (Measure.REVENUE, date(2024, 3, 1), str(clerk))
    }


def test_what_a_table_put_in_the_place_of_a_declared_value_stays_to_be_read(company, clerk):
    importer = UserFactory(name="导入人")
    for value in ("300.00", "310.00"):
        figure = declare(company, clerk, value=Decimal(value), replaces=shown(company))
    company.figures.filter(pk=figure.pk).update(value=900, entered_by=importer)

    figure = declare(company, clerk, value=Decimal("320.00"), replaces=shown(company))

    earlier = declared_before([figure])[2023]
    assert [str(said.value) for said in earlier] == ["900.00", "310.00", "300.00"]
    assert [said.by for said in earlier] == [str(importer), str(clerk), str(clerk)]


def test_acts_that_do_not_say_what_they_replaced_are_read_as_before(company, clerk):
    figure = declare(company, clerk)
    company.figures.filter(pk=figure.pk).update(value=310)
    figure.refresh_from_db()
    with transaction.atomic():
        record(DECLARING, about=figure, by=clerk, value="305.00", as_of=figure.as_of)

    earlier = declared_before([figure])[2023]

    assert [str(said.value) for said in earlier] == ["305.00", "300.00"]


def test_nobody_declares_for_another_company(company, world):
    with pytest.raises(NotAllowed, match="本企业"):
        declare(company, domain.clerk_of(domain.company_with_everything()))


def test_the_contribution_is_not_the_companys_to_declare(company, clerk):
    with pytest.raises(NotAllowed, match="财政贡献"):
        declare(company, clerk, measure=Measure.FISCAL_CONTRIBUTION)


def test_evidence_is_a_file_of_the_same_company(company, clerk):
    other = domain.company_with_everything()
    evidence = add_file(
        other,
        SimpleUploadedFile("别家.pdf", domain.PDF),
        kind=FileKind.OTHER,
        by=domain.clerk_of(other),
    )

    with pytest.raises(NotAllowed, match="依据文件"):
        declare(company, clerk, evidence=evidence)
