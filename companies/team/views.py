"""A company's people, invitations, and for which of several companies one acts."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import SignedInRequest, require_password
from accounts.refusals import NotAllowed, Refused
from companies.models import Company, Invitation, Member
from companies.team import access, services
from companies.team.enums import MemberRole
from companies.team.forms import INVITED, CompanyChoice, InvitationForm, PlaceForm


@require_http_methods(["GET", "POST"])
def team(request: SignedInRequest) -> HttpResponse:
    """Everybody of the company sees who acts for it; those who lead it invite."""
    company = access.company_of(request)
    if company is None:
        raise Http404
    leads = access.leads(request.user, company)
    if request.method == "POST" and not leads:
        raise PermissionDenied
    latest = access.term_of(request.user, company)
    form = InvitationForm(request.POST or None, latest=latest)
    if request.method == "POST" and form.is_valid():
        require_password(request)
        try:
            invitation = services.invite(company, by=request.user, **form.place())
        except Refused as refusal:
            _show(form, refusal)
        else:
            messages.success(request, _("邀请已发到 %(email)s。") % {"email": invitation.email})
            return redirect("team")
    members = company.members.select_related("user").order_by("pk")
    context = {
        "company": company,
        "leads": leads,
        "members": [member for member in members if member.is_current],
        "former": [member for member in members if not member.is_current],
        "invitations": company.invitations.open().select_related("invited_by").order_by("pk"),
        "form": form,
    }
    return render(request, "team/team.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def member_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    member = _member_of_own_team(request, pk)
    legal = member.company.members.acting(request.user).filter(role=MemberRole.LEGAL).exists()
    form = PlaceForm(
        request.POST or None,
        roles=MemberRole if legal else INVITED,
        latest=services.latest_end(member, by=request.user),
        initial={"role": member.role, "scopes": member.scopes, "ends_on": member.ends_on},
    )
    if request.method == "POST" and form.is_valid():
        require_password(request)
        try:
            services.change_member(member, by=request.user, **form.place())
        except NotAllowed:
            raise
        except Refused as refusal:
            _show(form, refusal)
        else:
            messages.success(request, _("已保存，下一次操作起生效。"))
            return redirect("team")
    context = {"member": member, "form": form, "hands_over": legal and member.user != request.user}
    return render(request, "team/member_edit.html", context, status=422 if form.errors else 200)


@require_POST
def member_end(request: SignedInRequest, pk: int) -> HttpResponse:
    member = _member_of_own_team(request, pk)
    require_password(request)
    try:
        services.end_member(member, by=request.user)
    except NotAllowed:
        raise
    except Refused as refusal:
        _tell(request, refusal)
    else:
        messages.success(
            request, _("已停用。%(person)s以前办的事仍记在名下。") % {"person": member.user}
        )
    return redirect("team")


@require_POST
def invitation_revoke(request: SignedInRequest, pk: UUID) -> HttpResponse:
    invitation = get_object_or_404(Invitation.objects.visible_to(request.user), pk=pk)
    try:
        services.revoke_invitation(invitation, by=request.user)
    except Refused as refusal:
        _tell(request, refusal)
    else:
        messages.success(request, _("邀请已撤销。"))
    return redirect("team")


@require_http_methods(["GET", "POST"])
def invitation(request: SignedInRequest, token: str) -> HttpResponse:
    """What was offered, to the person it was mailed to; a wrong token is a page that is not."""
    offer = get_object_or_404(
        Invitation.objects.select_related("company", "invited_by"),
        token_hash=services.hash_of(token),
    )
    try:
        services.require_addressee(offer, request.user)
        if request.method == "POST":
            services.accept_invitation(offer, by=request.user)
            access.choose_company(request, offer.company)
            messages.success(request, _("您已加入%(company)s。") % {"company": offer.company})
            return redirect("home")
    except Refused as refusal:
        context = {"refusal": refusal}
        return render(request, "team/invitation_closed.html", context, status=refusal.status_code)
    return render(request, "team/invitation.html", {"offer": offer})


@require_http_methods(["GET", "POST"])
def company_choose(request: SignedInRequest) -> HttpResponse:
    """For a person of several companies: the one to act for from now on."""
    companies = Company.objects.acted_for_by(request.user).order_by("pk")
    if not companies:
        raise Http404
    form = CompanyChoice(request.POST or None, companies=companies)
    if request.method == "POST":
        if not form.is_valid():
            raise Http404
        access.choose_company(request, form.cleaned_data["company"])
        return redirect("home")
    context = {"companies": companies, "current": access.company_of(request)}
    return render(request, "team/company_choose.html", context)


def _member_of_own_team(request: SignedInRequest, pk: int) -> Member:
    """A person of the company one acts for; who does not lead it may not arrange."""
    company = access.company_of(request)
    if company is None:
        raise Http404
    member = get_object_or_404(company.members.current().select_related("user", "company"), pk=pk)
    if not access.leads(request.user, company):
        raise PermissionDenied
    return member


def _show(form: PlaceForm, refusal: Refused) -> None:
    for text in refusal.messages:
        form.add_error(None, text)


def _tell(request: SignedInRequest, refusal: Refused) -> None:
    for text in refusal.messages:
        messages.error(request, text)
