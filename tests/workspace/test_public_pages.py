"""Public notices for everybody; the chain of acts for auditors."""

from django.db import connection
from django.urls import reverse

from accounts.models import Role
from audit.models import Entry
from outbox.models import Job
from outbox.services import perform
from reviews.models import PublicNotice, StageKind
from tests.domain import (
    ALONE,
    at_stage,
    claim,
    company_with_everything,
    end_public_notice,
    filed,
    investment,
)
from tests.workspace.conftest import FINANCE, INDUSTRY, person


def test_everybody_reads_what_is_on_public_notice(client, world):
    assert "现在没有公示" in client.get(reverse("public_notice_list")).content.decode()
    application = at_stage(
        StageKind.PUBLIC_NOTICE, company_with_everything(), investment("12345678.90")
    )
    notice = PublicNotice.objects.get()

    listed = client.get(reverse("public_notice_list")).content.decode()
    page = client.get(notice.get_absolute_url()).content.decode()

    assert "公示中" in listed
    assert "2026 年 3 月 11 日至 2026 年 3 月 17 日（5 个工作日" in page
    assert application.company.name in page
    assert application.company.uscc in page
    assert "技术改造投资补助" in page
    assert "一（三）" in page
    assert "74.074073" in page
    assert "匿名、逾期或没有线索的异议不予受理" in page
    assert "区经信局" in page or "经济和信息化局" in page


def test_a_public_notice_tells_no_account_and_no_phone(client, world):
    company = company_with_everything()
    company.contact_phone = "0574-87654321"
    company.save()
    at_stage(StageKind.PUBLIC_NOTICE, company, claim(ALONE))

    page = client.get(PublicNotice.objects.get().get_absolute_url()).content.decode()

    assert company.current_account.number not in page
    assert company.current_account.masked_number not in page
    assert "87654321" not in page


def test_a_notice_that_is_over_stays_to_be_read(client, world):
    application = at_stage(StageKind.PUBLIC_NOTICE, company_with_everything(), claim(ALONE))
    end_public_notice(application)

    page = client.get(PublicNotice.objects.get().get_absolute_url()).content.decode()

    assert "已期满" in page
    assert application.company.name in page


def test_there_is_no_notice_that_is_not_there(client, db):
    assert client.get("/public-notices/99/").status_code == 404


def test_only_auditors_read_the_chain(client, world):
    url = reverse("audit_log")
    assert client.get(url).status_code == 302
    for department, role in [
        (INDUSTRY, Role.REVIEWER),
        (FINANCE, Role.FINANCE),
        (FINANCE, Role.ADMINISTRATOR),
    ]:
        client.force_login(person(department, role))
        assert client.get(url).status_code == 403


def test_the_chain_is_listed_searched_and_verified(client, auditor):
    application = filed(company_with_everything(), claim(ALONE))
    client.force_login(auditor)
    url = reverse("audit_log")

    page = client.get(url).content.decode()
    assert "提交申请" in page
    assert "序号由全系统共用" in page
    client.cookies["django_language"] = "en"
    assert "insertion is found. The numbers" in client.get(url).content.decode()
    client.cookies["django_language"] = "zh-hans"
    found = client.get(url, {"q": application.number}).context["page"].object_list
    assert [entry.action for entry in found] == ["application.submitted"]


def verified(client, auditor):
    """The log's page once a worker has done what its button asks for."""
    client.force_login(auditor)
    client.post(reverse("audit_verify"))
    perform(Job.objects.get(kind="audit.verify").pk)
    return client.get(reverse("audit_log")).content.decode()


def test_a_chain_that_is_whole_is_said_to_be(client, auditor):
    filed(company_with_everything(), claim(ALONE))

    assert f"链完整，共 {Entry.objects.count()} 条" in verified(client, auditor)


def test_a_second_press_of_the_button_asks_for_nothing_more(client, auditor):
    client.force_login(auditor)
    client.post(reverse("audit_verify"))

    page = client.post(reverse("audit_verify"), follow=True).content.decode()

    assert "正在校验整条链" in page
    assert Job.objects.filter(kind="audit.verify").count() == 1


def test_a_chain_that_was_tampered_with_says_where(client, auditor):
    filed(company_with_everything(), claim(ALONE))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE audit_entry SET actor_name = '别人' WHERE seq = 2")
        cursor.execute("SET LOCAL session_replication_role = origin")

    assert "链在第 2 条断开" in verified(client, auditor)
