"""What an award notice says on paper, how it is laid out, and that it is always the same file."""

from io import BytesIO

import pdfplumber
import pytest
from pypdf import PdfReader
from weasyprint import HTML

from reviews.notices import pdf
from reviews.notices.pdf import render_pdf
from tests.notices.paper import LONGEST_STEPS, STEPS, made_up_notice, pages, text

LONGEST_DEPARTMENT = "中共宁波市江北区委人才工作领导小组办公室"
MM = 72 / 25.4


@pytest.mark.parametrize(
    "said",
    [
        "江惠兑〔2026〕12号",
        "惠企政策兑现通知书",
        "宁波喆堃昇镕科技有限公司：",
        "91330205MA2AB1234X",
        "受理号JB2026000123",
        "“企业技术改造项目补助”",
        "档次：重点技改项目；对象：精密压铸车间改造1200㎡",
        "《关于加快推进新型工业化高质量发展都市工业的若干意见》一（三）",
        "393,827.15元（大写：人民币叁拾玖万叁仟捌佰贰拾柒元壹角伍分）",
        "政策版本jb24-2024-05-01",
        "校验凭据ab12cd34ef56",
        "2026年3月11日",
        "样张·未用印",
        "校验码7K2M9QXD4HTA",
        "/verify/7K2M9QXD4HTA/",
        "共1页",
    ],
)
def test_the_paper_says_who_gets_how_much_and_why(said):
    assert said in text(render_pdf(made_up_notice()))


def test_the_department_stands_in_the_letterhead_and_signs():
    assert text(render_pdf(made_up_notice())).count("宁波市江北区经济和信息化局") == 2


def test_each_step_stands_in_the_table_with_its_clause_and_amount():
    with pdfplumber.open(BytesIO(render_pdf(made_up_notice()))) as paper:
        words = paper.pages[0].extract_words(keep_blank_chars=False)

    for step in STEPS:
        top = next(word["top"] for word in words if word["text"] == step["name"])
        row = [word["text"] for word in words if abs(word["top"] - top) < 3]
        assert row[0] == step["name"]
        assert row[-2:] == [step["clause"], f"{float(step['amount']):,.2f}"]


def test_what_the_department_took_off_stands_between_the_steps_and_the_amount():
    said = text(render_pdf(made_up_notice(amount="300000.00", words="人民币叁拾万元整")))

    assert "审定主办部门审定，核减93,827.15元300,000.00" in said
    assert "审定" not in text(render_pdf(made_up_notice()))


def test_the_number_of_the_document_is_named_where_it_has_one():
    said = text(render_pdf(made_up_notice(document_number="北区政发〔2024〕18号")))

    assert "若干意见》（北区政发〔2024〕18号）一（三）" in said


def test_title_and_issuer_stand_in_the_metadata_with_the_day_of_issue():
    metadata = PdfReader(BytesIO(render_pdf(made_up_notice()))).metadata

    assert metadata.title == "宁波市江北区经济和信息化局惠企政策兑现通知书 江惠兑〔2026〕12号"
    assert metadata.author == "宁波市江北区经济和信息化局"
    assert metadata["/CreationDate"] == "D:20260311"
    assert metadata["/ModDate"] == "D:20260311"


def test_the_same_notice_is_the_same_file_also_from_another_process():
    first = render_pdf(made_up_notice())
    pdf._press.cache_clear()

    assert render_pdf(made_up_notice()) == first


def test_another_notice_is_another_file():
    assert render_pdf(made_up_notice()) != render_pdf(made_up_notice(company="宁波走通有限公司"))


def test_the_file_is_small_and_archivable_with_all_faces_in_it():
    content = render_pdf(made_up_notice())
    reader = PdfReader(BytesIO(content))
    root = reader.trailer["/Root"]

    assert len(content) < 300_000
    assert b'pdfaid:part="2"' in root["/Metadata"].get_data()
    assert b'pdfaid:conformance="U"' in root["/Metadata"].get_data()
    for font in reader.pages[0]["/Resources"]["/Font"].values():
        descriptor = font["/DescendantFonts"][0]["/FontDescriptor"]
        assert "/FontFile2" in descriptor or "/FontFile3" in descriptor


def test_the_code_on_the_paper_is_a_drawing_of_this_notices_address():
    with pdfplumber.open(BytesIO(render_pdf(made_up_notice()))) as paper:
        page = paper.pages[0]

    assert not page.images
    assert pdf._qr("https://a.example/verify/A/") != pdf._qr("https://a.example/verify/B/")


def test_a_typical_award_fits_one_page_of_a4():
    reader = PdfReader(BytesIO(render_pdf(made_up_notice())))

    assert len(reader.pages) == 1
    box = reader.pages[0].mediabox
    assert (round(box.width / MM), round(box.height / MM)) == (210, 297)


def test_the_longest_answer_of_the_catalogue_still_fits_one_page():
    content = render_pdf(made_up_notice(steps=LONGEST_STEPS, department=LONGEST_DEPARTMENT))

    assert len(pages(content)) == 1


@pytest.mark.parametrize("steps", range(5, 13))
def test_a_signature_never_stands_alone_on_a_page(steps):
    content = render_pdf(made_up_notice(steps=(LONGEST_STEPS * 3)[:steps]))

    last = pages(content)[-1]
    assert "2026年3月11日" in last
    assert "资金按规定程序拨付" in last


def test_pages_after_the_first_carry_number_and_check_code():
    first, second, *_more = pages(render_pdf(made_up_notice(steps=LONGEST_STEPS * 3)))

    assert "—2—" in second
    assert "江惠兑〔2026〕12号校验码7K2M9QXD4HTA" in second
    assert "—1—" not in first


def test_a_page_of_text_has_twenty_two_lines_of_twenty_eight_characters():
    press = pdf._press()
    html = HTML(string=f"<p>{'中' * 28 * 30}</p>", url_fetcher=press.fetcher)
    content = html.write_pdf(stylesheets=[press.style], font_config=press.fonts)

    first = PdfReader(BytesIO(content)).pages[0].extract_text().split("\n")
    assert [len(line) for line in first if "中" in line] == [28] * 22


def test_the_margins_are_those_of_official_papers():
    press = pdf._press()
    html = HTML(string=f"<p>{'中' * 28 * 30}</p>", url_fetcher=press.fetcher)
    content = html.write_pdf(stylesheets=[press.style], font_config=press.fonts)

    with pdfplumber.open(BytesIO(content)) as paper:
        signs = [sign for sign in paper.pages[0].chars if sign["text"] == "中"]
    assert min(sign["x0"] for sign in signs) / MM == pytest.approx(28, abs=0.5)
    assert max(sign["x1"] for sign in signs) / MM == pytest.approx(210 - 26, abs=1)
