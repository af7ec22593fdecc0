"""What the tests write and read by themselves: 270s, and 271s split with nothing but str.split."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Segments = list[list[str]]
NPI = "2000000008"


def question(
    payer: Mapping[str, Any],
    patient: Mapping[str, Any],
    coverage: Mapping[str, Any],
    *,
    day: str,
    trace: str,
    service_type: str = "30",
) -> list[str]:
    """One ST*270…SE as segments, the way a practice would ask from what it believes."""
    last, first = coverage["subscriber_last_name"], coverage["subscriber_first_name"]
    asking = [f"DTP*291*D8*{compact(day)}", f"EQ*{service_type}"]
    segments = [
        f"BHT*0022*13*R{trace}*20251122*0700",
        "HL*1**20*1",
        f"NM1*PR*2*{payer['name'].upper()}*****PI*{payer['payer_id']}",
        "HL*2*1*21*1",
        f"NM1*1P*2*RIVERSIDE FAMILY MEDICINE*****XX*{NPI}",
    ]
    name = f"NM1*IL*1*{last.upper()}*{first.upper()}****MI*{coverage['member_id']}"
    born = f"DMG*D8*{compact(coverage['subscriber_birth_date'])}"
    tracing = f"TRN*1*{trace}*9RIVERSIDE"
    if coverage["relationship"] == "self":
        segments += ["HL*3*2*22*0", tracing, name, born, *asking]
    else:
        segments += ["HL*3*2*22*1", name, born, "HL*4*3*23*0", tracing]
        segments += [f"NM1*03*1*{patient['last_name'].upper()}*{patient['first_name'].upper()}"]
        segments += [f"DMG*D8*{compact(patient['birth_date'])}*{patient['gender']}", *asking]
    return segments


def compact(day: str) -> str:
    return day.replace("-", "")


def interchange(questions: Iterable[list[str]], *, control_number: int = 1) -> bytes:
    isa = (
        "ISA*00*          *00*          *ZZ*RIVERSIDE      *ZZ*PAYERS         "
        f"*251122*0700*^*00501*{control_number:09d}*0*T*:"
    )
    segments = [isa, f"GS*HS*RIVERSIDE*PAYERS*20251122*0700*{control_number}*X*005010X279A1"]
    number = 0
    for number, body in enumerate(questions, start=1):
        segments.append(f"ST*270*{number:04d}*005010X279A1")
        segments += [*body, f"SE*{len(body) + 2}*{number:04d}"]
    segments += [f"GE*{number}*{control_number}", f"IEA*1*{control_number:09d}", ""]
    return "~".join(segments).encode()


def split(raw: bytes) -> Segments:
    """Segments of elements, by the separators that ISA shows."""
    text = raw.decode()
    pieces = (piece.strip("\r\n") for piece in text.split(text[105]))
    return [piece.split(text[3]) for piece in pieces if piece]


def transaction_sets(raw: bytes) -> list[Segments]:
    """Each ST to SE of an interchange."""
    segments, found = split(raw), []
    starts = [at for at, segment in enumerate(segments) if segment[0] == "ST"]
    for start in starts:
        end = next(at for at in range(start, len(segments)) if segments[at][0] == "SE")
        found.append(segments[start : end + 1])
    return found


def named(segments: Segments, *start: str) -> Segments:
    """The segments that begin with these elements."""
    return [segment for segment in segments if segment[: len(start)] == list(start)]


@dataclass(frozen=True)
class Reading:
    status: str
    aaa: str | None = None
    loop: str | None = None


def read(segments: Segments) -> Reading:
    """What a 271 about one person says of service type 30, and in which loop it refuses."""
    level, seen = "", set()
    for segment in segments:
        if segment[0] == "HL":
            level = segment[3]
        if segment[0] == "AAA":
            loop = {"20": "2100A", "21": "2100B", "22": "2100C", "23": "2100D"}[level]
            return Reading("rejected", segment[3], loop)
        if segment[0] == "EB" and len(segment) > 3 and segment[3].split("^")[0] == "30":
            seen.add(segment[1])
    if seen & {"1", "5"}:
        return Reading("active")
    return Reading("inactive" if "6" in seen else "unknown")
