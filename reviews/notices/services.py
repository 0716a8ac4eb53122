"""Award notices: numbered with the approval, rendered by the worker, told to the company."""

import hashlib
import secrets
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.locks import locked
from accounts.models import NumberSeries, User
from companies.files import bring_to_disk
from outbox.failpoints import failpoint
from outbox.services import enqueue
from reviews.models import Notice
from reviews.notices.pdf import render_pdf, require_printable_content
from reviews.receipts import without_contribution
from subsidies.applications import services as applications
from subsidies.applications.enums import Reason
from subsidies.ledger import services as ledger
from subsidies.ledger.models import AwardStatus
from subsidies.models import Award
from subsidies.words import amount_in_words

# Without 0, O, 1, I: a person reads it off paper and types it.
CHECK_CODE_SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
CHECK_CODE_LENGTH = 12


def issue(award: Award, *, by: User) -> Notice:
    """Number a notice in the transaction that grants the award; the PDF follows as a job.

    Everything the paper says is kept in `content`: what is printed later is what was true now.
    Raises CharactersMissing before anything is numbered if a character could not be printed.
    """
    today = timezone.localdate()
    content = _content(award)
    require_printable_content(content)
    notice = Notice.objects.create(
        award=award,
        district=award.district,
        year=today.year,
        sequence=NumberSeries.next(award.district, "notice", today.year),
        check_code="".join(secrets.choice(CHECK_CODE_SIGNS) for _place in range(CHECK_CODE_LENGTH)),
        issued_on=today,
        content=content,
    )
    failpoint("notice.numbered")
    enqueue("reviews.render_notice", notice.pk, notice=str(notice.pk))
    return notice


def render(notice_id: str) -> None:
    """Render a notice once and note it. A second delivery finds it rendered and does nothing."""
    notice = Notice.objects.select_related("award__claim__application").get(pk=notice_id)
    if notice.rendered_at:
        return
    content = render_pdf(notice)
    failpoint("notice.rendered")
    with transaction.atomic():
        notice = locked(Notice.objects.filter(pk=notice_id)).get()
        if notice.rendered_at:
            return
        notice.sha256 = hashlib.sha256(content).hexdigest()
        notice.rendered_at = timezone.now()
        notice.pdf.save("notice.pdf", ContentFile(content), save=False)
        bring_to_disk(notice.pdf)
        failpoint("notice.written")
        notice.save()
        ledger.move_award(notice.award, AwardStatus.NOTIFIED)
        assert notice.award.claim is not None
        applications.tell_company(
            notice.award.claim.application,
            f"notice:{notice.pk}",
            _("兑现通知书 %(number)s") % {"number": notice.number},
            _("兑现通知书已生成，请登录后在申请页面下载。"),
        )
        failpoint("notice.told")


def _content(award: Award) -> dict[str, Any]:
    """All that stands on the paper: who, what, how much and why, with the steps and clauses."""
    claim = award.claim
    assert claim is not None
    application = claim.application
    item = claim.level.item
    document = item.edition.document
    receipt = application.receipts.filter(reason=Reason.APPROVAL).order_by("-pk").first()
    assert receipt is not None
    # The paper goes from hand to hand: it says that the cap was kept, and not what it was.
    entry = without_contribution(
        next(entry for entry in receipt.answer["claims"] if entry["id"] == str(claim.pk))
    )
    return {
        "series": award.district.short_name.removesuffix("区") + "惠兑",
        "district": award.district.name,
        "department": item.leads[0].name,
        "company": application.company.name,
        "uscc": application.company.uscc,
        "application": application.number,
        "item": item.title,
        "level": claim.level.title,
        "subject": claim.subject,
        "policy_year": award.policy_year,
        "document": document.title,
        "document_number": document.number,
        "edition": item.edition.name,
        "clause": item.clause,
        "amount": str(award.amount),
        "words": amount_in_words(award.amount),
        "payable": entry["payable"],
        "steps": entry["steps"],
        "receipt": receipt.sha256,
    }
