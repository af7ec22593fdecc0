"""The text of a message without who it is about: enough for a support ticket about its form.

What is kept is listed, and everything else is blanked: a segment nobody thought of gives nothing away.
"""

from __future__ import annotations

from tradingpartners import x12

BLANK = "#"

# Segment → positions of elements that may be shown: codes, levels, amounts, and dates of the message.
# TRN and REF numbers are the partner's way back to the person, names and free text may say anything.
_KEPT: dict[str, frozenset[int]] = {
    "ST": frozenset({1, 2, 3}),
    "SE": frozenset({1, 2}),
    "BHT": frozenset({1, 2, 4, 5, 6}),
    "HL": frozenset({1, 2, 3, 4}),
    "TRN": frozenset({1}),
    "NM1": frozenset({1, 2, 8}),
    "REF": frozenset({1}),
    "PER": frozenset({1, 3, 5, 7}),
    "PRV": frozenset({1, 2}),
    "DMG": frozenset({1}),
    "INS": frozenset({1, 2, 3, 4}),
    "DTP": frozenset({1, 2}),
    "EQ": frozenset({1, 3, 4}),
    "EB": frozenset({1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12}),
    "HSD": frozenset(range(1, 9)),
    "III": frozenset({1, 2}),
    "AAA": frozenset({1, 2, 3, 4}),
    "LS": frozenset({1}),
    "LE": frozenset({1}),
    "AMT": frozenset({1, 2}),
}
# Of somebody who is no patient, the name may be read: the payer is who the ticket is about.
_PAYER = frozenset({"PR", "2B"})


def redacted(text: str) -> str:
    """One segment a line; the whole text blanked where it is no X12 we can take apart."""
    segments = x12.explain_set(text)
    return "\n".join(_segment(each) for each in segments) if segments else BLANK


def _segment(segment: x12.ExplainedSegment) -> str:
    separator = segment.text[len(segment.segment_id) : len(segment.segment_id) + 1] or "*"
    values = segment.text.split(separator)
    kept = _KEPT.get(segment.segment_id, frozenset())
    if segment.segment_id == "NM1" and len(values) > 1 and values[1] in _PAYER:
        kept = kept | {3, 9}
    shown = [
        value if not value or position in kept else BLANK for position, value in enumerate(values[1:], 1)
    ]
    return separator.join([segment.segment_id if segment.segment_id.isalnum() else BLANK, *shown])
