"""Rows of the domain, each with what the database demands of it and nothing more."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import factory
from factory.django import DjangoModelFactory

from accounts.models import Appointment, Department, District, Role, StandIn, User
from companies.models import (
    BankAccount,
    Company,
    Measure,
    Member,
    Recognition,
    ScaleYear,
    Source,
    YearlyFigure,
)
from companies.uscc import check_sign, organisation_check_sign
from subsidies.models import Application, Award, BudgetLine, Item, PolicyDocument

DISTRICT = "330205"
YEARS_OF_SCALE = range(2022, 2027)
RECOGNISED_ON = date(2022, 1, 1)


def uscc(number: int) -> str:
    """A valid code of a company in 江北区, its organisation part made up."""
    body = f"TT{number:06d}"
    code = f"91{DISTRICT}{body}{organisation_check_sign(body)}"
    return code + check_sign(code)


class DistrictFactory(DjangoModelFactory):
    class Meta:
        model = District

    code = factory.Sequence(lambda n: f"{990000 + n}")
    name = factory.Sequence(lambda n: f"测试市第{n}区")
    short_name = factory.Sequence(lambda n: f"第{n}区")


class DepartmentFactory(DjangoModelFactory):
    class Meta:
        model = Department

    district = factory.SubFactory(DistrictFactory)
    code = factory.Sequence(lambda n: f"department-{n}")
    name = factory.Sequence(lambda n: f"测试第{n}局")
    short_name = factory.Sequence(lambda n: f"第{n}局")


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"person-{n}")
    name = factory.Sequence(lambda n: f"测试{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.org")
    password = "!"  # nobody signs in with it


class AppointmentFactory(DjangoModelFactory):
    class Meta:
        model = Appointment

    user = factory.SubFactory(UserFactory)
    department = factory.SubFactory(DepartmentFactory)
    role = Role.REVIEWER
    starts_on = date(2020, 1, 1)


class StandInFactory(DjangoModelFactory):
    """For the days around the frozen clock's."""

    class Meta:
        model = StandIn

    appointment = factory.SubFactory(AppointmentFactory)
    deputy = factory.LazyAttribute(
        lambda row: (
            AppointmentFactory(
                department=DepartmentFactory(district=row.appointment.department.district)
            ).user
        )
    )
    starts_on = date(2026, 3, 1)
    ends_on = date(2026, 3, 31)
    reason = "出差"
    given_by = factory.SelfAttribute("appointment.user")


class CompanyFactory(DjangoModelFactory):
    """A manufacturer of 江北区 that every document's general rules let through."""

    class Meta:
        model = Company
        skip_postgeneration_save = True

    district = factory.LazyFunction(lambda: District.objects.get(code=DISTRICT))
    name = factory.Sequence(lambda n: f"宁波测试{n}有限公司")
    uscc = factory.Sequence(uscc)
    industry = "C3912"

    @factory.post_generation
    def above_scale(self: Company, create: bool, given: bool | None, **_kwargs: object) -> None:
        if create and given is not False:
            for year in YEARS_OF_SCALE:
                ScaleYear.objects.create(company=self, year=year, above_scale=True)

    @factory.post_generation
    def recognised(self: Company, create: bool, given: bool | None, **_kwargs: object) -> None:
        if create and given is not False:
            Recognition.objects.create(company=self, kind="high_tech", valid_from=RECOGNISED_ON)
            Recognition.objects.create(
                company=self, kind="rd_institution", level="municipal", valid_from=RECOGNISED_ON
            )


class BankAccountFactory(DjangoModelFactory):
    class Meta:
        model = BankAccount

    company = factory.SubFactory(CompanyFactory)
    holder = factory.SelfAttribute("company.name")
    bank = "中国工商银行股份有限公司宁波江北支行"
    number = factory.Sequence(lambda n: f"39010{n:014d}")
    cnaps = "102332000015"


class YearlyFigureFactory(DjangoModelFactory):
    class Meta:
        model = YearlyFigure

    company = factory.SubFactory(CompanyFactory)
    year = 2025
    measure = Measure.FISCAL_CONTRIBUTION
    value = Decimal("3000000.00")
    source = Source.TAX


class MemberFactory(DjangoModelFactory):
    """A 管理员, who may do everything for the company."""

    class Meta:
        model = Member

    user = factory.SubFactory(UserFactory)
    company = factory.SubFactory(CompanyFactory)
    starts_on = date(2020, 1, 1)


class ApplicationFactory(DjangoModelFactory):
    """A draft, as it stands in the table: nothing is filed, nothing recorded."""

    class Meta:
        model = Application

    district = factory.SelfAttribute("company.district")
    company = factory.SubFactory(CompanyFactory)
    item = factory.LazyFunction(lambda: Item.objects.current().get(code="jb24-13a"))
    created_by = factory.SubFactory(UserFactory)


class BudgetLineFactory(DjangoModelFactory):
    """The whole of a document's budget for the year of the frozen clock."""

    class Meta:
        model = BudgetLine

    district = factory.SelfAttribute("document.district")
    year = 2026
    document = factory.LazyFunction(lambda: PolicyDocument.objects.get(code="jb24"))
    code = factory.Sequence(lambda n: f"2026-{n}")
    name = "工业政策资金"
    total = Decimal("50000000.00")


class PastAwardFactory(DjangoModelFactory):
    """An award from before this system: history, without claim and budget line."""

    class Meta:
        model = Award

    district = factory.SelfAttribute("company.district")
    company = factory.SubFactory(CompanyFactory)
    item_code = "jb24-14a"
    level_code = "factory-district"
    policy_year = 2025
    amount = Decimal("30000.00")
    counts_to_cap = True
    status = "paid"
    granted_at = datetime(2025, 11, 1, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
    paid_on = date(2025, 12, 1)
