"""Every step of the amount seen biting and not biting, and claims settled together."""

import pytest

from subsidies.rules.settle import share_out
from tests.rules.asking import NOT_GIVEN, ask, ask_one, award, claim, codes, company, step


def contribution(amount):
    return company(years={"2024": {"fiscal_contribution": amount}})


@pytest.mark.parametrize(
    ("asked", "entitlement"),
    [
        (claim("jb24-22a/provincial"), 50_000_00),
        (claim("jb24-13a/diagnosis"), 10_000_00),
        (claim("jb24-03/general", eligible_investment="50000000"), 2_000_000_00),
        (claim("jb24-03/general", eligible_investment="50000000.25"), 2_000_000_00),
        (claim("jb24-03/general", eligible_investment="49999999.99"), 1_999_999_99),
        (claim("jb24-03/general", eligible_investment="0.24"), 0),
        (claim("jb24-03/general", eligible_investment="0.25"), 1),
        (claim("jb24-10a/increment"), 60_000_00),
        (claim("jb24-28/transfer", upper_grant="0.01"), 1),
        (claim("jb24-16a/land", quantity="0.0001"), 80_00),
        (claim("jb24-20/little-giant"), 500_000_00),
        (claim("jb24-10b/voucher"), 500_000_00),
    ],
)
def test_the_formula_gives_the_entitlement_rounded_down(asked, entitlement):
    assert ask_one(asked).entitlement == entitlement


def test_a_ceiling_that_cuts_stands_on_a_line_of_its_own():
    answer = ask_one(claim("jb24-03/key", eligible_investment="50123400.00"))

    found = step(answer, "formula")
    assert found.detail.split("\n") == [
        "可补助投资额 50,123,400.00 元 × 6% = 3,007,404.00 元",
        "上限 3,000,000.00 元",
        "核减 7,404.00 元",
    ]
    assert (found.before, found.limit, found.cut) == (3_007_404_00, 3_000_000_00, 7_404_00)


def test_a_product_says_that_it_was_rounded_down():
    answer = ask_one(claim("jb24-03/key", eligible_investment="12345678.90"))

    assert step(answer, "formula").detail == (
        "可补助投资额 12,345,678.90 元 × 6% = 740,740.73 元（分以下舍去）"
    )


def test_an_item_without_an_amount_has_no_steps_and_misses_nothing():
    answer = ask_one(claim("jb24-17c/top50"), company=contribution(NOT_GIVEN))

    assert (answer.entitlement, answer.payable, answer.steps) == (None, 0, ())
    assert answer.missing == ()


def test_a_ladder_pays_the_difference_and_never_less_than_nothing():
    higher = ask_one(
        claim("jb24-20/little-giant"), history=[award("jb24-20/city-key", 2020, "300000")]
    )
    lower = ask_one(
        claim("jb24-20/city-key"), history=[award("jb24-20/little-giant", 2024, "500000")]
    )

    assert (higher.entitlement, lower.entitlement) == (200_000_00, 0)
    assert step(higher, "formula").cut == 300_000_00


def test_what_a_cap_once_cut_off_a_ladder_may_come_back_at_the_next_level():
    answer = ask_one(
        claim("jb24-20/little-giant"), history=[award("jb24-20/city-key", 2023, "1000.00")]
    )

    assert answer.entitlement == 499_000_00
    assert "曾被总量削减" in step(answer, "formula").interpretation


def test_a_ladder_counts_its_own_track_and_subject_only():
    other_track = ask_one(
        claim("jb24-06/design-national"), history=[award("jb24-06/fusion-national", 2024, "200000")]
    )
    other_product = ask_one(
        claim("jb24-11a/national", subject="甲"),
        history=[award("jb24-11a/provincial", 2024, "100000", "乙")],
    )

    assert other_track.entitlement == other_product.entitlement == 200_000_00


def test_a_ladder_of_one_year_forgets_the_other_years():
    voucher = claim("jb24-10b/voucher")

    same = ask_one(voucher, history=[award("jb24-10b/voucher", 2024, "499999.99")])
    other = ask_one(voucher, history=[award("jb24-10b/voucher", 2023, "499999.99")])

    assert (same.entitlement, other.entitlement) == (1, 500_000_00)


def test_a_fall_in_spending_counts_as_no_increase():
    facts = company(years={"2023": {"rd_spend": "9000000"}})

    assert ask_one(claim("jb24-10a/increment"), company=facts).entitlement == 0


def test_no_spending_this_year_is_no_increase_whatever_last_year_was():
    facts = company(years={"2023": NOT_GIVEN, "2024": {"rd_spend": "0"}})

    answer = ask_one(claim("jb24-10a/increment"), company=facts)

    assert answer.entitlement == 0
    assert answer.missing == ()


