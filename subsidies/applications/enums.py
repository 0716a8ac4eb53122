from django.db import models
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    DRAFT = "draft", _("草稿")
    SUBMITTED = "submitted", _("已提交")
    IN_REVIEW = "in_review", _("审核中")
    RETURNED = "returned", _("待补正")
    APPROVED = "approved", _("已批准")
    REJECTED = "rejected", _("不予通过")
    WITHDRAWN = "withdrawn", _("已撤回")


NEXT_STATUSES: dict[Status, frozenset[Status]] = {
    Status.DRAFT: frozenset({Status.SUBMITTED, Status.WITHDRAWN}),
    Status.SUBMITTED: frozenset(
        {Status.IN_REVIEW, Status.RETURNED, Status.REJECTED, Status.WITHDRAWN}
    ),
    Status.IN_REVIEW: frozenset(
        {Status.RETURNED, Status.APPROVED, Status.REJECTED, Status.WITHDRAWN}
    ),
    Status.RETURNED: frozenset({Status.SUBMITTED, Status.WITHDRAWN}),
    Status.APPROVED: frozenset(),
    Status.REJECTED: frozenset(),
    Status.WITHDRAWN: frozenset(),
}

EDITABLE = frozenset({Status.DRAFT, Status.RETURNED})
# The states in which the same matter may not be applied for again.
LIVE = frozenset({Status.SUBMITTED, Status.IN_REVIEW, Status.RETURNED, Status.APPROVED})


class Reason(models.TextChoices):
    """Why a check was run."""

    SUBMISSION = "submission", _("提交")
    CORRECTION = "correction", _("补正")
    REVIEW = "review", _("审核中重新校验")
    PUBLIC_NOTICE = "public_notice", _("公示前")
    APPROVAL = "approval", _("批准")
    PAYMENT = "payment", _("拨付前")
    SCREENING = "screening", _("数据更新后筛查")
