"""The whole way in a browser: what a newcomer clicks, with a worker doing the jobs behind it."""

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from accounts.models import User
from demo.workdays import ensure_calendar
from reviews.services import finance_department
from subsidies.models import Application, Award
from tests import domain
from tests.factories import BudgetLineFactory

PASSWORD = "a-password-for-tests"
PATIENCE = 30_000  # ms: the worker renders a PDF on a busy machine
AMOUNT = "640,740.73"


@pytest.fixture
def worker(environment: dict[str, str]) -> Iterator[None]:
    """A Celery worker on the test's own database and Redis."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "celery", "--quiet", "--app", "config", "worker"),
            *("--pool", "solo", "--without-gossip", "--without-mingle"),
        ],
        env=environment,
        cwd=settings.BASE_DIR,
    )
    yield
    process.terminate()
    process.wait()


class Person:
    """Somebody at a browser of their own."""

    def __init__(self, browser: Browser, site: str, user: User) -> None:
        user.set_password(PASSWORD)
        user.save(update_fields=["password"])
        self.page: Page = browser.new_context(base_url=site, locale="zh-CN").new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.goto("/login/")
        self.page.get_by_label("用户名").fill(user.username)
        self.page.get_by_label("密码").fill(PASSWORD)
        self.page.locator("main").get_by_role("button", name="登录").click()
        expect(self.page.get_by_role("button", name="退出")).to_be_visible()

    def see(self, text: str) -> None:
        expect(self.page.locator("main").get_by_text(text).first).to_be_visible(timeout=PATIENCE)

    def press(self, name: str) -> None:
        self.page.locator("main").get_by_role("button", name=name, exact=True).click()

    def download(self, link: str) -> bytes:
        with self.page.expect_download() as event:
            self.page.locator("main").get_by_role("link", name=link).first.click()
        return Path(event.value.path()).read_bytes()


@pytest.fixture
def people(live_server, chromium: Browser, world) -> Iterator[Callable[[User], Person]]:
    contexts = len(chromium.contexts)

    def person(user: User) -> Person:
        return Person(chromium, live_server.url, user)

    yield person
    for context in chromium.contexts[contexts:]:
        context.close()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_company_files_and_is_paid_by_clicking(people, worker, tmp_path, settings):
    settings.DEMO = True
    company = domain.company_with_everything(fiscal_contribution="3100000.00")
    item = domain.item("jb24-03")
    BudgetLineFactory(year=timezone.localdate().year)
    this_year = timezone.localdate().year
    for year in (this_year, this_year + 1):
        ensure_calendar(year)
    clerk = people(domain.clerk_of(company))

    number = file_an_application(clerk, tmp_path)
    application = Application.objects.get(number=number)

    decide = [
        ("reviewer", 1, "受理"),
        ("reviewer", 2, "初审通过"),
        ("lead", 1, "同意，按下面的金额审定"),
    ]
    for role, place, verdict in decide:
        decide_on(people(domain.official(item.leads[0], role, place)), application, verdict)
    finance = finance_department(application.district)
    decide_on(people(domain.official(finance, "finance", 1)), application, "复核通过")

    approver = people(domain.official(item.leads[0], "lead", 2))
    approver.page.goto(f"/workspace/cases/{application.case.pk}/")
    approver.press("演示：让公示期满")
    decide_on(approver, application, "批准，签发兑现通知书")

    clerk.page.goto(application.get_absolute_url())
    notice = PdfReader(io.BytesIO(wait_for_notice(clerk)))
    assert AMOUNT in notice.pages[0].extract_text()

    pay(people, finance, company.name)
    clerk.page.reload()
    clerk.see("已拨付")
    assert Award.objects.get(claim__application=application).status == "paid"


def file_an_application(clerk: Person, folder: Path) -> str:
    page = clerk.page
    page.goto("/policies/")
    page.get_by_placeholder("输入关键词").fill("技术改造")
    clerk.press("搜索")
    page.get_by_role("link", name="技术改造投资补助").click()
    clerk.press("开始申报")
    page.get_by_label("符合区重点产业导向的项目").check()
    page.get_by_role("textbox", name="项目名称").fill("精密压铸线自动化改造")
    page.get_by_role("textbox", name="认定投资额").fill("12,345,678.90")
    page.get_by_role("textbox", name="可补助投资额").fill("１２３４５６７８．９０")
    page.get_by_label("项目完工日期").fill("2025-06-30")
    page.get_by_role("textbox", name="同一事项已得的其他补助").fill("100,000")
    page.keyboard.press("Tab")
    expect(page.locator("#answer")).to_contain_text(AMOUNT, timeout=PATIENCE)
    file = folder / "材料.pdf"
    file.write_bytes(domain.PDF)
    required = [row["name"] for row in domain.item("jb24-03").materials if row["required"]]
    for place, name in enumerate(required, start=1):
        page.get_by_label(name, exact=True).last.set_input_files(file)
        expect(page.locator("#files .glyph-pass")).to_have_count(place, timeout=PATIENCE)
    page.get_by_label("以上内容和材料真实、完整").check()
    clerk.press("检查并提交")
    expect(page.get_by_role("heading", name="技术改造投资补助")).to_be_visible()
    # The worker checks; the answer comes without a reload.
    expect(page.locator(".answer")).to_contain_text(AMOUNT, timeout=PATIENCE)
    number = page.locator(".breadcrumb .active").inner_text()
    return number.strip()


def decide_on(official: Person, application: Application, verdict: str) -> None:
    page = official.page
    page.goto("/workspace/")
    page.get_by_role("link", name=application.company.name).click()
    page.get_by_role("radio", name=verdict).first.check()
    page.get_by_role("textbox", name="意见").fill("经核对，与申报内容一致。")
    official.press("提交意见")
    expect(page.get_by_role("radio")).to_have_count(0)


def wait_for_notice(clerk: Person) -> bytes:
    for _attempt in range(30):
        if clerk.page.get_by_role("link", name="下载").count():
            return clerk.download("下载")
        clerk.page.wait_for_timeout(1000)
        clerk.page.reload()
    raise AssertionError("the notice did not arrive")


def pay(people, finance, company: str) -> None:
    maker, second = (people(domain.official(finance, "finance", number)) for number in (2, 3))
    maker.page.goto("/finance/")
    maker.page.get_by_role("checkbox").first.check()
    maker.press("核对并生成批次")
    maker.see(AMOUNT)
    maker.press("生成批次")
    batch = maker.page.url
    second.page.goto(batch)
    second.page.locator("main").get_by_role("button", name="复核通过").click()
    expect(second.page.locator("main")).to_contain_text("已复核")
    maker.page.goto(batch)
    rows = CalamineWorkbook.from_filelike(io.BytesIO(maker.download("下载拨付清单")))
    cells = [cell for row in rows.get_sheet_by_index(0).to_python() for cell in row]
    assert company in cells
    assert 640740.73 in cells
    maker.page.locator("main").get_by_role("button", name="登记已拨付").click()
    expect(maker.page.locator("main")).to_contain_text("已拨付")
