"""Every fault of a file is one line that names file, item and path, and says what to write."""

import pytest

from subsidies.catalogue.files import load_catalogue_files
from subsidies.catalogue.schema import CatalogueProblems
from tests.catalogue.folders import (
    DEPARTMENTS,
    EDITION,
    NAME,
    changed,
    problems_of,
    write_folder,
)

GENERAL = "{code: general, title: 一般项目, rate: 4%, amount: 200万元}"
NATIONAL = "{code: national, title: 国家级, amount: 20万元}"

FORM = [
    # what stands in the file, what is put there, the line
    (
        "amount: 200万元",
        "amount: 2000000",
        'aa24-01: levels[0].amount: 金额要写单位，例如 "200万元"，现在是 2000000',
    ),
    (
        "amount: 200万元",
        "amount: 200万",
        'aa24-01: levels[0].amount: 金额要写单位，例如 "200万元"，现在是 "200万"',
    ),
    (
        "amount: 200万元",
        "amount: ２００万元",
        'aa24-01: levels[0].amount: 金额要写单位，例如 "200万元"，现在是 "２００万元"',
    ),
    (
        "amount: 200万元",
        "amount:",
        'aa24-01: levels[0].amount: 金额要写单位，例如 "200万元"，现在是 空',
    ),
    (
        "company_year_cap: 500万元",
        "company_year_cap: 5000000.0",
        'aa24-01: company_year_cap: 金额要写单位，例如 "200万元"，现在是 5000000.0',
    ),
    (
        "rate: 4%",
        "rate: 0.04",
        'aa24-01: levels[0].rate: 比例要写成百分数或配套比，例如 "4%"、"1:2"，现在是 0.04',
    ),
    ("amount: 200万元", "amout: 200万元", "aa24-01: levels[0].amout: 没有这个键，请检查拼写"),
    ("rules:\n", "remark: 无\nrules:\n", "remark: 没有这个键，请检查拼写"),
    ("    title: 技术改造补助\n", "", "aa24-01: title: 缺少这一项"),
    ("  title: 支持工业发展的意见\n", "", "document.title: 缺少这一项"),
    (
        "    title: 技术改造补助\n",
        '    title: ""\n',
        'aa24-01: title: 要写成文字，不能空着，现在是 ""',
    ),
    (
        "formula: ladder\n",
        "formula: steps\n",
        'aa24-02: formula: 不认识的计算方式 "steps"，可以写：'
        "fixed、up_to、rate、ladder、ladder_up_to、per_unit、match、unspecified",
    ),
    (
        "    once: subject\n",
        "    once: subject\n    conditions: [big]\n",
        'aa24-01: conditions[0]: 不认识的条件 "big"，可以写：recognised_investment>=2000000、'
        "rd_increment>0、rd_spend_last_year>10000000、proceeds>=200000000、in_district_share>=0.5、"
        "above_scale、below_scale、industrial、above_scale_industrial、manufacturing、high_tech、"
        "rd_institution",
    ),
    (
        "code: registered",
        "code: local",
        'rules[0].code: 不认识的规则 "local"，可以写：registered、misconduct、dishonesty、no_rd、'
        "rd_below_industry、comprehensive、overlap、annual_cap",
    ),
    ("matching: true", "matching: yes", 'aa24-02: matching: 只能写 true 或 false，现在是 "yes"'),
    (
        "from: 2024-01-01",
        "from: 2024/1/1",
        'events.from: 日期要写成 年-月-日，例如 2024-05-01，现在是 "2024/1/1"',
    ),
    (
        "    lead: [区经信局]\n    co",
        "    lead: 区经信局\n    co",
        'aa24-01: lead: 要写成列表，现在是 "区经信局"',
    ),
    (
        "    lead: [区经信局]\n    co",
        "    lead: []\n    co",
        "aa24-01: lead: 列表不能是空的，没有内容就整项删去",
    ),
    (GENERAL, "general", 'aa24-01: levels[0]: 要写成键和值，现在是 "general"'),
    ("[aa24-01/key]", "[aa24-01/key, aa24-01/key]", "aa24-02: exclusive_with: 列表里有重复"),
    (
        "code: aa24-02",
        "code: AA24 02",
        'AA24 02: code: 代码只用小写字母、数字和连字符，现在是 "AA24 02"',
    ),
    # YAML itself
    (
        "    formula: ladder\n",
        "    formula: ladder\n    formula: ladder\n",
        "aa24-02: formula: 这个键写了两次",
    ),
    ("  level: district\n", "  level: district\n  level: city\n", "document.level: 这个键写了两次"),
    (
        "rules:\n",
        "rules: [\n",
        "第 15 行: 不是正确的 YAML：expected the node content, but found '-'",
    ),
]

