"""Cut and damaged inputs: refused or reported, never a crash, never long.

`X12_MUTATIONS` says how many damaged inputs are tried; 20,000 take half a minute.
"""

import os
import random
import re
import time
from collections.abc import Callable

import pytest

from tests.x12.questions import ENVELOPE, NOW, group
from tests.x12.wire import interchange, sample, sample_names, transaction_set
from tradingpartners.x12 import (
    AcknowledgementPolicy,
    Interchange,
    Reading,
    TransactionSet,
    X12Error,
    X12WriteError,
    acknowledge,
    acknowledge_interchange,
    acknowledge_reading,
    all_findings,
    as_questions,
    benefit_figures,
    decide_coverage,
    describe,
    inspection,
    read,
    read_270,
    read_271,
    read_278,
    read_999,
    review_certification,
    rewrite,
    status,
    unreadable,
    write_270,
    write_999,
    write_interchange,
)

MUTATIONS = int(os.environ.get("X12_MUTATIONS", "20000"))
SEEDS = 20
# Of one core, for inputs of some hundred kilobytes; most take a millisecond.
MOST_SECONDS = 5


def survives(data: bytes) -> bool:
    """Whether it could be read, and all that is public then works; any other exception fails the test."""
    try:
        reading = read(data)
    except X12Error as error:
        unreadable(error)
        return False
    inspection(reading)
    assert all(isinstance(line, str) for line in describe(reading))
    for each in reading.interchanges:
        for one in each.groups:
            for transaction in one.transactions:
                read_every_way(transaction, each)
    acknowledged(reading)
    for policy in AcknowledgementPolicy:
        answer = acknowledge_reading(reading, now=NOW, control_number=1, policy=policy)
        assert not answer.wire or all_findings(read(answer.wire)) == ()
    assert read(rewrite(reading)).interchanges
    return True


def read_every_way(transaction: TransactionSet, each: Interchange) -> None:
    """With the reader meant for it and with the others: who calls may have looked at GS01 only."""
    response = read_271(transaction, each.delimiters)
    for answer in response.answers:
        status(answer, response.rejections)
        decide_coverage(answer, asked=NOW.date())
        benefit_figures(answer, asked_type="30", asked=NOW.date())
    review_certification(read_278(transaction, each.delimiters))
    read_999(transaction)
    try:
        for question in as_questions(read_270(transaction, each.delimiters)):
            write_270(question, control_number="0001")
    except X12WriteError:
        pass


def acknowledged(reading: Reading) -> None:
    """What is said of an input can be read; control numbers nobody could write are not said."""
    for each in reading.interchanges:
        said = acknowledge(each)
        note = acknowledge_interchange(each, now=NOW)
        try:
            sets = [write_999(one, control_number=f"{at:04}") for at, one in enumerate(said, 1)]
            groups = [group(sets, functional_id="FA", version="005010X231A1")] if sets else []
            wire = write_interchange(ENVELOPE, groups, acknowledgements=[note])
        except X12WriteError:
            continue
        again = read(wire)
        assert again.findings == ()
        (written,) = again.interchanges
        assert len(written.acknowledgements) == 1
        assert [
            (number.group_control_number, number.code)
            for one in written.groups
            for number in map(read_999, one.transactions)
        ] == [(number.group_control_number, number.code) for number in said]


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
    *(
        b"*",
        b"~",
        b":",
        b"^",
        b"\n",
        b"\r",
        b" ",
        b"",
        b"\xff",
        b"\0",
        b"9",
        b"-",
        b"HL*",
        b"EB*",
        b"LS*2120~",
    ),
    *(b"ISA*", b"~SE*", b"~ST*", b"~GS*", b"~GE*", b"~IEA*", b"~TA1*", b"~LE~", b"III*ZZ*", b"EQ****:::"),
    *("é".encode(), "é".encode()[:1], b"\xed\xa0\x80", "\ufeff".encode(), "٣".encode(), "🙂".encode()[:3]),
]
Damage = Callable[[bytes, random.Random], bytes]


def noise(data: bytes, dice: random.Random) -> bytes:
    """A few bytes replaced, inserted, cut out or doubled."""
    begin = dice.randrange(len(data))
    end = min(len(data), begin + dice.choice([0, 1, 1, 2, 5, 30]))
    return data[:begin] + dice.choice([*NOISE, data[begin:end] * 2]) + data[end:]


