"""How files of strangers leave the house: to be kept, never to be run."""

import io
from typing import IO

from django.http import FileResponse

# Whatever a browser makes of the content, it may do nothing with it.
SANDBOX = "sandbox; default-src 'none'"


def attachment(content: IO[bytes] | bytes, name: str, content_type: str) -> FileResponse:
    """A download under the name (RFC 6266 and 5987, which Django writes)."""
    return _sealed(_response(content, name, content_type, as_attachment=True))


def picture(content: IO[bytes] | bytes, name: str) -> FileResponse:
    """A PNG that this house drew itself, to be shown on its pages."""
    return _sealed(_response(content, name, "image/png", as_attachment=False))


def _response(
    content: IO[bytes] | bytes, name: str, content_type: str, *, as_attachment: bool
) -> FileResponse:
    stream = io.BytesIO(content) if isinstance(content, bytes) else content
    return FileResponse(
        stream, as_attachment=as_attachment, filename=name, content_type=content_type
    )


def _sealed(response: FileResponse) -> FileResponse:
    response["Content-Security-Policy"] = SANDBOX
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store, private"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
