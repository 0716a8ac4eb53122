"""The whole way of one application, beside everything else that the district has going."""

from pathlib import Path

import pytest

from audit.services import first_broken_entry
from demo.walkthrough import walk
from subsidies.ledger.models import AwardStatus
from subsidies.models import Award, BudgetLine

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("district")]


def test_it_ends_with_a_paid_award_a_notice_and_a_list(tmp_path: Path) -> None:
    steps = list(walk(tmp_path))
    outcome = steps[-1].details
    award = Award.objects.get(pk=outcome["award"])
    assert award.status == outcome["status"] == AwardStatus.PAID
    assert outcome["amount"] == str(award.amount) == "640740.73"
    assert Path(outcome["notice"]).read_bytes().startswith(b"%PDF-")
    assert Path(outcome["list"]).read_bytes().startswith(b"PK")
    assert award.notice.content["uscc"] == award.company.uscc
    assert award.budget_line is not None
    assert award.budget_line.granted <= award.budget_line.total
    assert first_broken_entry() is None


def test_it_can_be_walked_again(tmp_path: Path) -> None:
    first = list(walk(tmp_path))[-1].details
    second = list(walk(tmp_path))[-1].details
    assert first["award"] != second["award"]
    assert first["amount"] == second["amount"]


def test_it_names_who_did_what(tmp_path: Path) -> None:
    steps = list(walk(tmp_path))
    assert [step.name for step in steps] == [
        "建立草稿",
        "提交",
        "自动校验",
        "受理",
        "初审",
        "审定",
        "财政复核",
        "公示",
        "批准",
        "批准入账",
        "兑现通知书",
        "制单",
        "复核",
        "拨付",
    ]
    by = [step.by for step in steps]
    assert by[3] != by[4]  # 受理 and 初审, 审定 and 批准: each another person
    assert by[5] != by[8]
    assert by[11] != by[12]
    assert BudgetLine.objects.filter(paid__gt=0).exists()
