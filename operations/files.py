"""Whether the files that rows name are there, and are what they were."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import models


@dataclass(frozen=True)
class NamedFile:
    """A file that a row names; `sha256` where the row knows it."""

    name: str
    sha256: str = ""

    @property
    def path(self) -> Path:
        return Path(settings.MEDIA_ROOT, self.name)


def named_files() -> Iterator[NamedFile]:
    """Every file that any row of any model names."""
    for model in apps.get_models():
        known = {field.name for field in model._meta.fields}
        for field in model._meta.fields:
            if isinstance(field, models.FileField):
                columns = [field.name, *({"sha256"} & known)]
                rows = model._default_manager.exclude(**{field.name: ""}).order_by("pk")
                for row in rows.values_list(*columns).iterator(chunk_size=2000):
                    yield NamedFile(*row)


def faulty_files() -> list[str]:
    """Each file that is missing or is not what its row says, one line each."""
    return [fault for file in named_files() if (fault := _fault(file))]


def _fault(file: NamedFile) -> str:
    try:
        digest = sha256_of(file.path)
    except OSError:
        return f"file {file.name} is missing or cannot be read"
    if file.sha256 and digest != file.sha256:
        return f"file {file.name} is not what its row says"
    return ""


def sha256_of(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
