"""The faults of a real-time payer, each played for one member of one simulator."""

from base64 import b64encode
from collections.abc import Iterator
from http.client import IncompleteRead, RemoteDisconnected
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.conftest import QUICK, Exchange, ask
from tests.simulator.driving import Simulator, start
from tests.simulator.staging import PAYER, Staged, actives, call_faults, request, scenario_for
from tests.simulator.wire import Reading, interchange, named, read, split, transaction_sets
from tradingpartners.simulator.segments import UnreadableError, read_interchange

IN_JSON = {"throttled", "unknown_code", "no_benefits"}


@pytest.fixture(scope="module")
def staged(
    tmp_path_factory: pytest.TempPathFactory, population_file: Path, population: dict[str, Any]
) -> Iterator[Staged]:
    folder = tmp_path_factory.mktemp("faults")
    names = [name for name in call_faults() if name not in IN_JSON]
    members = [*actives(population), *actives(population, "HBA77"), *actives(population, "BSM55")]
    about = dict(zip(names, members, strict=False))
    assert len(about) == len(names), "the population is too small for all faults"
    text = scenario_for(
        about,
        slow="seconds = 0.3",
        late_answer="seconds = 0.3",
        drip_feed="seconds_per_byte = 0.05",
        aaa='code = "57"\nloop = "2100C"\nfollow_up = "C"',
        hostile_segment="bytes = 200000",
    )
    (folder / "scenario.toml").write_text(text, encoding="utf-8")
    simulator = start(folder, population_file, *QUICK, "--scenario", str(folder / "scenario.toml"))
    yield Staged(simulator, about)
    assert simulator.stop() == 0


numbers = cycle(range(1, 900_000_000))


def provoke(staged: Staged, name: str, **more: Any) -> tuple[int, dict[str, str], bytes]:
    each = staged.about[name]
    return post(staged.simulator, each.payer["payer_id"], each, **more)


def post(
    simulator: Simulator, payer_id: str, each: Exchange, **more: Any
) -> tuple[int, dict[str, str], bytes]:
    http = simulator.ready["http"]
    secret = b64encode(f"{http['username']}:{http['password']}".encode()).decode()
    body = interchange([ask(each)], control_number=next(numbers))
    return request(
        simulator, "POST", f"/payers/{payer_id}/x12", body, Authorization=f"Basic {secret}", **more
    )


def fault_lines(staged: Staged, name: str) -> list[dict[str, Any]]:
    return [entry for entry in staged.simulator.entries("fault") if entry["fault"] == name]


@pytest.mark.parametrize(
    ("name", "status", "after"),
    [("http_429", 429, "1"), ("http_500", 500, None), ("http_503", 503, "2"), ("http_504", 504, None)],
)
def test_fault_32_an_error_status(staged: Staged, name: str, status: int, after: str | None) -> None:
    given, headers, _ = provoke(staged, name)
    assert (given, headers.get("retry-after")) == (status, after)


@pytest.mark.parametrize("name", ["html_page", "garbage", "empty"])
def test_fault_33_no_x12_under_status_200(staged: Staged, name: str) -> None:
    status, headers, body = provoke(staged, name)
    assert status == 200 and not body.startswith(b"ISA")
    assert headers["content-length"] == str(len(body))
    trace = staged.about[name].trace
    assert [e["reason"] for e in staged.simulator.entries("no_answer") if e["trace"] == trace] == [name]


@pytest.mark.parametrize("name", ["half_response", "wrong_content_length"])
def test_fault_34_less_than_was_announced(staged: Staged, name: str) -> None:
    with pytest.raises(IncompleteRead) as caught:
        provoke(staged, name)
    assert caught.value.partial.startswith(b"ISA") and caught.value.expected


def test_fault_34_no_reply_at_all(staged: Staged) -> None:
    with pytest.raises(RemoteDisconnected):
        provoke(staged, "hang_up")


def test_fault_30_slow_but_right(staged: Staged) -> None:
    for name in ("slow", "late_answer"):
        _, _, body = provoke(staged, name)
        assert read(split(body)) == Reading("active")
        with pytest.raises(TimeoutError):
            provoke(staged, name, timeout=0.15)


def test_fault_31_bytes_come_one_by_one(staged: Staged) -> None:
    """No read waits as long as its timeout, and still the answer is not there."""
    with pytest.raises(TimeoutError):
        provoke(staged, "drip_feed", timeout=0.02)
    assert len(fault_lines(staged, "drip_feed")) == 1


def answer(staged: Staged, name: str) -> tuple[Exchange, bytes]:
    status, _, body = provoke(staged, name)
    assert status == 200
    return staged.about[name], body


def test_fault_36_another_members_answer_under_the_right_trace(staged: Staged) -> None:
    each, body = answer(staged, "another_members_answer")
    segments = split(body)
    assert [trn[2] for trn in named(segments, "TRN", "2")] == [each.trace]
    (name,) = named(segments, "NM1", "IL")
    assert name[9] != each.coverage["member_id"] and name[3] != each.coverage["subscriber_last_name"].upper()


