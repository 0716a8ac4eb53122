"""Around the companies: a colleague, an open invitation, a registration that waits, and rows that
are one company."""

from datetime import date
from decimal import Decimal

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import District
from companies.models import Company, Measure, Source, Street, YearlyFigure
from companies.registration.services import keep_licence, register
from companies.team.enums import MemberRole, Scope
from companies.team.services import invite, join
from companies.uscc import check_sign
from demo.files import small_pdf
from demo.people import ensure_users
from demo.registry import CODE_LETTERS, COMPANIES, Firm, demo_uscc


def make_duplicates(district: District, firms: list[Firm]) -> None:
    """Rows of an old list under another area's code: one by its name, one by its telephone."""
    one, other = firms[-1].company, firms[-2].company
    for company, name in (
        (one, one.name.replace("宁波", "宁波（江北）")),
        (other, other.name.replace("有限公司", "厂")),
    ):
        body = f"91330206{company.uscc[8:17]}"
        twin = Company.objects.create(
            district=district,
            name=name,
            uscc=body + check_sign(body),
            street=company.street,
            industry=company.industry,
        )
        for contact in company.contacts.filter(is_main=True):
            twin.contacts.create(name=contact.name, phone=contact.phone, is_main=True)
        for year in (2022, 2023):
            YearlyFigure.objects.create(
                company=twin,
                year=year,
                measure=Measure.REVENUE,
                value=Decimal("8600000.00"),
                source=Source.DECLARED,
                as_of=date(year + 1, 5, 31),
            )


def make_teams(district: District, first: Firm) -> None:
    """A 经办人 beside the newcomer's 管理员, somebody invited, and somebody who waits."""
    people = ensure_users({"qiye-jingban": "乔经纬", "xinqiye": "谷新登"})
    join(
        first.company,
        people["qiye-jingban"],
        MemberRole.CLERK,
        [Scope.APPLY.value, Scope.DATA.value],
        by=first.clerk,
    )
    invite(
        first.company,
        "faren@example.org",
        role=MemberRole.ADMINISTRATOR,
        scopes=[],
        ends_on=None,
        by=first.clerk,
    )
    register(
        demo_uscc(CODE_LETTERS, COMPANIES + 101),
        name="宁波朗登智能装备有限公司",
        district=district,
        street=Street.HONGTANG,
        role=MemberRole.ADMINISTRATOR,
        licence=keep_licence(
            SimpleUploadedFile("营业执照.pdf", small_pdf("营业执照（演示）")), by=people["xinqiye"]
        ),
        code_confirmed=False,
        by=people["xinqiye"],
    )
