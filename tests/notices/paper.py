"""A notice that stands in no database, and what can be read off its paper."""

import uuid
from datetime import date
from io import BytesIO
from typing import Any

from pypdf import PdfReader

from reviews.models import Notice

STEPS = [
    {
        "code": "formula",
        "name": "应得",
        "amount": "493827.15",
        "clause": "一（三）",
        "detail": "可补助投资额 12,345,678.90 元 × 4% = 493,827.15 元",
        "interpretation": "",
    },
    {
        "code": "set_off",
        "name": "扣除重复",
        "amount": "393827.15",
        "clause": "九（四）",
        "detail": "同一事项已获市级补助 100,000.00 元\n核减 100,000.00 元",
        "interpretation": "",
    },
    {
        "code": "annual_cap",
        "name": "年度总量",
        "amount": "393827.15",
        "clause": "九（五）",
        "detail": (
            "2025 年度对区财政贡献 3,100,000.00 元，2025 年度已兑现 0.00 元，余 3,100,000.00 元"
        ),
        "interpretation": "",
    },
]
LONGEST_STEPS = [
    {
        **STEPS[0],
        "detail": (
            "投向区内的资金 150,000,000.00 元 × 0.3% = 450,000.00 元\n"
            "上限 300,000.00 元\n核减 150,000.00 元"
        ),
        "interpretation": "已兑现按实际核准的金额计，曾被总量削减的部分可在下一档补回",
    },
    STEPS[1],
    {
        **STEPS[2],
        "name": "事项年度上限",
        "detail": (
            "2024 年度本事项合计不超过 1,000,000.00 元，已兑现 900,000.00 元，余 100,000.00 元\n"
            "上限 100,000.00 元\n核减 200,000.00 元"
        ),
    },
    STEPS[2],
]


def made_up_notice(**content: Any) -> Notice:
    said = {
        "series": "江惠兑",
        "district": "宁波市江北区",
        "department": "宁波市江北区经济和信息化局",
        "company": "宁波喆堃昇镕科技有限公司",
        "uscc": "91330205MA2AB1234X",
        "application": "JB2026000123",
        "item": "企业技术改造项目补助",
        "level": "重点技改项目",
        "subject": "精密压铸车间改造 1200㎡",
        "policy_year": 2025,
        "document": "关于加快推进新型工业化高质量发展都市工业的若干意见",
        "document_number": "",
        "edition": "jb24-2024-05-01",
        "clause": "一（三）",
        "amount": "393827.15",
        "words": "人民币叁拾玖万叁仟捌佰贰拾柒元壹角伍分",
        "payable": "393827.15",
        "steps": STEPS,
        "receipt": "ab12cd34ef56" + "0" * 52,
        **content,
    }
    return Notice(
        id=uuid.UUID(int=1),
        year=2026,
        sequence=12,
        check_code="7K2M9QXD4HTA",
        issued_on=date(2026, 3, 11),
        content=said,
    )


def pages(content: bytes) -> list[str]:
    """The text of each page without spaces and line ends."""
    reader = PdfReader(BytesIO(content))
    return ["".join(page.extract_text().split()) for page in reader.pages]


def text(content: bytes) -> str:
    return "".join(pages(content))
