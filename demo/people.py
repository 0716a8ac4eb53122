"""The people of the demo district. Their password is public: production refuses to start with
any of them (`config.production`)."""

from datetime import date
from functools import cache

from django.contrib.auth.hashers import make_password
from django.utils.translation import gettext_lazy as _

from accounts.models import Appointment, Department, District, Role, User
from companies.models import Company, Member

PASSWORD = "demo-jiangbei"
DISTRICT = "330205"
# Before everything that the demo's past holds.
IN_OFFICE_SINCE = date(2021, 1, 1)

# Whom to sign in as, and for what: the short list that a newcomer sees, in the order in which an
# application meets them. Everybody else of the demo has the same password.
SIGN_INS = (
    ("qiye", _("企业管理员：查政策、试算、申请、看进度、邀请同事")),
    ("qiye-jingban", _("同一家企业的经办人：申报、材料，不动收款账户")),
    ("qiye-2", _("企业：一件不予通过，一件缺数据暂不能判断")),
    ("jingxin-1", _("区经信局经办：受理、初审")),
    ("jingxin-2", _("区经信局经办：第二个人，受理过的件由他初审")),
    ("keji-1", _("区科技局经办：受理、初审、联审")),
    ("jingxin-fuze-1", _("区经信局负责人：审定")),
    ("jingxin-fuze-2", _("区经信局负责人：第二个人，审定过的件由他批准")),
    ("caizheng-1", _("区财政局：财政复核")),
    ("caizheng-2", _("区财政局：制单、登记拨付")),
    ("caizheng-3", _("区财政局：复核批次")),
    ("zhengce", _("政策管理：政策文件和版本")),
    ("shenji", _("审计：全过程记录和台账，只看不改")),
    ("guanli", _("系统管理：部门、流程、工作日历、数据导入、企业登记")),
    ("anquan", _("安全管理：人员、任职、委托代办、密码")),
)

# What the people of a department sign in as; a department that is not named goes by its code.
SHORT_CODES = {
    "jb-industry": "jingxin",
    "jb-finance": "caizheng-jingban",
    "jb-science": "keji",
    "jb-development": "fagai",
    "jb-talent": "rencai",
    "jb-market": "shichang",
    "jb-labour": "renshe",
    "jb-financial-services": "jinrong",
    "jb-investment": "touzi",
    "jb-investment-2022": "zhaoshang",
    "jb-commerce": "shangwu",
    "jb-housing": "zhujian",
    "jb-tax": "shuiwu",
    "jb-planning": "guihua",
    "jb-environment": "huanjing",
    "jb-qianyang": "qianyang",
    "jb-hitech-park": "gaoxin",
}

SURNAMES = "陈周吴沈许方钱韩孟叶张高罗邵蒋俞程薛唐陆何林白冯宋马胡郑潘夏"
GIVEN_NAMES = (
    "立敏越原倩舟宁雪凡舒蕾远平静昀涛岚峰宜遥"
    "琳桦审文航菲朗澜恺晴"  # a name of one sign is common, and short on a small screen
)


def made_up_name(place: int) -> str:
    """The name of the n-th person; no two alike before the 870th."""
    shift, column = divmod(place, len(SURNAMES))
    return SURNAMES[column] + GIVEN_NAMES[(column + shift) % len(GIVEN_NAMES)]


def ensure_people(district: District) -> None:
    """Officials for every department of a district: two to review and two to decide in each,
    three in finance, one for policies, and the three officers."""
    posts: list[tuple[str, Department, Role]] = []
    for department in district.departments.order_by("pk"):
        prefix = SHORT_CODES.get(department.code, department.code)
        posts += [(f"{prefix}-{number}", department, Role.REVIEWER) for number in (1, 2)]
        posts += [(f"{prefix}-fuze-{number}", department, Role.LEAD) for number in (1, 2)]
        if department.is_finance:
            posts += [(f"caizheng-{number}", department, Role.FINANCE) for number in (1, 2, 3)]
            posts += [
                ("shenji", department, Role.AUDITOR),
                ("zhengce", department, Role.POLICY_OFFICER),
                ("guanli", department, Role.ADMINISTRATOR),
                ("anquan", department, Role.SECURITY_OFFICER),
            ]
    people = ensure_users(
        {username: made_up_name(place) for place, (username, *_post) in enumerate(posts)}
    )
    Appointment.objects.bulk_create(
        (
            Appointment(
                user=people[username],
                department=department,
                role=role,
                starts_on=IN_OFFICE_SINCE,
            )
            for username, department, role in posts
        ),
        update_conflicts=True,
        unique_fields=["user", "department", "role"],
        update_fields=["starts_on"],
    )


def ensure_member(username: str, name: str, company: Company) -> User:
    user = ensure_users({username: name})[username]
    Member.objects.get_or_create(
        user=user, company=company, defaults={"starts_on": IN_OFFICE_SINCE}
    )
    return user


def ensure_users(names: dict[str, str]) -> dict[str, User]:
    """Users by their sign-in names, made where they are missing."""
    User.objects.bulk_create(
        (
            User(
                username=username,
                email=f"{username}@example.org",
                password=_encoded_password(),
                name=name,
                is_demo=True,
            )
            for username, name in names.items()
        ),
        ignore_conflicts=True,
    )
    return User.objects.in_bulk(list(names), field_name="username")


def person(department: Department, role: Role, number: int = 1) -> User:
    """The n-th demo person with a role in a department."""
    appointments = Appointment.objects.filter(
        department=department, role=role, user__is_demo=True
    ).order_by("pk")
    return appointments[number - 1].user


@cache
def _encoded_password() -> str:
    """Hashed once for everybody: the hash is slow on purpose, and this password is no secret."""
    return make_password(PASSWORD)
