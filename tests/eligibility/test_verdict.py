"""What an answer means for the day asked about; each case with its reason."""

from __future__ import annotations

from datetime import date

import pytest

from eligibility import verdict
from eligibility.models import Cause, EligibilityCheck
from tests.payers import envelope
from tradingpartners import x12

ASKED = date(2026, 11, 25)
MONTH_END = date(2026, 11, 30)
Status = EligibilityCheck.Status


def answer(*person: str) -> x12.Answer:
    """The answer of a 271 whose 2100C/2110C is given as segments."""
    body = [
        "BHT*0022*11*R1*20261122*0700", "HL*1**20*1", "NM1*PR*2*EXAMPLE*****PI*1", "HL*2*1*21*1",
        "NM1*1P*2*CLINIC*****XX*1234567893", "HL*3*2*22*0", "TRN*2*T1*9ACME00001",
        "NM1*IL*1*AMES*ALICE****MI*M1", *person,
    ]  # fmt: skip
    reading = x12.read(envelope(body))
    interchange = reading.interchanges[0]
    (one,) = x12.read_271(interchange.groups[0].transactions[0], interchange.delimiters).answers
    return one


CASES = [
    ("active for 30", ["EB*1**30"], Status.ACTIVE, ASKED, MONTH_END),
    ("EB03 absent speaks of the plan", ["EB*1"], Status.ACTIVE, ASKED, MONTH_END),
    ("other types never make it active", ["EB*1**33"], Status.UNKNOWN, None, None),
    ("no status at all is unknown, never inactive", ["EB*B**30***27*20"], Status.UNKNOWN, None, None),
    ("inactive", ["EB*6**30"], Status.INACTIVE, ASKED, MONTH_END),
    ("inactive, pending", ["EB*7**30"], Status.INACTIVE, ASKED, MONTH_END),
    ("active, pending investigation", ["EB*5**30"], Status.ACTIVE, ASKED, MONTH_END),
    ("both is unknown", ["EB*1**30", "EB*6**30"], Status.UNKNOWN, None, None),
    (
        "an end date stated at the plan bounds it",
        ["DTP*346*D8*20260101", "DTP*347*D8*20261127", "EB*1**30"],
        Status.ACTIVE,
        date(2026, 1, 1),
        date(2026, 11, 27),
    ),
    (
        "a range bounds it",
        ["DTP*291*RD8*20260101-20261231", "EB*1**30"],
        Status.ACTIVE,
        date(2026, 1, 1),
        date(2026, 12, 31),
    ),
    (
        "dates on the deciding EB go before the person's",
        ["DTP*347*D8*20261231", "EB*1**30", "DTP*349*D8*20261126"],
        Status.ACTIVE,
        ASKED,
        date(2026, 11, 26),
    ),
    ("active but ended before the day", ["DTP*347*D8*20261101", "EB*1**30"], Status.UNKNOWN, None, None),
    ("active but begins after the day", ["DTP*346*D8*20261201", "EB*1**30"], Status.UNKNOWN, None, None),
    (
        "inactive since the day after its end",
        ["DTP*347*D8*20261031", "EB*6**30"],
        Status.INACTIVE,
        date(2026, 11, 1),
        MONTH_END,
    ),
    (
        "an old plan that ended does not speak against the new one",
        [
            "EB*6**30**OLD",
            "DTP*349*D8*20260814",
            "EB*1**30**NEW",
            "DTP*348*D8*20260815",
        ],
        Status.ACTIVE,
        date(2026, 8, 15),
        MONTH_END,
    ),
    (
        "two plan years in a row are one coverage on each of their days",
        [
            "EB*1**30**2025",
            "DTP*291*RD8*20250101-20251231",
            "EB*1**30**2026",
            "DTP*291*RD8*20260101-20261231",
        ],
        Status.ACTIVE,
        date(2026, 1, 1),
        date(2026, 12, 31),
    ),
    (
        "inactive until it begins",
        ["DTP*346*D8*20261128", "EB*6**30"],
        Status.INACTIVE,
        ASKED,
        date(2026, 11, 27),
    ),
]


@pytest.mark.parametrize(
    ("person", "status", "begin", "until"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_verdict(person: list[str], status: str, begin: date | None, until: date | None) -> None:
    said = verdict.of_answer(answer(*person), service_type="30", asked=ASKED)
    assert (said.status, said.covers_from, said.covers_until) == (status, begin, until)


def test_a_dental_question_is_decided_by_dental_first() -> None:
    said = verdict.of_answer(answer("EB*1**30", "EB*6**35"), service_type="35", asked=ASKED)
    assert said.status == Status.INACTIVE


def test_another_payer_first_needs_a_person_although_active() -> None:
    said = verdict.of_answer(answer("EB*1**30", "EB*R**30"), service_type="30", asked=ASKED)
    assert (said.status, said.cause, said.other_payer_first) == (Status.ACTIVE, Cause.OTHER_PAYER, True)


@pytest.mark.parametrize("code", ["5", "7", "8"])
def test_a_pending_change_is_marked_so_that_it_is_not_cached(code: str) -> None:
    assert verdict.of_answer(answer(f"EB*{code}**30"), service_type="30", asked=ASKED).pending_at_payer


@pytest.mark.parametrize(
    ("code", "status", "cause", "kept"),
    [
        ("AAA 72", Status.ERROR, Cause.REJECTED, "72"),
        ("AAA 42", Status.UNKNOWN, Cause.COULD_NOT_CHECK, "42"),
        ("AAA 80", Status.UNKNOWN, Cause.COULD_NOT_CHECK, "80"),
        ("AAA 42 80", Status.UNKNOWN, Cause.COULD_NOT_CHECK, "42"),
        ("AAA 42 72", Status.ERROR, Cause.REJECTED, "72"),
        ("AAA", Status.ERROR, Cause.REJECTED, ""),
        ("unwritable:subscriber.last_name", Status.ERROR, Cause.REJECTED, "DATA"),
    ],
)
def test_a_refusal_is_data_to_mend_unless_it_is_an_outage(
    code: str, status: str, cause: Cause, kept: str
) -> None:
    said = verdict.of_rejection(code)
    assert (said.status, said.cause, said.code) == (status, cause, kept)


@pytest.mark.parametrize(
    ("codes", "status", "kept", "words"),
    [
        (["42"], Status.UNKNOWN, "42", "AAA 42"),
        (["42", "80", "42"], Status.UNKNOWN, "42", "AAA 42 80"),
        (["42", "72", "73"], Status.ERROR, "72", "AAA 42 72 73"),
        (["72", "42"], Status.ERROR, "72", "AAA 72 42"),
        (["X" * 300], Status.ERROR, "X" * 10, "AAA " + "X" * 196),
        ([""], Status.ERROR, "", "AAA ?"),
        (["", "42"], Status.ERROR, "", "AAA ? 42"),
    ],
)
def test_an_answer_is_an_outage_only_where_every_rejection_is(
    codes: list[str], status: str, kept: str, words: str
) -> None:
    rejected = answer(*[f"AAA*N**{code}*C" for code in codes])
    said = verdict.of_answer(rejected, service_type="30", asked=ASKED)
    assert (said.status, said.code, said.words) == (status, kept, words)


@pytest.mark.parametrize("code", ["timeout", "No 271 within 24 h", "999 R", "connection_lost"])
def test_silence_is_never_not_active(code: str) -> None:
    said = verdict.of_silence(code)
    assert (said.status, said.cause, said.words) == (Status.UNKNOWN, Cause.COULD_NOT_CHECK, code)
