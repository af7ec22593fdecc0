"""The command line: `population` writes a demo population, `serve` plays its payers.

Without either, `--scenario FILE` does both: a small population, served at once, to practise with.
"""

import argparse
import json
import secrets
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NoReturn

from tradingpartners.simulator.answering import PopulationError
from tradingpartners.simulator.as2_library import As2MissingError
from tradingpartners.simulator.availity_door import FIRST_REPLIES, AvailityHabits
from tradingpartners.simulator.clearinghouse import FileManners
from tradingpartners.simulator.desk import Pace
from tradingpartners.simulator.faults import KINDS
from tradingpartners.simulator.file_options import (
    add_as2_options,
    add_file_options,
    as2_options,
    file_manners,
)
from tradingpartners.simulator.population import make_population
from tradingpartners.simulator.scenarios import Scenario, ScenarioError, read_scenario
from tradingpartners.simulator.serve import Addresses, Service, serve
from tradingpartners.simulator.stedi_door import AAA_STATUSES, StediHabits

EXIT_FAILED, EXIT_WRONG_USE = 1, 2
MEMBERS_TO_PRACTISE_WITH = 60


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_WRONG_USE, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str]) -> int:
    parser = make_parser()
    given = parser.parse_args(arguments)
    try:
        code: int = given.run(given)
    except (PopulationError, ScenarioError, As2MissingError) as error:
        sys.stderr.write(f"{parser.prog}: {error}\n")
        return EXIT_WRONG_USE
    except OSError as error:
        sys.stderr.write(f"{parser.prog}: {error}\n")
        return EXIT_FAILED
    return code


def make_parser() -> argparse.ArgumentParser:
    parser = Parser(prog="simulator", description="Simulated payers that answer X12 270s over HTTP and SFTP.")
    parser.add_argument("--list-faults", action="store_true", help="say which faults there are")
    add_practice(parser)
    parser.set_defaults(run=lambda given: run_practice(parser, given))
    commands = parser.add_subparsers(metavar="population | serve")
    add_population(commands.add_parser("population", help="write a demo population as JSON"))
    add_serve(commands.add_parser("serve", help="answer for a population's payers until stopped"))
    return parser


