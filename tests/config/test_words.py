"""What no tracked file may hold is found, wherever the checkout lies."""

import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings


@pytest.fixture
def checkout(tmp_path):
    folder = tmp_path / "someone" / "checkout"
    (folder / ".ci").mkdir(parents=True)
    shutil.copy(settings.BASE_DIR / ".ci" / "words", folder / ".ci" / "words")
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    return folder


def check(checkout: Path, text: str) -> "subprocess.CompletedProcess[str]":
    (checkout / "some.txt").write_text(text)
    subprocess.run(["git", "add", "--all"], cwd=checkout, check=True)
    return subprocess.run([".ci/words"], cwd=checkout, capture_output=True, text=True, check=False)


# Put together here, so that the check does not find them in this file.
@pytest.mark.parametrize(
    "words",
    [
        ["see /ho", "me/anna/notes"],
        ["cd /ro", "ot/thing"],
        ["wrote '/t", "mp/some/file'"],
        ["(/Us", "ers/bob/dev)"],
        ["--index-url ht", "tps://mirror.example.org/all"],
        ["registry=ht", "tps://packages.example.org/"],
        ["ht", "tps://mirror.example.org/python/sim", "ple/"],
        ["ht", "tps://py", "pi.org/project/x"],
        ["deb ht", "tp://d", "eb.debian.org/debian"],
    ],
)
def test_paths_and_indexes_are_found(checkout, words):
    result = check(checkout, "".join(words))

    assert result.returncode == 1
    assert "some.txt:1" in result.stdout


def test_the_place_of_the_checkout_is_found(checkout):
    assert check(checkout, f"open {checkout}/manage.py").returncode == 1


@pytest.mark.parametrize(
    "text",
    ["tmpfs: [/tmp]", "href='/policies/home/'", "https://example.org/path", "VAR/tmp/x", "/data/x"],
)
def test_what_names_no_machine_is_let_through(checkout, text):
    assert check(checkout, text).returncode == 0


def test_the_check_itself_names_no_machine():
    lines = (settings.BASE_DIR / ".ci" / "words").read_text().replace("[", "").replace("]", "")

    assert f"{settings.BASE_DIR.parent}/" not in lines
