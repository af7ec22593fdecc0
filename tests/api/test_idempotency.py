"""One key makes one thing."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from practice.models import IdempotencyKey, Level
from sweeps import api, services
from sweeps.models import SweepRun
from tests.api.conftest import SWEEPS, ApiClient, Practice, problem, wrongs


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "ring_units", lambda: None)


@pytest.mark.django_db
class TestOneAfterTheOther:
    def test_the_same_request_gets_the_same_answer(self, acme: Practice, client: ApiClient) -> None:
        acme.visit()
        first = client.start(acme.scope())
        with acme.inside():
            services.cancel_run(SweepRun.objects.get())  # what happened since does not change the answer
        again = client.start(acme.scope())
        assert (again.status_code, again.content) == (201, first.content)
        assert (again["Location"], again["Idempotency-Replayed"]) == (first["Location"], "true")
        assert "Idempotency-Replayed" not in first
        assert acme.count(SweepRun) == 1

    def test_spelling_and_order_do_not_make_another_request(self, acme: Practice, client: ApiClient) -> None:
        client.start(acme.scope())
        backwards = json.dumps(dict(reversed(acme.scope().items())), indent=4)
        assert client.start(backwards).status_code == 201
        assert acme.count(SweepRun) == 1

    def test_another_body_under_the_same_key_is_refused(self, acme: Practice, client: ApiClient) -> None:
        client.start(acme.scope())
        problem(client.start(acme.scope(name="Noon")), 422, "idempotency_key_reused")
        assert acme.count(SweepRun) == 1

    def test_another_key_makes_another_sweep(self, acme: Practice, client: ApiClient) -> None:
        client.start(acme.scope(), key="a")
        client.start(acme.scope(), key="b")
        assert acme.count(SweepRun) == 2

    def test_a_key_is_a_practices_own(self, acme: Practice, elsewhere: Practice, client: ApiClient) -> None:
        client.start(acme.scope())
        assert elsewhere.client().start(elsewhere.scope()).status_code == 201
        assert (acme.count(SweepRun), elsewhere.count(SweepRun)) == (1, 1)

    @pytest.mark.parametrize("key", [None, "", " ", "x" * 201, "a\x00b"])
    def test_a_key_has_1_to_200_characters(self, acme: Practice, client: ApiClient, key: str | None) -> None:
        response = client.start(acme.scope(), key=key)
        found = wrongs(response, 400, "idempotency_key_wanted")
        assert found == [("Idempotency-Key", "idempotency_key_wanted")]
        assert acme.count(SweepRun) == 0

    def test_a_key_of_200_characters_works(self, acme: Practice, client: ApiClient) -> None:
        assert client.start(acme.scope(), key="x" * 200).status_code == 201
        assert client.start(acme.scope(), key="x" * 200)["Idempotency-Replayed"] == "true"

    def test_a_refused_request_may_be_corrected_under_its_key(
        self, acme: Practice, client: ApiClient
    ) -> None:
        assert client.start(acme.scope(window_to="x")).status_code == 400
        assert client.start(acme.scope()).status_code == 201

    def test_a_failure_after_the_sweep_was_made_leaves_neither(
        self, acme: Practice, client: ApiClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def make_and_die(**scope: Any) -> SweepRun:
            services.create_run(**scope)
            raise RuntimeError

        monkeypatch.setattr(api, "create_run", make_and_die)
        problem(client.start(acme.scope()), 500, "internal_error")
        assert (acme.count(SweepRun), acme.count(IdempotencyKey)) == (0, 0)
        monkeypatch.undo()
        monkeypatch.setattr(api, "ring_units", lambda: None)
        assert client.start(acme.scope()).status_code == 201

    def test_who_may_not_start_a_sweep_is_shown_nobodys_answer(
        self, acme: Practice, client: ApiClient
    ) -> None:
        client.start(acme.scope())
        nurse = acme.client(acme.member(Level.NURSE, "nina"))
        problem(nurse.start(acme.scope()), 403, "not_allowed")


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
class TestAtTheSameTime:
    @pytest.fixture
    def threads(self) -> Iterator[ThreadPoolExecutor]:
        with ThreadPoolExecutor(max_workers=2) as pool:
            yield pool

    def start(self, acme: Practice, token: str, gate: threading.Barrier | None = None) -> Any:
        try:
            if gate:
                gate.wait(20)
            return ApiClient(token).start(acme.scope())
        finally:
            connection.close()

    def test_the_second_is_told_to_wait_while_the_first_is_at_work(
        self, acme: Practice, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made, go_on = threading.Event(), threading.Event()

        def make_slowly(**scope: Any) -> SweepRun:
            run = services.create_run(**scope)
            made.set()
            assert go_on.wait(20)
            return run

        monkeypatch.setattr(api, "create_run", make_slowly)
        token = acme.token()
        first = threads.submit(self.start, acme, token)
        assert made.wait(20)
        try:
            early = threads.submit(self.start, acme, token).result(20)
        finally:
            go_on.set()
        problem(early, 409, "idempotency_key_in_progress")
        assert early["Retry-After"] == "1"
        assert first.result(20).status_code == 201
        late = self.start(acme, token)
        assert (late["Idempotency-Replayed"], late.content) == ("true", first.result().content)
        assert acme.count(SweepRun) == 1

    def test_two_at_once_make_one_sweep(self, acme: Practice, threads: ThreadPoolExecutor) -> None:
        token, gate = acme.token(), threading.Barrier(2)
        both = [threads.submit(self.start, acme, token, gate) for _ in range(2)]
        codes = sorted(each.result(30).status_code for each in both)
        assert codes in ([201, 201], [201, 409])
        assert (acme.count(SweepRun), acme.count(IdempotencyKey)) == (1, 1)

    def test_a_process_killed_in_the_middle_leaves_the_key_free(
        self, acme: Practice, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def lose_the_connection(**scope: Any) -> SweepRun:
            services.create_run(**scope)
            connection.connection.close()  # what the server sees when a process dies
            connection.cursor().execute("SELECT 1")
            raise AssertionError("unreachable")

        token = acme.token()
        with monkeypatch.context() as broken:
            broken.setattr(api, "create_run", lose_the_connection)
            response = threads.submit(self.start, acme, token).result(30)
        problem(response, 503, "unavailable")
        assert response["Retry-After"] == "5"
        assert (acme.count(SweepRun), acme.count(IdempotencyKey)) == (0, 0)
        assert self.start(acme, token).status_code == 201
        assert ApiClient(token).get(SWEEPS).json()["results"][0]["name"] == "Morning"