def add_practice(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scenario", type=Path, help="faults to play, as TOML")
    parser.add_argument("--folder", type=Path, help="where to work; else a new temporary folder")
    parser.add_argument("--http-port", type=natural, default=0, help="0 picks a free one")
    parser.add_argument("--sftp-port", type=natural, default=0, help="0 picks a free one")


def add_population(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--members", type=natural, required=True, help="patients to invent")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same population")
    parser.add_argument("--today", type=day, required=True, help="YYYY-MM-DD at the practice")
    parser.add_argument(
        "--window-days", type=natural, default=7, help="visits fall within so many days of today"
    )
    parser.add_argument("--out", type=Path, required=True, help="file to write")
    parser.set_defaults(run=run_population)


def add_serve(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--population", type=Path, required=True, help="file the population command wrote")
    add("--journal", type=Path, required=True, help="JSON lines to append to")
    add("--ready", type=Path, required=True, help="file to write once both servers listen")
    add("--http-port", type=natural, default=0, help="0 picks a free one")
    add("--sftp-port", type=natural, default=0, help="0 picks a free one")
    add("--root", type=Path, help="folder for files and the host key; else a temporary one")
    add("--today", type=day, help="YYYY-MM-DD at the payers; else the population's")
    add("--delay-ms", type=natural, default=30, help="a real-time answer takes about so long")
    add("--file-delay-ms", type=natural, default=500, help="so long to the 999, again to the 271")
    add("--hold-seconds", type=seconds, default=8.0, help="how long a line without answer is held")
    add("--scenario", type=Path, help="faults to play, as TOML")
    add("--npi-per-minute", type=natural, default=0, help="put off who asks a payer more often; 0: nobody")
    add("--tls", action="store_true", help="open a TLS port as it should be, and one for each flaw")
    add("--batch-delay-ms", type=natural, default=2000, help="a JSON batch takes about so long")
    add("--most-calls", type=natural, default=50, help="JSON calls an account may have open at once")
    add("--aaa-http-status", choices=AAA_STATUSES, default="200", help="of a rejection in JSON")
    add(
        "--token-seconds",
        type=seconds,
        default=300.0,
        help="how long tokens are good, of pages and of access",
    )
    add(
        "--first-reply",
        choices=FIRST_REPLIES,
        default="202",
        help="to a coverage: fetch it (202), or it (200)",
    )
    add("--username", default="riverside", help="for both servers")
    add("--password", help="for both servers; else one at random")
    add_file_options(parser)
    add_as2_options(parser)
    parser.set_defaults(run=run_serve)


def run_practice(parser: argparse.ArgumentParser, given: argparse.Namespace) -> int:
    """A population of its own, and its payers with the scenario's faults, until stopped."""
    if given.list_faults:
        sys.stdout.write("".join(fault_lines()))
        return 0
    if given.scenario is None:
        parser.error("name a command (population, serve), --scenario FILE or --list-faults")
    scenario = read_scenario(given.scenario)
    folder = given.folder or Path(tempfile.mkdtemp(prefix="simulator-"))
    folder.mkdir(parents=True, exist_ok=True)
    population = folder / "population.json"
    if not population.exists():
        today = datetime.now(UTC).astimezone().date()
        made = make_population(
            members=MEMBERS_TO_PRACTISE_WITH, seed=scenario.seed, today=today, window_days=7
        )
        population.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(
        f"patients: {population}\naddresses and keys: {folder / 'ready.json'}\n"
        f"journal: {folder / 'journal.jsonl'}\n"
    )
    sys.stdout.flush()
    serve(
        Service(
            population=population,
            journal=folder / "journal.jsonl",
            ready=folder / "ready.json",
            root=folder / "files",
            today=None,
            pace=Pace(delay=0.3, hold=8.0),
            files=FileManners(file_delay=5.0),
            scenario=scenario,
        ),
        Addresses(
            http_port=given.http_port,
            sftp_port=given.sftp_port,
            username="riverside",
            password=kept_password(folder / "password"),
        ),
    )
    return 0


def kept_password(path: Path) -> str:
    """The same in every run in one folder: whoever was set up to ask can ask again."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(18), encoding="utf-8")
    return path.read_text(encoding="utf-8")


def fault_lines() -> list[str]:
    """Number, name, what it befalls and a sentence; then the parameters with their defaults."""
    lines = []
    for kind in KINDS:
        befalls = ",".join(sorted(kind.on))
        more = " ".join(f"{key}={value}" for key, value in kind.parameters.items())
        text = f"{kind.number or '-':>3}  {kind.name:<28}{befalls:<12}{kind.sentence}"
        lines.append(f"{text}{f'  [{more}]' if more else ''}\n")
    return lines


def run_population(given: argparse.Namespace) -> int:
    population = make_population(
        members=given.members, seed=given.seed, today=given.today, window_days=given.window_days
    )
    given.out.write_text(json.dumps(population, indent=1) + "\n", encoding="utf-8")
    return 0


def run_serve(given: argparse.Namespace) -> int:
    serve(
        Service(
            population=given.population,
            journal=given.journal,
            ready=given.ready,
            root=given.root,
            today=given.today,
            pace=Pace(
                delay=given.delay_ms / 1000,
                hold=given.hold_seconds,
                npi_per_minute=given.npi_per_minute,
            ),
            files=file_manners(given),
            as2=as2_options(given),
            scenario=read_scenario(given.scenario) if given.scenario else Scenario(),
            stedi=StediHabits(
                aaa_http_status=given.aaa_http_status,
                most_calls=given.most_calls,
                batch_delay=given.batch_delay_ms / 1000,
                token_seconds=given.token_seconds,
            ),
            tls=given.tls,
            availity=AvailityHabits(first_reply=given.first_reply, token_seconds=given.token_seconds),
        ),
        Addresses(
            http_port=given.http_port,
            sftp_port=given.sftp_port,
            username=given.username,
            password=given.password,
        ),
    )
    return 0


def natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
    return int(text)


def seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return value


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date YYYY-MM-DD") from error