@pytest.mark.parametrize(
    ("level", "facts", "left"),
    [
        ("jb24-17a/upscale", {}, 50_000_00),
        ("jb24-17a/upscale", {"other_support": "49999.99"}, 1),
        ("jb24-17a/upscale", {"other_support": "60000"}, 0),
        ("jb24-09b/national", {"other_support": "1", "match_required": True}, 4_999_999_00),
        ("jb22-1a/first", {"other_support": "1", "match_required": True}, 299_999_00),
    ],
)
def test_support_for_the_same_matter_is_set_off(level, facts, left):
    assert step(ask_one(claim(level, **facts)), "set_off").amount == left


@pytest.mark.parametrize(
    ("level", "facts"),
    [
        ("jb24-21a/first", {}),
        ("jb24-12/city-factory", {}),
        ("jb24-17a/upscale", {"match_required": True}),
    ],
)
def test_nothing_is_set_off_a_tech_item_a_matching_award_or_a_demanded_match(level, facts):
    answer = ask_one(claim(level, other_support="20000", **facts))

    assert "set_off" not in codes(answer)
    assert answer.payable == answer.entitlement


@pytest.mark.parametrize(
    ("requested", "amount"), [("49999.99", 49_999_99), ("50000.01", 50_000_00), ("0", 0)]
)
def test_no_more_is_paid_than_is_asked_for(requested, amount):
    answer = ask_one(claim("jb24-22a/provincial", requested=requested))

    assert step(answer, "requested").amount == answer.payable == amount


def test_who_names_no_amount_is_not_limited_by_one():
    assert codes(ask_one(claim("jb24-22a/provincial"))) == ["formula", "set_off", "annual_cap"]


@pytest.mark.parametrize(
    ("granted", "year", "amount"),
    [
        ("700000", 2024, 300_000_00),
        ("700000.01", 2024, 299_999_99),
        ("2000000", 2024, 0),
        ("2000000", 2023, 300_000_00),
    ],
)
def test_an_item_has_a_cap_of_its_own_for_company_and_year(granted, year, amount):
    bond = claim(
        "jb24-19d/bond", subject="新", proceeds="200000000", invested_in_district="200000000"
    )

    answer = ask_one(bond, history=[award("jb24-19d/bond", year, granted, "旧")])

    assert step(answer, "item_cap").amount == amount


@pytest.mark.parametrize(
    ("cap", "amount"),
    [("150000", 50_000_00), ("149999.99", 49_999_99), ("100000", 0), ("1", 0)],
)
def test_all_awards_of_the_year_stay_within_the_fiscal_contribution(cap, amount):
    history = [
        award("jb22-8c/star", 2024, "60000"),
        award("jb24-20/city-key", 2024, "40000"),
        award("jb24-20/city-key", 2023, "999999"),
        award("yz26-7/leader", 2024, "999999"),
    ]

    answer = ask_one(claim("jb24-22a/provincial"), company=contribution(cap), history=history)

    assert answer.payable == amount
    assert answer.eligible is True


@pytest.mark.parametrize("cap", ["0", "0.00"])
def test_a_cultivation_cap_of_nothing_is_a_cap(cap):
    answer = ask_one(claim("jb24-22a/provincial"), company=company(cultivation_cap=cap))

    assert (answer.eligible, answer.payable) == (True, 0)


def test_a_cultivation_cap_needs_no_fiscal_contribution():
    facts = company(cultivation_cap="100", years={"2024": {"fiscal_contribution": NOT_GIVEN}})

    assert ask_one(claim("jb24-22a/provincial"), company=facts).payable == 100_00


def test_without_a_cap_a_claim_is_undecided_even_where_nothing_is_left_to_pay():
    answer = ask_one(
        claim("jb24-20/city-key"),
        company=contribution(NOT_GIVEN),
        history=[award("jb24-20/little-giant", 2024, "500000")],
    )

    assert (answer.eligible, answer.entitlement, answer.payable) == (None, 0, None)
    assert answer.missing == ("company.years.2024.fiscal_contribution",)
    assert codes(answer) == ["formula"]


def test_a_missing_base_leaves_no_step_and_is_named():
    answer = ask_one(claim("jb24-28/national", subject="张某"))

    assert (answer.eligible, answer.entitlement, answer.payable) == (None, None, None)
    assert answer.missing == ("claim.upper_grant",)
    assert answer.steps == ()


def test_a_year_is_named_by_the_four_digits_of_its_key():
    answer = ask_one(claim("jb24-10a/increment", "0001-06-30"))

    assert answer.missing == (
        "company.years.0001.rd_spend",
        "company.years.0000.rd_spend",
        "company.years.0001.fiscal_contribution",
    )


def test_every_missing_fact_is_named_once_checks_first():
    answer = ask_one(claim("jb24-10a/increment"), company={})

    assert answer.missing == (
        "company.district",
        "company.years.2024.rd_spend",
        "company.above_scale",
        "company.industry",
        "company.years.2023.rd_spend",
        "company.years.2024.fiscal_contribution",
    )


