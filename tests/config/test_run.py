"""`make run` says in one line why it did not start."""

import pytest
from django.core.management import CommandError

from config import run


def refuse(name, *args, **kwargs):
    if name == "load_catalogue":
        raise CommandError("jb24-2024-05-01: 已发布的版本不能改。\n全部文件都没有载入。")


def test_a_catalogue_that_cannot_be_loaded_is_one_line_and_no_traceback(monkeypatch, capsys):
    monkeypatch.setattr("django.core.management.call_command", refuse)
    monkeypatch.setattr(run, "run", run.prepare)
    monkeypatch.setattr(run.signal, "signal", lambda *args: None)
    monkeypatch.setattr(run.os, "chdir", lambda path: None)
    monkeypatch.setattr("sys.stdout.reconfigure", lambda **given: None, raising=False)

    assert run.main() == 1

    said = capsys.readouterr().err
    assert said.startswith("The catalogue was not loaded: jb24-2024-05-01")
    assert said.count("\n") == 1


@pytest.mark.parametrize("task", ["audit.verify_audit", "subsidies.verify_receipts"])
def test_the_chain_and_the_receipts_are_verified_each_night(task):
    from config.celery import app

    app.loader.import_default_modules()
    (entry,) = [row for row in app.conf.beat_schedule.values() if row["task"] == task]

    assert task in app.tasks
    assert entry["schedule"].hour <= {0, 1, 2, 3, 4, 5}
