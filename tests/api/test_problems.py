"""What is said when something is wrong: one shape, and nobody's data."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from django.db import connection

from sweeps import api
from sweeps.models import SweepRun
from tests.api.conftest import SWEEPS, ApiClient, Practice, problem, wrongs

pytestmark = pytest.mark.django_db

CANARY = "Zzcanary"


def post(client: ApiClient, body: Any, content_type: str = "application/json", key: str = "k") -> Any:
    return client.generic("POST", SWEEPS, body, content_type=content_type, headers={"Idempotency-Key": key})


NOT_JSON = ["{", f'{{"name": "{CANARY}', b"\xed\xa0\xbd", "NaN", "1" * 5000]


@pytest.mark.parametrize("body", NOT_JSON)
def test_what_is_not_json_is_refused(client: ApiClient, body: Any) -> None:
    assert CANARY not in str(problem(post(client, body), 400, "parse_error"))


def test_json_nested_too_deeply_is_refused(client: ApiClient) -> None:
    problem(post(client, "[" * 100_000 + "]" * 100_000), 400, "parse_error")


@pytest.mark.parametrize("body", ["[]", '"x"', "1", "null", ""])
def test_json_that_is_no_object_is_refused(client: ApiClient, body: str) -> None:
    assert post(client, body).status_code == 400


def test_other_content_than_json_is_refused(client: ApiClient) -> None:
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", f"text/{CANARY}"):
        said = problem(post(client, f"name={CANARY}", kind), 415, "unsupported_media_type")
        assert CANARY not in str(said)


ODD = [None, True, -1, 10**400, 1.5, "", " ", [], {}, [[]], {"a": None}, "\ud800", "\x00", "9" * 10_000]


@pytest.mark.parametrize("field", ["name", "window_from", "window_to", "facility", "payer_ids", "\ud800"])
def test_no_odd_value_makes_us_fail(acme: Practice, client: ApiClient, field: str) -> None:
    for number, value in enumerate([*ODD, *([each] for each in ODD)]):
        response = client.start(json.dumps(acme.scope() | {field: value}), key=f"{field!a}{number}")
        assert response.status_code in {201, 400}, value
        response.json()


def test_a_name_that_may_be_somebodys_is_not_repeated(acme: Practice, client: ApiClient) -> None:
    assert wrongs(client.start(acme.scope(**{f"{CANARY} 1984-05-17": 1}))) == [("", "unknown_field")]
    assert wrongs(client.get(SWEEPS, {acme.token(): ""})) == [("", "unknown_field")]


def test_an_answer_in_another_form_cannot_be_had(client: ApiClient) -> None:
    problem(client.get(SWEEPS, headers={"Accept": "text/html"}), 406, "not_acceptable")


def test_a_body_beyond_the_limit_is_refused(client: ApiClient, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    problem(post(client, "[" + " " * 2000 + "]"), 413, "too_large")


def test_no_refusal_repeats_what_was_sent(acme: Practice, client: ApiClient) -> None:
    for field in ("name", "window_from", "window_to", "facility", "payer_ids"):
        value = CANARY * 20 if field == "name" else CANARY
        said = problem(client.start(acme.scope(**{field: value})), 400, "invalid")
        assert CANARY not in str(said)
    assert wrongs(client.get(SWEEPS, {"state": CANARY})) == [("state", "invalid_choice")]
    assert CANARY not in client.get(SWEEPS, {"state": CANARY, "cursor": CANARY}).content.decode()


def test_what_nobody_foresaw_is_said_and_logged_without_anybodys_data(
    client: ApiClient, acme: Practice, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_off(**scope: Any) -> SweepRun:
        patient = f"{CANARY}, born 1984-05-17"
        raise ValueError(patient)

    monkeypatch.setattr(api, "create_run", break_off)
    with caplog.at_level(logging.DEBUG):
        response = client.start(acme.scope(name=CANARY))
    said = problem(response, 500, "internal_error")
    assert CANARY not in response.content.decode()
    assert CANARY not in caplog.text
    (line,) = [record.getMessage() for record in caplog.records if record.name == "config.api"]
    assert said["error_id"] in line
    assert "ValueError" in line
    assert "break_off" in line


def test_a_database_error_that_quotes_a_row_is_not_repeated(
    client: ApiClient, acme: Practice, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def collide(**scope: Any) -> SweepRun:
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s::date", [CANARY])
        raise AssertionError("unreachable")

    monkeypatch.setattr(api, "create_run", collide)
    response = client.start(acme.scope())
    problem(response, 500, "internal_error")
    assert CANARY not in response.content.decode() + caplog.text
    assert client.get(SWEEPS).json()["results"] == []
