"""Forms that move money are done once, however often they arrive.

Each carries a key (`{% submission_key %}`). The first to arrive leaves a row in the transaction
of what it did: either both are there, or neither. Whoever sends it again, by a double click,
after a timeout or from a browser's history, gets the answer that was given then.

`once` does a form as a whole. A form of many things that are decided each by itself, in a
transaction of its own, does each of them by `do_part`.
"""

import hashlib
import json
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.messages.storage.base import BaseStorage
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from accounts.access import SignedInRequest
from accounts.models import Submission, User
from accounts.refusals import Refused
from accounts.signing_in import asking
from outbox.failpoints import failpoint

View = Callable[..., HttpResponse]
# What a request brings besides what the person typed: also what the page that asks for the
# password puts to a form.
NOT_TYPED = frozenset({"submission", "csrfmiddlewaretoken", asking.FIELD, asking.BACK})


def once(view: View) -> View:
    """Do what is posted under a key once for this person; the same key again gets the same answer.

    Only an answer that redirects is one: what was refused may be sent again, corrected or not,
    and what the refusal kept stays kept. The same key with other contents is refused (422).
    Stands below whatever decides whether the person may do it at all.
    """

    @wraps(view)
    def answered_once(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        key = key_of(request)
        if key is None:
            return without_key(request)
        with transaction.atomic():
            # Whoever comes second waits here until the first has committed.
            row, is_first = Submission.objects.get_or_create(
                actor=request.user,
                key=key,
                defaults={"route": request.path, "sha256": _hash(request)},
            )
            if not is_first:
                return _again(request, row)
            response = view(request, *args, **kwargs)
            if isinstance(response, HttpResponseRedirect):
                row.location = response.url
                row.said = _said(request)
                row.save(update_fields=["location", "said"])
                failpoint("submission.kept")
            else:
                row.delete()
            return response

    return answered_once


def do_part(
    act: Callable[[], object], *, key: uuid.UUID, part: str, contents: str, by: User
) -> None:
    """Do one part of the form with this key once for this person; again it does nothing.

    `contents` is what the form says of the part: Refused where it said something else before.
    Raises what `act` raises. Where that is Refused, what the refusal kept stays kept, and the
    part may be sent again.
    """
    refusal = None
    sha256 = _sha256(contents)
    with transaction.atomic():
        row, is_first = Submission.objects.get_or_create(
            actor=by, key=uuid.uuid5(key, part), defaults={"route": part, "sha256": sha256}
        )
        if is_first:
            try:
                act()
            except Refused as error:
                refusal = error
                row.delete()
    if refusal:
        raise refusal
    if row.sha256 != sha256:
        raise Refused(_other_contents())


def key_of(request: SignedInRequest) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.POST.get("submission", ""))
    except ValueError:
        return None


def without_key(request: SignedInRequest) -> HttpResponse:
    return _refuse(request, _("页面缺少提交编号，没有办理。请返回上一页，刷新后再提交。"))


def _again(request: SignedInRequest, row: Submission) -> HttpResponse:
    if (row.route, row.sha256) != (request.path, _hash(request)):
        return _refuse(request, _other_contents())
    for text in row.said:
        messages.success(request, text)
    return HttpResponseRedirect(row.location)


def _refuse(request: SignedInRequest, text: str) -> HttpResponse:
    return render(request, "account/not_submitted.html", {"text": text}, status=422)


def _other_contents() -> str:
    return _("这张表单已经提交过，内容和上次不同，这次没有办理。请打开原页面，核对后重新填写。")


def _hash(request: SignedInRequest) -> str:
    typed = sorted((name, values) for name, values in request.POST.lists() if name not in NOT_TYPED)
    return _sha256(json.dumps(typed, ensure_ascii=False))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _said(request: SignedInRequest) -> list[str]:
    """What the person is about to be told; it is still told."""
    storage = messages.get_messages(request)
    assert isinstance(storage, BaseStorage)
    said = [str(message) for message in storage]
    storage.used = False
    return said
