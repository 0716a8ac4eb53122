"""The people of the demo district. Their password is public: production refuses to start with
any of them (`config.production`)."""

from accounts.models import Appointment, Department, District, Role, User
from companies.models import Company, Member

PASSWORD = "demo-jiangbei"
DISTRICT = "330205"

REVIEWERS = ("陈立", "周敏", "吴越", "沈原", "许倩", "方舟", "钱宁", "韩雪", "孟凡", "叶舒")
LEADS = ("张蕾", "高远", "罗平", "邵静", "蒋昀", "俞涛", "程岚", "薛峰", "唐宜", "陆遥")
FINANCE = ("何静", "林舒", "白桦")


def ensure_people(district: District) -> None:
    """Officials for every department of a district: two to review and two to decide in each,
    three in finance, and one each for policies, audit and administration."""
    for place, department in enumerate(district.departments.order_by("pk")):
        prefix = department.code.removeprefix("jb-")
        for number in (1, 2):
            _appoint(f"{prefix}-{number}", REVIEWERS, 2 * place + number, department, Role.REVIEWER)
            _appoint(f"{prefix}-lead-{number}", LEADS, 2 * place + number, department, Role.LEAD)
        if department.is_finance:
            for number, name in enumerate(FINANCE, start=1):
                _appoint(f"caizheng-{number}", (name,), 0, department, Role.FINANCE)
            _appoint("shenji", ("冯审",), 0, department, Role.AUDITOR)
            _appoint("zhengce", ("宋文",), 0, department, Role.POLICY_OFFICER)
            _appoint("guanli", ("马越",), 0, department, Role.ADMINISTRATOR)


def ensure_member(username: str, name: str, company: Company) -> User:
    user = ensure_user(username, name)
    Member.objects.get_or_create(user=user, company=company)
    return user


def ensure_user(username: str, name: str) -> User:
    user = User.objects.filter(username=username).first()
    if user is None:
        user = User.objects.create_user(
            username,
            email=f"{username}@example.org",
            password=PASSWORD,
            name=name,
            is_demo=True,
        )
    return user


def person(department: Department, role: Role, number: int = 1) -> User:
    """The n-th demo person with a role in a department."""
    appointments = Appointment.objects.filter(
        department=department, role=role, user__is_demo=True
    ).order_by("pk")
    return appointments[number - 1].user


def _appoint(
    username: str, names: tuple[str, ...], place: int, department: Department, role: Role
) -> None:
    user = ensure_user(username, names[place % len(names)])
    Appointment.objects.get_or_create(user=user, department=department, role=role)
