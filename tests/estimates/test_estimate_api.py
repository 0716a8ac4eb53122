"""The calculator over HTTP: `POST /api/v1/estimates/`."""

import json

import pytest

from tests.estimates.test_estimate_command import QUESTION

pytestmark = pytest.mark.django_db
URL = "/api/v1/estimates/"


def post(client, text: str):
    return client.post(URL, text, content_type="application/json")


def test_anyone_may_ask_and_gets_the_engines_answer(catalogue, client):
    response = post(client, json.dumps(QUESTION))

    assert response.status_code == 200
    assert response.json()["total"] == "740740.73"


def test_an_array_gives_an_array(catalogue, client):
    response = post(client, json.dumps([QUESTION, QUESTION]))

    assert [answer["total"] for answer in response.json()] == ["740740.73"] * 2


def test_bad_input_is_answered_400_with_every_fault_and_its_path(catalogue, client):
    response = post(client, '{"company": {"name": 1, "name": "b"}, "claim": []}')

    assert response.status_code == 400
    faults = response.json()["faults"]
    assert {fault["path"] for fault in faults} == {"company.name", "claim", "claims"}
    assert all(fault["message"] for fault in faults)


def test_text_that_is_no_json_is_answered_400(catalogue, client):
    assert post(client, "{").status_code == 400


def test_only_post_is_taken(catalogue, client):
    assert client.get(URL).status_code == 405


def test_the_schema_of_the_api_is_public(client):
    response = client.get("/api/v1/schema/")

    assert response.status_code == 200
    assert "/api/v1/estimates/" in response.content.decode()
