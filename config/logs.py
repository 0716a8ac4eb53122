"""How the log is written."""

import logging


class OneLine(logging.Formatter):
    """What somebody typed begins no line of its own in the log. Tracebacks stay as they are."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        text = super().formatMessage(record)
        return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)