def swapped(data: bytes, dice: random.Random) -> bytes:
    """Two segments in each other's place."""
    segments = data.split(b"~")
    one, other = dice.randrange(len(segments)), dice.randrange(len(segments))
    segments[one], segments[other] = segments[other], segments[one]
    return b"~".join(segments)


def shuffled(data: bytes, dice: random.Random) -> bytes:
    """Everything between the headers and the trailers in any order."""
    segments = data.split(b"~")
    inner = segments[2:-3]
    dice.shuffle(inner)
    return b"~".join([*segments[:2], *inner, *segments[-3:]])


def repeated(data: bytes, dice: random.Random) -> bytes:
    """A piece many times over: an element, a segment, a loop."""
    begin = dice.randrange(len(data))
    end = min(len(data), begin + dice.choice([1, 8, 40, 300]))
    return data[:begin] + data[begin:end] * dice.choice([2, 3, 20, 150]) + data[end:]


def delimiter_changed(data: bytes, dice: random.Random) -> bytes:
    """A delimiter, or what looks like one, becomes another everywhere, or in the ISA only."""
    old, new = dice.choice(b"*~:^\n"), dice.choice(b"*~:^\n|>!A0 \x1d")
    reach = dice.choice([106, len(data)])
    return data[:reach].replace(bytes([old]), bytes([new])) + data[reach:]


def blown_up(data: bytes, dice: random.Random) -> bytes:
    """A number with more digits, a sign, a point, an exponent."""
    numbers = list(re.finditer(rb"\d+", data))
    if not numbers:
        return data
    number = dice.choice(numbers)
    grown = dice.choice([b"9" * 400, b"-1", b"0", b"1e999", b"00000000", b"99999999999", b"1.5", b"NaN", b""])
    return data[: number.start()] + grown + data[number.end() :]


def cut(data: bytes, dice: random.Random) -> bytes:
    """From somewhere on, or up to somewhere, gone."""
    at = dice.randrange(len(data))
    return data[:at] if dice.random() < 0.8 else data[at:]


def spliced(data: bytes, dice: random.Random) -> bytes:
    """Half of another input behind the first half of this one."""
    other = sample(dice.choice(sample_names()))
    return data[: dice.randrange(len(data))] + other[dice.randrange(len(other)) :]


DAMAGES: list[Damage] = [
    *[noise] * 6,
    *(swapped, shuffled, repeated, delimiter_changed, blown_up, blown_up, cut, spliced),
]


def damaged(data: bytes, dice: random.Random) -> bytes:
    for _ in range(dice.randint(1, 5)):
        data = dice.choice(DAMAGES)(data, dice)[:300_000] or b"~"
    return data


@pytest.mark.parametrize("seed", range(SEEDS))
def test_damaged_inputs_never_crash_and_never_take_long(seed: int) -> None:
    dice = random.Random(seed)
    names = sample_names()
    count = MUTATIONS // SEEDS
    read_at_all = 0
    for _ in range(count):
        data = damaged(sample(dice.choice(names)), dice)
        begun = time.process_time()
        read_at_all += survives(data)
        assert time.process_time() - begun < MOST_SECONDS
    assert read_at_all > count // 2  # else the damage is so coarse that it tests the refusal only


HOSTILE = {
    "one segment of ten megabytes": transaction_set("BHT*0022*11*" + "A" * 10_000_000),
    "a million elements": transaction_set("EB" + "*1" * 1_000_000),
    "a million repetitions": transaction_set("HL*1**22*0", "EB*1**" + "^".join(["30"] * 1_000_000)),
    "twenty thousand levels": transaction_set(*[f"HL*{n}*{n - 1}*23*1" for n in range(1, 20_001)]),
    "twenty thousand unknown segments": transaction_set(*["XX*1"] * 20_000),
    "twenty thousand questions": transaction_set("HL*1**22*0", *["EQ*30"] * 20_000, set_id="270"),
    "ten thousand sets that do not end": "ST*271*0001~" * 10_000,
    "a megabyte of blank lines": "~\n" * 500_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_sizes_take_bounded_time(name: str) -> None:
    wire = interchange(HOSTILE[name]).encode()
    begun = time.process_time()
    survives(wire)
    assert time.process_time() - begun < 20
