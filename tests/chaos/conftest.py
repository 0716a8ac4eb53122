from tests.fixtures_domain import (  # noqa: F401
    budget,
    clock,
    company,
    flush_past_the_triggers,
    world,
)
