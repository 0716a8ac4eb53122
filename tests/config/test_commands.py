"""Procfile, Dockerfile and docker-compose.yml start the same things with the same words."""

import json
import re
import shlex

import yaml
from django.conf import settings
from honcho.environ import parse_procfile


def procfile() -> dict[str, str]:
    return dict(parse_procfile((settings.BASE_DIR / "Procfile").read_text()).processes)


def test_compose_runs_the_commands_of_the_procfile():
    services = yaml.safe_load((settings.BASE_DIR / "docker-compose.yml").read_text())["services"]

    assert {name: services[name]["command"] for name in procfile()} == procfile()


def test_the_image_serves_pages_unless_told_otherwise():
    command = re.search(r"^CMD (\[.*\])$", (settings.BASE_DIR / "Dockerfile").read_text(), re.M)

    assert json.loads(command[1]) == shlex.split(procfile()["web"])


def test_compose_takes_no_secret_from_the_file():
    text = (settings.BASE_DIR / "docker-compose.yml").read_text()

    for name in ("SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "ALLOWED_HOSTS"):
        assert f"${{{name}:?" in text


def test_every_variable_that_compose_needs_is_in_the_example():
    compose = (settings.BASE_DIR / "docker-compose.yml").read_text()
    example = (settings.BASE_DIR / ".env.example").read_text()

    needed = set(re.findall(r"(?<!\$)\$\{(\w+)", compose))
    assert needed <= set(re.findall(r"^(\w+)=", example, re.M))
