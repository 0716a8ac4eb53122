"""Editions in the database: loaded once, never changed, compiled for everybody."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from accounts.models import Department, District
from subsidies.catalogue.compiler import sha256_of
from subsidies.catalogue.loader import Outcome, load_catalogue
from subsidies.catalogue.models import Edition, Item, Level, PolicyDocument
from subsidies.catalogue.published import catalogue, catalogue_of, hashes_with
from tests.catalogue.folders import EDITION, NAME, changed, files_of, write_folder

pytestmark = pytest.mark.django_db

LATER = "aa24-2025-01-01.yaml"


def later(text: str = EDITION) -> str:
    return text.replace("2024-05-01", "2025-01-01")


def load(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    call_command("load_catalogue", str(folder))
    return capsys.readouterr().out


def test_the_shipped_catalogue_is_loaded_whole(capsys):
    call_command("load_catalogue")

    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "jb21-2021-10-01",
        "jb22-2022-07-28",
        "jb24-2024-05-01",
        "nb21-2021-01-01",
        "yz26-2026-01-04",
    ]
    assert Item.objects.current().count() == 80
    assert Level.objects.count() == 160
    assert len(catalogue().items) == 80


def test_loading_twice_changes_nothing(tmp_path, capsys):
    write_folder(tmp_path, {NAME: EDITION})
    first = load(tmp_path, capsys)
    edition = Edition.objects.get()

    second = load(tmp_path, capsys)

    short = edition.sha256[:12]
    assert first == f"aa24-2024-05-01: 已发布 {short}\n"
    assert second == f"aa24-2024-05-01: 没有变化 {short}\n"
    assert Edition.objects.get().published_at == edition.published_at
    assert (Item.objects.count(), Level.objects.count()) == (2, 4)


def test_a_comment_or_another_layout_is_no_new_edition(tmp_path):
    load_catalogue(files_of(tmp_path, {NAME: EDITION}))

    reworked = "# 说明\n" + changed(
        EDITION, "lead: [区经信局]\n    co", "lead:\n    - 区经信局\n    co"
    )
    loaded = load_catalogue(files_of(tmp_path, {NAME: reworked}))

    assert [row.outcome for row in loaded] == [Outcome.UNCHANGED]


def test_a_published_edition_with_other_content_is_refused_and_nothing_is_loaded(tmp_path, capsys):
    write_folder(tmp_path, {NAME: EDITION})
    load(tmp_path, capsys)
    other = changed(EDITION, "amount: 200万元", "amount: 250万元")
    write_folder(tmp_path, {NAME: other, LATER: later()})

    with pytest.raises(CommandError) as refused:
        load(tmp_path, capsys)

    assert refused.value.returncode == 1
    assert str(refused.value) == (
        "aa24-2024-05-01: 已发布的版本不能改。请恢复原文件，把改动另存为新文件、改用新日期"
        "（即一个新版本）。全部文件都没有载入。"
    )
    assert list(Edition.objects.values_list("name", flat=True)) == ["aa24-2024-05-01"]


def test_files_with_problems_reach_no_database(tmp_path, capsys):
    write_folder(tmp_path, {NAME: changed(EDITION, "amount: 200万元", "amount: 2000000")})

    with pytest.raises(CommandError, match="金额要写单位"):
        load(tmp_path, capsys)

    assert not District.objects.filter(code="330205").exists()


def test_checking_alone_changes_nothing(tmp_path, capsys, django_assert_num_queries):
    write_folder(tmp_path, {NAME: EDITION})

    with django_assert_num_queries(0):
        call_command("load_catalogue", str(tmp_path), "--check")

    assert capsys.readouterr().out == "1 个版本，没有发现问题。\n"


def test_a_draft_of_the_same_name_is_replaced(tmp_path):
    files = files_of(tmp_path, {NAME: EDITION})
    load_catalogue(files)
    document = PolicyDocument.objects.get()
    body = {**files.editions[0].body, "edition": "aa24-2025-01-01"}
    Edition.objects.create(
        document=document, name="aa24-2025-01-01", body=body, sha256=sha256_of(body)
    )

    load_catalogue(files_of(tmp_path, {NAME: EDITION, LATER: later()}))

    replaced = Edition.objects.get(name="aa24-2025-01-01")
    assert replaced.is_published
    assert replaced.items.count() == 2


def test_departments_are_created_and_renamed(tmp_path):
    load_catalogue(files_of(tmp_path, {NAME: EDITION}))
    Department.objects.filter(code="jb-industry").update(name="旧名称")

    load_catalogue(files_of(tmp_path, {NAME: EDITION}))

    department = Department.objects.get(code="jb-industry", district__code="330205")
    assert (department.name, department.short_name) == ("宁波市江北区经济和信息化局", "区经信局")
    assert Department.objects.get(is_finance=True).code == "jb-finance"


def test_an_item_knows_its_departments_labels_and_questions(tmp_path):
    load_catalogue(files_of(tmp_path, {NAME: EDITION}))
    item = Item.objects.get(code="aa24-01")
    key = item.levels.get(code="key")

    assert [department.short_name for department in item.leads] == ["区经信局"]
    assert [department.short_name for department in item.co_departments] == ["区财政局"]
    assert (item.subject_label, item.event_label) == ("项目名称", "完工日期")
    assert item.materials == [{"code": "invoices", "name": "发票", "required": True}]
    assert key.claim_questions == [("project_investment", "投入多少元？")]
    assert (key.amount, key.rate, key.ceiling) == (3_000_000, "6%", False)
    assert item.rules_item.levels["key"].amount == 300_000_000
    assert key.rules_level is item.rules_item.levels["key"]


def test_the_first_of_two_leads_is_the_main_department():
    call_command("load_catalogue", verbosity=0)
    item = Item.objects.get(code="yz26-3a")

    assert [department.short_name for department in item.leads] == ["区财政局", "区科技局"]


def test_the_newest_published_edition_is_current(tmp_path):
    dearer = changed(later(), "amount: 200万元", "amount: 250万元")
    files = files_of(tmp_path, {NAME: EDITION, LATER: dearer})
    load_catalogue(files)
    old, new = Edition.objects.order_by("name")
    draft = {**files.editions[0].body, "edition": "aa24-2026-01-01"}
    Edition.objects.create(
        document=old.document, name="aa24-2026-01-01", body=draft, sha256=sha256_of(draft)
    )

    assert list(Edition.objects.current()) == [new]
    assert set(Item.objects.current().values_list("edition", flat=True)) == {new.pk}
    assert catalogue().items["aa24-01"].levels["general"].amount == 250_000_000


def test_an_application_keeps_the_edition_it_was_filed_under(tmp_path):
    dearer = changed(later(), "amount: 200万元", "amount: 250万元")
    other = EDITION.replace("aa24", "bb24")
    load_catalogue(
        files_of(tmp_path, {NAME: EDITION, LATER: dearer, "bb24-2024-05-01.yaml": other})
    )
    old = Edition.objects.get(name="aa24-2024-05-01")

    pinned = catalogue_of(hashes_with(old.pk))

    assert pinned.items["aa24-01"].levels["general"].amount == 200_000_000
    assert pinned.items["aa24-01"].document.edition == "aa24-2024-05-01"
    # The other documents are there as they are now.
    assert "bb24-01" in pinned.items


def test_the_catalogue_is_compiled_once_for_the_same_editions(tmp_path, django_assert_num_queries):
    load_catalogue(files_of(tmp_path, {NAME: EDITION}))
    first = catalogue()

    with django_assert_num_queries(1):
        assert catalogue() is first


def test_a_list_page_needs_as_many_queries_for_eighty_items_as_for_two(
    django_assert_num_queries,
):
    call_command("load_catalogue", verbosity=0)

    with django_assert_num_queries(4):
        for item in Item.objects.current().for_list():
            assert item.leads
            assert len(item.levels.all()) >= 1
            assert item.edition.document.district.name


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE subsidies_edition SET body = '{}'",
        "UPDATE subsidies_edition SET status = 'draft', published_at = NULL",
        "DELETE FROM subsidies_edition",
        "TRUNCATE subsidies_edition CASCADE",
        "UPDATE subsidies_item SET title = '改过'",
        "DELETE FROM subsidies_item",
        "TRUNCATE subsidies_item CASCADE",
        "UPDATE subsidies_level SET amount = 1",
        "DELETE FROM subsidies_level",
        "TRUNCATE subsidies_level CASCADE",
        "UPDATE subsidies_itemdepartment SET role = 'co'",
        "DELETE FROM subsidies_itemdepartment",
        "TRUNCATE subsidies_itemdepartment",
        'INSERT INTO subsidies_level (item_id, code, title, hint, rate, ceiling, "order")'
        " SELECT id, 'more', '更多', '', '', false, 99 FROM subsidies_item",
        'INSERT INTO subsidies_item (edition_id, code, clause, title, summary, formula, "order")'
        " SELECT id, 'more', '一', '更多', '', 'fixed', 99 FROM subsidies_edition",
    ],
)
def test_a_published_edition_is_held_fast_by_the_database(tmp_path, sql):
    load_catalogue(files_of(tmp_path, {NAME: EDITION}))

    with connection.cursor() as cursor:
        # A truncation refuses by itself while deferred keys are still to be checked.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with (
            pytest.raises(DatabaseError, match="a published edition never changes"),
            transaction.atomic(),
        ):
            cursor.execute(sql)


def test_a_draft_may_change_until_it_is_published(tmp_path):
    files = files_of(tmp_path, {NAME: EDITION})
    load_catalogue(files)
    body = {**files.editions[0].body, "edition": "aa24-2025-01-01"}
    draft = Edition.objects.create(
        document=PolicyDocument.objects.get(),
        name="aa24-2025-01-01",
        body=body,
        sha256=sha256_of(body),
    )
    item = Item.objects.create(
        edition=draft, code="aa24-01", clause="一", title="补助", formula="fixed", order=0
    )

    item.title = "奖励"
    item.save()
    draft.delete()

    assert not Item.objects.filter(pk=item.pk).exists()
