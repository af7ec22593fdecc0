"""A question that came without X12, and the 270 a clearinghouse makes of it for the payer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from tradingpartners.simulator.segments import (
    Delimiters,
    Interchange,
    Segment,
    read_interchange,
    write_segment,
)

DELIMITERS = Delimiters()
# Crockford's letters and digits: what a ULID is written in.
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True)
class Asked:
    """A person asked about. Dates are CCYYMMDD; what was not given is empty."""

    first_name: str = ""
    last_name: str = ""
    birth_date: str = ""
    gender: str = ""
    member_id: str = ""
    group: str = ""


@dataclass(frozen=True)
class Check:
    """One patient, one payer. `dates` is one day or the first and last of a period, or nothing."""

    payer_id: str
    payer_name: str
    provider_name: str
    npi: str
    subscriber: Asked
    dependent: Asked | None
    dates: Sequence[str]
    service_types: Sequence[str]
    trace: str

    @property
    def member_id(self) -> str:
        return self.subscriber.member_id


def new_trace() -> str:
    """26 letters and digits nobody else has."""
    number, marks = uuid4().int, ""
    for _ in range(26):
        number, digit = divmod(number, len(LETTERS))
        marks = LETTERS[digit] + marks
    return marks


def ask_payer(check: Check, *, house: str, control_number: int, now: datetime) -> Interchange:
    """The 270 as the payer gets it from the clearinghouse `house`."""
    body = list(question_segments(check, house=house, now=now))
    number, day, minute = str(control_number), f"{now:%Y%m%d}", f"{now:%H%M}"
    isa: Segment = (
        "ISA", "00", " " * 10, "00", " " * 10, "ZZ", f"{house:<15.15}", "ZZ", f"{check.payer_id:<15.15}",
        f"{now:%y%m%d}", minute, DELIMITERS.repetition, "00501", f"{control_number:09d}", "0", "P",
    )  # fmt: skip
    segments: list[Segment] = [
        ("GS", "HS", house, check.payer_id, day, minute, number, "X", "005010X279A1"),
        ("ST", "270", "0001", "005010X279A1"),
        *body,
        ("SE", str(len(body) + 2), "0001"),
        ("GE", "1", number),
        ("IEA", "1", f"{control_number:09d}"),
    ]
    # ISA12 and ISA16 are delimiters, which a segment's writer would clean away.
    head = DELIMITERS.element.join([*map(str, isa), DELIMITERS.component]) + DELIMITERS.terminator
    text = head + "".join(write_segment(segment, DELIMITERS) for segment in segments)
    return read_interchange(text.encode("latin-1", errors="replace"))


def question_segments(check: Check, *, house: str, now: datetime) -> list[Segment]:
    """BHT to the last EQ."""
    tracing: Segment = ("TRN", "1", check.trace, f"9{house:<9.9}".replace(" ", "0"))
    asking: list[Segment] = []
    if check.dates:
        qualifier = "RD8" if len(check.dates) > 1 else "D8"
        asking.append(("DTP", "291", qualifier, "-".join(check.dates)))
    asking += [("EQ", code) for code in check.service_types]
    through = check.dependent is not None
    segments: list[Segment] = [
        ("BHT", "0022", "13", check.trace, f"{now:%Y%m%d}", f"{now:%H%M}"),
        ("HL", "1", "", "20", "1"),
        ("NM1", "PR", "2", check.payer_name, "", "", "", "", "PI", check.payer_id),
        ("HL", "2", "1", "21", "1"),
        ("NM1", "1P", "2", check.provider_name, "", "", "", "", "XX", check.npi),
        ("HL", "3", "2", "22", "1" if through else "0"),
        *([] if through else [tracing]),
        *person_segments("IL", check.subscriber),
        *([] if through else asking),
    ]
    if check.dependent is not None:
        segments += [("HL", "4", "3", "23", "0"), tracing, *person_segments("03", check.dependent), *asking]
    return segments


def person_segments(entity: str, person: Asked) -> list[Segment]:
    name: Segment = ("NM1", entity, "1", person.last_name, person.first_name)
    if person.member_id:
        name = (*name, "", "", "", "MI", person.member_id)
    segments = [name]
    if person.group:
        segments.append(("REF", "6P", person.group))
    if person.birth_date or person.gender:
        segments.append(("DMG", "D8" if person.birth_date else "", person.birth_date, person.gender))
    return segments
