"""A 271 as segments, BHT to the last one before SE (005010X279A1)."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import groupby

from tradingpartners.simulator.benefits import HELP_LINE, benefit_loops
from tradingpartners.simulator.dice import dice
from tradingpartners.simulator.inquiries import Inquiry, Party
from tradingpartners.simulator.members import Member, Person
from tradingpartners.simulator.months import first_of_month, month_end
from tradingpartners.simulator.payers import DateStyle, Payer
from tradingpartners.simulator.segments import Segment
from tradingpartners.simulator.verdicts import NOBODY_HERE, Found, Refused, Rejection, Verdict

# INS02 of a dependent.
INDIVIDUAL_RELATIONSHIP = {"spouse": "01", "child": "19", "other": "G8"}
OPEN_END = date(9999, 12, 31)
OWN_TRACE_SHARE = 0.4


class Hierarchy:
    """Counts HL01 up through one transaction set."""

    def __init__(self) -> None:
        self.last = 0

    def level(self, parent: int, code: str, *, has_child: bool) -> Segment:
        self.last += 1
        return ("HL", str(self.last), str(parent or ""), code, "1" if has_child else "0")


def write_answer(
    inquiry: Inquiry, verdicts: Sequence[Verdict], *, payer: Payer | None, now: datetime
) -> list[Segment]:
    """The answer to one ST. A rejection at 2000A or 2100A stands for everybody in it."""
    hierarchy = Hierarchy()
    above = refusal_in("2000A", verdicts)
    at_source = refusal_in("2100A", verdicts)
    rejection = at_source.rejection if at_source else None
    segments: list[Segment] = [
        ("BHT", "0022", "11", inquiry.reference, f"{now:%Y%m%d}", f"{now:%H%M%S}"),
        hierarchy.level(0, "20", has_child=rejection is None and above is None),
        *(write_rejection(above.rejection) if above else []),
        source_name(inquiry, payer),
    ]
    if above is not None:
        return segments
    if rejection is not None or payer is None:
        return [*segments, *write_rejection(rejection or NOBODY_HERE)]
    segments.append(("PER", "IC", "PROVIDER SERVICES", "TE", HELP_LINE))
    for _, asked in groupby(verdicts, key=lambda verdict: verdict.question.receiver_level):
        received = list(asked)
        parent = hierarchy.last + 1
        at_receiver = refusal_in("2100B", received)
        segments.append(hierarchy.level(1, "21", has_child=at_receiver is None))
        segments.append(received[0].question.receiver[:10])
        if at_receiver is not None:
            segments.extend(write_rejection(at_receiver.rejection))
            continue
        for _, family in groupby(received, key=lambda v: v.question.subscriber_level):
            segments.extend(write_family(list(family), payer, hierarchy, parent))
    return segments


def refusal_in(loop: str, verdicts: Iterable[Verdict]) -> Refused | None:
    """The first refusal that stands in `loop`."""
    refused = (verdict for verdict in verdicts if isinstance(verdict, Refused))
    return next((verdict for verdict in refused if verdict.rejection.loop == loop), None)


def source_name(inquiry: Inquiry, payer: Payer | None) -> Segment:
    name = payer.name.upper() if payer else inquiry.payer_name
    payer_id = payer.payer_id if payer else inquiry.payer_id
    return ("NM1", "PR", "2", name or "UNKNOWN", "", "", "", "", "PI", payer_id or "UNKNOWN")


def write_rejection(rejection: Rejection) -> list[Segment]:
    codes = [rejection.code, *([rejection.also] if rejection.also else [])]
    return [("AAA", "N", "", code, rejection.follow_up) for code in codes]


def write_family(
    verdicts: Sequence[Verdict], payer: Payer, hierarchy: Hierarchy, receiver: int
) -> Iterable[Segment]:
    """A subscriber and whoever is asked about below: each patient's own verdict in its own loop."""
    own = next((v for v in verdicts if v.question.dependent is None), None)
    below = [v for v in verdicts if v.question.dependent is not None]
    refused = refusal_in("2100C", verdicts)
    subscriber = hierarchy.last + 1
    yield hierarchy.level(receiver, "22", has_child=bool(below) and not is_unknown(refused))
    if own is not None or is_unknown(refused):
        yield from write_traces(own or verdicts[0], payer)
    yield from write_subscriber(own or refused or below[0], payer, is_patient=own is not None)
    for verdict in () if is_unknown(refused) else below:
        yield hierarchy.level(subscriber, "23", has_child=False)
        yield from write_traces(verdict, payer)
        yield from write_dependent(verdict, payer)


def is_unknown(refused: Refused | None) -> bool:
    """Nobody is answered for below a subscriber who was not found."""
    return refused is not None and refused.member is None


