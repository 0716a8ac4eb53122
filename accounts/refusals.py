"""What a service says when it does not do what was asked. The text is for the person who asked:
what stands in the way, and what to do."""


class Refused(Exception):
    """Not possible as things stand. Nothing was changed."""

    status_code = 422

    def __init__(self, *messages: str) -> None:
        super().__init__("；".join(messages))
        self.messages = list(messages)


class StateChanged(Refused):
    """Somebody was faster: what the person saw is no longer so."""

    status_code = 409


class NotAllowed(Refused):
    """Not for this person."""

    status_code = 403
