import pytest
from django.db import DatabaseError, connection


def test_a_stranger_may_ask_whether_the_process_lives(client):
    assert client.get("/healthz").status_code == 200


@pytest.mark.django_db
def test_the_process_is_ready_when_database_and_redis_answer(client):
    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {"database": True, "redis": True}


@pytest.mark.django_db
def test_the_process_is_not_ready_without_redis(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json() == {"database": True, "redis": False}


@pytest.mark.django_db
def test_the_process_is_not_ready_without_its_database(client, monkeypatch):
    def away() -> None:
        raise DatabaseError

    monkeypatch.setattr(connection, "cursor", away)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["database"] is False
