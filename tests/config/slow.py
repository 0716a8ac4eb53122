"""A page that takes its time, for a web server that is about to be replaced."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

SECONDS = 0.5


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    environ["wsgi.input"].read()
    Path(environ["QUERY_STRING"]).touch()
    time.sleep(SECONDS)
    start_response("200 OK", [("Content-Length", "4")])
    return [b"done"]
