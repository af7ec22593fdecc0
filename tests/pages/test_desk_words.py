"""Every cause, code, member state and badge has words, and the words keep the rules."""

from __future__ import annotations

import csv
import re
from decimal import Decimal
from uuid import uuid4

import pytest

from eligibility import desk
from eligibility.cards import Card, flag
from eligibility.desk import Fixer, Word
from eligibility.models import BenefitDetail, Cause, EligibilityCheck
from practice.models import EligibilityStatus
from sweeps.states import SWEEP_RUN_MEMBER_MOVES
from tradingpartners.x12.code_tables import words

# Words of the wire that no desk should have to know.
EDI = re.compile(r"\b(27[01]|999|TA1|AAA|EB|HL|ISA|TRN|X12|segment|loop|trace|payload|clearinghouse)\b")


def all_advice() -> list[desk.Advice]:
    return [
        *desk.rejections().values(),
        *(desk.advice(cause) for cause in Cause),
        desk.READY,
        desk.CHECKING,
        desk.WAITING,
        desk.CANCELLED,
        desk.PENDING_AT_PAYER,
    ]


@pytest.mark.parametrize("said", all_advice(), ids=lambda said: said.what[:40])
def test_advice_is_two_sentences_without_a_word_of_the_wire(said: desk.Advice) -> None:
    for sentence in (said.what, said.todo):
        assert sentence[0].isupper() and sentence.endswith(".")
        assert not EDI.search(sentence)
    assert said.word in Word and said.fixer in Fixer and said.fixer.words


def test_the_five_words_and_no_sixth() -> None:
    assert [str(word) for word in Word] == ["Ready", "Not active", "Needs you", "Checking", "Could not check"]
    assert len({word.icon for word in Word}) == 5


def test_no_code_is_listed_twice() -> None:
    with (desk.CODES / "rejections.csv").open() as file:
        codes = [row["code"] for row in csv.DictReader(file)]
    assert len(codes) == len(set(codes)) >= 50


@pytest.mark.parametrize(
    ("cause", "word"),
    [
        (Cause.NOT_ACTIVE, Word.NOT_ACTIVE),
        (Cause.REJECTED, Word.NEEDS_YOU),
        (Cause.UNCLEAR, Word.NEEDS_YOU),
        (Cause.OTHER_PAYER, Word.NEEDS_YOU),
        (Cause.NO_COVERAGE, Word.NEEDS_YOU),
        (Cause.NO_ROUTE, Word.NEEDS_YOU),
        (Cause.COULD_NOT_CHECK, Word.COULD_NOT_CHECK),
    ],
)
def test_each_cause_has_its_word_and_a_heading(cause: Cause, word: Word) -> None:
    assert desk.advice(cause).word is word
    assert desk.cause_name(cause)


def test_a_rejection_says_what_its_code_means_and_an_unknown_code_still_says_something() -> None:
    assert "Member ID".lower() in desk.advice(Cause.REJECTED, "72").what.lower()
    assert desk.advice(Cause.REJECTED, "79").fixer is Fixer.ADMIN
    assert desk.advice(Cause.REJECTED, "ZZ") == desk.advice(Cause.REJECTED)


def test_an_outage_is_never_not_active_and_never_somebodys_fault() -> None:
    for code in ("42", "80"):
        assert desk.advice(Cause.COULD_NOT_CHECK, code).word is Word.COULD_NOT_CHECK
    assert desk.advice(Cause.COULD_NOT_CHECK, "", "timeout").word is Word.COULD_NOT_CHECK


def test_a_date_too_far_ahead_is_not_the_front_desks_work() -> None:
    assert {desk.rejections()[code].fixer for code in ("62", "63")} == {Fixer.NOBODY}


def test_a_coverage_still_pending_at_the_payer_reads_differently() -> None:
    pending = desk.advice(Cause.NOT_ACTIVE, pending_at_payer=True)
    assert pending.word is Word.NOT_ACTIVE and pending != desk.advice(Cause.NOT_ACTIVE)


MEMBERS = [  # the table of design.md, section 2
    ("received", "active", "", "", Word.READY),
    ("received", "inactive", "", "", Word.NOT_ACTIVE),
    ("received", "unknown", "", "", Word.NEEDS_YOU),
    ("failed", "aaa_rejected", "AAA 72", "72", Word.NEEDS_YOU),
    ("failed", "", "timeout", "", Word.COULD_NOT_CHECK),
    ("failed", "", "AAA42", "42", Word.COULD_NOT_CHECK),
    ("skipped", "", "No active coverage on the service date", "", Word.NEEDS_YOU),
    ("skipped", "", "No connection to this payer", "", Word.NEEDS_YOU),
    ("skipped", "", "Cancelled by operator", "", Word.COULD_NOT_CHECK),
    ("submitted", "", "", "", Word.CHECKING),
    ("queued", "", "", "", Word.CHECKING),
]


