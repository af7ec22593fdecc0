"""What goes round an answer: ISA/GS/ST to SE/GE/IEA, and the 999 that accepts a file."""

from collections.abc import Sequence
from datetime import datetime

from tradingpartners.simulator.inquiries import why_unanswerable
from tradingpartners.simulator.segments import (
    Delimiters,
    FunctionalGroup,
    Interchange,
    Segment,
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
) -> bytes:
    """One group of transaction sets, addressed back to who sent `asked`."""
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
    text = write_isa(asked, control_number=control_number, delimiters=delimiters, now=now)
    text += "".join(write_segment(segment, delimiters) for segment in segments)
    return text.encode("latin-1", errors="replace")


def write_isa(asked: Interchange, *, control_number: int, delimiters: Delimiters, now: datetime) -> str:
    old = asked.header
    elements = (
        "ISA", "00", " " * 10, "00", " " * 10, old[7], old[8], old[5], old[6],
        f"{now:%y%m%d}", f"{now:%H%M}", delimiters.repetition, "00501",
        f"{control_number:09d}", "0", old[15], delimiters.component,
    )  # fmt: skip
    return delimiters.element.join(elements) + delimiters.terminator + delimiters.line_end


def acknowledge_group(group: FunctionalGroup) -> list[Segment]:
    """005010X231A1: one 999 for one group, each transaction set accepted or rejected (IK502)."""
    body: list[Segment] = [("AK1", group.header[1], group.control_number, group.header[8])]
    accepted = 0
    for transaction_set in group.transaction_sets:
        body.append(("AK2", transaction_set.set_id, transaction_set.control_number, ELIGIBILITY))
        problem = why_unanswerable(transaction_set)
        if problem:
            body.append(("IK5", "R", problem))
        else:
            body.append(("IK5", "A"))
            accepted += 1
    total = len(group.transaction_sets)
    verdict = "A" if accepted == total else "P" if accepted else "R"
    body.append(("AK9", verdict, str(total), str(total), str(accepted)))
    return body


def acknowledge_interchange(asked: Interchange, *, now: datetime) -> Segment | None:
    """A TA1, only where ISA14 asks for one."""
    if asked.header[14] != "1":
        return None
    return ("TA1", asked.control_number, f"{now:%y%m%d}", f"{now:%H%M}", "A", "000")
