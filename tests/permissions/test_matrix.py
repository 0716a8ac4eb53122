"""A01: the permission matrix, tried whole. What it says and how to add to it: matrix.yaml."""

from collections import Counter

import pytest

from tests.permissions import matrix
from tests.permissions.asking import CSRF_TOKEN, Asker
from tests.permissions.matrix import METHODS, REFUSALS, Block, Row, Unclear
from tests.permissions.urls import all_urls

MATRIX = matrix.load()
POSTS = [row for row in MATRIX.rows if row.method == "POST"]
# They lead on and write nothing but a session or a cookie.
WRITING_NOTHING = {
    "account_login",
    "account_set_password",
    "account_signup",
    "admin:login",
    "admin:password_change",
    "application_create POST foreign",
    "case_judge POST foreign",
    "company_choose",
    "demo_end_public_notice",
    "job_was_sent",
    "mfa_activate_totp",
    "mfa_authenticate",
    "mfa_index",
    "set_language",
    "toggle_large_type",
}
# It tells on the same page what it took.
ANSWERED_IN_PLACE = {"bank_results"}
# Only of a form that is taken can more be taken.
TAKEN = [
    row
    for row in POSTS
    if (row.taken_of or row.block.name in ANSWERED_IN_PLACE)
    and not {row.block.name, str(row)} & WRITING_NOTHING
    and not row.block.name.startswith("/admin/")
]
CHANGES_OF_THE_ADMINISTRATION = [
    row
    for row in POSTS
    if row.object == "own"
    and row.block.name.startswith("admin:")
    and row.block.name.endswith("_change")
    and row.expected["superuser"] == "200"
]
# They ask no cookie who is there: a form from elsewhere does what its sender could do as well.
WITHOUT_TOKEN = {"api_schema", "estimates"}
WHERE = "tests/permissions/matrix.yaml"


@pytest.mark.django_db
# Django's own templates of the administration ask for variables that are not always there.
@pytest.mark.ignore_template_errors
@pytest.mark.parametrize("row", MATRIX.rows, ids=str)
def test_every_role_gets_its_answer(asker: Asker, row: Row) -> None:
    faults = []
    for role, expected in row.expected.items():
        answer = asker.ask(row.block, row.method, row.object, role)
        cell = f"{row.method} {asker.url_of(row.block, row.object)} ({row.block.name}) as {role}"
        if row.object != matrix.NO_OBJECT:
            cell += f" on the object “{row.object}”"
        if answer.text != expected:
            faults.append(f"{cell}: expected {expected}, got {answer.text} {answer.fault}".rstrip())
        may_write = row.block.notes if row.method == "GET" else answer.text not in REFUSALS
        if answer.writes and not may_write:
            faults.append(f"{cell}: {answer.text}, and yet it wrote: {answer.writes[0][:200]}")
    assert not faults, "\n".join([*faults, f"What is right stands in {WHERE}, {row.block.name}."])


@pytest.mark.django_db
@pytest.mark.parametrize("row", {row.block.name: row for row in POSTS}.values(), ids=str)
def test_a_form_that_comes_from_elsewhere_is_refused(asker: Asker, row: Row) -> None:
    """S02: without our token, and from another site even with it."""
    role = next(iter(row.let_in), "clerk")
    comes_in = row.block.name in WITHOUT_TOKEN

    for headers in ({}, {"X-CSRFToken": CSRF_TOKEN, "Origin": "https://elsewhere.example"}):
        turned_away = asker.is_turned_away(row.block, row.object, role, **headers)
        assert turned_away != comes_in, f"POST {row.block.name} as {role} with {headers}"


@pytest.mark.django_db
@pytest.mark.ignore_template_errors
@pytest.mark.parametrize("row", TAKEN, ids=str)
def test_what_a_form_does_not_ask_for_is_not_taken(asker: Asker, row: Row) -> None:
    """A02: fields that no page shows, beside those that `send` gives."""
    role = (row.taken_of or row.let_in)[0]

    assert_nothing_smuggled_in(asker, row.block, row.object, role)


