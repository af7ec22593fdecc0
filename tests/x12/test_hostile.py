"""Cut and damaged inputs: refused or reported, never a crash."""

import random

import pytest

from tests.x12.wire import sample, sample_names
from tradingpartners.x12 import X12Error, acknowledge, all_findings, inspection, read
from tradingpartners.x12.description import describe


def survives(data: bytes) -> bool:
    """Whether it could be read; anything but X12Error is a failure of the test."""
    try:
        reading = read(data)
    except X12Error:
        return False
    inspection(reading)
    list(describe(reading))
    findings = all_findings(reading)
    for each in reading.interchanges:
        acknowledge(each, findings)
    return True


@pytest.mark.parametrize("name", sample_names())
def test_an_input_cut_at_any_byte_is_refused_or_reported(name: str) -> None:
    data = sample(name)
    header = data.index(b"GS") if b"GS" in data else 106
    for end in range(len(data)):
        assert survives(data[:end]) or end <= header + 1


def test_an_answer_cut_anywhere_before_its_se_gives_no_answer_and_a_finding() -> None:
    data = sample("271_active_with_benefits.edi")
    for end in range(data.index(b"GS*"), data.index(b"SE*")):
        reading = read(data[:end])
        assert [each.transactions for one in reading.interchanges for each in one.groups] in ([], [()])
        assert reading.findings


NOISE = [
    b"*",
    b"~",
    b":",
    b"^",
    b"\n",
    b"\r",
    b" ",
    b"",
    b"ISA*",
    b"~SE*",
    b"~ST*",
    b"~GS*",
    b"HL*",
    b"\xff",
    b"\0",
    b"9",
]


def damaged(data: bytes, dice: random.Random) -> bytes:
    """One to five damages: bytes replaced, inserted, cut out, doubled, segments swapped."""
    for _ in range(dice.randint(1, 5)):
        begin = dice.randrange(len(data))
        end = min(len(data), begin + dice.choice([0, 1, 1, 2, 5, 30]))
        data = data[:begin] + dice.choice([*NOISE, data[begin:end] * 2]) + data[end:]
        if dice.random() < 0.2:
            segments = data.split(b"~")
            dice.shuffle(segments[2:-2])
            data = b"~".join(segments)
        if not data:
            return b"~"
    return data


@pytest.mark.parametrize("seed", range(4))
def test_damaged_inputs_never_crash(seed: int) -> None:
    dice = random.Random(seed)
    names = sample_names()
    read_at_all = sum(survives(damaged(sample(dice.choice(names)), dice)) for _ in range(500))
    assert read_at_all > 250  # else the damage is so coarse that it tests the refusal only
