"""The calculator on the command line: `manage.py estimate [FILE]`."""

import io
import json
from pathlib import Path

import pytest
from django.core.management import call_command

pytestmark = pytest.mark.django_db

QUESTION = {
    "as_of": "2024-12-31",
    "company": {
        "district": "宁波市江北区",
        "industry": "C3912",
        "above_scale": True,
        "years": {"2024": {"rd_spend": "5200000.00", "fiscal_contribution": "3100000.00"}},
    },
    "claims": [
        {
            "id": "a",
            "item": "jb24-03",
            "level": "key",
            "event_date": "2024-06-30",
            "recognised_investment": "12345678.90",
            "eligible_investment": "12345678.90",
        }
    ],
}


@pytest.fixture
def ask(catalogue, monkeypatch, capsys):
    """Give the command a text on standard input; its exit code and both outputs."""

    def ask(source: str | bytes) -> tuple[int, str, str]:
        raw = source if isinstance(source, bytes) else source.encode()
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw)))
        code = 0
        try:
            call_command("estimate")
        except SystemExit as stop:
            code = stop.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return ask


def test_a_question_is_answered_on_standard_output(ask):
    code, out, err = ask(json.dumps(QUESTION))

    assert (code, err) == (0, "")
    answer = json.loads(out)
    assert answer["total"] == "740740.73"
    assert answer["claims"][0]["eligible"] is True


def test_an_array_of_questions_is_answered_in_order(ask):
    other = {**QUESTION, "claims": []}

    code, out, _err = ask(json.dumps([QUESTION, other]))

    assert code == 0
    assert [answer["total"] for answer in json.loads(out)] == ["740740.73", "0.00"]


def test_a_file_is_read_where_one_is_named(catalogue, tmp_path: Path, capsys):
    file = tmp_path / "question.json"
    file.write_text(json.dumps(QUESTION))

    call_command("estimate", str(file))

    assert json.loads(capsys.readouterr().out)["total"] == "740740.73"


def test_a_file_that_is_not_there_is_named_on_standard_error(catalogue, tmp_path: Path, capsys):
    with pytest.raises(SystemExit) as stop:
        call_command("estimate", str(tmp_path / "none.json"))

    captured = capsys.readouterr()
    assert stop.value.code == 2
    assert captured.out == ""
    assert "none.json" in captured.err


def test_every_fault_has_a_line_of_its_own_that_begins_with_its_path(ask):
    claims = [{"id": "a", "item": "jb24-03", "level": "gold", "event_date": "2024-02-30"}]
    code, out, err = ask(json.dumps([QUESTION, {"company": {}, "claims": claims, "x": 1}]))

    assert (code, out) == (2, "")
    paths = [line.split("：")[0] for line in err.splitlines()]
    assert sorted(paths) == ["[1].claims[0].event_date", "[1].claims[0].level", "[1].x"]


@pytest.mark.parametrize("text", ["", "{", b"\xff\xfe", '"text"', "null", "NaN", "[" * 100_000])
def test_what_is_no_question_ends_with_one_clear_line(ask, text):
    code, out, err = ask(text)

    assert (code, out) == (2, "")
    assert len(err.splitlines()) >= 1
    assert "Traceback" not in err
