"""Shows what addresses answer now, as blocks of the matrix, to be read and judged:

python -m tests.permissions.observe worklist case_detail pk=case
"""

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.permissions import matrix
from tests.permissions.matrix import METHODS, Block

if TYPE_CHECKING:
    from tests.permissions.asking import Asker

ASKED = "OBSERVED_ADDRESS"


@pytest.mark.django_db
@pytest.mark.ignore_template_errors
def test_observe(asker: "Asker") -> None:
    known = matrix.load()
    asked: dict[str, dict[str, str]] = {}
    for word in os.environ[ASKED].split():
        key, _equals, value = word.partition("=")
        if value:
            asked[list(asked)[-1]][key] = value
        else:
            asked[word] = {}
    print()
    for name, params in asked.items():
        block = known.blocks.get(name, matrix.block_of(name, {}))
        if params:
            block = replace(block, params=params)
        print(observed(asker, block, known.objects, list(known.roles)))


def observed(asker: "Asker", block: Block, objects: dict[str, list[str]], roles: list[str]) -> str:
    names = matrix.objects_of(block, objects)
    found = {
        (method, name): {role: asker.ask(block, method, name, role).text for role in roles}
        for method in METHODS
        for name in names
    }
    is_open = any(
        answers[matrix.ANONYMOUS] != matrix.SIGN_IN
        for (method, _name), answers in found.items()
        if method in ("GET", "POST")
    )
    shown = Block(block.name, is_open=is_open)
    lines: dict[tuple[str, str], list[str]] = {}
    for (method, name), answers in found.items():
        if answers != matrix.answers(shown, None, method, roles, {}):
            lines.setdefault((method, matrix.line_of(answers, is_open=is_open)), []).append(name)
    told = [f"  {block.name}:"]
    if block.params:
        params = ", ".join(f"{key}: {value}" for key, value in block.params.items())
        told.append(f"    with: {{{params}}}")
    if is_open:
        told.append("    open: true")
    for (method, line), which in lines.items():
        told.append(f"    {method if which == names else ' '.join([method, *which])}: {line}")
    return "\n".join(told)


if __name__ == "__main__":
    os.environ[ASKED] = " ".join(sys.argv[1:])
    sys.exit(pytest.main(["-q", "-s", __file__]))