def test_a_refused_claim_keeps_its_steps_and_is_paid_nothing():
    answer = ask_one(claim("jb24-22a/provincial"), company=company(district="宁波市海曙区"))

    assert (answer.eligible, answer.entitlement, answer.payable) == (False, 50_000_00, 0)
    assert codes(answer) == ["formula", "set_off", "annual_cap"]


@pytest.mark.parametrize("allocation", ["in_order", "proportional"])
def test_a_refused_or_undecided_claim_holds_nothing_back(allocation):
    answer = ask(
        claim("jb24-03/general", subject="甲"),
        claim("jb24-17b/faster"),
        claim("jb24-20/national-champion"),
        company=contribution("800000"),
        allocation=allocation,
    )

    assert [entry.payable for entry in answer.claims] == [None, 0, 800_000_00]
    assert answer.total == 800_000_00


def test_a_claim_that_comes_to_nothing_uses_up_nothing():
    first, second = ask(
        claim("jb24-22a/provincial", requested="0"), claim("jb24-22a/provincial")
    ).claims

    assert (first.eligible, first.payable) == (True, 0)
    assert second.payable == 50_000_00


def test_claims_are_settled_in_order_of_acceptance():
    answer = ask(
        claim("jb24-20/city-key"),
        claim("jb22-1c/leader"),
        claim("jb24-22a/provincial"),
        company=contribution("320000"),
    )

    assert [entry.payable for entry in answer.claims] == [300_000_00, 500_000_00, 0]


def test_each_policy_year_has_a_cap_of_its_own():
    facts = company(
        years={
            "2024": {"fiscal_contribution": "1"},
            "2025": {"fiscal_contribution": "2", "rd_spend": "1"},
        }
    )

    answer = ask(
        claim("jb24-22a/provincial"), claim("jb24-19a/reform", "2025-01-01"), company=facts
    )

    assert [entry.payable for entry in answer.claims] == [1_00, 2_00]


def test_in_proportion_awards_of_other_documents_come_off_first_wherever_they_stand():
    answer = ask(
        claim("jb24-22a/provincial"),
        claim("jb24-17a/upscale"),
        claim("jb22-1c/nurture"),
        company=contribution("260000.01"),
        allocation="proportional",
    )

    assert [entry.payable for entry in answer.claims] == [30_000_01, 30_000_00, 200_000_00]
    assert "按比例分配" in step(answer.claims[0], "annual_cap").detail
    assert step(answer.claims[0], "annual_cap").interpretation


def test_in_proportion_a_year_that_fits_is_not_cut():
    answer = ask(
        claim("jb24-22a/provincial"),
        claim("jb24-17a/upscale"),
        company=contribution("100000"),
        allocation="proportional",
    )

    assert answer.total == 100_000_00
    assert step(answer.claims[0], "annual_cap").cut == 0


def test_in_proportion_a_claim_counts_for_the_next_with_its_amount_before_the_cap():
    lower, higher, again = ask(
        claim("jb24-20/city-key"),
        claim("jb24-20/little-giant"),
        claim("jb24-20/city-key"),
        company=contribution("0"),
        allocation="proportional",
    ).claims

    assert [lower.entitlement, higher.entitlement, again.entitlement] == [300_000_00, 200_000_00, 0]
    assert [lower.payable, higher.payable, again.payable] == [0, 0, 0]


def test_in_proportion_an_unknown_cap_adds_nothing():
    first, second = ask(
        claim("jb24-20/city-key"),
        claim("jb24-20/little-giant"),
        company=contribution(NOT_GIVEN),
        allocation="proportional",
    ).claims

    assert (first.payable, second.payable, second.entitlement) == (None, None, 500_000_00)


@pytest.mark.parametrize(
    ("asked", "room", "shares"),
    [
        ([1, 1, 1], 2, [1, 1, 0]),
        ([1, 1, 1], 0, [0, 0, 0]),
        ([80000000, 50000000, 5000000], 100000001, [59259260, 37037037, 3703704]),
        ([1, 2, 3], 5, [1, 2, 2]),
        ([10**15] * 3, 10**15, [333333333333334, 333333333333333, 333333333333333]),
    ],
)
def test_the_fen_left_over_go_to_the_largest_remainders_the_earlier_first(asked, room, shares):
    assert share_out(asked, room) == shares


def test_the_answer_travels_as_text_with_two_decimals():
    told = ask(claim("jb24-22a/provincial")).to_json()

    assert told["total"] == "50000.00"
    (entry,) = told["claims"]
    assert {key: entry[key] for key in ("id", "eligible", "entitlement", "payable", "missing")} == {
        "id": "0",
        "eligible": True,
        "entitlement": "50000.00",
        "payable": "50000.00",
        "missing": [],
    }
    assert [found["amount"] for found in entry["steps"]] == ["50000.00"] * 3
    assert {"code", "outcome", "clause", "detail"} <= set(entry["checks"][0])
