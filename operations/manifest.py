"""What a backup says of itself: every part with its hash, and under what it was made."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from audit.seals import is_sealed, seal
from operations.files import sha256_of

NAME = "manifest.json"
DATABASE = "database.dump"
FILES = "files"
FORMAT = 1


class BackupRefused(Exception):
    """A backup that cannot be trusted or does not fit here. The text names every fault."""


@dataclass(frozen=True)
class Part:
    size: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> "Part":
        return cls(path.stat().st_size, sha256_of(path))


@dataclass
class Manifest:
    """`parts` by their path in the backup; `rows` by table; `migrations` as app.name; the head of
    the audit chain as the dump has it."""

    made_at: str
    postgresql: str
    audit_seq: int
    audit_hash: str
    migrations: list[str]
    rows: dict[str, int]
    parts: dict[str, Part] = field(default_factory=dict)
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        content = asdict(self)
        sealed = content | {"seal": seal(_canonical(content))}
        (folder / NAME).write_text(json.dumps(sealed, indent=1, ensure_ascii=False) + "\n")

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Raises BackupRefused where there is none, it was changed, or sealed with another key."""
        try:
            content = json.loads((folder / NAME).read_text())
            found = content.pop("seal")
        except OSError as error:
            raise BackupRefused(
                f"{folder} is no finished backup: {NAME} cannot be read ({error.strerror})."
            ) from error
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise BackupRefused(f"{NAME} is damaged.") from error
        if not is_sealed(_canonical(content), str(found)):
            raise BackupRefused(
                f"{NAME} was changed after the backup, or sealed with another SEAL_KEY."
            )
        if content["format"] != FORMAT:
            raise BackupRefused(f"The backup has format {content['format']}, not {FORMAT}.")
        parts = {name: Part(**part) for name, part in content.pop("parts").items()}
        return cls(**content, parts=parts)

    def faults(self, folder: Path) -> list[str]:
        """Each part that is missing, cut, changed or not named, one line each."""
        found = [text for name, part in self.parts.items() if (text := _fault(folder, name, part))]
        there = {
            path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
        }
        return found + [
            f"{name} is not named" for name in sorted(there - self.parts.keys() - {NAME})
        ]


def _fault(folder: Path, name: str, part: Part) -> str:
    path = folder / PurePosixPath(name)
    if not path.is_file():
        return f"{name} is missing"
    if (size := path.stat().st_size) != part.size:
        return f"{name} has {size} bytes, not {part.size}"
    return "" if sha256_of(path) == part.sha256 else f"{name} was changed"


def _canonical(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