def write_traces(verdict: Verdict, payer: Payer) -> Iterable[Segment]:
    """The question's traces given back; at times a reference of the payer's own before them."""
    chance = dice("own trace", payer.key, verdict.question.trace)
    if payer.own_trace and chance.random() < OWN_TRACE_SHARE:
        yield ("TRN", "1", f"{chance.randrange(10**12):012d}", f"9{payer.payer_id:0>9}")
    for trace in verdict.question.traces[:2]:
        yield ("TRN", "2", *trace[2:5])


def write_subscriber(verdict: Verdict, payer: Payer, *, is_patient: bool) -> Iterable[Segment]:
    """Loop 2100C: the subscriber as known, else as asked about with what does not fit."""
    member = verdict.member
    if member is None:
        asked = verdict.question.subscriber
        yield from asked_name("IL", asked)
        if isinstance(verdict, Refused):
            yield from write_rejection(verdict.rejection)
        yield from write_birth(asked.birth_date, asked.gender)
        return
    yield (*person_name("IL", member.person), "", "", "", "MI", member.member_id)
    if member.group:
        yield ("REF", "6P", member.group)
    yield from write_address(member)
    if is_patient and isinstance(verdict, Refused):
        yield from write_rejection(verdict.rejection)
    yield from write_birth(member.person.birth_date, member.person.gender)
    # INS03 001 and INS04 25: what identifies the member has changed.
    changed = isinstance(verdict, Found) and verdict.changed_id
    yield ("INS", "Y", "18", *(("001", "25") if changed else ()))
    if is_patient and isinstance(verdict, Found):
        yield from write_dates(verdict, payer)
        yield from benefit_loops(verdict, payer)


def write_dependent(verdict: Verdict, payer: Payer) -> Iterable[Segment]:
    """Loop 2100D: the dependent as known, else as asked about with what does not fit."""
    dependent = verdict.dependent if isinstance(verdict, Found) else None
    if isinstance(verdict, Refused) or dependent is None:
        asked = verdict.question.patient
        yield from asked_name("03", asked)
        if isinstance(verdict, Refused):
            yield from write_rejection(verdict.rejection)
        yield from write_birth(asked.birth_date, asked.gender)
        return
    yield person_name("03", dependent.person)
    yield from write_address(verdict.member)
    yield from write_birth(dependent.person.birth_date, dependent.person.gender)
    yield ("INS", "N", INDIVIDUAL_RELATIONSHIP[dependent.relationship])
    yield from write_dates(verdict, payer)
    yield from benefit_loops(verdict, payer)


def asked_name(entity: str, asked: Party) -> Iterable[Segment]:
    name: Segment = ("NM1", entity, "1", asked.last_name, asked.first_name)
    if entity == "IL" and asked.member_id:
        name = (*name, "", "", "", "MI", asked.member_id)
    yield name


def write_birth(birth_date: date | None, gender: str) -> Iterable[Segment]:
    if birth_date is not None:
        yield ("DMG", "D8", f"{birth_date:%Y%m%d}", gender if gender in {"F", "M"} else "")


def person_name(entity: str, person: Person) -> Segment:
    return ("NM1", entity, "1", person.last_name.upper(), person.first_name.upper())


def write_address(member: Member) -> Iterable[Segment]:
    address = member.address
    yield ("N3", address.street.upper())
    yield ("N4", address.city.upper(), address.state, address.postal_code)


def write_dates(verdict: Found, payer: Payer) -> Iterable[Segment]:
    """When coverage begins and ends, in the payer's own way of saying it."""
    begin, end, as_of = verdict.member.coverage_begin, verdict.member.coverage_end, verdict.as_of
    if payer.dates is DateStyle.PLAN_DATES:
        yield from single_dates("346", begin, "347", end)
    elif payer.dates is DateStyle.ELIGIBILITY_DATES:
        yield from single_dates("356", begin, "357", end)
    elif payer.dates is DateStyle.PLAN_PERIOD:
        yield period("291", begin, end or OPEN_END)
    elif payer.dates is DateStyle.ELIGIBILITY_PERIOD:
        yield period("307", begin, end or date(as_of.year, 12, 31))
    elif end is None:
        yield period("307", max(begin, first_of_month(as_of)), month_end(as_of))
    else:
        yield period("307", begin, end)


def single_dates(opens: str, begin: date, closes: str, end: date | None) -> Iterable[Segment]:
    yield ("DTP", opens, "D8", f"{begin:%Y%m%d}")
    if end is not None:
        yield ("DTP", closes, "D8", f"{end:%Y%m%d}")


def period(qualifier: str, begin: date, end: date) -> Segment:
    return ("DTP", qualifier, "RD8", f"{begin:%Y%m%d}-{end:%Y%m%d}")
