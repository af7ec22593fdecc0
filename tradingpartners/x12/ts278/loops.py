"""What may stand where in a 278: levels, loops, segments, elements; 005010X217 and 004010X094."""

from typing import NamedTuple

from tradingpartners.x12.hierarchy import (
    DEPENDENT,
    INFORMATION_RECEIVER,
    INFORMATION_SOURCE,
    SUBSCRIBER,
)
from tradingpartners.x12.parties import DELIVERY_AMOUNTS
from tradingpartners.x12.ts278.codes import (
    DELAY_REASONS,
    HEALTH_CONDITIONS,
    PROGNOSES,
    READ_CERTIFICATION_TYPES,
    READ_FOLLOW_UPS,
    READ_GENDERS,
    READ_LEVELS_OF_SERVICE,
    READ_REQUEST_CATEGORIES,
    RELEASES,
    YES_OR_NO,
    words,
)
from tradingpartners.x12.ts278.values import PATIENT_EVENT, PROVIDER_OF_SERVICE, SERVICE


class NameLoop(NamedTuple):
    """A loop that begins with NM1, and the segments behind it."""

    id: str
    segments: frozenset[str]


class Level(NamedTuple):
    """A loop that begins with HL."""

    loop: str
    segments: frozenset[str]
    # The levels it may stand below.
    parents: frozenset[str]
    name: NameLoop
    # 4010 has more of them here: what an event has in 5010 stood with its patient or its service.
    segments_of_4010: frozenset[str] = frozenset()


_PROVIDER = words("REF N3 N4 PER PRV AAA")
_PERSON = words("REF N3 N4 AAA DMG INS")
_CLINICAL = "CRC CL1 CR1 CR2 CR4 CR5 CR6"
_REVIEW = "TRN AAA UM HCR REF DTP HI HSD PWK MSG"

LEVELS = {
    INFORMATION_SOURCE: Level("2000A", words("AAA"), frozenset(), NameLoop("2010A", words("PER AAA"))),
    INFORMATION_RECEIVER: Level(
        "2000B", words("PWK"), words(INFORMATION_SOURCE), NameLoop("2010B", _PROVIDER)
    ),
    SUBSCRIBER: Level(
        "2000C",
        words("PWK"),
        words(INFORMATION_RECEIVER),
        NameLoop("2010C", _PERSON),
        words("TRN AAA DTP HI"),
    ),
    DEPENDENT: Level(
        "2000D", words("PWK"), words(SUBSCRIBER), NameLoop("2010D", _PERSON), words("TRN AAA DTP HI")
    ),
    PATIENT_EVENT: Level(
        "2000E",
        words(f"{_REVIEW} CRC CL1 CR1 CR2 CR5 CR6"),
        frozenset([SUBSCRIBER, DEPENDENT]),
        NameLoop("2010EA", _PROVIDER),
    ),
    PROVIDER_OF_SERVICE: Level(
        "2000E", words("MSG"), frozenset([SUBSCRIBER, DEPENDENT]), NameLoop("2010E", _PROVIDER)
    ),
    SERVICE: Level(
        "2000F",
        words(f"{_REVIEW} SV1 SV2 SV3 TOO"),
        frozenset([PATIENT_EVENT, PROVIDER_OF_SERVICE]),
        NameLoop("2010F", _PROVIDER),
        words(_CLINICAL),
    ),
}
# NM101 of 2010E: providers, places of a transport, other organizations that manage the event.
EVENT_PROVIDERS = words("71 72 73 77 AAJ DD DK DN FA G3 P3 QB QV SJ")
_EVENT_NAMES = (
    (EVENT_PROVIDERS, LEVELS[PATIENT_EVENT].name),
    (words("45 FS ND PW R3"), NameLoop("2010EB", words("N3 N4 AAA"))),
    (words("00 CA GG"), NameLoop("2010EC", words("REF DTP N3 N4 AAA"))),
)
KNOWN_LEVELS = frozenset(LEVELS) - {PROVIDER_OF_SERVICE}
SEGMENTS = words(f"ST BHT HL NM1 N3 N4 PER PRV DMG INS SV1 SV2 SV3 TOO {_REVIEW} {_CLINICAL} SE")


def event_name_loop(entity: str) -> NameLoop | None:
    """The loop of a name below a patient event, by its NM101."""
    return next((loop for entities, loop in _EVENT_NAMES if entity in entities), None)


# The elements a segment says nothing without; 005010X217 and the standard below it.
REQUIRED = {
    "AAA": (1, 3),
    "CR6": (1, 8),
    "CRC": (1, 2, 3),
    "DTP": (1, 2, 3),
    "HCR": (1,),
    "HI": (1,),
    "INS": (2,),
    "MSG": (1,),
    "N3": (1,),
    "NM1": (1, 2),
    "PER": (1,),
    "PRV": (1,),
    "PWK": (1,),
    "REF": (1,),
    "SV1": (1,),
    "SV3": (1,),
    "TRN": (1, 2),
    "UM": (1,),
}
# Coded elements whose codes are few enough to be known.
CODES = {
    ("AAA", 1): YES_OR_NO,
    ("AAA", 4): READ_FOLLOW_UPS,
    ("CRC", 2): YES_OR_NO,
    ("DMG", 3): READ_GENDERS,
    ("HCR", 4): YES_OR_NO,
    ("NM1", 2): words("1 2 3 4 5 6 7 8 9 A B C D E G H L"),
    ("TRN", 1): words("1 2 3"),
    ("UM", 1): READ_REQUEST_CATEGORIES,
    ("UM", 2): READ_CERTIFICATION_TYPES,
    ("UM", 6): READ_LEVELS_OF_SERVICE,
    ("UM", 7): HEALTH_CONDITIONS,
    ("UM", 8): PROGNOSES,
    ("UM", 9): RELEASES,
    ("UM", 10): DELAY_REASONS,
}
AMOUNTS = {
    "HSD": DELIVERY_AMOUNTS,
    "SV1": (2, 4),
    "SV2": (3, 5, 6),
    "SV3": (2, 6),
}
