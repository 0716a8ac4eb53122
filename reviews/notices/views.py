"""Award notices for the company and its reviewers, and whether one is genuine, for everybody."""

from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.access import SignedInRequest
from reviews.models import Notice
from reviews.notices.forms import CheckCodeForm
from reviews.notices.verification import normalised
from subsidies.models import Application


@require_GET
@login_not_required
def notice_verify(request: HttpRequest) -> HttpResponse:
    """Where a check code is typed; a complete one leads to its page."""
    if "code" not in request.GET:
        return render(request, "notices/notice_verify.html", {"form": CheckCodeForm()})
    form = CheckCodeForm(request.GET)
    if not form.is_valid():
        return render(request, "notices/notice_verify.html", {"form": form}, status=422)
    return redirect("notice_verify_code", form.cleaned_data["code"])


@require_GET
@login_not_required
@never_cache
def notice_verify_code(request: HttpRequest, code: str) -> HttpResponse:
    """What was issued under a check code. A code that nobody has and one that nobody could have
    get the same answer: it tells a guesser nothing."""
    code = normalised(code)
    notice = Notice.objects.select_related("award").filter(check_code=code).first()
    if notice is None:
        form = CheckCodeForm({"code": code})
        form.add_error("code", CheckCodeForm.UNKNOWN)
        response = render(request, "notices/notice_verify.html", {"form": form}, status=404)
    else:
        response = render(request, "notices/notice_verified.html", {"notice": notice})
    response["X-Robots-Tag"] = "noindex"
    return response


@require_GET
def notice_download(request: SignedInRequest, pk: UUID) -> FileResponse:
    """The paper, to those who may see its application."""
    visible = Application.objects.visible_to(request.user)
    notice = get_object_or_404(
        Notice.objects.filter(award__claim__application__in=visible, rendered_at__isnull=False),
        pk=pk,
    )
    response = FileResponse(
        notice.pdf.open("rb"),
        as_attachment=True,
        filename=f"{notice.number}.pdf",
        content_type="application/pdf",
    )
    response["Cache-Control"] = "no-store"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    return response
