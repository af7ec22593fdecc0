"""Answers that came as fields instead of X12, as the codec's values: what decides is the codec's then.

The rules of `x12_sets` for which attempt an answer belongs to and how it ends it hold here, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from tradingpartners import x12
from tradingpartners.contents import OutcomeKind
from tradingpartners.messages.reading import Incoming
from tradingpartners.retries import is_try_later

# Above all persons: 2000A, 2100A, 2000B, 2100B.
_ABOVE = ("2000A", "2100A", "2000B", "2100B")
_LONGEST_CODE = 60


class Person(NamedTuple):
    """Who is answered for, or the policy holder above a dependent; absent is "" or None."""

    member_id: str = ""
    last_name: str = ""
    first_name: str = ""
    middle_name: str = ""
    suffix: str = ""
    birth_date: date | None = None
    gender: str = ""
    # INS02.
    relationship: str = ""
    address: x12.Address | None = None
    references: tuple[x12.Reference, ...] = ()
    # INS03 001 with INS04 25.
    identifiers_changed: bool = False

    @property
    def is_named(self) -> bool:
        """Whether anything says who it is."""
        return bool(self.member_id or self.last_name or self.birth_date)


def as_answer(
    person: Person,
    *,
    holder: Person | None = None,
    benefits: Sequence[x12.Benefit] = (),
    dates: Sequence[x12.DateRange] = (),
    rejections: Sequence[x12.Rejection] = (),
) -> x12.Answer:
    """One person answered for; with a holder, a dependent under that one.

    `rejections` are all of the answer's, told apart by their loops.
    """
    own = "2000D", "2100D", "2110D"
    above = tuple([each for each in rejections if each.loop in _ABOVE])
    below = [each for each in rejections if each.loop not in _ABOVE]
    mine = [each for each in below if holder is None or each.loop in own]
    return x12.Answer(
        is_dependent=holder is not None,
        member_id=person.member_id or (holder.member_id if holder else "") or None,
        last_name=person.last_name or None,
        first_name=person.first_name or None,
        middle_name=person.middle_name or None,
        suffix=person.suffix or None,
        birth_date=person.birth_date,
        gender=person.gender or None,
        traces=(),
        references=person.references,
        dates=tuple(dates),
        rejections=tuple(mine),
        benefits=tuple(benefits),
        other_identifiers_changed=person.identifiers_changed,
        subscriber=_party(holder) if holder else None,
        rejections_above=above,
        subscriber_rejections=tuple([each for each in below if each not in mine]),
        segment_number=1,
        relationship=person.relationship or None,
        address=person.address,
    )


def _party(person: Person) -> x12.Party:
    names = (person.last_name, person.first_name, person.middle_name, person.suffix)
    return x12.Party("IL", *names, "MI" if person.member_id else "", person.member_id)


def answered(
    position: int,
    answer: x12.Answer | None,
    rejections: Sequence[x12.Rejection],
    *,
    attempt_id: UUID | None,
    text: str,
) -> Incoming:
    """What an answer, or a rejection above all persons, does to its attempt.

    `attempt_id`: the attempt it goes by, where it says so; it may be about anybody all the same.
    """
    deciding = rejections if answer is None else x12.deciding_rejections(answer)
    rejected = bool(deciding)
    return Incoming(
        position=position,
        traces=(),
        references=(attempt_id,) if attempt_id else (),
        kind=OutcomeKind.REJECTED if rejected else OutcomeKind.ANSWERED,
        code=" ".join(["AAA", *x12.rejection_codes(deciding)])[:_LONGEST_CODE] if rejected else "",
        again=rejected and all(is_try_later(each.code, each.follow_up) for each in deciding),
        answer=answer,
        text=text,
    )


def unanswered(
    position: int, kind: OutcomeKind, code: str, *, attempt_id: UUID | None, text: str, again: bool = False
) -> Incoming:
    """What came instead of an answer."""
    return Incoming(
        position=position,
        traces=(),
        references=(attempt_id,) if attempt_id else (),
        kind=kind,
        code=code[:_LONGEST_CODE],
        again=again,
        answer=None,
        text=text,
    )


def unwritable(path: str, fields: Mapping[str, str]) -> str:
    """The code of a question that was refused for a field: its name as the codec has it where we
    know it by the partner's; else the partner's, of which only letters, digits and points are kept."""
    if path in fields:
        return f"unwritable:{fields[path]}"
    plain = "".join(letter if letter.isalnum() and letter.isascii() else "." for letter in path)
    return f"unwritable:{'.'.join(filter(None, plain.split('.'))) or 'request'}"[:_LONGEST_CODE]
