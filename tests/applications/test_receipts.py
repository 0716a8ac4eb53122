import hashlib
import json

import pytest

from outbox.models import Job
from outbox.services import perform
from reviews.models import StageKind
from subsidies.applications.answers import answer_application, keep_receipt, question_for
from subsidies.applications.enums import Reason
from subsidies.applications.jobs import check_application
from subsidies.ledger import services as ledger
from subsidies.models import Award, Receipt
from tests import domain
from tests.factories import PastAwardFactory


def test_the_check_of_a_filing_keeps_question_and_answer(company):
    application = domain.filed(company)

    perform(Job.objects.get(kind="subsidies.check_application").pk)

    receipt = application.receipts.get()
    assert (receipt.reason, receipt.revision) == (Reason.SUBMISSION, application.revision)
    assert receipt.question["company"]["uscc"] == company.uscc
    assert receipt.answer["claims"][0]["payable"] == "10000.00"


def test_a_check_delivered_twice_keeps_one_receipt(company):
    application = domain.filed(company)
    job = Job.objects.get(kind="subsidies.check_application")

    for _time in range(2):
        check_application(**job.args)

    assert application.receipts.count() == 1


def test_a_check_of_a_revision_that_is_no_more_keeps_nothing(company):
    application = domain.filed(company)
    job = Job.objects.get(kind="subsidies.check_application")
    domain.decide(domain.open_tasks(application)[0], "return")

    check_application(**job.args)

    assert not application.receipts.exists()


def test_a_receipts_hash_can_be_computed_again_from_what_it_holds(company):
    kept = keep_receipt(domain.filed(company), Reason.REVIEW)

    receipt = Receipt.objects.get(pk=kept.pk)
    content = {
        name: getattr(receipt, name)
        for name in ("question", "answer", "editions", "engine", "credit")
    }
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert receipt.sha256 == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE subsidies_receipt SET answer = '{}'",
        "UPDATE subsidies_receipt SET sha256 = repeat('0', 64)",
        "DELETE FROM subsidies_receipt",
        "TRUNCATE subsidies_receipt CASCADE",
    ],
)
def test_the_database_keeps_receipts_as_they_are(company, statement):
    keep_receipt(domain.filed(company), Reason.REVIEW)

    with pytest.raises(domain.REFUSED_BY_TRIGGER):
        domain.execute(statement)
    assert Receipt.objects.count() == 1


def test_a_question_holds_the_companys_other_awards_and_not_its_own(company, budget):
    past = PastAwardFactory(company=company)
    application = domain.approved(company, domain.claim(domain.LADDER))
    own = Award.objects.get(claim__application=application)

    history = question_for(application, [])["history"]

    assert history == [past.as_history()]
    assert answer_application(application)["claims"][0]["payable"] == str(own.amount)
    later = domain.filed(company, domain.claim(domain.LADDER, "factory-national"))
    assert own.as_history() in question_for(later, [])["history"]


def test_of_two_equal_awards_only_its_own_is_left_out(company, budget):
    application = domain.approved(company, domain.claim(domain.LADDER, "factory-district"))
    own = Award.objects.get(claim__application=application)
    twin = PastAwardFactory(company=company, amount=own.amount)
    assert twin.as_history() == own.as_history()

    assert question_for(application, [])["history"] == [twin.as_history()]


def test_a_cancelled_award_is_no_history(company, budget):
    application = domain.approved(company, domain.claim(domain.LADDER))
    award = Award.objects.get(claim__application=application)
    ledger.cancel(award, by=award.granted_by)

    later = domain.filed(company, domain.claim(domain.LADDER, "factory-national"))

    assert question_for(later, [])["history"] == []


def test_another_companys_awards_are_no_history(company):
    PastAwardFactory()

    assert question_for(domain.filed(company), [])["history"] == []


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (StageKind.REVIEW, Reason.REVIEW),
        (StageKind.DETERMINATION, Reason.REVIEW),
        (StageKind.FINANCE, Reason.PUBLIC_NOTICE),
        (StageKind.APPROVAL, Reason.APPROVAL),
    ],
)
def test_every_consent_from_review_on_keeps_the_answer_it_rests_on(company, budget, kind, reason):
    application = domain.at_stage(kind, company)

    opinion = domain.decide(domain.open_tasks(application)[0])

    assert opinion.receipt.reason == reason
    assert opinion.receipt.revision == application.revision
