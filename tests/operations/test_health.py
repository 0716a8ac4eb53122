import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from operations import health, vitals
from outbox.models import Job

WELL = {"database": True, "disk": True, "redis": True, "outbox": True}


def test_a_stranger_may_ask_whether_the_process_lives(client):
    assert client.get("/healthz").status_code == 200


@pytest.mark.django_db
def test_the_process_is_ready_when_all_that_it_needs_answers(client):
    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == WELL


@pytest.mark.django_db
def test_the_process_is_not_ready_without_its_database(client, monkeypatch):
    def away() -> None:
        raise DatabaseError

    monkeypatch.setattr(connection, "cursor", away)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["database"] is False


@pytest.mark.django_db
def test_the_process_is_not_ready_on_a_full_disk(client, monkeypatch):
    monkeypatch.setattr(health, "disk_free_percent", lambda: 0.9)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json() == WELL | {"disk": False}


@pytest.mark.django_db
def test_what_no_request_waits_for_is_told_and_takes_nobody_out_of_service(client, settings, clock):
    """F06: with Redis away people go on; their jobs wait in the outbox."""
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    Job.objects.create(kind="mail", key="1", run_at=timezone.now())
    clock.shift(61)

    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == WELL | {"redis": False, "outbox": False}


def test_a_folder_that_is_not_there_yet_is_on_the_disk_of_its_parent(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path / "not" / "yet")

    assert 0 < vitals.disk_free_percent() <= 100
