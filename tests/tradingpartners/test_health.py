"""What counts against a payer's breaker, and what is the fault of somebody else."""

from __future__ import annotations

import json

import pytest

from tests import payers
from tests.payers import Question
from tradingpartners.admission import Verdict
from tradingpartners.services.sending.health import verdict_of
from tradingpartners.transports import NotSent, Promise, Reply, TransportError, Unsure

ASKED = Question(
    b"BHT*0022*13*R*20261122*0700~TRN*1*T*9ACME00001~NM1*IL*1*AMES*ALICE****MI*M1~DMG*D8*19840517~"
    b"DTP*291*D8*20261123~EQ*30~"
)


def rejected(*codes: str) -> bytes:
    return payers.envelope([*payers.answer(ASKED)[:-2], *(f"AAA*N**{code}*P" for code in codes)])


def stedi(*codes: str) -> bytes:
    errors = [{"field": "AAA", "code": code} for code in codes]
    return json.dumps({"payer": {"aaaErrors": errors}, "subscriber": {"name": "AAA"}}).encode()


WHOLE = payers.active(ASKED)[1]


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        (WHOLE, Verdict.GOOD),
        (WHOLE.replace(b"*", b"|").replace(b"~", b"\n"), Verdict.GOOD),
        (payers.envelope(payers.rejection(ASKED, "75")), Verdict.GOOD),
        (b'{"errors": [{"code": "42"}, {"code": "79"}], "subscriber": {}}', Verdict.FAILED),
        (b'{"errors": [{"code": "42"}, {"code": "75"}], "subscriber": {}}', Verdict.GOOD),
        (b'{"errors": [], "subscriber": {}}', Verdict.GOOD),
        (b'{"errors": "42", "subscriber": {}}', Verdict.GOOD),
        (rejected("42", "72"), Verdict.GOOD),
        (rejected("42"), Verdict.FAILED),
        (rejected("80"), Verdict.FAILED),
        (rejected("42", "79"), Verdict.FAILED),
        (rejected("79"), Verdict.GOOD),
        (payers.envelope(payers.rejection_above(ASKED, "42")).replace(b"~", b"~\r\n"), Verdict.FAILED),
        (stedi(), Verdict.GOOD),
        (stedi("75"), Verdict.GOOD),
        (stedi("42"), Verdict.FAILED),
        (b'{"id": "7", "validationMessages": [{"code": "42"}]}', Verdict.FAILED),
        (b'{"id": "7", "validationMessages": [{"code": "42"}, {"code": "75"}]}', Verdict.GOOD),
        (WHOLE[: len(WHOLE) // 2], Verdict.FAILED),
        (b"<html>Service unavailable</html>", Verdict.FAILED),
        (b"{" * 100_000, Verdict.FAILED),
        (b"ISA", Verdict.FAILED),
        (b"", Verdict.FAILED),
    ],
)
def test_a_reply_that_is_no_answer_or_says_try_later_counts_against_the_payer(
    body: bytes, verdict: Verdict
) -> None:
    assert verdict_of(Reply(body, 200)) == verdict


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (Unsure("timeout"), Verdict.FAILED),
        (Unsure("connection_lost"), Verdict.FAILED),
        (Unsure("http_500", http_status=500), Verdict.FAILED),
        (NotSent("http_503", http_status=503, retry_after=5), Verdict.FAILED),
        (NotSent("connection_refused"), Verdict.FAILED),
        (NotSent("connect_timeout"), Verdict.FAILED),
        (NotSent("http_429", http_status=429, retry_after=5), Verdict.IGNORED),
        (NotSent("http_401", http_status=401), Verdict.IGNORED),
        (NotSent("settings:url"), Verdict.IGNORED),
        (NotSent("not_resolved"), Verdict.IGNORED),
        (NotSent("tls"), Verdict.IGNORED),
    ],
)
def test_a_failure_counts_only_where_it_is_the_payers(error: TransportError, verdict: Verdict) -> None:
    assert verdict_of(error) == verdict


def test_of_a_promise_only_its_answer_says_how_the_payer_is() -> None:
    assert verdict_of(Promise("R1", 202)) == Verdict.PROMISED