MEANING = [
    (
        "edition: aa24-2024-05-01",
        "edition: aa24-2024-05-02",
        [
            "edition: 文件名要和版本名一致，应为 aa24-2024-05-02.yaml",
            "edition: 版本名里的日期要和施行日期 2024-05-01 一致",
        ],
    ),
    (
        "  code: aa24\n",
        "  code: ab24\n",
        [
            "edition: 版本名要以文件代码开头，应为 ab24-2024-05-01",
            'aa24-01: code: 事项代码要以 "ab24-" 开头',
            'aa24-02: code: 事项代码要以 "ab24-" 开头',
        ],
    ),
    ("from: 2024-01-01", "from: 2024-02-30", ["events.from: 没有 2024-02-30 这一天"]),
    (
        "from: 2024-01-01",
        "from: 2027-01-01",
        ["events.to: 日期先后颠倒：2027-01-01 晚于 events.to 的 2026-12-31"],
    ),
    (
        "to: 2026-12-31",
        "to: 2024-04-30",
        ["in_force_from: 日期先后颠倒：2024-05-01 晚于 events.to 的 2024-04-30"],
    ),
    (
        "district: 宁波市江北区",
        "district: 宁波市江东区",
        ["document.district: 部门表里没有“宁波市江东区”"],
    ),
    ("co: [区财政局]", "co: [区商务局]", ["aa24-01: co[0]: 部门表里没有“区商务局”"]),
    ("co: [区财政局]", "co: [区经信局]", ["aa24-01: co[0]: “区经信局”已经用过，不能重复"]),
    ("code: registered", "code: overlap", ["rules[2].code: “overlap”已经用过，不能重复"]),
    (
        "    applies_to: manufacturing\n",
        "",
        [
            "rules[1].applies_to: 规则 no_rd 要写明适用范围，"
            "可以写：above_scale_industrial、manufacturing"
        ],
    ),
    (
        "    applies_to: manufacturing\n",
        "    applies_to: tech\n",
        [
            "rules[1].applies_to: 规则 no_rd 要写明适用范围，"
            "可以写：above_scale_industrial、manufacturing"
        ],
    ),
    (
        "code: registered\n    clause: 九（三）",
        "code: registered\n    clause: 九（三）\n    applies_to: tech",
        ["rules[0].applies_to: 规则 registered 没有适用范围可选，请删去"],
    ),
    (
        "code: registered\n    clause: 九（三）",
        "code: comprehensive\n    clause: 九（四）\n    applies_to: not aa24-09",
        ['rules[0].applies_to: 要写成 "not 事项代码"，事项要存在，现在是 "not aa24-09"'],
    ),
    ("code: aa24-02", "code: aa24-01", ["aa24-01: code: “aa24-01”已经用过，不能重复"]),
    (
        "code: provincial",
        "code: national",
        ["aa24-02: levels[1].code: “national”已经用过，不能重复"],
    ),
    (
        GENERAL,
        "{code: general, title: 一般项目, rate: 4%}",
        ["aa24-01: levels[0].amount: 计算方式 rate 缺少这一项"],
    ),
    (
        GENERAL,
        "{code: general, title: 一般项目, amount: 200万元}",
        ["aa24-01: levels[0].rate: 计算方式 rate 缺少这一项"],
    ),
    (
        "    base: project_investment\n",
        "",
        [
            "aa24-01: levels[0].base: 计算方式 rate 缺少这一项",
            "aa24-01: claim_facts: 问了“project_investment”，计算和条件都用不到",
            "aa24-01: levels[1].base: 计算方式 rate 缺少这一项",
        ],
    ),
    (
        "    track: title\n",
        "",
        [
            "aa24-02: levels[0].track: 计算方式 ladder 缺少这一项",
            "aa24-02: levels[1].track: 计算方式 ladder 缺少这一项",
        ],
    ),
    (
        "    ladder_scope: ever\n",
        "",
        [
            "aa24-02: levels[0].ladder_scope: 计算方式 ladder 缺少这一项",
            "aa24-02: levels[1].ladder_scope: 计算方式 ladder 缺少这一项",
        ],
    ),
    (
        "    once: subject\n",
        "    once: subject\n    track: title\n",
        ["aa24-01: track: 计算方式 rate 不用这一项"],
    ),
    (
        "formula: ladder\n",
        "formula: unspecified\n",
        [
            "aa24-02: levels[0].amount: 计算方式 unspecified 不用这一项",
            "aa24-02: track: 计算方式 unspecified 不用这一项",
            "aa24-02: ladder_scope: 计算方式 unspecified 不用这一项",
            "aa24-02: levels[1].amount: 计算方式 unspecified 不用这一项",
        ],
    ),
    (
        "amount: 200万元",
        "amount: 0元",
        ['aa24-01: levels[0].amount: 金额要大于零、小于一万亿元，现在是 "0元"'],
    ),
    (
        "amount: 200万元",
        "amount: 0.001元",
        ['aa24-01: levels[0].amount: 金额最多精确到分，现在是 "0.001元"'],
    ),
    (
        "company_year_cap: 500万元",
        "company_year_cap: 10000亿元",
        ['aa24-01: company_year_cap: 金额要大于零、小于一万亿元，现在是 "10000亿元"'],
    ),
    (
        "rate: 4%",
        "rate: 0%",
        ['aa24-01: levels[0].rate: 比例要大于零，补助比例还不能超过 100%，现在是 "0%"'],
    ),
    (
        "rate: 4%",
        "rate: 1:2",
        ['aa24-01: levels[0].rate: 比例要大于零，补助比例还不能超过 100%，现在是 "1:2"'],
    ),
    (
        "company_year_cap: 500万元",
        "company_year_cap: 250万元",
        ["aa24-01: company_year_cap: 年度上限是 250万元，低于档次“key”的 300万元"],
    ),
    (
        NATIONAL,
        "{code: national, title: 国家级, amount: 20万元, ladder_scope: year}",
        ["aa24-02: levels[1].track: 和档次“national”同在序列“title”，ladder_scope 却不一样"],
    ),
    (
        "formula: ladder\n",
        "formula: ladder_up_to\n",
        ["aa24-02: levels[1].track: 和档次“national”同在序列“title”，amount 却不一样"],
    ),
    ("[aa24-01/key]", "[aa24-09]", ["aa24-02: exclusive_with: 没有事项“aa24-09”"]),
    ("[aa24-01/key]", "[aa24-01/small]", ["aa24-02: exclusive_with: 事项 aa24-01 没有档次“small”"]),
    (
        "[aa24-01/key]",
        "[aa24-02]",
        ["aa24-02: exclusive_with: 不能和自己互斥，同一事项的次数由 once 规定"],
    ),
    (
        "    exclusive_scope: year\n",
        "",
        [
            "aa24-02: levels[0].exclusive_scope: 写了 exclusive_with，就要写明 ever 或 year",
            "aa24-02: levels[1].exclusive_scope: 写了 exclusive_with，就要写明 ever 或 year",
        ],
    ),
    (
        "    exclusive_with: [aa24-01/key]\n",
        "",
        ["aa24-02: exclusive_scope: 没有写 exclusive_with，不用这一项"],
    ),
    (
        "    matching: true\n",
        "    matching: true\n    set_off: overlap\n",
        ["aa24-02: set_off: 科技类事项和配套奖补不适用从高、不重复"],
    ),
    (
        "  - code: overlap\n    clause: 九（四）\n",
        "",
        ["aa24-01: set_off: 文件的 rules 里没有 overlap 规则"],
    ),
    (
        "fact: project_investment",
        "fact: fee_paid",
        [
            "aa24-01: claim_facts: 计算或条件要用“project_investment”，却没有问",
            "aa24-01: claim_facts: 问了“fee_paid”，计算和条件都用不到",
        ],
    ),
    (
        "      - {fact: project_investment, question: 投入多少元？}\n",
        "      - {fact: project_investment, question: 投入多少元？}\n"
        "      - {fact: project_investment, question: 一共多少元？}\n",
        ["aa24-01: claim_facts: “project_investment”问了两次"],
    ),
    (
        "    once: subject\n",
        "    once: subject\n    conditions: [in_district_share>=0.5]\n",
        [
            "aa24-01: claim_facts: 计算或条件要用“proceeds”，却没有问",
            "aa24-01: claim_facts: 计算或条件要用“invested_in_district”，却没有问",
        ],
    ),
    (
        "    subject_label: 项目名称\n",
        "",
        ['aa24-01: subject_label: 要写明奖补对象叫什么，例如 "项目名称"'],
    ),
    (
        "    event_label: 获评日期\n",
        "    event_label: 获评日期\n    subject_label: 称号\n",
        ["aa24-02: subject_label: 奖补对象是企业本身，不用写对象名称"],
    ),
]


