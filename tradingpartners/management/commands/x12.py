"""`manage.py x12 inspect FILE [--json]` and `manage.py x12 validate FILE`."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from tradingpartners.x12 import (
    X12Error,
    all_findings,
    describe,
    describe_finding,
    inspection,
    read,
    unreadable,
)

# More than any payer sends in one file; what is larger is not read into memory.
LARGEST_INPUT = 512 * 1024 * 1024

FINDINGS_EXIT = 1
UNREADABLE_EXIT = 2


class Command(BaseCommand):
    """Says what a file of X12 says. Needs no database."""

    help = "Reads X12: what an interchange says (inspect), what is wrong with it (validate)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        inspect = actions.add_parser("inspect", help="what an interchange says")
        inspect.add_argument("file", help='path of the file, or "-" for standard input')
        inspect.add_argument("--json", action="store_true", help="as JSON")
        validate = actions.add_parser("validate", help="what is wrong with it; exit 1 if anything")
        validate.add_argument("file", help='path of the file, or "-" for standard input')

    def handle(self, *args: object, **options: object) -> None:
        as_json = bool(options.get("json"))
        data = read_input(str(options["file"]))
        lines, code = inspect_input(data, as_json) if options["action"] == "inspect" else validate_input(data)
        for line in lines:
            self.stdout.write(line)
        if code:
            sys.exit(code)


def read_input(name: str) -> bytes:
    """The bytes of a file or of standard input."""
    if name == "-":
        data = sys.stdin.buffer.read(LARGEST_INPUT + 1)
    else:
        try:
            with Path(name).open("rb") as file:
                data = file.read(LARGEST_INPUT + 1)
        except OSError as error:
            raise CommandError(f"{name}: {error.strerror}", returncode=UNREADABLE_EXIT) from None
    if len(data) > LARGEST_INPUT:
        raise CommandError(f"{name}: larger than {LARGEST_INPUT} bytes", returncode=UNREADABLE_EXIT)
    return data


def inspect_input(data: bytes, as_json: bool) -> tuple[list[str], int]:
    """The lines to print, and the exit code."""
    try:
        reading = read(data)
    except X12Error as error:
        line = json.dumps(unreadable(error), indent=2) if as_json else _unreadable_line(error)
        return [line], UNREADABLE_EXIT
    if as_json:
        return [json.dumps(inspection(reading), indent=2)], 0
    findings = [f"Wrong: {describe_finding(finding)}" for finding in all_findings(reading)]
    return [*describe(reading), *findings], 0


def validate_input(data: bytes) -> tuple[list[str], int]:
    """The findings, one a line, and the exit code."""
    try:
        findings = all_findings(read(data))
    except X12Error as error:
        return [_unreadable_line(error)], UNREADABLE_EXIT
    lines = [describe_finding(finding) for finding in findings]
    return lines or ["Nothing found wrong."], FINDINGS_EXIT if findings else 0


def _unreadable_line(error: X12Error) -> str:
    return f"Cannot be read: {error.code.value.replace('_', ' ')}, at character {error.offset + 1}"
