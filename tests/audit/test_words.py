"""The audit log says every act in words."""

import ast
import re
from importlib import import_module
from itertools import product

import pytest
from django.apps import apps
from django.conf import settings

from reviews.models import StageKind, Verdict
from reviews.templatetags.cases import action_name

ACT = re.compile(r"[a-z_]+(\.[a-z_]+)+")
# They put the act's name together from what they are given.
COMPOSED = {
    "accounts/signing_in/records.py": "record(action,",
    "companies/services.py": "record(action,",
    "disbursements/adjustments.py": "record(action,",
    "reviews/services.py": "record(f'case.{kind}.{verdict}',",
}


def recorded() -> tuple[set[str], dict[str, str]]:
    """The acts that the rooms record, and the calls (by file) whose act cannot be read."""
    acts: set[str] = set()
    unread = {}
    for room in apps.get_app_configs():
        if settings.BASE_DIR not in (folder := settings.BASE_DIR / room.label).parents:
            continue
        for path in folder.rglob("*.py"):
            place = path.relative_to(settings.BASE_DIR)
            module = ".".join(place.with_suffix("").parts)
            for call in ast.walk(ast.parse(path.read_text())):
                match call:
                    case ast.Call(func=ast.Name(id="record" | "_record")):
                        found = set(filter(ACT.fullmatch, _texts(call.args, module)))
                        acts |= found
                        if not found:
                            unread[str(place)] = ast.unparse(call)
    return acts, unread


def _texts(arguments: list[ast.expr], module: str) -> list[str]:
    """The strings among them, also those that have a name in their module."""
    texts = []
    for node in (node for argument in arguments for node in ast.walk(argument)):
        match node:
            case ast.Constant(value=str(text)):
                texts.append(text)
            case ast.Name(id=name) if name.isupper():
                texts.append(getattr(import_module(module), name))
    return texts


def test_every_recorded_act_has_its_words():
    acts, unread = recorded()

    assert len(acts) > 60
    assert {act for act in acts if action_name(act) == act} == set()
    assert {file: call[: len(COMPOSED.get(file, ""))] for file, call in unread.items()} == COMPOSED


@pytest.mark.parametrize(("kind", "verdict"), list(product(StageKind, Verdict)))
def test_every_opinion_has_its_words(kind, verdict):
    assert action_name(f"case.{kind}.{verdict}") != f"case.{kind}.{verdict}"