def test_a_folder_in_order_has_no_problem(tmp_path):
    assert problems_of(write_folder(tmp_path, {NAME: EDITION})) == []


@pytest.mark.parametrize(("old", "new", "line"), FORM)
def test_a_departure_from_the_form_is_one_line(tmp_path, old, new, line):
    write_folder(tmp_path, {NAME: changed(EDITION, old, new)})

    assert problems_of(tmp_path) == [f"{NAME}: {line}"]


@pytest.mark.parametrize(("old", "new", "lines"), MEANING)
def test_values_that_do_not_fit_together_are_named(tmp_path, old, new, lines):
    write_folder(tmp_path, {NAME: changed(EDITION, old, new)})

    assert problems_of(tmp_path) == [f"{NAME}: {line}" for line in lines]


def test_all_problems_of_all_files_are_reported_at_once(tmp_path):
    # A level that does not have the form hides neither its neighbours nor the other file.
    broken = changed(EDITION, "amount: 200万元", "amount: 2000000")
    broken = changed(broken, "[aa24-01/key]", "[aa24-09]")
    other = EDITION.replace("aa24", "bb24")
    other = changed(other, "co: [区财政局]", "co: [区商务局]")
    write_folder(tmp_path, {NAME: broken, "bb24-2024-05-01.yaml": other})

    assert problems_of(tmp_path) == [
        f'{NAME}: aa24-01: levels[0].amount: 金额要写单位，例如 "200万元"，现在是 2000000',
        f"{NAME}: aa24-02: exclusive_with: 没有事项“aa24-09”",
        "bb24-2024-05-01.yaml: bb24-01: co[0]: 部门表里没有“区商务局”",
    ]


