"""`manage.py x12 inspect|validate|acknowledge FILE`."""

import io
import json
import os
import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import islice

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from tradingpartners.management.files import (
    UNREADABLE_EXIT,
    FileError,
    Input,
    check_output,
    open_input,
    write_output,
)
from tradingpartners.x12 import (
    GENERAL_SERVICE_TYPE,
    TA1,
    AcknowledgedInterchange,
    AcknowledgementFile,
    AcknowledgementPolicy,
    Asked,
    Event,
    Finding,
    ImplementationAcknowledgement,
    Survey,
    X12Error,
    X12WriteError,
    acknowledge_reading,
    describe_finding,
    describe_stream,
    finding_in_place,
    inspect_stream,
    read,
    read_stream,
    survey,
    survey_in_words,
    unreadable,
)

# An acknowledgement needs all of what it answers in memory, some ten times its size. The other
# actions read one set at a time: no file is too large for them.
LARGEST_ACKNOWLEDGED = 512 * 1024 * 1024

FINDINGS_EXIT = 1

_EXIT_CODES = """Exit codes:
  inspect      0 read, whatever is wrong with it; 2 cannot be read
  validate     0 nothing found wrong; 1 something is wrong; 2 cannot be read
  acknowledge  0 all accepted without a note; 1 something rejected, errors noted, or something
               that could not be answered; 2 cannot be read, answered or written
"""
# What would move the cursor, ring, or turn the line around.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
# How many lines are written together.
_LINES = 500
_DECISIONS = {"A": "accepted", "E": "accepted, errors noted", "P": "accepted in part"}

Json = dict[str, object]


def add_arguments_of_acknowledge(acknowledge: ArgumentParser) -> None:
    """Where to, when, under which numbers, how strict."""
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
        choices=[each.value for each in AcknowledgementPolicy],
        default=AcknowledgementPolicy.KEEP_READABLE.value,
        help="reject what could not be read (keep_readable), or all that has an error (strict)",
    )
    acknowledge.add_argument(
        "--ta1",
        choices=[each.value for each in TA1],
        default=TA1.ASKED.value,
        help="a TA1 for each interchange (always), for one that asks for it in ISA14 (asked), or for none"
        " (on_errors); where something is wrong with an interchange there always is one",
    )


