"""The plan of a chaos run, and how its clients read pages."""

from random import Random

import pytest

from chaos import plan
from chaos.clients import forms_of


@pytest.mark.parametrize("name", plan.PROFILES)
def test_a_seed_gives_the_same_plan_again_and_another_seed_another(name):
    profile = plan.PROFILES[name]

    first, again, other = (plan.faults(profile, Random(seed)) for seed in (7, 7, 8))

    assert first == again != other


def test_the_long_profile_breaks_as_much_as_was_promised():
    profile = plan.PROFILES["long"]
    kinds = [fault.kind for fault in plan.faults(profile, Random(1))]

    assert (profile.approvals, profile.clients) == (10_000, 64)
    assert sum(kind in plan.KILLS for kind in kinds) >= 200
    assert sum(kind in plan.DATABASE_CRASHES for kind in kinds) >= 20
    assert sum(kind in plan.REDIS_FAULTS for kind in kinds) >= 5


def test_a_client_sends_what_a_form_holds_by_itself():
    page = """
      <form action="/a/" method="post">
        <input type="hidden" name="token" value="1"><input name="on" value="2026-03-11">
        <input type="radio" name="verdict" value="agree"><button name="go" value="yes">好</button>
      </form>
      <input name="outside" value="no"><form action="/b/"></form>
    """

    first, second = forms_of(page)

    assert (first.action, second.action) == ("/a/", "/b/")
    assert first.fields == [("token", "1"), ("on", "2026-03-11")]
    assert first.buttons == [("verdict", "agree"), ("go", "yes")]
