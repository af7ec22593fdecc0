"""Clearinghouses' payer directories, read into one form; pure functions.

A file that cannot be read whole is refused whole, with the row and field at fault: half a directory
would look like payers that are gone.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import Any, NamedTuple

from tradingpartners.messages.json_values import Object, member, members, text, texts
from tradingpartners.models import PayerListing

Support = PayerListing.Support

MOST_ENTRIES = 50_000
_LONGEST_IDENTIFIER, _LONGEST_NAME, _MOST_ALIASES = 80, 200, 200


class DirectoryFault(StrEnum):
    """Why a directory is refused."""

    NOT_READABLE = "not_readable"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    HEADER_MISSING = "header_missing"
    VALUE_MISSING = "value_missing"
    VALUE_UNKNOWN = "value_unknown"
    TOO_LONG = "too_long"
    REPEATED = "repeated"
    # Of an import rather than of a file.
    UNKNOWN_CHOICE = "unknown_choice"
    DROPPED = "dropped"
    OUTDATED = "outdated"


class DirectoryError(Exception):
    """`row` counts the payers from 1 (a CSV's header is row 0); 0 where it is about no single one."""

    def __init__(self, fault: DirectoryFault, *, row: int = 0, field: str = "") -> None:
        super().__init__(f"{fault.value}: row {row} {field}".rstrip())
        self.fault, self.row, self.field = fault, row, field


class Entry(NamedTuple):
    """A payer as a directory lists it. `names`: others it goes by."""

    identifier: str
    name: str
    eligibility: str
    aliases: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    details: dict[str, Any] = {}


# --- Stedi ------------------------------------------------------------------------------------------

_STEDI_SUPPORT = {
    "SUPPORTED": Support.SUPPORTED,
    "ENROLLMENT_REQUIRED": Support.ENROLMENT_REQUIRED,
    "NOT_SUPPORTED": Support.NOT_SUPPORTED,
}


def read_stedi(content: bytes) -> list[Entry]:
    """`GET /payers`, or the answer of a search. A payer goes by its primary payer id; where several
    share one, the later go by their Stedi id."""
    entries: list[Entry] = []
    taken: set[str] = set()
    for row, item in _listed(content, "items"):
        payer = member(item, "payer") or item
        ids = [each for name in ("primaryPayerId", "stediId") if (each := text(payer, name))]
        if not ids:
            raise DirectoryError(DirectoryFault.VALUE_MISSING, row=row, field="primaryPayerId")
        identifier = next((each for each in ids if each not in taken), ids[0])
        taken.add(identifier)
        said = text(member(payer, "transactionSupport"), "eligibilityCheck")
        processes = member(member(payer, "enrollment"), "transactionEnrollmentProcesses")
        enrolment = member(processes, "eligibilityInquiry")
        entries.append(
            Entry(
                identifier=identifier,
                name=text(payer, "displayName"),
                eligibility=_STEDI_SUPPORT.get(said, Support.NOT_SUPPORTED),
                aliases=_others([*ids, *texts(payer, "aliases")], identifier),
                names=texts(payer, "names"),
                details=_stated(
                    stedi_id=text(payer, "stediId"),
                    coverage_types=list(texts(payer, "coverageTypes")),
                    states=list(texts(payer, "operatingStates")),
                    enrolment=text(enrolment, "type"),
                    enrolment_takes=text(enrolment, "timeframe"),
                ),
            )
        )
    return _checked(entries, identifier="primaryPayerId", name="displayName")


def _others(ids: Iterable[str], identifier: str) -> tuple[str, ...]:
    return tuple(each for each in dict.fromkeys(ids) if each != identifier)


def _stated(**details: Any) -> dict[str, Any]:
    return {name: value for name, value in details.items() if value}


# --- Availity ---------------------------------------------------------------------------------------

_INQUIRY = "Eligibility and Benefits Inquiry"


def read_availity(content: bytes) -> list[Entry]:
    """The payer list. Of a payer's routes those for eligibility count, and by API, where there is one."""
    entries = [_of_availity(payer) for _, payer in _listed(content, "payers")]
    return _checked(entries, identifier="payerId", name="name")


def _of_availity(payer: Object) -> Entry:
    routes = members(payer, "processingRoutes") or [member(payer, "processingRoutes")]
    routes = [each for each in routes if text(each, "transactionDescription") in ("", _INQUIRY) and each]
    routes = [each for each in routes if text(each, "submissionMode") == "API"] or routes
    support = Support.NOT_SUPPORTED
    if routes:
        needs = all(each.get("enrollmentRequired") is True for each in routes)
        support = Support.ENROLMENT_REQUIRED if needs else Support.SUPPORTED
    modes = sorted({text(each, "submissionMode") for each in routes} - {""})
    return Entry(
        identifier=text(payer, "payerId"),
        name=text(payer, "name") or text(payer, "displayName"),
        eligibility=support,
        names=tuple(filter(None, [text(payer, "displayName")])),
        details=_stated(
            short_name=text(payer, "shortName"),
            modes=modes,
            enrolment=text(routes[0], "enrollmentMode") if routes else "",
        ),
    )


# --- CSV, of Waystar and everybody else -----------------------------------------------------------------

# The header of a CSV: the first two are wanted. Aliases are parted by |.
CSV_FIELDS = ("payer_id", "name", "eligibility", "aliases")
_CSV_SUPPORT = {"": Support.SUPPORTED, "yes": Support.SUPPORTED, "enrolment": Support.ENROLMENT_REQUIRED,
                "enrollment": Support.ENROLMENT_REQUIRED, "no": Support.NOT_SUPPORTED}  # fmt: skip


def read_csv(content: bytes) -> list[Entry]:
    """A CSV with a header of `CSV_FIELDS`, in any order; other columns are kept as details."""
    try:
        rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        header = [name.strip().lower() for name in rows.fieldnames or []]
        for wanted in CSV_FIELDS[:2]:
            if wanted not in header:
                raise DirectoryError(DirectoryFault.HEADER_MISSING, field=wanted)
        rows.fieldnames = header
        entries = [_of_csv(row, found) for row, found in enumerate(rows, 1)]
    except (UnicodeDecodeError, csv.Error):
        raise DirectoryError(DirectoryFault.NOT_READABLE) from None
    return _checked(entries, identifier="payer_id", name="name")


def _of_csv(row: int, found: dict[str, Any]) -> Entry:
    support = _CSV_SUPPORT.get(text(found, "eligibility").lower())
    if support is None:
        raise DirectoryError(DirectoryFault.VALUE_UNKNOWN, row=row, field="eligibility")
    identifier = text(found, "payer_id")
    aliases = [each.strip() for each in text(found, "aliases").split("|")]
    more = {name: text(found, name) for name in found if isinstance(name, str) and name not in CSV_FIELDS}
    return Entry(
        identifier=identifier,
        name=text(found, "name"),
        eligibility=support,
        aliases=_others(filter(None, aliases), identifier),
        details=_stated(**more),
    )


# --- what all of them keep -------------------------------------------------------------------------------


def _listed(content: bytes, name: str) -> Iterator[tuple[int, Object]]:
    """The objects of a JSON list, alone or under a name, each with its row."""
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise DirectoryError(DirectoryFault.NOT_READABLE) from None
    items = found.get(name) if isinstance(found, dict) else found
    if not isinstance(items, list):
        raise DirectoryError(DirectoryFault.NOT_READABLE, field=name)
    for row, item in enumerate(items, 1):
        if not isinstance(item, dict):
            raise DirectoryError(DirectoryFault.NOT_READABLE, row=row)
        yield row, item


def _checked(entries: list[Entry], *, identifier: str, name: str) -> list[Entry]:
    """The entries, if each has an identifier of its own and a name, and fits; or the first at fault."""
    if not entries:
        raise DirectoryError(DirectoryFault.EMPTY)
    if len(entries) > MOST_ENTRIES:
        raise DirectoryError(DirectoryFault.TOO_LARGE)
    seen: set[str] = set()
    for row, entry in enumerate(entries, 1):
        for field, value, longest in (
            (identifier, entry.identifier, _LONGEST_IDENTIFIER),
            (name, entry.name, _LONGEST_NAME),
        ):
            if not value:
                raise DirectoryError(DirectoryFault.VALUE_MISSING, row=row, field=field)
            if len(value) > longest:
                raise DirectoryError(DirectoryFault.TOO_LONG, row=row, field=field)
        if len(entry.aliases) > _MOST_ALIASES:
            raise DirectoryError(DirectoryFault.TOO_LONG, row=row, field="aliases")
        if entry.identifier in seen:
            raise DirectoryError(DirectoryFault.REPEATED, row=row, field=identifier)
        seen.add(entry.identifier)
    return entries


# By what a file or an answer is.
READERS: dict[str, Callable[[bytes], list[Entry]]] = {
    "stedi": read_stedi,
    "availity": read_availity,
    "csv": read_csv,
}