class Command(BaseCommand):
    """Says what a file of X12 says, what is wrong with it, and answers it. Needs no database."""

    help = (
        "Reads X12: what a file says (inspect), what is wrong with it (validate), "
        f"and what its sender is told (acknowledge).\n\n{_EXIT_CODES}"
    )
    requires_system_checks: list[str] = []
    errors_as_json = False

    def run_from_argv(self, argv: list[str]) -> None:
        """A wrong argument is said as JSON too, where JSON is asked for."""
        self.errors_as_json = "--json" in argv
        try:
            super().run_from_argv(argv)
        except CommandError as error:
            self.stdout.write(_as_json(_error("argument_wrong", str(error).removeprefix("Error: "))))
            sys.exit(UNREADABLE_EXIT)

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: object) -> CommandParser:
        if self.errors_as_json:
            self._called_from_command_line = False  # the parser raises, and does not print
        return super().create_parser(prog_name, subcommand, **kwargs)

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

        inspect = action("inspect", "Says what a file says.", "as JSON")
        inspect.add_argument(
            "--date",
            type=_day,
            metavar="YYYY-MM-DD",
            help="say of each answer of a 271 whether it covers that day",
        )
        inspect.add_argument(
            "--service-type",
            metavar="CODE",
            help="with --date: for that service type (EQ01); else 30, the plan",
        )
        action(
            "validate",
            "Says what is wrong with a file: its envelopes, and 270, 271, 278 and 999 by their guides.",
            "the findings as JSON, each with its code, its place and words",
        )
        add_arguments_of_acknowledge(
            action(
                "acknowledge",
                "Writes what the sender of a file is told: a TA1 for each interchange, a 999 for each group.",
                "what was accepted and what was rejected, as JSON, with what is to be sent in it",
            )
        )

    def handle(self, *args: object, **options: object) -> None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        self.code = 0
        try:
            self._act(options)
            self.stdout.flush()
        except BrokenPipeError:  # who reads has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if self.code:
            sys.exit(self.code)

    def _act(self, options: dict[str, object]) -> None:
        name, as_json = str(options["file"]), bool(options["json"])
        if options.get("service_type") and not options.get("date"):
            words = "argument --service-type: goes with --date"
            self._refuse(_error("argument_wrong", words), words, as_json)
            return
        try:
            if options.get("out"):
                check_output(str(options["out"]), source=name, force=bool(options["force"]))
            with open_input(name) as source:
                if options["action"] == "inspect":
                    self._inspect(source, as_json, _asked(options))
                elif options["action"] == "validate":
                    self._validate(source, as_json)
                else:
                    self._acknowledge(source, as_json, options)
        except FileError as error:
            self._refuse(_error(error.code, error.words, file=error.name), str(error), as_json)
        except X12Error as error:
            what = f"Cannot be read: {_spaced(error.code.value)}, at character {error.offset + 1}"
            said = _error(error.code.value, what, file=name, offset=error.offset)
            self._refuse({**unreadable(error), **said}, what, as_json)
        except X12WriteError as error:
            what = f"Cannot be answered: {_spaced(error.field)} ({_spaced(error.code.value)})"
            said = _error(error.code.value, what, file=name, field=error.field)
            self._refuse(said, what, as_json)

    def _refuse(self, said: Json, words: str, as_json: bool) -> None:
        self.code = UNREADABLE_EXIT
        if as_json:
            self.stdout.write(_as_json(said))
        else:
            self.stderr.write(_printable(words))

    def _inspect(self, source: Input, as_json: bool, asked: Asked | None) -> None:
        if source.holds_nul():
            for _ in read_stream(source.chunks()):
                pass
        events = self._events(source, shown=not sys.stdout.isatty())
        if as_json:
            for piece in inspect_stream(events, asked=asked):
                self.stdout.write(piece, ending="")
            self.stdout.write("")
            return
        found = Survey()
        self._print(describe_stream(events, found, asked=asked))
        self._print(f"Wrong: {line}" for line in _counted(found.findings))
        self._print(survey_in_words(found))

    def _validate(self, source: Input, as_json: bool) -> None:
        found = survey(self._events(source))
        self.code = FINDINGS_EXIT if found.faults else 0
        if as_json:
            told = [finding_in_place(each) for each in found.findings]
            self.stdout.write(_as_json({"findings": told, "sets": _sets(found)}))
            return
        self._print(survey_in_words(found))
        self._print(_counted(found.findings))

    def _acknowledge(self, source: Input, as_json: bool, options: dict[str, object]) -> None:
        now, number = options["now"], options["control_number"]
        out = str(options["out"]) if options["out"] else None
        answer = acknowledge_reading(
            read(source.whole(LARGEST_ACKNOWLEDGED)),
            now=now if isinstance(now, datetime) else timezone.localtime(),
            control_number=number if isinstance(number, int) else 1,
            policy=AcknowledgementPolicy(str(options["policy"])),
            ta1=TA1(str(options["ta1"])),
        )
        self.code = 0 if answer.accepted else FINDINGS_EXIT
        if answer.unanswered and not answer.interchanges:
            self.code = UNREADABLE_EXIT
        if out is not None:
            write_output(out, answer.wire, source=source.name, force=bool(options["force"]))
        if as_json:
            self.stdout.write(_as_json(_told(answer, out)))
            return
        lines = list(_decided(answer))
        if out is not None:
            lines.append(f"Written to {out}." if answer.wire else "Nothing here is to be acknowledged.")
            self._print(lines)
            return
        if answer.wire:
            self.stdout.write(answer.wire.decode("ascii"))
        for line in lines:
            self.stderr.write(_printable(line), lambda text: text)

    def _events(self, source: Input, *, shown: bool = True) -> Iterator[Event]:
        return read_stream(source.chunks(progress=shown and sys.stderr.isatty()))

    def _print(self, lines: Iterable[str]) -> None:
        coming = iter(lines)
        while block := [_printable(line) for line in islice(coming, _LINES)]:
            self.stdout.write("\n".join(block))


