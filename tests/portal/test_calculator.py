import pytest

from subsidies.models import Application, Receipt

ITEM = "/policies/jb24-03/"
ESTIMATE = ITEM + "estimate/"
INVESTMENT = {
    "level": "key",
    "event_date": "2025-06-30",
    "recognised_investment": "12,345,678.90",
    "eligible_investment": "12,345,678.90",
}


def test_a_company_sees_amount_steps_and_checks(portal):
    response = portal.post(ESTIMATE, {**INVESTMENT, "other_support": "100,000"})
    page = response.content.decode()

    assert response.status_code == 200
    assert response.context["answer"]["payable"] == "640740.73"
    for text in ("640,740.73", "人民币陆拾肆万零柒佰肆拾元柒角叁分", "九（五）", "最高可得"):
        assert text in page


def test_the_calculator_keeps_nothing(portal):
    portal.post(ESTIMATE, INVESTMENT)

    assert not Application.objects.exists()
    assert not Receipt.objects.exists()


def test_somebody_unknown_gets_an_undecided_answer_that_says_what_is_missing(public):
    response = public.post(ESTIMATE, INVESTMENT)
    page = response.content.decode()

    assert response.context["answer"]["eligible"] is None
    assert "暂不能判断" in page
    assert "注册地" in page
    assert "/login/" in page


def test_a_fact_left_out_is_named_and_not_taken_for_nought(portal):
    answer = portal.post(ESTIMATE, {"level": "key", "event_date": "2025-06-30"}).context["answer"]

    assert answer["eligible"] is None
    assert "claim.eligible_investment" in answer["missing"]


def test_a_part_larger_than_the_whole_is_refused_at_its_field(portal):
    response = portal.post(ESTIMATE, {**INVESTMENT, "eligible_investment": "123,456,789"})

    errors = response.context["form"].errors
    assert "不能大于" in errors["eligible_investment"][0]
    assert "12,345,678.90" in errors["eligible_investment"][0]
    assert response.context["answer"]["eligible"] is None


def test_without_a_level_the_calculator_asks_for_one(portal):
    response = portal.post(ESTIMATE, {"event_date": "2025-06-30"})

    assert response.context["answer"] is None
    assert "请选择申领哪一档" in response.content.decode()


def test_a_page_that_listens_gets_the_answer_alone(portal):
    response = portal.post(ESTIMATE, INVESTMENT, headers={"HX-Request": "true"})
    page = response.content.decode()

    assert "<html" not in page
    assert "740,740.73" in page
    assert 'id="estimate-fields"' in page


def test_while_one_types_the_fields_are_left_alone(portal):
    response = portal.post(
        ESTIMATE,
        INVESTMENT,
        headers={"HX-Request": "true", "HX-Trigger": "estimate-fields"},
    )

    assert 'id="estimate-fields"' not in response.content.decode()


def test_a_day_ahead_is_answered_like_any_other(portal):
    answer = portal.post(ESTIMATE, {**INVESTMENT, "event_date": "2027-06-30"}).context["answer"]

    assert answer["checks"]


@pytest.mark.parametrize("field", ["recognised_investment", "event_date", "level"])
def test_nonsense_never_breaks_the_calculator(portal, field):
    for text in ("\0", "9" * 40, "١٢", "<script>", "0", "0001-01-01", "12345678.901"):
        assert portal.post(ESTIMATE, {**INVESTMENT, field: text}).status_code == 200


def test_the_address_of_an_answer_loaded_again_is_the_item(public):
    assert public.get(ESTIMATE).url == ITEM
