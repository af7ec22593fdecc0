"""`manage.py x12 inspect|validate|acknowledge FILE`."""

import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from datetime import datetime
from pathlib import Path

from django.core.management.base import BaseCommand
from django.utils import timezone

from tradingpartners.management.files import UNREADABLE_EXIT, FileError, check_output, write_output
from tradingpartners.x12 import (
    AcknowledgedInterchange,
    AcknowledgementFile,
    AcknowledgementPolicy,
    Reading,
    X12Error,
    X12WriteError,
    acknowledge_reading,
    all_findings,
    describe,
    describe_finding,
    finding_in_place,
    inspection,
    read,
    unreadable,
)

# More than any payer sends in one file; what is larger is not read into memory.
LARGEST_INPUT = 512 * 1024 * 1024

FINDINGS_EXIT = 1

Said = tuple[list[str], int]

_EXIT_CODES = """Exit codes:
  inspect      0 read, whatever is wrong with it; 2 cannot be read
  validate     0 nothing found wrong; 1 something is wrong; 2 cannot be read
  acknowledge  0 all accepted without a note; 1 something rejected, or errors noted;
               2 cannot be read, or not be answered
"""


class Command(BaseCommand):
    """Says what a file of X12 says, what is wrong with it, and answers it. Needs no database."""

    help = (
        "Reads X12: what a file says (inspect), what is wrong with it (validate), "
        f"and what its sender is told (acknowledge).\n\n{_EXIT_CODES}"
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        actions = parser.add_subparsers(dest="action", required=True)

        def action(name: str, words: str, help_of_json: str) -> ArgumentParser:
            each: ArgumentParser = actions.add_parser(
                name,
                help=words,
                description=words,
                epilog=_EXIT_CODES,
                formatter_class=RawDescriptionHelpFormatter,
            )
            each.add_argument("file", help='path of the file, or "-" for standard input')
            each.add_argument("--json", action="store_true", help=help_of_json)
            return each

        action("inspect", "Says what a file says.", "as JSON")
        action(
            "validate",
            "Says what is wrong with a file: its envelopes, and 270, 271, 278 and 999 by their guides.",
            "the findings as JSON, each with its code, its place and words",
        )
        acknowledge = action(
            "acknowledge",
            "Writes what the sender of a file is told: a TA1 for each interchange, a 999 for each group.",
            "what was accepted and what was rejected, as JSON, with what is to be sent in it",
        )
        acknowledge.add_argument(
            "--out", metavar="FILE", help="write there, not to standard output; never over the input"
        )
        acknowledge.add_argument("--force", action="store_true", help="replace FILE of --out if it is there")
        acknowledge.add_argument(
            "--now", type=_moment, metavar="ISO", help="date and time that it bears; else the clock's"
        )
        acknowledge.add_argument(
            "--control-number",
            type=int,
            default=1,
            metavar="N",
            help="control number (ISA13) of the first interchange written; else 1",
        )
        acknowledge.add_argument(
            "--policy",
            type=AcknowledgementPolicy,
            default=AcknowledgementPolicy.KEEP_READABLE,
            metavar="|".join(AcknowledgementPolicy),
            help="reject what could not be read (keep_readable), or all that has an error (strict)",
        )

    def handle(self, *args: object, **options: object) -> None:
        as_json = bool(options["json"])
        try:
            if options.get("out"):
                check_output(str(options["out"]), source=str(options["file"]), force=bool(options["force"]))
            lines, code = self._act(read_input(str(options["file"])), as_json, options)
        except FileError as error:
            if not as_json:
                raise
            lines, code = [_as_json(_not_taken(error))], UNREADABLE_EXIT
        for line in lines:
            self.stdout.write(line)
        if code:
            sys.exit(code)

    def _act(self, data: bytes, as_json: bool, options: dict[str, object]) -> Said:
        if options["action"] == "inspect":
            return inspect_input(data, as_json)
        if options["action"] == "validate":
            return validate_input(data, as_json)
        now, number = options["now"], options["control_number"]
        return acknowledge_input(
            data,
            as_json,
            now=now if isinstance(now, datetime) else timezone.localtime(),
            control_number=number if isinstance(number, int) else 1,
            policy=AcknowledgementPolicy(str(options["policy"])),
            source=str(options["file"]),
            out=str(options["out"]) if options["out"] else None,
            force=bool(options["force"]),
        )


def read_input(name: str) -> bytes:
    """The bytes of a file or of standard input."""
    if name == "-":
        data = sys.stdin.buffer.read(LARGEST_INPUT + 1)
    else:
        try:
            with Path(name).open("rb") as file:
                data = file.read(LARGEST_INPUT + 1)
        except FileNotFoundError as error:
            raise FileError(name, "file_not_found", str(error.strerror)) from None
        except OSError as error:
            raise FileError(name, "file_unreadable", str(error.strerror)) from None
    if len(data) > LARGEST_INPUT:
        raise FileError(name, "file_too_large", f"larger than {LARGEST_INPUT} bytes")
    return data


def _read(data: bytes) -> Reading:
    """The one place where an input becomes a reading."""
    return read(data)


def inspect_input(data: bytes, as_json: bool) -> Said:
    """The lines to print, and the exit code."""
    try:
        reading = _read(data)
    except X12Error as error:
        return _cannot_be_read(error, as_json)
    if as_json:
        return [_as_json(inspection(reading))], 0
    findings = [f"Wrong: {describe_finding(finding)}" for finding in all_findings(reading)]
    return [*describe(reading), *findings], 0


def validate_input(data: bytes, as_json: bool = False) -> Said:
    """The findings, one a line, and the exit code."""
    try:
        findings = all_findings(_read(data))
    except X12Error as error:
        return _cannot_be_read(error, as_json)
    code = FINDINGS_EXIT if findings else 0
    if as_json:
        told = [{**finding_in_place(each), "words": describe_finding(each)} for each in findings]
        return [_as_json({"findings": told})], code
    return [describe_finding(finding) for finding in findings] or ["Nothing found wrong."], code


def acknowledge_input(
    data: bytes,
    as_json: bool,
    *,
    now: datetime,
    control_number: int,
    policy: AcknowledgementPolicy,
    source: str,
    out: str | None,
    force: bool,
) -> Said:
    """The acknowledgement, or where it was written; and the exit code."""
    try:
        answer = acknowledge_reading(_read(data), now=now, control_number=control_number, policy=policy)
    except X12Error as error:
        return _cannot_be_read(error, as_json)
    except X12WriteError as error:
        words = f"Cannot be answered: {error.field.replace('_', ' ')} ({error.code.value.replace('_', ' ')})"
        told: dict[str, object] = {
            "interchanges": [],
            "error": {"code": error.code.value, "field": error.field},
        }
        return [_as_json(told) if as_json else words], UNREADABLE_EXIT
    if out is not None:
        write_output(out, answer.wire, source=source, force=force)
    lines = [_as_json(_told(answer, out))] if as_json else _lines(answer, out)
    return lines, 0 if answer.accepted else FINDINGS_EXIT


def _lines(answer: AcknowledgementFile, out: str | None) -> list[str]:
    if out is not None:
        return [f"Written to {out}."] if answer.wire else ["Nothing here is to be acknowledged."]
    return [answer.wire.decode("ascii")] if answer.wire else []


def _told(answer: AcknowledgementFile, out: str | None) -> dict[str, object]:
    where: dict[str, object] = {"out": out} if out is not None else {"wire": answer.wire.decode("ascii")}
    told = [_interchange_told(each) for each in answer.interchanges]
    return {"accepted": answer.accepted, "interchanges": told, **where}


def _interchange_told(each: AcknowledgedInterchange) -> dict[str, object]:
    return {
        "control_number": each.control_number,
        "code": each.note.code,
        "note": each.note.note,
        "groups": [
            {
                "functional_id": group.functional_id,
                "control_number": group.group_control_number,
                "code": group.code,
                "notes": list(group.notes),
                "included": group.included,
                "received": group.received,
                "accepted": group.accepted,
                "sets": [
                    {
                        "set": one.set_id,
                        "control_number": one.control_number,
                        "code": one.code,
                        "notes": list(one.notes),
                        "errors": len(one.errors),
                    }
                    for one in group.sets
                ],
            }
            for group in each.groups
        ],
    }


def _moment(text: str) -> datetime:
    """A date and time in ISO form; without a zone, ours."""
    moment = datetime.fromisoformat(text)
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


def _cannot_be_read(error: X12Error, as_json: bool) -> Said:
    words = f"Cannot be read: {error.code.value.replace('_', ' ')}, at character {error.offset + 1}"
    return [_as_json(unreadable(error)) if as_json else words], UNREADABLE_EXIT


def _not_taken(error: FileError) -> dict[str, object]:
    return {"interchanges": [], "error": {"code": error.code, "offset": None}}


def _as_json(said: dict[str, object]) -> str:
    return json.dumps(said, indent=2)
