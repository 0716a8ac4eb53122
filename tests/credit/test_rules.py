"""What an entry does under a document: one policy bars, another asks, a third looks away."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import translation

from accounts.models import Role
from accounts.refusals import NotAllowed, Refused
from audit.models import Entry
from companies.models import CreditKind
from outbox.models import Job
from subsidies.applications.answers import answer_application, differences, keep_receipt
from subsidies.applications.enums import Reason
from subsidies.credit.findings import findings
from subsidies.credit.forms import NOTES, RuleForm
from subsidies.credit.models import CreditEffect, CreditRule
from subsidies.credit.services import set_rule
from subsidies.models import PolicyDocument, Receipt
from tests import domain
from tests.credit.conftest import fined, listed
from tests.factories import AppointmentFactory


@pytest.fixture
def document(world):
    return PolicyDocument.objects.get(code="jb24")


def edition(code=domain.ALONE):
    return domain.item(code).edition


def effect_of(entry):
    return {row.entry.pk: row.effect for row in findings(entry.company, edition())}.get(entry.pk)


def rule(document, by, kind="penalty", effect="none", **given):
    given = {"starts_on": domain.TODAY, "reason": "会议纪要", **given}
    return set_rule(document, CreditKind(kind), CreditEffect(effect), by=by, **given)


@pytest.mark.parametrize(
    ("kind", "effect"),
    [("blacklist", "blocks"), ("penalty", "asks"), ("abnormal", "asks"), ("other", "asks")],
)
def test_by_default_the_list_bars_and_the_rest_is_for_people(company, kind, effect):
    assert effect_of(listed(company, kind=kind)) == effect


@pytest.mark.parametrize("effect", CreditEffect)
@pytest.mark.parametrize("kind", CreditKind)
def test_every_kind_can_be_given_every_effect(company, document, policy_officer, kind, effect):
    entry = listed(company, kind=kind)
    rule(document, policy_officer, kind, effect)

    assert effect_of(entry) == (None if effect == CreditEffect.NONE else effect)
    dishonest = answer_application(domain.filed(company))["claims"][0]["checks"]
    outcome = next(check["outcome"] for check in dishonest if check["code"] == "dishonesty")
    assert outcome == ("fail" if effect == CreditEffect.BLOCKS else "pass")


def test_a_grade_of_its_own_goes_before_its_kind(company, document, administrator):
    serious, plain = fined(company, grade="serious"), fined(company, number="4号")
    rule(document, administrator, effect="blocks", grade="serious")
    rule(document, administrator, effect="none")

    assert effect_of(serious) == "blocks"
    assert effect_of(plain) is None


def test_a_rule_begins_on_its_day(company, document, policy_officer, clock):
    entry = fined(company)
    rule(document, policy_officer, effect="blocks", starts_on=domain.TODAY + timedelta(days=1))

    assert effect_of(entry) == "asks"
    clock.shift(timedelta(days=1))
    assert effect_of(entry) == "blocks"


def test_a_document_that_asks_for_no_clean_record_looks_at_none(company, policy_officer):
    listed(company)

    assert findings(company, edition("jb22-1b")) == []
    with pytest.raises(Refused, match="没有信用条款"):
        rule(PolicyDocument.objects.get(code="jb22"), policy_officer)


def test_a_rule_of_another_document_has_no_say(company, document, policy_officer):
    other = PolicyDocument.objects.exclude(pk=document.pk).first()
    CreditRule.objects.create(
        document=other,
        kind="penalty",
        effect="blocks",
        starts_on=domain.TODAY,
        reason="别的",
        made_by=policy_officer,
    )

    assert effect_of(fined(company)) == "asks"


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.POLICY_OFFICER, Role.ADMINISTRATOR}))
def test_only_policy_officers_and_administrators_of_the_district_set_rules(document, role):
    person = AppointmentFactory(department__district=document.district, role=role).user
    elsewhere = AppointmentFactory(role=Role.POLICY_OFFICER).user

    for by in (person, elsewhere):
        with pytest.raises(NotAllowed, match="信用规则由"):
            rule(document, by)
    assert not CreditRule.objects.exists()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"starts_on": domain.TODAY - timedelta(days=1)}, "不能早于今天"),
        ({"reason": " "}, "写明依据"),
    ],
)
def test_what_a_rule_needs(document, policy_officer, given, told):
    with pytest.raises(Refused, match=told):
        rule(document, policy_officer, **given)


def test_a_rule_is_recorded_and_what_is_under_way_screened_again(document, policy_officer):
    made = rule(document, policy_officer)

    entry = Entry.objects.get(action="credit_rule.set")
    assert (entry.about_id, entry.district_id) == (str(made.pk), document.district_id)
    assert Job.objects.get(kind="reviews.screen").args["district"] == document.district_id


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE subsidies_creditrule SET effect = 'none'",
        "DELETE FROM subsidies_creditrule",
        "TRUNCATE subsidies_creditrule",
    ],
)
def test_the_database_keeps_rules_as_they_were_set(document, policy_officer, statement):
    rule(document, policy_officer)

    with pytest.raises(domain.REFUSED_BY_TRIGGER):
        domain.execute(statement)


def test_a_rule_is_set_on_its_page(client, document, policy_officer, auditor, reviewer):
    url = reverse("credit_rules")
    given = {
        "document": document.pk,
        "kind": "abnormal",
        "grade": "",
        "effect": "none",
        "starts_on": "2026-03-11",
        "reason": "会议纪要",
    }
    client.force_login(policy_officer)
    assert client.post(url, {**given, "effect": ""}).status_code == 422
    assert client.post(url, {**given, "starts_on": "2026-03-10"}).status_code == 422
    assert client.post(url, given).url == url
    assert "异常名录：不影响" in client.get(url).content.decode()
    client.force_login(auditor)
    shown = client.get(url).content.decode()
    assert "会议纪要" in shown
    assert "设定一条规则" not in shown
    assert client.post(url, given).status_code == 403
    client.force_login(reviewer)
    assert client.get(url).status_code == 403
    assert CreditRule.objects.count() == 1


def test_the_choices_of_a_rule_are_said_in_the_readers_language():
    with translation.override("en"):
        labels = [
            label
            for _effect, label in RuleForm(PolicyDocument.objects.none()).fields["effect"].choices
        ]

    assert labels[0] == "Bars"
    assert labels[0].note != NOTES[CreditEffect.BLOCKS]


# Receipts


def test_a_receipt_keeps_the_entries_that_it_rests_on(company, document, policy_officer):
    blocking, asked = listed(company), fined(company)
    fined(company, kind="abnormal", number="5号")
    rule(document, policy_officer, kind="abnormal")

    receipt = Receipt.objects.get(pk=keep_receipt(domain.filed(company), Reason.REVIEW).pk)

    assert [(row["entry"], row["effect"]) for row in receipt.credit] == [
        (blocking.pk, "blocks"),
        (asked.pk, "asks"),
    ]
    assert receipt.credit[0]["clause"] == "九（二）"
    assert receipt.question["company"]["dishonesty"] == [{"listed_on": "2026-03-10"}]
    assert not differences(receipt)


@pytest.mark.parametrize("lost", [lambda kept: kept[1:], lambda kept: [{**kept[0], "number": "x"}]])
def test_a_receipt_whose_entries_were_changed_does_not_hold(company, lost):
    listed(company)
    receipt = keep_receipt(domain.filed(company), Reason.REVIEW)

    receipt.credit = lost(receipt.credit)

    assert differences(receipt)


def test_entries_that_the_question_does_not_ask_with_are_told(company):
    from subsidies.applications.answers import hash_of

    listed(company)
    receipt = keep_receipt(domain.filed(company), Reason.REVIEW)
    receipt.credit = []
    receipt.sha256 = hash_of(receipt)

    assert differences(receipt)


def test_receipts_from_before_credit_entries_had_kinds_still_hold(company):
    from subsidies.applications.answers import hash_of

    receipt = keep_receipt(domain.filed(company), Reason.REVIEW)
    receipt.credit = None
    receipt.sha256 = hash_of(receipt)

    assert not differences(receipt)


@pytest.mark.parametrize("make", [listed, fined])
def test_what_was_repaired_or_ran_out_stands_in_no_receipt(company, make):
    make(company, repaired_on=domain.TODAY)
    make(company, number="6号", listed_on="2026-01-01", valid_until="2026-03-10")

    receipt = keep_receipt(domain.filed(company), Reason.REVIEW)

    assert receipt.credit == receipt.question["company"]["dishonesty"] == []
