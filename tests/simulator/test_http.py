"""The real-time payers at their HTTP door."""

import socket
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.simulator.conftest import QUICK, Exchange, ask, questions
from tests.simulator.driving import Simulator, until
from tests.simulator.wire import interchange, split

LIVE, FILES = "CCN20", "SHP01"


def asking(population: dict[str, Any], case: str, payer_id: str = LIVE) -> Exchange:
    """A question of this case, under a trace of its own."""
    return next(
        replace(each, trace=f"http{each.trace}")
        for each in questions(population)
        if each.case == case and each.payer["payer_id"] == payer_id
    )


def body_for(each: Exchange) -> bytes:
    return interchange([ask(each)])


def test_a_wrong_password_is_refused(simulator: Simulator, population: dict[str, Any]) -> None:
    body = body_for(asking(population, "active"))
    assert simulator.post(LIVE, body, password="wrong")[0] == 401


@pytest.mark.parametrize("payer_id", ["NOBODY", FILES, "../CCN20"])
def test_a_payer_that_is_not_here_is_not_found(payer_id: str, simulator: Simulator) -> None:
    assert simulator.post(payer_id, b"")[0] == 404


def test_only_post_is_answered(simulator: Simulator) -> None:
    assert simulator.post(LIVE, b"", method="GET")[0] == 405


def test_what_is_no_whole_270_is_a_bad_request(simulator: Simulator, population: dict[str, Any]) -> None:
    good = body_for(asking(population, "active"))
    miscounted = good.replace(b"SE*13*", b"SE*14*")
    other_set = good.replace(b"ST*270*", b"ST*276*")
    shifted = good.replace(b"*ZZ*RIVERSIDE      *", b"*ZZ*RIVERSIDE*", 1)
    for body in (b"", b"garbage", b"\x00" * 500, good[:-1], good[:200], good[: len(good) // 2]):
        assert simulator.post(LIVE, body)[0] == 400
    for body in (miscounted, other_set, shifted, good.replace(b"GE*1*", b"GE*2*")):
        assert body != good
        assert simulator.post(LIVE, body)[0] == 400
    assert simulator.post(LIVE, good)[0] == 200


def test_a_request_cut_in_half_disturbs_nobody(simulator: Simulator, population: dict[str, Any]) -> None:
    address = urlsplit(simulator.ready["http"]["url"])
    for half in (b"POST /pay", b"POST / HTTP/1.1\r\nContent-Length: 999\r\n\r\nISA*", b"\r\n\r\n"):
        with socket.create_connection((str(address.hostname), int(address.port or 0))) as line:
            line.sendall(half)
    assert simulator.post(LIVE, body_for(asking(population, "active")))[0] == 200


def test_one_connection_carries_many_questions(simulator: Simulator, population: dict[str, Any]) -> None:
    http = simulator.ready["http"]
    secret = b64encode(f"{http['username']}:{http['password']}".encode()).decode()
    line = HTTPConnection(urlsplit(http["url"]).netloc)
    for _ in range(3):
        line.request(
            "POST",
            f"/payers/{LIVE}/x12",
            body=body_for(asking(population, "active")),
            headers={"Authorization": f"Basic {secret}"},
        )
        reply = line.getresponse()
        assert (reply.status, reply.getheader("Content-Type")) == (200, "application/edi-x12")
        assert split(reply.read())[-1][0] == "IEA"
    line.close()


def test_a_question_for_another_payer_than_the_address_is_turned_away(
    simulator: Simulator, population: dict[str, Any]
) -> None:
    _, raw = simulator.post(LIVE, body_for(asking(population, "active", "HBA77")))
    assert ["AAA", "N", "", "79", "C"] in split(raw)


def test_no_answer_ends_without_a_word(simulator: Simulator, population: dict[str, Any]) -> None:
    assert simulator.post("LKS09", body_for(asking(population, "no_answer", "LKS09")))[0] == 0


def test_a_client_that_left_is_booked_as_unanswered(
    launch: Callable[..., Simulator], population: dict[str, Any]
) -> None:
    simulator = launch("--delay-ms", "300")
    address = urlsplit(simulator.ready["http"]["url"])
    http = simulator.ready["http"]
    secret = b64encode(f"{http['username']}:{http['password']}".encode()).decode()
    body = body_for(asking(population, "active"))
    head = (
        f"POST /payers/{LIVE}/x12 HTTP/1.1\r\nAuthorization: Basic {secret}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((str(address.hostname), int(address.port or 0))) as line:
        line.sendall(head.encode() + body)
        until(lambda: simulator.entries("270"))
    until(lambda: simulator.entries("no_answer"))
    assert simulator.entries("no_answer")[0]["reason"] == "client_gone"
    assert simulator.entries("271") == []


def test_a_restarted_payer_remembers_whom_it_put_off(
    launch: Callable[..., Simulator], population: dict[str, Any]
) -> None:
    once = {
        member["member_id"]
        for known in population["truth"].values()
        for member in known["members"]
        if member["behaviour"] == "aaa_2100a_42_once"
    }
    each = next(
        each
        for each in questions(population)
        if each.coverage["member_id"] in once and each.payer["transport"] == "realtime"
    )
    simulator = launch()
    _, put_off = simulator.post(each.payer["payer_id"], body_for(each))
    assert simulator.stop() == 0
    _, answered = launch().post(each.payer["payer_id"], body_for(each))
    assert b"42" in put_off and [x for x in split(answered) if x[0] == "EB"]
    assert split(put_off)[0][13] < split(answered)[0][13]


def test_a_provider_who_asks_too_often_is_put_off(
    launch: Callable[..., Simulator], population: dict[str, Any]
) -> None:
    simulator = launch(*QUICK, "--npi-per-minute", "2")
    body = body_for(asking(population, "active"))
    answers = [split(simulator.post(LIVE, body)[1]) for _ in range(4)]
    assert [["AAA", "N", "", "42", "R"] in answer for answer in answers] == [False, False, True, True]
    assert len(simulator.entries("npi_throttled")) == 2
    other = body_for(asking(population, "active", "HBA77"))
    assert b"|42|" not in simulator.post("HBA77", other)[1]
