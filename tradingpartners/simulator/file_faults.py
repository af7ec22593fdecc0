"""Faults only a file can have, and the way a fault that answers share is played on one."""

import gzip
from collections.abc import Callable

from tradingpartners.simulator.answer_faults import PLACEHOLDER, spoil_bytes
from tradingpartners.simulator.faults import FAULTS, On
from tradingpartners.simulator.payers import CLEARINGHOUSE_DELIMITERS
from tradingpartners.simulator.scenarios import Fault

# What befalls one transaction set of a file; all other faults of files befall the whole.
OF_ANSWERS = frozenset(
    {
        *("another_members_answer", "changed_identifiers", "duplicate_answer", "unknown_trace", "no_trace"),
        *("late_answer", "rejection_above_subscriber", "hostile_segment", "delimiter_in_data"),
        *("nul_bytes", "latin_1"),
        *(name for name in FAULTS if name.startswith("aaa")),
    }
)
OF_BATCHES = frozenset({"batch_retrying", "batch_unanswered"})  # of another dialect
OF_PUSHES = frozenset({"duplicate_message"})
OF_FILES = frozenset(kind.name for kind in FAULTS.values() if On.FILE in kind.on) - OF_ANSWERS - OF_BATCHES
# What only a folder can show.
OF_FOLDERS = frozenset({"huge_file", "path_in_name", "symlink", "slow_writer"})

# 0-based places in ISA: element separator, component separator, terminator.
ELEMENT_AT, COMPONENT_AT, TERMINATOR_AT = 3, 104, 105
CHUNK = 1 << 20


def spoil_file(raw: bytes, fault: Fault | None) -> bytes:
    """The bytes that go out for those of a whole interchange."""
    raw = raw.replace(PLACEHOLDER.encode(), CLEARINGHOUSE_DELIMITERS.terminator.encode())
    if fault is None:
        return raw
    if fault.name in BYTES:
        return BYTES[fault.name](raw, fault)
    return spoil_bytes(raw, CLEARINGHOUSE_DELIMITERS, fault)


def truncated(raw: bytes, fault: Fault) -> bytes:
    """Ends inside the last answer that is begun: before its SE, so before GE and IEA too."""
    return raw[: raw.rindex(b"*", 0, raw.rindex(b"SE*")) + 1]


def empty(raw: bytes, fault: Fault) -> bytes:
    return b""


def zip_bomb(raw: bytes, fault: Fault) -> bytes:
    """A gzip in many members: a true beginning, then spaces."""
    spaces = gzip.compress(b" " * CHUNK, mtime=0)
    return gzip.compress(raw, mtime=0) + spaces * (int(fault.number("bytes")) // CHUNK)


def bad_delimiters(raw: bytes, fault: Fault) -> bytes:
    """An ISA whose parts cannot be told apart."""
    style, separator = fault.text("style"), raw[ELEMENT_AT : ELEMENT_AT + 1]
    if style == "short":
        return raw[:35] + raw[36:]
    if style == "same":
        return raw[:COMPONENT_AT] + separator + raw[COMPONENT_AT + 1 :]
    return raw.replace(separator, b" " if style == "space" else b"A")


def ebcdic(raw: bytes, fault: Fault) -> bytes:
    return raw.decode("latin-1").encode("cp500", errors="replace")


BYTES: dict[str, Callable[[bytes, Fault], bytes]] = {
    "truncated_file": truncated,
    "empty_file": empty,
    "zip_bomb": zip_bomb,
    "bad_delimiters": bad_delimiters,
    "ebcdic": ebcdic,
}