@pytest.mark.parametrize(("state", "outcome", "reason", "code", "word"), MEMBERS)
def test_a_members_word(state: str, outcome: str, reason: str, code: str, word: Word) -> None:
    assert desk.member_advice(state, outcome, reason, code).word is word
    assert desk.member_word(state, outcome, reason) is word


def test_every_state_of_a_member_is_in_that_table() -> None:
    states = {old for old in SWEEP_RUN_MEMBER_MOVES if old} | set().union(*SWEEP_RUN_MEMBER_MOVES.values())
    assert states == {state for state, *_ in MEMBERS}


def test_no_route_is_the_administrators() -> None:
    assert desk.member_advice("skipped", "", "No connection to this payer").fixer is Fixer.ADMIN


@pytest.mark.parametrize(
    ("status", "causes", "word"),
    [
        (EligibilityStatus.ACTIVE, [], Word.READY),
        (EligibilityStatus.ACTIVE, [Cause.OTHER_PAYER], Word.NEEDS_YOU),
        (EligibilityStatus.ACTIVE, [Cause.COULD_NOT_CHECK], Word.READY),
        (EligibilityStatus.INACTIVE, [Cause.NOT_ACTIVE], Word.NOT_ACTIVE),
        (EligibilityStatus.PENDING, [Cause.COULD_NOT_CHECK], Word.CHECKING),
        (EligibilityStatus.UNKNOWN, [Cause.REJECTED], Word.NEEDS_YOU),
        (EligibilityStatus.UNKNOWN, [Cause.COULD_NOT_CHECK], Word.COULD_NOT_CHECK),
        (EligibilityStatus.UNKNOWN, [], Word.COULD_NOT_CHECK),
        (None, [], None),
        (None, [Cause.NO_COVERAGE], Word.NEEDS_YOU),
        (None, [Cause.COULD_NOT_CHECK], Word.COULD_NOT_CHECK),
    ],
)
def test_a_visits_word(status: str | None, causes: list[str], word: Word | None) -> None:
    assert desk.visit_word(status, causes) is word


@pytest.mark.parametrize(
    ("status", "code", "answered", "word"),
    [
        ("Pending", "", False, Word.CHECKING),
        ("Active", "", True, Word.READY),
        ("Inactive", "", True, Word.NOT_ACTIVE),
        ("Error", "72", True, Word.NEEDS_YOU),
        ("Unknown", "", True, Word.NEEDS_YOU),
        ("Unknown", "42", True, Word.COULD_NOT_CHECK),
        ("Unknown", "", False, Word.COULD_NOT_CHECK),
    ],
)
def test_a_checks_word(status: str, code: str, answered: bool, word: Word) -> None:
    assert desk.check_word(status, error_code=code, answered=answered) is word


def test_every_trigger_is_said_in_words() -> None:
    assert all(desk.found_by(trigger) for trigger in EligibilityCheck.Trigger.values)


def test_benefits_are_named_and_an_unknown_code_keeps_its_code() -> None:
    assert desk.service_type("98") == "Physician office visit"
    assert desk.service_type("QQ") == "Service type QQ"
    assert desk.coverage_level("FAM") == "Family"
    assert desk.coverage_level("") == ""


def test_a_figure_stated_twice_is_never_picked_silently() -> None:
    def benefit(left: int, **fields: str) -> BenefitDetail:
        return BenefitDetail(
            organization_id=uuid4(),
            created_by_id=uuid4(),
            updated_by_id=uuid4(),
            service_category="30",
            deductible_amount=Decimal(1000),
            deductible_remaining_amount=Decimal(left),
            **fields,
        )

    one = Card(None, None, [benefit(250, network="in"), benefit(900, network="out")])  # type: ignore[arg-type]
    assert one.deductible.words == "$250 left of $1,000"
    assert one.deductible.used_percent == 75
    two = Card(None, None, [benefit(250), benefit(300, qualifier="period 23")])  # type: ignore[arg-type]
    assert two.deductible.words == "Several figures: see the benefits"
    assert Card(None, None, []).out_of_pocket.words == ""  # type: ignore[arg-type]


def test_what_the_payer_does_not_say_is_said_so() -> None:
    assert flag([("30", None)]).words == "Payer does not say"
    assert flag([("30", False)]).words == "No"
    assert flag([("30", False), ("62", True)]).words == "Yes: MRI or CT"


# What a biller reads of a file and what the desk reads of a case must send the same person.
SENT = {
    "front desk": "intake",
    "call the payer": "intake",
    "office set-up": "admin",
    "billing": "biller",
    "supervisor": "supervisor",
}


def test_the_desk_and_the_words_of_a_file_send_the_same_person() -> None:
    fixers = words("rejection", "fixer")
    told = {code: SENT.get(fixers[code], "nobody") for code in desk.rejections() if code in fixers}
    # 62 is of a date in the past in a file; on the desk it is a coming visit's, and nobody's work.
    assert told | {"62": "nobody"} == {code: desk.rejections()[code].fixer.value for code in told}
