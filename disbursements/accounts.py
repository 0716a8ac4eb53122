"""The page of finance where changed accounts are checked and confirmed, each by another person."""

from functools import partial

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import SignedInRequest, for_roles, reauthenticated
from accounts.models import Role, User
from companies import services
from companies.cnaps import is_doubtful
from companies.models import AccountChange
from companies.profile.models import AccountChangeQuerySet
from disbursements.acting import acting, do

CLOSED_SHOWN = 20


@require_GET
@for_roles(Role.FINANCE, Role.AUDITOR)
def account_changes(request: SignedInRequest) -> HttpResponse:
    return _show(request)


@require_POST
@for_roles(Role.FINANCE, Role.AUDITOR)
@reauthenticated
def account_check(request: SignedInRequest, pk: int) -> HttpResponse:
    return do(
        request,
        lambda: services.check_account(_change(request, pk), by=request.user),
        _("已核对。还须另一位财政人员复核，账户才生效。"),
        to="account_changes",
        show=partial(_show, request),
    )


@require_POST
@for_roles(Role.FINANCE, Role.AUDITOR)
@reauthenticated
def account_confirm(request: SignedInRequest, pk: int) -> HttpResponse:
    return do(
        request,
        lambda: services.confirm_account(_change(request, pk), by=request.user),
        _("账户已生效，以后的款项拨付到新账户。"),
        to="account_changes",
        show=partial(_show, request),
    )


@require_POST
@for_roles(Role.FINANCE, Role.AUDITOR)
@reauthenticated
def account_refuse(request: SignedInRequest, pk: int) -> HttpResponse:
    reason = request.POST.get("reason", "")[:200]
    return do(
        request,
        lambda: services.refuse_account(_change(request, pk), reason=reason, by=request.user),
        _("已退回，企业会在资料页看到原因。款项仍拨付到原账户。"),
        to="account_changes",
        show=partial(_show, request),
    )


def to_confirm(user: User) -> int:
    """How many changed accounts wait for this person: whoever checked one does not confirm it."""
    changes = AccountChange.objects.visible_to(user).open().select_related("company")
    return sum(not change.checkers & acting(user, change.company.district_id) for change in changes)


def _change(request: SignedInRequest, pk: int) -> AccountChange:
    return get_object_or_404(AccountChange.objects.visible_to(request.user), pk=pk)


def _show(
    request: SignedInRequest, *, faults: list[str] | None = None, status: int = 200
) -> HttpResponse:
    changes = _loaded(AccountChange.objects.visible_to(request.user))
    context = {
        "rows": [
            {
                "change": change,
                "old": change.company.current_account,
                "is_doubtful": is_doubtful(change.account.cnaps),
                "is_other_holder": change.account.holder != change.company.name,
                "may_check": change.status == "asked",
                "may_confirm": change.status == "checked"
                and not change.checkers & acting(request.user, change.company.district_id),
            }
            for change in changes.open().order_by("asked_at", "pk")
        ],
        "closed": changes.exclude(pk__in=changes.open().values("pk")).order_by("-pk")[
            :CLOSED_SHOWN
        ],
        "may_act": request.user.has_role(Role.FINANCE),
        "faults": faults or [],
    }
    return render(request, "disbursements/account_changes.html", context, status=status)


def _loaded(changes: AccountChangeQuerySet) -> AccountChangeQuerySet:
    return changes.select_related(
        "company",
        "account",
        "asked_by",
        "checked_by",
        "checked_for",
        "confirmed_by",
        "confirmed_for",
    )
