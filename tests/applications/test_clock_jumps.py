"""F15: a clock that jumps changes neither the order of numbers nor a claim's policy year."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from tests import domain


@pytest.mark.parametrize("jump", [timedelta(days=1), timedelta(days=-1)])
def test_numbers_go_on_and_the_policy_year_is_that_of_the_event(world, clock, jump):
    filed = [domain.filed(domain.company_with_everything())]
    for moved in (jump, -jump):
        clock.shift(moved)
        filed.append(domain.filed(domain.company_with_everything()))

    first, second, third = (int(each.number.rsplit("-", 1)[-1]) for each in filed)
    assert (second, third) == (first + 1, first + 2)
    assert {claim.policy_year for each in filed for claim in each.claims.all()} == {2025}


@pytest.mark.parametrize(
    "moment", [datetime(2026, 12, 31, 23, 59, 59), datetime(2027, 1, 1), datetime(2028, 2, 29)]
)
def test_a_number_is_of_the_year_in_which_it_was_given_here(world, clock, moment):
    clock.move_to(timezone.make_aware(moment))

    assert domain.filed(domain.company_with_everything()).number == f"{moment.year}-0001"
