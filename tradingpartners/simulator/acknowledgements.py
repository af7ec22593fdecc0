"""What the other side says of the interchanges it was sent: its TA1s and 999s, in files of their own."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tradingpartners.simulator.segments import UnreadableError, read_delimiters

ACKNOWLEDGES = frozenset(
    {
        *("ISA", "TA1", "GS", "ST", "AK1", "AK2", "AK3", "AK4", "AK5", "IK3", "CTX", "IK4", "IK5", "AK9"),
        *("SE", "GE", "IEA"),
    }
)


@dataclass(frozen=True)
class Verdict:
    """One TA1 or one 999. `control_number`: of our interchange (ISA13), or of our group (GS06)."""

    kind: str
    control_number: str
    code: str  # TA104 or AK901
    note: str = ""  # TA105
    sets: dict[str, str] = field(default_factory=dict)  # ST02 → IK501 or AK501


def read_acknowledgements(raw: bytes) -> tuple[Verdict, ...]:
    """Every TA1 and 999 of a file that holds nothing else; nothing where it is another kind of file."""
    text = raw.decode("latin-1").lstrip(" \r\n")
    try:
        delimiters = read_delimiters(text)
    except UnreadableError:
        return ()
    pieces = (piece.strip("\r\n ") for piece in text.split(delimiters.terminator))
    segments = []
    for segment in (tuple(piece.split(delimiters.element)) for piece in pieces if piece):
        if segment[0] not in ACKNOWLEDGES or (segment[0] == "GS" and segment[1:2] != ("FA",)):
            return ()
        segments.append(segment)
    return tuple(read_verdicts(segments))


def read_verdicts(segments: list[tuple[str, ...]]) -> Iterator[Verdict]:
    group, sets, last = "", {}, ""
    for segment in segments:
        padded = (*segment, "", "", "", "", "", "")
        if padded[0] == "TA1":
            yield Verdict("TA1", padded[1], padded[4], padded[5])
        elif padded[0] == "AK1":
            group, sets = padded[2], dict[str, str]()
        elif padded[0] == "AK2":
            last = padded[2]
        elif padded[0] in {"IK5", "AK5"}:
            sets[last] = padded[1]
        elif padded[0] == "AK9":
            yield Verdict("999", group, padded[1], sets=sets)