def _printable(line: str) -> str:
    """Characters that do something to a terminal, as what they are: "\\x1b"."""
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), line)


def _counted(findings: Iterable[Finding]) -> Iterator[str]:
    """A line for each finding; those that read the same are one."""
    for line, count in Counter(map(describe_finding, findings)).items():
        yield line if count == 1 else f"{line} ({count} times)"


def _sets(found: Survey) -> Json:
    return {
        "read": found.sets_read,
        "refused": found.sets_refused,
        "envelope_only": [
            {"set": set_id, "version": version, "count": count}
            for (set_id, version), count in found.envelope_only.items()
        ],
    }


def _decided(answer: AcknowledgementFile) -> Iterator[str]:
    for each in answer.interchanges:
        yield f"Interchange {each.control_number}: {_decision(each.note.code, [each.note.note])}"
        for group in each.groups:
            yield from _group_decided(group)
        for unanswered in each.unanswered:
            yield f"  Group {unanswered.control_number}: no 999 ({_spaced(unanswered.reason.value)})"
    for lost in answer.unanswered:
        yield f"Interchange {lost.control_number}: NOT ANSWERED, its {_spaced(lost.field)} cannot be written"
    for line in _counted(answer.untold):
        yield f"Not answered: {line}"


def _group_decided(group: ImplementationAcknowledgement) -> Iterator[str]:
    decision = _decision(group.code, group.notes)
    sets = f"{group.accepted} of {group.received} sets"
    yield f"  Group {group.group_control_number} ({group.functional_id}): {decision}, {sets}"
    for one in group.sets:
        if not one.accepted:
            yield f"    {one.set_id} number {one.control_number}: {_decision(one.code, one.notes)}"


def _decision(code: str | None, notes: Iterable[str]) -> str:
    noted = ", ".join([note for note in notes if note != "000"])
    return _DECISIONS.get(code or "", "REJECTED") + (f" (note {noted})" if noted else "")


def _told(answer: AcknowledgementFile, out: str | None) -> Json:
    where: Json = {"out": out} if out is not None else {"wire": answer.wire.decode("ascii")}
    told = [_interchange_told(each) for each in answer.interchanges]
    unanswered = [
        {"control_number": each.control_number, "code": each.code.value, "field": each.field}
        for each in answer.unanswered
    ]
    return {
        "accepted": answer.accepted,
        "interchanges": told,
        "unanswered": unanswered,
        "untold": [finding_in_place(each) for each in answer.untold],
        "next_control_number": answer.next_control_number,
        **where,
    }


def _interchange_told(each: AcknowledgedInterchange) -> Json:
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
        "unanswered": [
            {"control_number": group.control_number, "reason": group.reason.value}
            for group in each.unanswered
        ],
    }


def _asked(options: dict[str, object]) -> Asked | None:
    day = options["date"]
    return Asked(day, str(options["service_type"] or GENERAL_SERVICE_TYPE)) if isinstance(day, date) else None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no date like 2026-01-06") from None


def _moment(text: str) -> datetime:
    """A date and time in ISO form; without a zone, ours."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no date and time like 2026-01-06T08:30") from None
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


def _error(code: str, words: str, *, file: str | None = None, offset: int | None = None, **more: str) -> Json:
    error = {"code": code, "offset": offset, "file": file, "words": words, **more}
    return {"interchanges": [], "findings": [], "error": error}


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _as_json(said: Json) -> str:
    return json.dumps(said, indent=2)