@pytest.mark.django_db
@pytest.mark.ignore_template_errors
@pytest.mark.parametrize("row", CHANGES_OF_THE_ADMINISTRATION, ids=str)
def test_what_a_page_of_the_administration_does_not_ask_for_is_not_taken(
    asker: Asker, row: Row
) -> None:
    block = asker.as_shown(row.block, row.object, "superuser")

    assert_nothing_smuggled_in(asker, block, row.object, "superuser")


def assert_nothing_smuggled_in(asker: Asker, block: Block, name: str, role: str) -> None:
    stranger = asker.world.objects["official"]["foreign"]
    smuggled = {
        "amount": "987654.32",
        "approved_by": stranger,
        "company": asker.world.objects["company"]["foreign"],
        "created_by": stranger,
        "decided_by": stranger,
        "district": asker.world.objects["district"]["foreign"],
        "granted": "987654.32",
        "is_demo": "on",
        "is_staff": "on",
        "is_superuser": "on",
        "made_by": stranger,
        "paid": "987654.32",
        "role": "administrator",
        "state": "written",
        "status": "paid",
        "user": stranger,
    }
    columns = set(smuggled) - set(block.send)

    plain, writes = asker.rows_after(block, name, role, {}, columns)
    assert writes, f"{block.name} as {role} changes nothing, so it would show nothing either."
    assert asker.rows_after(block, name, role, smuggled, columns)[0] == plain


def test_every_url_has_a_row() -> None:
    missing = {name for name, _route in all_urls()} - set(MATRIX.blocks)

    assert not missing, (
        f"{WHERE} does not say who may call {', '.join(sorted(missing))}. "
        "`python -m tests.permissions.observe NAME` shows what it answers now."
    )


def test_every_row_is_of_a_url_that_exists() -> None:
    gone = set(MATRIX.blocks) - {name for name, _route in all_urls()}

    assert not gone, f"{WHERE} has rows for {', '.join(sorted(gone))}, which the product lost."


def test_no_two_urls_share_a_name() -> None:
    twice = [name for name, count in Counter(name for name, _ in all_urls()).items() if count > 1]

    assert not twice


def test_every_row_says_what_every_role_gets() -> None:
    for row in MATRIX.rows:
        assert set(row.expected) == set(MATRIX.roles), row


def test_every_method_is_tried_on_every_object() -> None:
    tried = Counter(row.block.name for row in MATRIX.rows)

    for block in MATRIX.blocks.values():
        assert tried[block.name] == len(METHODS) * len(matrix.objects_of(block, MATRIX.objects))


@pytest.mark.django_db
def test_the_world_has_the_roles_and_objects_of_the_matrix(asker: Asker) -> None:
    assert set(asker.world.people) == set(MATRIX.roles)
    assert {kind: set(keys) for kind, keys in asker.world.objects.items()} == {
        kind: set(names) for kind, names in MATRIX.objects.items()
    }


def test_a_new_role_is_let_in_nowhere_by_itself() -> None:
    roles = ["anonymous", "clerk", "newcomer"]
    block = Block("somewhere")

    assert matrix.answers(block, "200 clerk | 403 others", "GET", roles, {})["newcomer"] == "403"
    for line in ("200 others", "403 clerk", "200 newcomers | 403 others", "200 clerk | 302 clerk"):
        with pytest.raises(Unclear):
            matrix.answers(block, line, "GET", roles, {})


def test_a_line_that_is_missing_or_said_twice_is_told() -> None:
    head = "roles: {anonymous: a, clerk: b}\ngroups: {}\nobjects: {case: own absent}\nurls:\n"

    for lines in (
        "{with: {pk: case}, GET own: 404 others}",
        "{with: {pk: case}, GET own absent: 404 others, GET own: 403 others}",
        "{with: {pk: case}, GET owned absent: 404 others}",
        "{FETCH: 404 others}",
        "{GET: 404 others, GET: 403 others}",
    ):
        with pytest.raises(Unclear):
            matrix.read(f"{head}  somewhere: {lines}\n")
