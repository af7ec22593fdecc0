"""What a person decides about something that came in: whom an answer may be of, and why not, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from eligibility.transactions.listing import Row, with_words
from practice.models import User
from tradingpartners import x12
from tradingpartners.models import InboundDelivery, Transaction
from tradingpartners.services import inbound
from tradingpartners.services.inbound import Candidate, InboundError, Refusal
from tradingpartners.words import EVENTS, explain

REFUSALS = {
    Refusal.NO_REASON: "Say why: it is kept with what you do.",
    Refusal.NOT_READ_YET: "It is being read at this moment: try again in a little while.",
    Refusal.NOT_HELD: "It is not held any more: somebody has decided about it.",
    Refusal.NOT_FOR_A_PERSON: "There is nothing to decide about it any more.",
    Refusal.NOTHING_TO_READ: "Nothing of its text is kept that could be used.",
    Refusal.NO_SUCH_ATTEMPT: "That question did not go to this connection.",
    Refusal.ATTEMPT_IS_OVER: "That question is over: ask again instead.",
    Refusal.ALREADY_ANSWERED: "That question has its answer already.",
}


@dataclass(frozen=True)
class Suggestion:
    """A question an answer may be of, and what speaks for and against it: fields, no values."""

    row: Row
    agreeing: Sequence[str]
    differing: Sequence[str]

    @property
    def fits(self) -> str:
        return ", ".join(name.replace("_", " ") for name in self.agreeing) or "nothing"

    @property
    def differs(self) -> str:
        return ", ".join(name.replace("_", " ") for name in self.differing)


def is_for_a_person(told: Transaction) -> bool:
    return Transaction.objects.for_people().filter(pk=told.pk).exclude(disposition="held").exists()


def candidates(user: User, told: Transaction) -> list[Suggestion]:
    """The likeliest first; none where its text cannot be read."""
    try:
        found = inbound.candidates(told.pk)
    except InboundError:
        return []
    by_id: dict[object, Candidate] = {each.attempt_id: each for each in found}
    attempts = Transaction.objects.visible_to(user).filter(pk__in=list(by_id))
    rows = {row.transaction.pk: row for row in with_words(user, list(attempts))}
    return [
        Suggestion(rows[each.attempt_id], each.agreeing, each.differing)
        for each in found
        if each.attempt_id in rows
    ]


def findings_in_words(delivery: InboundDelivery) -> list[str]:
    """What is wrong in it, each with its place; the worst first."""
    return [_in_words(each) for each in inbound.explain(delivery)]


class Decided(NamedTuple):
    """What somebody did about a delivery; `by` is empty for the system."""

    what: str
    by: str
    reason: str
    at: datetime


def decisions_in_words(delivery: InboundDelivery) -> list[Decided]:
    decided = inbound.decisions(delivery)
    names = {
        user.pk: user.get_full_name() or user.username
        for user in User.objects.filter(pk__in=[each.by for each in decided])
    }
    return [
        Decided(EVENTS.get(each.deed, each.deed), names.get(each.by, ""), each.reason, each.at)
        for each in decided
    ]


def _in_words(finding: inbound.Explained) -> str:
    known = x12.in_words("finding", finding.code, " ")
    what = known if known.strip() else explain(finding.code).what.rstrip(".")
    places = [
        f"character {finding.offset:,}" if finding.offset is not None else "",
        f"ISA13 {finding.interchange}" if finding.interchange else "",
        f"message {finding.transaction}" if finding.transaction else "",
        f"segment {finding.segment}" if finding.segment else "",
        finding.segment_id or "",
        f"element {finding.element}" if finding.element else "",
    ]
    place = ", ".join(part for part in places if part)
    return f"{what[:1].upper()}{what[1:]} ({place})" if place else f"{what[:1].upper()}{what[1:]}"
