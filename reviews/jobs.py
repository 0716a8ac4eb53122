"""What the review does after the commit."""

from audit.verification import verify_chain
from outbox.services import handler
from reviews import screening
from reviews.notices import services


@handler("reviews.render_notice")
def render_notice(notice: str) -> None:
    services.render(notice)


@handler("reviews.screen")
def screen(
    run: str,
    district: int | None = None,
    company: int | None = None,
    after: str | None = None,
) -> None:
    screening.screen_next(run, district=district, company=company, after=after)


@handler("audit.verify")
def verify_audit() -> None:
    """Asked for by an auditor; the outcome stands on the page of the log and the status page."""
    verify_chain()
