"""What goes round an answer: ISA/GS/ST to SE/GE/IEA, and the 999 or TA1 that takes or refuses a file."""

from collections.abc import Container, Sequence
from datetime import datetime

from tradingpartners.simulator.inquiries import why_unanswerable
from tradingpartners.simulator.segments import (
    Delimiters,
    FunctionalGroup,
    Interchange,
    Segment,
    TransactionSet,
    write_segment,
)

ELIGIBILITY = "005010X279A1"
ACKNOWLEDGEMENT = "005010X231A1"

# (functional identifier GS01, transaction set ST01, version GS08 and ST03)
ANSWER = ("HB", "271", ELIGIBILITY)
ACCEPTANCE = ("FA", "999", ACKNOWLEDGEMENT)


def write_interchange(
    asked: Interchange,
    bodies: Sequence[Sequence[Segment]],
    *,
    kind: tuple[str, str, str],
    control_number: int,
    delimiters: Delimiters,
    now: datetime,
    acknowledge: Segment | None = None,
    wants_ta1: bool = False,
) -> bytes:
    """One group of transaction sets, addressed back to who sent `asked`; ISA14 asks for a TA1."""
    functional_id, set_id, version = kind
    group = asked.groups[0].header
    day, minute = f"{now:%Y%m%d}", f"{now:%H%M}"
    segments: list[Segment] = [acknowledge] if acknowledge else []
    segments.append(("GS", functional_id, group[3], group[2], day, minute, str(control_number), "X", version))
    for number, body in enumerate(bodies, start=1):
        reference = f"{number:04d}"
        segments.append(("ST", set_id, reference, version))
        segments.extend(body)
        segments.append(("SE", str(len(body) + 2), reference))
    segments.append(("GE", str(len(bodies)), str(control_number)))
    segments.append(("IEA", "1", f"{control_number:09d}"))
    text = write_isa(
        asked.header, control_number=control_number, delimiters=delimiters, now=now, wants_ta1=wants_ta1
    )
    text += "".join(write_segment(segment, delimiters) for segment in segments)
    return text.encode("latin-1", errors="replace")


def write_ta1(
    header: Sequence[str], code: str, note: str, *, control_number: int, delimiters: Delimiters, now: datetime
) -> bytes:
    """An interchange of nothing but a TA1 about the one with this ISA: TA104 and TA105."""
    segments: list[Segment] = [
        ("TA1", header[13], f"{now:%y%m%d}", f"{now:%H%M}", code, note),
        ("IEA", "0", f"{control_number:09d}"),
    ]
    text = write_isa(header, control_number=control_number, delimiters=delimiters, now=now)
    return (text + "".join(write_segment(segment, delimiters) for segment in segments)).encode("latin-1")


def write_isa(
    old: Sequence[str],
    *,
    control_number: int,
    delimiters: Delimiters,
    now: datetime,
    wants_ta1: bool = False,
) -> str:
    elements = (
        "ISA", "00", " " * 10, "00", " " * 10, old[7], old[8], old[5], old[6],
        f"{now:%y%m%d}", f"{now:%H%M}", delimiters.repetition, "00501",
        f"{control_number:09d}", "1" if wants_ta1 else "0", old[15], delimiters.component,
    )  # fmt: skip
    return delimiters.element.join(elements) + delimiters.terminator + delimiters.line_end


def acknowledge_group(
    group: FunctionalGroup, *, refused: Container[str] = (), refuse_all: bool = False
) -> list[Segment]:
    """005010X231A1: one 999 for one group, each transaction set accepted or rejected (IK502).

    `refused` are ST02s turned down although nothing is wrong with them, with IK3 and IK4 as if it were.
    """
    body: list[Segment] = [("AK1", group.header[1], group.control_number, group.header[8])]
    accepted = 0
    for transaction_set in group.transaction_sets:
        body.append(("AK2", transaction_set.set_id, transaction_set.control_number, ELIGIBILITY))
        problem = why_unanswerable(transaction_set)
        if not problem and (refuse_all or transaction_set.control_number in refused):
            body += invalid_element(transaction_set)
            problem = "5"
        if problem:
            body.append(("IK5", "R", problem))
        else:
            body.append(("IK5", "A"))
            accepted += 1
    total = len(group.transaction_sets)
    verdict = "A" if accepted == total else "P" if accepted else "R"
    body.append(("AK9", verdict, str(total), str(total), str(accepted)))
    return body


def invalid_element(transaction_set: TransactionSet) -> list[Segment]:
    """IK3 and IK4: the subscriber's id (2100C NM109) is called an invalid code value, and copied."""
    for position, segment in enumerate(transaction_set.segments, start=2):
        if segment[:2] == ("NM1", "IL"):
            bad = segment[9] if len(segment) > 9 else ""
            return [("IK3", "NM1", str(position), "2100", "8"), ("IK4", "9", "67", "7", bad)]
    return []


def acknowledge_interchange(asked: Interchange, *, now: datetime) -> Segment | None:
    """A TA1, only where ISA14 asks for one."""
    if asked.header[14] != "1":
        return None
    return ("TA1", asked.control_number, f"{now:%y%m%d}", f"{now:%H%M}", "A", "000")
