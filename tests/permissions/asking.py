"""Asking an address as a role, and taking back whatever came of it."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.cookies import SimpleCookie
from typing import Any

from allauth.usersessions.models import UserSession
from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpResponseBase
from django.shortcuts import resolve_url
from django.test import Client
from django.urls import Resolver404, resolve, reverse

from tests.conftest import FreshClient
from tests.permissions.matrix import SIGN_IN, Block
from tests.permissions.world import ABSENT_NUMBER, World, upload

CSRF_TOKEN = "x" * 32
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
# Sessions, the counts that slow down guessers, what is noted of a sign-in, and the key of a form,
# which a refusal takes back with it.
SIGN_IN_TABLES = re.compile(
    r'"(django_session|shared_cache|usersessions_\w+|axes_\w+|accounts_submission)"'
)
WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|MERGE|TRUNCATE|COPY|CREATE|ALTER|DROP)\b", re.I)


@dataclass(frozen=True)
class Answer:
    """What came back: a status, `sign-in`, or `302:` and the address it leads to; and what was
    written on the way."""

    text: str
    writes: tuple[str, ...]
    fault: str = ""


class Asker:
    def __init__(self, world: World) -> None:
        self.world = world
        self._clients = {role: self._client(role) for role in world.people}
        world.objects["sign_in"] = {
            "own": self._sign_in("clerk"),
            "other": self._sign_in("other_clerk"),
            "foreign": self._sign_in("foreign_official"),
            "absent": ABSENT_NUMBER,
        }

    def _sign_in(self, role: str) -> int:
        """What allauth notes of a sign-in with its first page."""
        session = UserSession.objects.create(
            user=self.world.people[role],
            session_key=self._clients[role].session.session_key,
            ip="127.0.0.1",
            data={},
        )
        return session.pk

    def _client(self, role: str) -> Client:
        client = FreshClient(raise_request_exception=False)
        person = self.world.people[role]
        if person is not None:
            client.force_login(person)
        return client

    def url_of(self, block: Block, name: str) -> str:
        values = {
            key: self.world.objects[value][name] if value in self.world.objects else value
            for key, value in block.params.items()
        }
        if not block.name.startswith("/"):
            return reverse(block.name, kwargs=values)
        return (block.path or PARAMETER.sub(r"{\1}", block.name)).format(**values)

    def ask(self, block: Block, method: str, name: str, role: str) -> Answer:
        writes: list[str] = []
        with self._as(role) as client, transaction.atomic(), _noting(writes):
            response = self._send(client, block, method, name)
            if response.streaming:
                # Read to its end, or the file stays open.
                list(response)
            transaction.set_rollback(True)
        return Answer(_text(response), tuple(writes), _fault(response))

    def is_turned_away(self, block: Block, name: str, role: str, **headers: str) -> bool:
        """Whether a form is refused for where it comes from, and not for who sends it."""
        with self._as(role) as client, transaction.atomic():
            # Even the token of our own pages does not help another site's.
            client.cookies[settings.CSRF_COOKIE_NAME] = CSRF_TOKEN
            client.handler.enforce_csrf_checks = True
            response = client.post(self.url_of(block, name), headers=headers)
            client.handler.enforce_csrf_checks = False
            transaction.set_rollback(True)
        return "403_csrf.html" in {template.name for template in response.templates}

    def rows_after(
        self, block: Block, name: str, role: str, more: dict[str, Any], columns: Iterable[str]
    ) -> tuple[dict[str, list[Any]], list[str]]:
        """What stands in these columns of all tables once the form was sent with more fields, and
        what was written on the way."""
        writes: list[str] = []
        with self._as(role) as client, transaction.atomic(), _noting(writes):
            self._send(client, block, "POST", name, more)
            rows = _rows_of(frozenset(columns))
            transaction.set_rollback(True)
        return rows, writes

    def as_shown(self, block: Block, name: str, role: str) -> Block:
        """The block with what its page in the administration would send if nothing was touched
        but what `send` gives."""
        with self._as(role) as client, transaction.atomic():
            page = client.get(self.url_of(block, name))
        forms = [page.context["adminform"].form]
        for inline in page.context["inline_admin_formsets"]:
            forms += [inline.formset.management_form, *inline.formset.initial_forms]
        values = {field.html_name: field.value() for form in forms for field in form}
        ticked = {key: value for key, value in values.items() if value not in (None, False)}
        return replace(block, send=ticked | block.send)

    @contextmanager
    def _as(self, role: str) -> Iterator[Client]:
        """The role's client; what it is told to remember it forgets again."""
        client = self._clients[role]
        cookies = client.cookies
        client.cookies = SimpleCookie(cookies.output(header="", sep=";"))
        try:
            yield client
        finally:
            client.cookies = cookies

    def _send(
        self,
        client: Client,
        block: Block,
        method: str,
        name: str,
        more: dict[str, Any] | None = None,
    ) -> Any:
        url = self.url_of(block, name)
        if method == "POST":
            # What a browser sends with every form.
            return client.post(
                url, {"csrfmiddlewaretoken": "", **(more or {}), **self.form_of(block, name)}
            )
        return getattr(client, method.lower())(url, query_params=block.query)

    def form_of(self, block: Block, name: str) -> dict[str, Any]:
        """What the block sends. `$case` stands for the key of the object of that kind,
        `$case.own` for that of one of them, `@photo.png` for a picture of that name, `@table.csv`
        for a table (`tests.permissions.world.upload`)."""
        return {key: self._sent(value, name) for key, value in block.send.items()}

    def _sent(self, value: Any, name: str) -> Any:
        if str(value).startswith("$"):
            kind, _dot, which = value[1:].partition(".")
            return self.world.objects[kind][which or name]
        return upload(value[1:]) if str(value).startswith("@") else value


def _rows_of(columns: frozenset[str]) -> dict[str, list[Any]]:
    """{table: its rows, reduced to the columns of these names}."""
    found = {}
    for model in apps.get_models():
        named = [field.column for field in model._meta.concrete_fields if field.name in columns]
        if named:
            rows = model._base_manager.order_by(*named).values_list(*named)
            found[model._meta.db_table] = list(rows)
    return found


@contextmanager
def _noting(writes: list[str]) -> Iterator[None]:
    def note(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        if WRITES.match(str(sql)) and not SIGN_IN_TABLES.search(str(sql)):
            writes.append(str(sql))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield


def _text(response: HttpResponseBase) -> str:
    if response.status_code != 302:
        return str(response.status_code)
    path = response["Location"].partition("?")[0].partition("#")[0]
    # The administration's own page for it leads on to the one for all.
    if path in (resolve_url(settings.LOGIN_URL), reverse("admin:login")):
        return SIGN_IN
    try:
        return f"302:{resolve(path).view_name}"
    except Resolver404:
        return f"302:{path}"


def _fault(response: Any) -> str:
    """What went wrong inside, where something did."""
    kind, error, _trace = getattr(response, "exc_info", None) or (None, None, None)
    return f"{kind.__name__}: {error}" if kind else ""
