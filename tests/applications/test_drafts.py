import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.models import Entry
from reviews.models import StageKind, Verdict
from subsidies.applications import services
from subsidies.applications.enums import Status
from subsidies.models import Application, Attachment, Edition
from tests import domain
from tests.factories import UserFactory


def upload(name="材料.pdf", content=domain.PDF):
    return SimpleUploadedFile(name, content)


def test_a_draft_has_neither_number_nor_time_of_filing(company):
    application = domain.draft(company)

    assert application.status == Status.DRAFT
    assert (application.number, application.submitted_at, application.submitted_by) == (None,) * 3
    assert application.revision == 1


def test_what_was_typed_is_kept_as_it_is(company, clerk):
    application = domain.draft(company)

    services.save_draft(application, {"金额": "一二三,"}, by=clerk, revision=1)

    assert Application.objects.get(pk=application.pk).form_data == {"金额": "一二三,"}


def test_saving_with_an_old_revision_is_refused_and_overwrites_nothing(company, clerk):
    application = domain.draft(company)
    services.save_draft(application, {"by": "the first"}, by=clerk, revision=1)

    with pytest.raises(StateChanged, match="刷新"):
        services.save_draft(application, {"by": "the second"}, by=clerk, revision=1)

    application.refresh_from_db()
    assert (application.form_data, application.revision) == ({"by": "the first"}, 2)


def test_filing_with_an_old_revision_is_refused(company, clerk):
    application = domain.draft(company)
    services.save_draft(application, {}, by=clerk, revision=1)

    with pytest.raises(StateChanged):
        domain.submit(application, revision=1)


@pytest.mark.parametrize("what", ["start", "save", "attach", "remove", "submit", "withdraw"])
def test_only_the_companys_people_may_handle_its_applications(company, what):
    application = domain.draft(company)
    stranger = UserFactory()
    acts = {
        "start": lambda: services.start_application(application.item, company, by=stranger),
        "save": lambda: services.save_draft(application, {}, by=stranger, revision=1),
        "attach": lambda: services.attach_file(application, "其他", upload(), by=stranger),
        "remove": lambda: services.remove_attachment(application.attachments.first(), by=stranger),
        "submit": lambda: domain.submit(application, by=stranger),
        "withdraw": lambda: services.withdraw_application(application, by=stranger),
    }

    with pytest.raises(NotAllowed, match="只有本企业的人员"):
        acts[what]()


@pytest.mark.parametrize("what", ["save", "attach", "remove"])
def test_what_was_filed_is_not_edited(company, clerk, what):
    application = domain.filed(company)
    acts = {
        "save": lambda: services.save_draft(
            application, {}, by=clerk, revision=application.revision
        ),
        "attach": lambda: services.attach_file(application, "其他", upload(), by=clerk),
        "remove": lambda: services.remove_attachment(application.attachments.first(), by=clerk),
    }

    with pytest.raises(StateChanged, match="不能再修改"):
        acts[what]()


def test_what_was_returned_is_edited_again(company, clerk):
    application = domain.at_stage(StageKind.REVIEW, company)
    domain.decide(domain.open_tasks(application)[0], Verdict.RETURN)
    application.refresh_from_db()

    services.save_draft(application, {"a": 1}, by=clerk, revision=application.revision)
    services.attach_file(application, "补充材料", upload(content=domain.PDF + b"2"), by=clerk)

    assert application.attachments.filter(material="补充材料").exists()


def test_a_file_taken_off_stays_with_the_company(company, clerk):
    application = domain.draft(company)
    attachment = application.attachments.first()

    services.remove_attachment(attachment, by=clerk)

    assert not Attachment.objects.filter(pk=attachment.pk).exists()
    assert company.files.filter(pk=attachment.file_id).exists()


def test_the_same_file_for_the_same_material_is_attached_once(company, clerk):
    application = domain.draft(company, complete=False)

    for _time in range(2):
        services.attach_file(application, "证书", upload(), by=clerk)

    assert application.attachments.count() == 1


def test_every_act_on_a_draft_is_recorded_with_its_person(company, clerk):
    application = domain.draft(company, complete=False)
    attachment = services.attach_file(application, "证书", upload(), by=clerk)
    services.remove_attachment(attachment, by=clerk)
    services.withdraw_application(application, by=clerk)

    acts = Entry.objects.about(application).values_list("action", "actor")
    assert list(acts) == [
        ("application.started", clerk.pk),
        ("application.file_added", clerk.pk),
        ("application.file_removed", clerk.pk),
        ("application.withdrawn", clerk.pk),
    ]


def test_an_item_that_names_no_amount_yet_cannot_be_applied_for(company, clerk):
    with pytest.raises(Refused, match="实施细则还没有发布"):
        services.start_application(domain.item("jb24-32"), company, by=clerk)


def test_another_districts_item_cannot_be_applied_for(company, clerk):
    with pytest.raises(Refused, match="鄞州区"):
        services.start_application(domain.item("yz26-5"), company, by=clerk)


def test_a_draft_of_a_replaced_edition_is_not_filed(company):
    application, claim = domain.draft(company), domain.claim()
    old = application.item.edition
    newer = Edition.objects.create(
        document=old.document, name="jb24-2026-01-01", body=old.body, sha256="0" * 64
    )
    Edition.objects.filter(pk=newer.pk).update(status="published", published_at=timezone.now())

    with pytest.raises(Refused, match="政策已更新"):
        domain.submit(application, claim)
