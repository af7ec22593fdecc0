"""What a payer makes of a question: whom it finds, what is wrong with it, what the status is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from tradingpartners.simulator.inquiries import (
    HEALTH_BENEFIT_PLAN_COVERAGE,
    Party,
    Question,
    read_day,
)
from tradingpartners.simulator.members import Behaviour, Dependent, Member
from tradingpartners.simulator.months import month_end
from tradingpartners.simulator.payers import Payer

# Payers answer for a year back and to the end of the running month.
DAYS_BACK = 366
# What a plan that says nothing about type 30 does state coverage for.
OTHER_TYPES = ("AL", "MH")
DENTAL = "35"


class Status(StrEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"
    UNKNOWN = "unknown"
    REJECTED = "rejected"
    NONE = "none"


@dataclass(frozen=True)
class Rejection:
    """An AAA: the loop it stands in, AAA03 and AAA04. `also` is the AAA03 of a second one beside it."""

    loop: str
    code: str
    follow_up: str = "C"
    also: str = ""


# No such participant: the payer, or its arrangement with the practice, is not known here.
NOBODY_HERE = Rejection("2100A", "79")


@dataclass(frozen=True)
class Refused:
    """An AAA is the answer. `member` is who the question is about, where the payer knows."""

    question: Question
    as_of: date | None
    rejection: Rejection
    member: Member | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "status": Status.REJECTED.value,
            "aaa": self.rejection.code,
            "loop": self.rejection.loop,
            "member_id": self.member.member_id if self.member else None,
            "as_of": self.as_of.isoformat() if self.as_of else None,
        }


@dataclass(frozen=True)
class Found:
    """A member's status is the answer. `changed_id`: asked about under an id no longer in use."""

    question: Question
    as_of: date
    status: Status
    member: Member
    dependent: Dependent | None = None
    changed_id: bool = False

    def to_json(self) -> dict[str, Any]:
        begin, end = self.member.coverage_begin, self.member.coverage_end
        return {
            "status": self.status.value,
            "aaa": None,
            "loop": None,
            "member_id": self.member.member_id,
            "as_of": self.as_of.isoformat(),
            "coverage_begin": begin.isoformat(),
            "coverage_end": end.isoformat() if end else None,
        }


Verdict = Found | Refused


class Records:
    """One payer's members, found by id or by last name and birth date."""

    def __init__(self, payer: Payer, members: Iterable[Member]) -> None:
        self.payer = payer
        self.by_id: dict[str, Member] = {}
        self.by_old_id: dict[str, Member] = {}
        self.by_person: dict[tuple[str, date], Member] = {}
        for member in members:
            self.by_id[fold(member.member_id)] = member
            self.by_old_id.update({fold(old): member for old in member.accepts_ids})
            person = member.person
            self.by_person[fold(person.last_name), person.birth_date] = member

    def find(self, asked: Party) -> tuple[Member | None, str]:
        """The member, or the AAA03 that says what does not fit."""
        by_person = self.by_person.get((fold(asked.last_name), asked.birth_date or date.min))
        member_id = fold(asked.member_id)
        if not member_id:
            return by_person, "" if by_person else "72"
        known = self.by_id.get(member_id)
        if known is None:
            if by_person is not None and self.by_old_id.get(member_id) is by_person:
                return by_person, ""
            return None, "72" if by_person else "75"
        same_name = fold(known.person.last_name) == fold(asked.last_name)
        same_birth = asked.birth_date in (None, known.person.birth_date)
        if same_name and same_birth:
            return known, ""
        if same_name:
            return None, "71"
        return None, "73" if same_birth else "75"


def fold(text: str) -> str:
    """Letters and digits in capitals: O'Brien and OBRIEN are one name."""
    return "".join(mark for mark in text.upper() if mark.isalnum())


def find_dependent(member: Member, asked: Party) -> tuple[Dependent | None, str]:
    """The dependent, or the AAA03 of loop 2100D. A dependent's last name may be left out."""
    for dependent in member.dependents:
        person = dependent.person
        if fold(person.first_name) != fold(asked.first_name):
            continue
        if asked.birth_date not in (None, person.birth_date):
            return None, "71"
        if asked.last_name and fold(asked.last_name) != fold(person.last_name):
            return None, "65"
        return dependent, ""
    return None, "77"


def decide(
    records: Records | None, question: Question, *, today: date, already_put_off: frozenset[str]
) -> Verdict:
    """One payer's verdict. `already_put_off`: members who were told once to ask again."""
    as_of = read_day(question.asked_date) if question.asked_date else today
    if records is None:
        return Refused(question, as_of, NOBODY_HERE)
    member, code = records.find(question.subscriber)
    if member is None:
        return Refused(question, as_of, Rejection("2100C", code))
    refusal = refuse_at_source(member, already_put_off)
    if refusal is not None:
        return Refused(question, as_of, refusal, member)
    if member.behaviour is Behaviour.NO_ANSWER:
        return Found(question, as_of or today, Status.NONE, member)
    dependent = None
    if question.dependent is not None:
        dependent, code = find_dependent(member, question.dependent)
        if dependent is None:
            return Refused(question, as_of, Rejection("2100D", code), member)
    loop = "2100D" if dependent else "2100C"
    code = date_problem(as_of, today)
    if as_of is None or code:
        return Refused(question, as_of, Rejection(loop, code), member)
    return Found(
        question=question,
        as_of=as_of,
        status=status_on(member, as_of, question.service_types),
        member=member,
        dependent=dependent,
        changed_id=fold(question.subscriber.member_id) not in ("", fold(member.member_id)),
    )


def refuse_at_source(member: Member, already_put_off: frozenset[str]) -> Rejection | None:
    """AAA above everybody asked about: the payer's own systems, not the person."""
    once = member.behaviour is Behaviour.UNAVAILABLE_ONCE
    if member.behaviour is Behaviour.UNAVAILABLE or (once and member.member_id not in already_put_off):
        return Rejection("2100A", "42", "R")
    if member.behaviour is Behaviour.NO_PARTICIPANT:
        return NOBODY_HERE
    return None


def date_problem(as_of: date | None, today: date) -> str:
    """AAA03 for a date this payer does not answer for, else empty."""
    if as_of is None:
        return "57"
    if as_of > month_end(today):
        return "63"
    return "62" if as_of < today - timedelta(days=DAYS_BACK) else ""


def status_on(member: Member, as_of: date, service_types: tuple[str, ...]) -> Status:
    if not member.covered_on(as_of):
        return Status.INACTIVE
    if member.behaviour is Behaviour.DENTAL_ONLY:
        return Status.ACTIVE if DENTAL in service_types else Status.UNKNOWN
    if member.behaviour is not Behaviour.OTHER_TYPES_ONLY:
        return Status.ACTIVE
    named = set(service_types) & set(OTHER_TYPES)
    plain = HEALTH_BENEFIT_PLAN_COVERAGE in service_types
    return Status.ACTIVE if named and not plain else Status.UNKNOWN
