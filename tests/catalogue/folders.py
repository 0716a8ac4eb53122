"""A small folder of editions that is in order, for tests to put out of order."""

from pathlib import Path

from subsidies.catalogue.files import CatalogueFiles, load_catalogue_files
from subsidies.catalogue.schema import CatalogueProblems

DEPARTMENTS = """\
districts:
  - code: "330205"
    name: 宁波市江北区
    short_name: 江北区
    departments:
      - {code: jb-industry, name: 宁波市江北区经济和信息化局, short_name: 区经信局}
      - {code: jb-finance, name: 宁波市江北区财政局, short_name: 区财政局, finance: true}
"""

EDITION = """\
edition: aa24-2024-05-01
document:
  code: aa24
  title: 支持工业发展的意见
  issuer: 宁波市江北区经济和信息化局
  district: 宁波市江北区
  level: district
  summary: 支持企业做技术改造。
in_force_from: 2024-05-01
events:
  from: 2024-01-01
  to: 2026-12-31
  clause: 九（六）
rules:
  - code: registered
    clause: 九（三）
  - code: no_rd
    clause: 九（三）
    applies_to: manufacturing
  - code: overlap
    clause: 九（四）
items:
  - code: aa24-01
    clause: 一（一）
    title: 技术改造补助
    summary: 按投入补助。
    lead: [区经信局]
    co: [区财政局]
    formula: rate
    subject_label: 项目名称
    event_label: 完工日期
    per: project
    once: subject
    base: project_investment
    set_off: overlap
    company_year_cap: 500万元
    claim_facts:
      - {fact: project_investment, question: 投入多少元？}
    materials:
      - {code: invoices, name: 发票, required: true}
    levels:
      - {code: general, title: 一般项目, rate: 4%, amount: 200万元}
      - {code: key, title: 重点项目, rate: 6%, amount: 300万元}
  - code: aa24-02
    clause: 一（二）
    title: 称号奖励
    summary: 获得称号有奖励。
    lead: [区经信局]
    formula: ladder
    event_label: 获评日期
    per: company
    track: title
    ladder_scope: ever
    matching: true
    exclusive_with: [aa24-01/key]
    exclusive_scope: year
    materials:
      - {name: 证书, required: false}
    levels:
      - {code: national, title: 国家级, amount: 20万元}
      - {code: provincial, title: 省级, amount: 10万元}
"""

NAME = "aa24-2024-05-01.yaml"


def write_folder(folder: Path, editions: dict[str, str], departments: str = DEPARTMENTS) -> Path:
    (folder / "departments.yaml").write_text(departments, encoding="utf-8")
    for name, text in editions.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def changed(text: str, old: str, new: str) -> str:
    """The text with one place changed; a test that changes nothing proves nothing."""
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
    return text.replace(old, new)


def problems_of(folder: Path) -> list[str]:
    try:
        load_catalogue_files(folder)
    except CatalogueProblems as error:
        return [str(problem) for problem in error.problems]
    return []


def files_of(folder: Path, editions: dict[str, str]) -> CatalogueFiles:
    return load_catalogue_files(write_folder(folder, editions))
