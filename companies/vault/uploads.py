"""Uploads that are refused before they fill the disk, or broke off and are cleared away."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse


class RequestLimit(FileUploadHandler):
    """Refuses a request that says it is too long before a byte of its files is written."""

    def handle_raw_input(
        self, input_data: Any, META: dict[str, Any], content_length: int, *args: Any, **kw: Any
    ) -> None:
        if content_length > settings.REQUEST_MAX_BYTES:
            raise RequestDataTooBig(f"{content_length} bytes")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


class ClearUploads:
    """Closes every file that an upload has begun: one that broke off in the middle Django would
    leave on the disk until it next looks for garbage."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method == "POST":
            for handler in request.upload_handlers:
                if (file := getattr(handler, "file", None)) is not None:
                    file.close()
        return response
