"""What the review does after the commit."""

from outbox.services import handler
from reviews.notices import services


@handler("reviews.render_notice")
def render_notice(notice: str) -> None:
    services.render(notice)