def test_fault_36_the_same_person_under_changed_identifiers(staged: Staged) -> None:
    each, body = answer(staged, "changed_identifiers")
    segments = split(body)
    (name,) = named(segments, "NM1", "IL")
    assert name[9] != each.coverage["member_id"] and name[3].endswith("-MARLOWE")
    assert named(segments, "INS", "Y", "18", "001", "25")
    assert named(segments, "DMG")[0][2] == each.coverage["subscriber_birth_date"].replace("-", "")


def test_fault_37_the_answer_twice(staged: Staged) -> None:
    each, body = answer(staged, "duplicate_answer")
    traces = [named(one, "TRN", "2")[0][2] for one in transaction_sets(body)]
    assert traces == [each.trace, each.trace]


def test_fault_38_a_trace_nobody_asked_with(staged: Staged) -> None:
    each, body = answer(staged, "unknown_trace")
    assert each.trace.encode() not in body and named(split(body), "TRN", "2")
    each, body = answer(staged, "no_trace")
    assert not named(split(body), "TRN", "2") and named(split(body), "BHT")[0][3] == f"R{each.trace}"


REJECTIONS = {
    "aaa": ("57", "2100C"),
    "aaa_42": ("42", "2100A"),
    "aaa_42_79": ("42", "2100A"),
    "aaa_79": ("79", "2100A"),
    "aaa_80": ("80", "2100A"),
    "aaa_43": ("43", "2100B"),
    "aaa_71": ("71", "2100C"),
    "aaa_72": ("72", "2100C"),
    "aaa_73": ("73", "2100C"),
    "aaa_75": ("75", "2100C"),
    "rejection_above_subscriber": ("42", "2100A"),
}


@pytest.mark.parametrize("name", REJECTIONS)
def test_fault_41_a_rejection(staged: Staged, name: str) -> None:
    each, body = answer(staged, name)
    code, loop = REJECTIONS[name]
    assert read(split(body)) == Reading("rejected", code, loop)
    truths = [e["truth"] for e in staged.simulator.entries("271") if e["trace"] == each.trace]
    assert [(truth["aaa"], truth["loop"]) for truth in truths] == [(code, loop)]
    assert len(named(split(body), "AAA")) == (2 if name == "aaa_42_79" else 1)


@pytest.mark.parametrize(
    "name",
    ["truncated_answer", "wrong_ge_count", "wrong_iea_number", "utf_16"],
)
def test_fault_46_53_an_answer_that_is_no_interchange(staged: Staged, name: str) -> None:
    _, body = answer(staged, name)
    with pytest.raises(UnreadableError):
        read_interchange(body)


@pytest.mark.parametrize(
    ("name", "problem"),
    [("wrong_se_count", "4"), ("wrong_se_number", "3"), ("delimiter_in_data", "4")],
)
def test_fault_51_53_an_answer_whose_set_is_wrong(staged: Staged, name: str, problem: str) -> None:
    _, body = answer(staged, name)
    assert read_interchange(body).groups[0].transaction_sets[0].problem == problem


def test_fault_49_a_hostile_segment(staged: Staged) -> None:
    _, body = answer(staged, "hostile_segment")
    assert max(map(len, body.replace(b"!", b"~").split(b"~"))) > 200_000


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("line_ends", b"\r\n"),
        ("byte_order_mark", b"\xef\xbb\xbfISA"),
        ("nul_bytes", b"\0"),
        ("latin_1", b"\xd1"),
    ],
)
def test_fault_52_other_bytes(staged: Staged, name: str, mark: bytes) -> None:
    _, body = answer(staged, name)
    assert mark in body


def test_fault_54_a_999_where_a_271_is_due(staged: Staged) -> None:
    each, body = answer(staged, "answer_is_999")
    assert named(split(body), "ST", "999") and named(split(body), "AK9", "R", "1", "1", "0")
    assert [e["reason"] for e in staged.simulator.entries("no_answer") if e["trace"] == each.trace] == [
        "answer_is_999"
    ]


def test_a_fault_is_booked_and_others_are_answered(staged: Staged, population: dict[str, Any]) -> None:
    provoke(staged, "aaa_72")
    line = fault_lines(staged, "aaa_72")[-1]
    member_id = staged.about["aaa_72"].coverage["member_id"]
    assert (line["member_ids"], line["via"], line["number"]) == ([member_id], "http", 41)
    status, _, body = post(staged.simulator, "LKS09", next(actives(population, "LKS09")))
    assert status == 200 and read(split(body)) == Reading("active")


def test_an_outage_closes_every_connection(launch: Any, tmp_path: Path, population: dict[str, Any]) -> None:
    """Fault 42: for as long as the window lasts nobody is answered, and nothing is booked as asked."""
    (tmp_path / "outage.toml").write_text('[[fault]]\nname = "unreachable"\ntimes = 2\n', encoding="utf-8")
    simulator = launch(*QUICK, "--scenario", str(tmp_path / "outage.toml"))
    each = next(actives(population))
    for _ in range(2):
        with pytest.raises((RemoteDisconnected, ConnectionError)):
            post(simulator, PAYER, each)
    assert simulator.entries("270") == []
    assert post(simulator, PAYER, each)[0] == 200
