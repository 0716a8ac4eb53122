"""What the registry learned last night: a fine that somebody has to judge, a listing that stops a
case, and an entry that was repaired and so stops nothing."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import District
from companies.models import CreditEntry, CreditGrade, CreditKind, months_after
from demo.registry import demo_companies
from reviews import screening
from reviews.models import Case, StageKind

LEAD = "jb-industry"


def tell_news(district: District) -> None:
    """Enter the entries and screen the cases, as the night after an import does."""
    today = timezone.localdate()
    fined, listed = _case(StageKind.REVIEW), _case(StageKind.DETERMINATION)
    if fined:
        decided = today - timedelta(days=40)
        CreditEntry.objects.create(
            company=fined.application.company,
            kind=CreditKind.PENALTY,
            grade=CreditGrade.GENERAL,
            title="未按规定贮存危险废物，罚款 4 万元",
            number=f"（演示）甬环北罚〔{decided.year}〕17 号",
            listed_on=decided,
            valid_until=months_after(decided, 6),
        )
        CreditEntry.objects.create(
            company=fined.application.company,
            kind=CreditKind.ABNORMAL,
            title="通过登记的住所无法联系",
            source="企业信用信息公示系统",
            number=f"（演示）北市监列〔{decided.year - 1}〕203 号",
            listed_on=decided - timedelta(days=300),
            repaired_on=decided - timedelta(days=200),
        )
    if listed:
        CreditEntry.objects.create(
            company=listed.application.company,
            title="有履行能力而拒不履行生效法律文书确定的义务",
            number=f"（演示）浙 0205 执 {today.year} 第 88 号",
            listed_on=today - timedelta(days=1),
        )
    for case in filter(None, (fined, listed)):
        for one in Case.objects.to_screen().filter(
            application__company=case.application.company, application__district=district
        ):
            screening.screen(one.application_id)


def _case(kind: StageKind) -> Case | None:
    """A case on the stage that 区经信局 decides and that nothing stands against, of none of the
    two companies that a newcomer signs in as."""
    cases = Case.objects.filter(
        stage__kind=kind, tasks__department__code=LEAD, tasks__state="open"
    ).exclude(application__company__in=demo_companies()[:2])
    for case in cases.select_related("application__company").order_by("application__number"):
        receipt = case.application.latest_receipt
        if receipt and all(claim["eligible"] for claim in receipt.answer["claims"]):
            return case
    return None
