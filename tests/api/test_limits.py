"""How often one may ask, and that a lost Redis stops nobody."""

from __future__ import annotations

import re
import time

import pytest
from django_redis.cache import RedisCache

from practice import api_limits
from practice.api_limits import RequestRate
from tests.api.conftest import SWEEPS, ApiClient, Practice, problem

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds into a minute, however long a test takes."""
    now = time.time() // 60 * 60 + 10
    monkeypatch.setattr(api_limits.time, "time", lambda: now)
    monkeypatch.setattr(RequestRate, "per_minute", 3)
    monkeypatch.setattr(RequestRate, "away_until", 0.0)  # another test may have lost Redis a moment ago


def test_each_answer_says_what_is_left(client: ApiClient) -> None:
    for left in ("2", "1", "0"):
        response = client.get(SWEEPS)
        assert response.status_code == 200
        assert response["RateLimit-Limit"] == "3"
        assert response["RateLimit-Remaining"] == left
        assert response["RateLimit-Reset"] == "50"


def test_one_too_many_is_refused_and_told_when(client: ApiClient) -> None:
    for _ in range(3):
        client.get(SWEEPS)
    response = client.get(SWEEPS)
    problem(response, 429, "throttled")
    assert (response["Retry-After"], response["RateLimit-Remaining"]) == ("50", "0")


def test_the_next_minute_counts_anew(client: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        client.get(SWEEPS)
    later = api_limits.time.time() + 60
    monkeypatch.setattr(api_limits.time, "time", lambda: later)
    assert client.get(SWEEPS).status_code == 200


def test_one_tokens_requests_are_not_anothers(acme: Practice, client: ApiClient) -> None:
    for _ in range(4):
        client.get(SWEEPS)
    assert acme.client().get(SWEEPS).status_code == 200


def test_refusals_count_too(client: ApiClient) -> None:
    codes = [client.get(SWEEPS, {"state": "x"}).status_code for _ in range(4)]
    assert codes == [400, 400, 400, 429]


def test_without_redis_requests_go_on_and_do_not_wait_for_it_again(
    client: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody_there = RedisCache("redis://127.0.0.1:1/0", {"OPTIONS": {"IGNORE_EXCEPTIONS": True}})
    monkeypatch.setattr(api_limits, "cache", nobody_there)
    first = client.get(SWEEPS)
    monkeypatch.setattr(api_limits, "cache", None)  # to ask it again would fail
    answers = [first, *(client.get(SWEEPS) for _ in range(5))]
    assert [each.status_code for each in answers] == [200] * 6
    assert not any("RateLimit-Limit" in each for each in answers)


def test_redis_is_asked_again_after_a_while(client: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RequestRate, "away_until", api_limits.time.monotonic() - 1)
    assert client.get(SWEEPS)["RateLimit-Remaining"] == "2"


def test_what_is_counted_under_is_an_id(client: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    keys: list[str] = []
    monkeypatch.setattr(RequestRate, "count", keys.append)
    client.get(SWEEPS)
    (key,) = keys
    assert re.fullmatch(r"api\.rate\.[0-9a-f-]{36}\.[0-9]+", key)
