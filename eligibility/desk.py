"""What the desk reads: five words, and for every open problem what is wrong, what to do and who does it.

The one table from rows to words; pages, API and exports all ask here. Pure functions: no rows, no
clock. The words of the payers' refusals are `codes/rejections.csv`.
"""

from __future__ import annotations

import csv
from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from eligibility.models import Cause, EligibilityCheck
from practice.models import EligibilityStatus
from tradingpartners import x12

CODES = Path(__file__).parent / "codes"

# Two reasons seed 000 fixes word for word.
NO_COVERAGE_REASON = "No active coverage on the service date"
CANCELLED_REASON = "Cancelled by operator"


class Word(StrEnum):
    """The five statuses; there is no sixth. A visit nobody asked about has none."""

    READY = "Ready"
    NOT_ACTIVE = "Not active"
    NEEDS_YOU = "Needs you"
    CHECKING = "Checking"
    COULD_NOT_CHECK = "Could not check"

    @property
    def icon(self) -> str:
        """The symbol's name in the icon sheet, and the name of its colour."""
        return self.lower().replace(" ", "-")


class Fixer(StrEnum):
    INTAKE = "intake"
    ADMIN = "admin"
    BILLER = "biller"
    SUPERVISOR = "supervisor"
    NOBODY = "nobody"

    @property
    def words(self) -> str:
        return {
            Fixer.INTAKE: "Front desk",
            Fixer.ADMIN: "Administrator",
            Fixer.BILLER: "Biller",
            Fixer.SUPERVISOR: "Supervisor",
            Fixer.NOBODY: "Nobody, we are on it",
        }[self]


@dataclass(frozen=True)
class Advice:
    """What happened and what to do about it, for somebody at the front desk."""

    word: Word
    what: str
    todo: str
    fixer: Fixer


READY = Advice(Word.READY, "Coverage is active on the visit date.", "Nothing to do.", Fixer.NOBODY)
CHECKING = Advice(
    Word.CHECKING,
    "We have asked the payer and are waiting for the answer.",
    "Nothing now: the answer shows up here by itself.",
    Fixer.NOBODY,
)
WAITING = Advice(
    Word.CHECKING,
    "It is waiting for its turn to be asked.",
    "Nothing now: it goes out by itself.",
    Fixer.NOBODY,
)
CANCELLED = Advice(
    Word.COULD_NOT_CHECK,
    "The sweep was cancelled before this patient's turn.",
    "Check again, or start the sweep once more.",
    Fixer.INTAKE,
)
PENDING_AT_PAYER = Advice(
    Word.NOT_ACTIVE,
    "The payer has not finished setting up this coverage.",
    "Ask the patient when it begins, and check again a few days before the visit.",
    Fixer.INTAKE,
)

_BY_CAUSE: dict[str, Advice] = {
    Cause.NOT_ACTIVE: Advice(
        Word.NOT_ACTIVE,
        "Coverage ended or is not active on the visit date.",
        "Ask the patient for their current insurance card, correct the coverage and check again.",
        Fixer.INTAKE,
    ),
    Cause.REJECTED: Advice(
        Word.NEEDS_YOU,
        "The payer refused to answer about this patient.",
        "Compare every field with the insurance card and check again.",
        Fixer.INTAKE,
    ),
    Cause.UNCLEAR: Advice(
        Word.NEEDS_YOU,
        "The payer answered without saying active or not.",
        "Look at the benefits it named, or call the payer.",
        Fixer.INTAKE,
    ),
    Cause.OTHER_PAYER: Advice(
        Word.NEEDS_YOU,
        "Another insurance may have to pay first.",
        "Ask the patient about other insurance and put it in the right order.",
        Fixer.INTAKE,
    ),
    Cause.NO_COVERAGE: Advice(
        Word.NEEDS_YOU,
        "No insurance on file for the visit date.",
        "Ask the patient for their insurance card and add the coverage.",
        Fixer.INTAKE,
    ),
    Cause.NO_ROUTE: Advice(
        Word.NEEDS_YOU,
        "We cannot ask this payer electronically yet.",
        "Ask your administrator to connect this payer; until then call it.",
        Fixer.ADMIN,
    ),
    Cause.COULD_NOT_CHECK: Advice(
        Word.COULD_NOT_CHECK,
        "The payer could not be reached, or did not answer in time.",
        "Check again; if the visit is close, call the payer.",
        Fixer.INTAKE,
    ),
}

NEEDS_YOU_CAUSES = frozenset(cause for cause, said in _BY_CAUSE.items() if said.word is Word.NEEDS_YOU)

_CAUSE_NAMES: dict[str, str] = {
    Cause.NOT_ACTIVE: "Coverage not active",
    Cause.REJECTED: "Details the payer refused",
    Cause.UNCLEAR: "Unclear answer",
    Cause.OTHER_PAYER: "Other insurance first",
    Cause.NO_COVERAGE: "No insurance on file",
    Cause.NO_ROUTE: "Payer not connected",
    Cause.COULD_NOT_CHECK: "Could not be checked",
}


