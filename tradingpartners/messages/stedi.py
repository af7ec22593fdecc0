"""Rows to Stedi's JSON and back: one check in real time, or a batch of them.

The answer to a check mostly carries the payer's 271, and then that is what is read: the fields are
Stedi's reading of it. The trace in that 271 is Stedi's own, so an answer belongs to the attempt named
by `submitterTransactionIdentifier`, which is our trace number, or to its connection.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from tradingpartners import x12
from tradingpartners.contents import OutcomeKind
from tradingpartners.messages import x12_sets
from tradingpartners.messages.json_answers import answered, unanswered, unwritable
from tradingpartners.messages.json_values import (
    JsonError,
    JsonErrorCode,
    Object,
    members,
    read_object,
    text,
    write,
)
from tradingpartners.messages.reading import Event, Incoming, ReadSet
from tradingpartners.messages.stedi_answers import read_answer, read_rejections
from tradingpartners.models import Attempt, Route, TradingPartner, trace_number, transaction_id

CONTENT_TYPE = "application/json"
# How long Stedi goes on asking a payer that does not answer: 8 to 24 hours.
RETRY_HOURS = (8, 24)

# Where a check has what our question names; a field at fault is known by either name.
FIELDS = {
    "tradingPartnerServiceId": "payer_id",
    "submitterTransactionIdentifier": "trace_number",
    "provider.npi": "provider_npi",
    "provider.organizationName": "provider_name",
    "provider.lastName": "provider_name",
    "provider.firstName": "provider_first_name",
    **{
        f"{theirs}.{name}": f"{ours}.{field}"
        for theirs, ours in (("subscriber", "subscriber"), ("dependents.0", "dependent"))
        for name, field in (
            ("memberId", "member_id"),
            ("lastName", "last_name"),
            ("firstName", "first_name"),
            ("middleName", "middle_name"),
            ("suffix", "suffix"),
            ("dateOfBirth", "birth_date"),
            ("gender", "gender"),
            ("groupNumber", "group_number"),
            ("individualRelationshipCode", "relationship"),
        )
    },
    "encounter.serviceTypeCodes": "service_types",
    "encounter.dateOfService": "service_date",
    "encounter.beginningDateOfService": "service_date",
    "encounter.endDateOfService": "service_date_end",
}
_MEMBER_ID = re.compile(r"[A-Za-z0-9\- ]{2,80}")
# What a check has no place for here: left out, it would be another question.
_NOT_CARRIED = (
    *("provider_id", "provider_references", "provider_address", "provider_information"),
    *("diagnoses", "asked", "purpose"),
)
_NOT_CARRIED_OF_PERSON = ("references", "address", "provider", "birth_sequence", "issue_date")


def write_attempt(attempt: Attempt, contents: Any, route: Route, *, number: str, now: datetime) -> str:
    """The JSON of one check. What X12 would refuse is refused here, under the same name: Stedi makes
    a 270 of it."""
    x12_sets.write_attempt(attempt, contents, route, number=number, now=now)
    question: x12.EligibilityQuestion = contents
    refuse_what_is_not_carried(question)
    check: dict[str, Any] = {
        "submitterTransactionIdentifier": trace_number(attempt.id),
        "tradingPartnerServiceId": route.payer_identifier.strip(),
        "provider": _provider(question),
        "subscriber": _subscriber(question.subscriber),
        "encounter": _encounter(question),
    }
    if question.dependent is not None:
        check["dependents"] = [_dependent(question.dependent)]
    return write(check)


def refuse_what_is_not_carried(question: x12.EligibilityQuestion) -> None:
    fields = [(name, question) for name in _NOT_CARRIED]
    people = (("subscriber", question.subscriber), ("dependent", question.dependent))
    named = [(f"{role}.{name}", name, who) for role, who in people if who for name in _NOT_CARRIED_OF_PERSON]
    stated = [name for name, of in fields if getattr(of, name) != of._field_defaults[name]]
    stated += [place for place, name, who in named if getattr(who, name) != who._field_defaults[name]]
    for place in stated:
        raise x12.X12WriteError(x12.WriteErrorCode.INVALID_VALUE, place)
    if len(question.service_types) != 1:  # several are answered as one, or refused
        raise x12.X12WriteError(x12.WriteErrorCode.LIMIT_EXCEEDED, "service_types")


def _provider(question: x12.EligibilityQuestion) -> dict[str, str]:
    name = plain_name(question.provider_name)
    if question.provider_first_name:
        named = {"lastName": name, "firstName": plain_name(question.provider_first_name)}
    else:
        named = {"organizationName": name}
    return {**named, "npi": question.provider_npi}


def _subscriber(person: x12.Subscriber) -> dict[str, str]:
    member_id = (person.member_id or "").strip()
    if member_id and not _MEMBER_ID.fullmatch(member_id):
        raise x12.X12WriteError(x12.WriteErrorCode.INVALID_VALUE, "subscriber.member_id")
    return {**({"memberId": member_id} if member_id else {}), **_person(person)}


def _dependent(person: x12.Dependent) -> dict[str, str]:
    return {
        **_person(person),
        **({"individualRelationshipCode": person.relationship} if person.relationship else {}),
    }


def _person(person: x12.Subscriber | x12.Dependent) -> dict[str, str]:
    stated = {
        "firstName": plain_name(person.first_name),
        "lastName": plain_name(person.last_name),
        "middleName": plain_name(person.middle_name),
        "suffix": plain_name(person.suffix),
        "dateOfBirth": _day(person.birth_date),
        "gender": person.gender or "",
        "groupNumber": (person.group_number or "").strip(),
    }
    return {name: value for name, value in stated.items() if value}


def _encounter(question: x12.EligibilityQuestion) -> dict[str, Any]:
    first, last = question.service_date, question.service_date_end
    if last is not None and last != first:
        dates = {"beginningDateOfService": _day(first), "endDateOfService": _day(last)}
    else:
        dates = {"dateOfService": _day(first)} if first else {}
    return {"serviceTypeCodes": list(question.service_types), **dates}


def plain_name(value: str | None) -> str:
    """As it stands in X12: accents folded, backticks as apostrophes, no spaces around it."""
    return x12.fold_accents(value or "").replace("`", "'").strip(" ")


def _day(value: date | None) -> str:
    return f"{value:%Y%m%d}" if value else ""


def write_file(
    partner: TradingPartner, transaction_set: str, texts: Sequence[str], *, number: int, now: datetime
) -> bytes:
    """One check, or a batch without its name, which its transport puts in front."""
    if not partner.sends_files:
        return texts[0].encode()
    shortest, longest = RETRY_HOURS
    hours = partner.settings.get("max_retry_hours")
    hours = min(max(hours, shortest), longest) if isinstance(hours, int) else shortest
    return f'{{"maxRetryHours":{hours},"items":[{",".join(texts)}]}}'.encode()


def texts_of(content: bytes) -> dict[str, str]:
    """Number → check: they count from 0001 in the order of the batch."""
    found = json.loads(content)
    checks = found.get("items", [found])
    return {f"{number:04d}": write(check) for number, check in enumerate(checks, 1)}


# --- reading ----------------------------------------------------------------------------------------


def read(content: bytes) -> Iterator[Event]:
    """One check, or each of a page of them. An item that is none costs its neighbours nothing."""
    found = read_object(content)
    items = found.get("items")
    if not isinstance(items, list):
        yield from _read_check(found)
        return
    unreadable = None
    for at, item in enumerate(items):
        if isinstance(item, dict):
            yield from _read_check(item)
        elif unreadable is None:
            unreadable = at
    if unreadable is not None:
        raise JsonError(JsonErrorCode.ITEM_UNREADABLE, unreadable)


def _read_check(check: Object) -> Iterator[Event]:
    attempt_id = transaction_id(text(check, "submitterTransactionIdentifier"))
    sets, findings = _sets(text(check, "x12"))
    yield from findings
    answers = [each for each in sets if each.set_id == "271" and not _is_damaged(each)]
    for each in answers:
        yield ReadSet("271", each.control_number, each.text, partial(_of_271, each, attempt_id))
    if not answers:
        own = write({name: value for name, value in check.items() if name != "x12"})
        refused = _is_refused(sets)
        yield ReadSet("271", "", own, partial(_of_fields, check, attempt_id, own, refused))


def _sets(carried: str) -> tuple[list[x12.TransactionSet], list[x12.Finding]]:
    """What stands in the member `x12`; nothing where it cannot be read: the fields are there, too."""
    sets: list[x12.TransactionSet] = []
    findings: list[x12.Finding] = []
    if not carried:
        return sets, findings
    try:
        for event in x12.read_stream([carried.encode()]):
            if isinstance(event, x12.TransactionSet):
                sets.append(event)
            elif isinstance(event, x12.Finding):
                findings.append(event)
    except x12.X12Error:
        return [], []
    return sets, findings


# Such a set may be cut or spliced; the fields beside it were read from the whole one.
_DAMAGES = frozenset(
    {
        x12.FindingCode.SEGMENT_COUNT_WRONG,
        x12.FindingCode.SET_CONTROL_NUMBER_MISMATCH,
        x12.FindingCode.SEGMENT_TERMINATOR_MISSING,
    }
)


def _is_damaged(transaction: x12.TransactionSet) -> bool:
    return any(finding.code in _DAMAGES for finding in transaction.findings)


def _of_271(transaction: x12.TransactionSet, attempt_id: UUID | None, position: int) -> list[Incoming]:
    """The answers of the set; who is traced there, by whatever trace, is traced by ours."""
    found = x12_sets.read_271(transaction, transaction.delimiters, position=position, text=transaction.text)
    if attempt_id is None:
        return [each._replace(traces=(), references=()) for each in found]
    said: list[Incoming] = []
    holder_traced = False
    for each in found:
        traced = bool(each.answer and each.answer.traces)
        if each.answer and each.answer.is_dependent:
            traced = traced or holder_traced
        else:
            holder_traced = traced
        said.append(each._replace(traces=(attempt_id,) if traced else (), references=(attempt_id,)))
    return said


def _of_fields(
    check: Object, attempt_id: UUID | None, own: str, is_refused: bool, position: int
) -> list[Incoming]:
    """What the fields say: an answer, a rejection, or why there is neither."""
    answer, rejections = read_answer(check), read_rejections(check)
    stated = members(check, "benefitsInformation")
    if rejections or (stated and answer):
        return [answered(position, answer, rejections, attempt_id=attempt_id, text=own)]
    if is_refused:
        return [unanswered(position, OutcomeKind.FAILED, "999 R", attempt_id=attempt_id, text=own)]
    faults = members(check, "fieldList")
    if faults:
        code = fault(text(faults[0], "path"))
        return [unanswered(position, OutcomeKind.REJECTED, code, attempt_id=attempt_id, text=own)]
    return [
        unanswered(position, OutcomeKind.UNKNOWN, "no_answer", attempt_id=attempt_id, text=own, again=True)
    ]


def fault(pointer: str) -> str:
    """The code of a check refused for a field, such as /subscriber/dateOfBirth."""
    path = pointer.strip("/").replace("/", ".")
    return unwritable(re.sub(r"^(encounter\.serviceTypeCodes)\.[0-9]+$", r"\1", path), FIELDS)


def _is_refused(sets: Sequence[x12.TransactionSet]) -> bool:
    """Whether a 999 there refuses the question. Its numbers are of Stedi's file, not of ours."""
    acknowledgements = [x12.read_999(each) for each in sets if each.set_id == "999"]
    return any(each.code == "R" or any(not one.accepted for one in each.sets) for each in acknowledgements)