def test_a_file_that_cannot_be_read_does_not_make_its_items_missing(tmp_path):
    other = changed(EDITION, "edition: aa24-", "edition: bb24-")
    other = other.replace("code: aa24", "code: bb24")
    write_folder(tmp_path, {NAME: EDITION + "]", "bb24-2024-05-01.yaml": other})

    assert problems_of(tmp_path) == [
        f"{NAME}: 第 62 行: 不是正确的 YAML：expected <block end>, but found ']'"
    ]


def test_a_later_edition_may_still_exclude_a_level_that_only_an_earlier_one_has(tmp_path):
    later = EDITION.replace("2024-05-01", "2025-01-01")
    later = changed(later, "code: key", "code: special")
    write_folder(tmp_path, {NAME: EDITION, "aa24-2025-01-01.yaml": later})

    assert problems_of(tmp_path) == []


def test_two_editions_of_one_document_share_their_item_codes(tmp_path):
    later = EDITION.replace("2024-05-01", "2025-01-01")
    write_folder(tmp_path, {NAME: EDITION, "aa24-2025-01-01.yaml": later})

    assert problems_of(tmp_path) == []


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('code: "330205"', "code: 330205",
         "districts[0].code: 行政区划代码是六位数字，要加引号，现在是 330205"),
        ("code: jb-finance", "code: jb-industry",
         "districts[0].departments[1].code: “jb-industry”已经用过，不能重复"),
        ("short_name: 区财政局", "short_name: 区经信局",
         "districts[0].departments[1].short_name: “区经信局”已经用过，不能重复"),
        ("short_name: 区经信局", "short_name: 区经信局, finance: true",
         "districts[0].departments[1].finance: 一个区县只能有一个财政部门"),
        ("finance: true", "finance: false",
         "districts[0].departments[1].finance: 只有财政部门写 true，其他部门不写，现在是 false"),
        ("name: 宁波市江北区经济和信息化局, ", "", "districts[0].departments[0].name: 缺少这一项"),
    ],
)  # fmt: skip
def test_the_departments_are_checked(tmp_path, old, new, line):
    # Only what the change breaks: an edition without items names no department.
    targets_only = EDITION.split("rules:\n")[0] + "rules: []\nitems: []\n"
    write_folder(tmp_path, {NAME: targets_only}, changed(DEPARTMENTS, old, new))

    assert problems_of(tmp_path) == [f"departments.yaml: {line}"]


def test_a_folder_without_departments_is_refused(tmp_path):
    with pytest.raises(CatalogueProblems) as refused:
        load_catalogue_files(tmp_path)

    assert str(refused.value).splitlines()[0] == "departments.yaml: 没有这个文件"


def test_a_file_that_is_not_utf_8_or_empty_is_named(tmp_path):
    write_folder(tmp_path, {})
    (tmp_path / NAME).write_bytes(EDITION.encode("gbk"))
    (tmp_path / "bb24-2024-05-01.yaml").write_text("", encoding="utf-8")

    assert problems_of(tmp_path) == [
        f"{NAME}: 文件不是 UTF-8 编码",
        "bb24-2024-05-01.yaml: 文件是空的，或者不是由键和值组成",
    ]
