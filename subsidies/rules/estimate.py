"""The calculator: question text in, answer out. The command and the API are thin around it."""

from datetime import date
from typing import Any

from subsidies.rules.edition import Catalogue
from subsidies.rules.reader import parse_questions
from subsidies.rules.settle import explain


def estimate(
    source: object, catalogue: Catalogue, today: date
) -> dict[str, Any] | list[dict[str, Any]]:
    """The answer to a question, or to each of an array of them, in the form of JSON.

    Money is text in yuan with two decimals, so that no reader makes a float of it. `today`
    stands in for an `as_of` left out. Raises BadQuestion with every fault.
    """
    asked = parse_questions(source, catalogue, today)
    if isinstance(asked, list):
        return [explain(question, catalogue).to_json() for question in asked]
    return explain(asked, catalogue).to_json()