@lru_cache(maxsize=1)
def rejections() -> dict[str, Advice]:
    """AAA03 → words."""
    with (CODES / "rejections.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["code"]: Advice(Word(row["word"]), row["what"], row["todo"], Fixer(row["fixer"]))
            for row in csv.DictReader(file)
        }


def cause_name(cause: str) -> str:
    """A heading for all problems of one cause."""
    return _CAUSE_NAMES[cause]


def advice(cause: str, code: str = "", reason: str = "", *, pending_at_payer: bool = False) -> Advice:
    """What an open case says: the payer's code where it gave one we know, else its cause."""
    if cause == Cause.NOT_ACTIVE and pending_at_payer:
        return PENDING_AT_PAYER
    if cause == Cause.COULD_NOT_CHECK and reason == CANCELLED_REASON:
        return CANCELLED
    known = rejections().get(code)
    if cause == Cause.REJECTED and known:
        return known
    if cause == Cause.COULD_NOT_CHECK and known:
        return replace(known, word=Word.COULD_NOT_CHECK)
    return _BY_CAUSE[cause]


AHEAD = Advice(
    Word.CHECKING,
    "Active now, but the answer does not reach the day of the visit.",
    "Nothing now: it is asked again when the payer answers for that day.",
    Fixer.NOBODY,
)


def member_advice(
    state: str,
    outcome: str,
    reason: str = "",
    code: str = "",
    *,
    reaches_visit: bool = True,
    other_payer_first: bool = False,
) -> Advice:
    """What a row of a sweep says; an active answer alone does not make the visit ready."""
    if outcome == "active" and other_payer_first:
        return advice(Cause.OTHER_PAYER)
    if outcome == "active" and not reaches_visit:
        return AHEAD
    if state == "queued":
        return WAITING
    if state == "submitted":
        return CHECKING
    if state == "received":
        answered = {"active": None, "inactive": Cause.NOT_ACTIVE}.get(outcome, Cause.UNCLEAR)
        return advice(answered) if answered else READY
    if outcome == "aaa_rejected":
        return advice(Cause.REJECTED, code)
    if state == "skipped" and reason == NO_COVERAGE_REASON:
        return advice(Cause.NO_COVERAGE)
    if state == "skipped" and reason != CANCELLED_REASON:
        return advice(Cause.NO_ROUTE)
    return advice(Cause.COULD_NOT_CHECK, code, reason)


def member_word(state: str, outcome: str, reason: str = "") -> Word:
    return member_advice(state, outcome, reason).word


def visit_word(status: str | None, causes: Collection[str] = ()) -> Word | None:
    """An appointment's badge, with the causes of the open cases that touch it; None: not asked yet."""
    if status == EligibilityStatus.INACTIVE:
        return Word.NOT_ACTIVE
    if status == EligibilityStatus.PENDING:
        return Word.CHECKING
    if NEEDS_YOU_CAUSES & set(causes):
        return Word.NEEDS_YOU
    if status == EligibilityStatus.ACTIVE:
        return Word.READY
    failed = status == EligibilityStatus.UNKNOWN or Cause.COULD_NOT_CHECK in causes
    return Word.COULD_NOT_CHECK if failed else None


def check_word(status: str, *, error_code: str = "", answered: bool = True) -> Word:
    """One question's end. Unknown is an answer that says nothing, or no answer."""
    if status == EligibilityCheck.Status.UNKNOWN:
        return Word.NEEDS_YOU if answered and not error_code else Word.COULD_NOT_CHECK
    return {
        EligibilityCheck.Status.PENDING.value: Word.CHECKING,
        EligibilityCheck.Status.ACTIVE.value: Word.READY,
        EligibilityCheck.Status.INACTIVE.value: Word.NOT_ACTIVE,
    }.get(status, Word.NEEDS_YOU)


_TRIGGERS = {
    "Booking": "at booking",
    "T-24h": "a day before",
    "CheckIn": "at check-in",
    "Manual": "by hand",
    "Sweep": "by a sweep",
}


def found_by(trigger: str) -> str:
    """Who asked the question that found a problem."""
    return _TRIGGERS.get(trigger, "by a sweep")


def service_type(code: str) -> str:
    """A kind of service in words; a code we have no words for keeps its code."""
    words = x12.in_words("service_type", code, f"service type {code}")
    return words[:1].upper() + words[1:]


_LEVELS = {
    "IND": "Individual",
    "FAM": "Family",
    "EMP": "Employee only",
    "ESP": "Employee and spouse",
    "ECH": "Employee and children",
    "CHD": "Children only",
    "DEP": "Dependents only",
    "SPC": "Spouse and children",
    "SPO": "Spouse only",
}


def coverage_level(code: str) -> str:
    """Whom a benefit is for; empty where the payer does not say."""
    return _LEVELS.get(code, code)
