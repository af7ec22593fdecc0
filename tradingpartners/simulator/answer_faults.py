"""Answers made wrong: in what is decided, in the segments, or in the bytes of the interchange.

Three steps, each passing on what is not its own fault. Calls and files take the same ones.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tradingpartners.simulator.answering import Answer
from tradingpartners.simulator.changed_people import change_identifiers
from tradingpartners.simulator.members import Dependent
from tradingpartners.simulator.scenarios import Fault
from tradingpartners.simulator.segments import Delimiters, Interchange, Segment
from tradingpartners.simulator.verdicts import Found, Records, Refused, Rejection, Verdict, status_on

# Faults whose rejection follows from their name; `aaa` and `rejection_above_subscriber` say theirs.
LOOPS = {"42": "2100A", "79": "2100A", "80": "2100A", "43": "2100B"}
AT_SUBSCRIBER = "2100C"
LINE_ENDS = {
    "crlf": "\r\n",
    "lf": "\n",
    "cr": "\r",
    "none": "",
    "blank_lines": "\r\n\r\n",
    "spaces": "   ",
}
# A mark no answer has: it stands for the delimiter in the data until the answer is bytes.
PLACEHOLDER = "\x1f"


def spoil_answers(
    answers: Sequence[Answer], fault: Fault | None, records: Mapping[str, Records]
) -> list[Answer]:
    """Another decision than the right one: a rejection, another member, changed identifiers."""
    if fault is None:
        return list(answers)
    rejection = rejection_of(fault)
    if rejection is not None:
        return [
            decide_anew(each, lambda v: Refused(v.question, v.as_of, rejection, v.member)) for each in answers
        ]
    if fault.name == "another_members_answer":
        return [exchange_members(each, fault, records) for each in answers]
    if fault.name == "changed_identifiers":
        return [decide_anew(each, lambda v: change_identifiers(v, fault)) for each in answers]
    if fault.name == "duplicate_answer":
        return [*answers, *answers]
    return list(answers)


def decide_anew(answer: Answer, decide: Callable[[Verdict], Verdict]) -> Answer:
    return replace(answer, verdicts=tuple(map(decide, answer.verdicts)))


def rejection_of(fault: Fault) -> Rejection | None:
    """The AAA a fault stands for, if it is one."""
    if fault.name == "aaa":
        return Rejection(fault.text("loop"), fault.text("code"), fault.text("follow_up"))
    if fault.name == "rejection_above_subscriber":
        return Rejection(fault.text("loop"), "42", "R")
    if fault.name == "aaa_42_79":
        return Rejection("2100A", "42", "R", also="79")
    if fault.name.startswith("aaa_"):
        code = fault.name.removeprefix("aaa_")
        return Rejection(LOOPS.get(code, AT_SUBSCRIBER), code, fault.text("follow_up"))
    return None


def exchange_members(answer: Answer, fault: Fault, records: Mapping[str, Records]) -> Answer:
    """Every answer about somebody else of the same payer; the right one where there is nobody else."""
    known = records.get(answer.payer_id)
    members = list(known.by_id.values()) if known else []

    def exchange(verdict: Verdict) -> Verdict:
        own = verdict.member.member_id if verdict.member else verdict.question.subscriber.member_id
        others = [member for member in members if member.member_id != own]
        if not others:
            return verdict
        member = others[fault.drawn % len(others)]
        as_of = verdict.as_of or member.coverage_begin
        is_dependent = verdict.question.dependent is not None
        return Found(
            question=verdict.question,
            as_of=as_of,
            status=status_on(member, as_of, verdict.question.service_types),
            member=member,
            dependent=Dependent(member.person, "other") if is_dependent else None,
        )

    return decide_anew(answer, exchange)


def spoil_bodies(
    bodies: Sequence[list[Segment]], asked: Interchange, fault: Fault | None
) -> list[list[Segment]]:
    """Other segments than the right ones, in every transaction set."""
    name = fault.name if fault else ""
    if fault is None:
        return list(bodies)
    if name == "answer_is_999":
        return [reject_group(asked)]
    if name == "unknown_trace":
        return [with_trace(body, f"{fault.drawn:09d}{number:04d}") for number, body in enumerate(bodies)]
    if name in {"no_trace", "rejection_above_subscriber"}:
        return [[segment for segment in body if segment[:2] != ("TRN", "2")] for body in bodies]
    if name == "hostile_segment":
        return [[*body, hostile_segment(fault)] for body in bodies]
    if name == "delimiter_in_data":
        return [[*body, ("MSG", f"ASK {PLACEHOLDER}PLAN")] for body in bodies]
    if name in {"latin_1", "nul_bytes"}:
        mark = "\xd1" if name == "latin_1" else "\0"
        return [[in_last_name(segment, mark) for segment in body] for body in bodies]
    return list(bodies)


def hostile_segment(fault: Fault) -> Segment:
    """One text of so many bytes, or as many in elements or repetitions."""
    size, shape = int(fault.number("bytes")), fault.text("shape")
    if shape == "elements":
        return ("MSG", *("X" * (size // 2)))
    if shape == "repetitions":
        return ("EB", "1", "", tuple("X" * (size // 2)))
    return ("MSG", "X" * size)


def with_trace(body: Sequence[Segment], trace: str) -> list[Segment]:
    """Trace and reference are ones nobody asked with."""

    def change(segment: Segment) -> Segment:
        if segment[:2] == ("TRN", "2"):
            return (*segment[:2], trace, *segment[3:])
        if segment[0] == "BHT":
            return (*segment[:3], trace, *segment[4:])
        return segment

    return [change(segment) for segment in body]


def in_last_name(segment: Segment, mark: str) -> Segment:
    is_person = segment[0] == "NM1" and segment[1] in {"IL", "03"} and len(segment) > 3
    return (*segment[:3], f"{segment[3]}{mark}", *segment[4:]) if is_person else segment


def reject_group(asked: Interchange) -> list[Segment]:
    """005010X231A1: every set of the first group rejected."""
    group = asked.groups[0]
    body: list[Segment] = [("AK1", group.header[1], group.control_number, group.header[8])]
    for each in group.transaction_sets:
        body += [("AK2", each.set_id, each.control_number, group.header[8])]
        body += [("IK3", "NM1", "8", "2100", "8"), ("IK4", "9", "67", "7"), ("IK5", "R", "5")]
    total = str(len(group.transaction_sets))
    return [*body, ("AK9", "R", total, total, "0")]


def spoil_bytes(raw: bytes, delimiters: Delimiters, fault: Fault | None) -> bytes:
    """Another interchange than the right one."""
    name = fault.name if fault else ""
    if fault is None:
        return raw
    if name == "truncated_answer":
        return raw[: len(raw) * 2 // 3]
    if name == "byte_order_mark":
        return b"\xef\xbb\xbf" + raw
    if name == "utf_16":
        return raw.decode("latin-1").encode("utf-16")
    if name == "delimiter_in_data":
        return raw.replace(PLACEHOLDER.encode(), delimiters.terminator.encode())
    if name == "line_ends":
        end = LINE_ENDS.get(fault.text("style"), "\r\n")
        old = delimiters.terminator + delimiters.line_end
        return raw.replace(old.encode(), (delimiters.terminator + end).encode())
    if name in TRAILERS:
        return change_trailer(raw, delimiters, *TRAILERS[name])
    return raw


# Segment and element a fault makes wrong.
TRAILERS = {
    "wrong_se_count": ("SE", 1),
    "wrong_se_number": ("SE", 2),
    "wrong_ge_count": ("GE", 1),
    "wrong_ge_number": ("GE", 2),
    "wrong_iea_count": ("IEA", 1),
    "wrong_iea_number": ("IEA", 2),
}


def change_trailer(raw: bytes, delimiters: Delimiters, segment_id: str, element: int) -> bytes:
    """One more than it should be, with as many digits, in every such segment."""
    end = delimiters.terminator + delimiters.line_end
    segments = raw.decode("latin-1").split(end)
    for at, segment in enumerate(segments):
        elements = segment.split(delimiters.element)
        if elements[0] == segment_id:
            right = elements[element]
            elements[element] = str(int(right) + 1).zfill(len(right))
            segments[at] = delimiters.element.join(elements)
    return end.join(segments).encode("latin-1")
