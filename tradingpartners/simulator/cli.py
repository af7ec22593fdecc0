"""The command line: `population` writes a demo population, `serve` plays its payers."""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NoReturn

from tradingpartners.simulator.answering import PopulationError
from tradingpartners.simulator.population import make_population
from tradingpartners.simulator.serve import Addresses, Service, serve

EXIT_FAILED, EXIT_WRONG_USE = 1, 2


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_WRONG_USE, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str]) -> int:
    parser = make_parser()
    given = parser.parse_args(arguments)
    try:
        code: int = given.run(given)
    except PopulationError as error:
        sys.stderr.write(f"{parser.prog}: {error}\n")
        return EXIT_WRONG_USE
    except OSError as error:
        sys.stderr.write(f"{parser.prog}: {error}\n")
        return EXIT_FAILED
    return code


def make_parser() -> argparse.ArgumentParser:
    parser = Parser(prog="simulator", description="Simulated payers that answer X12 270s over HTTP and SFTP.")
    commands = parser.add_subparsers(required=True, metavar="population | serve")
    add_population(commands.add_parser("population", help="write a demo population as JSON"))
    add_serve(commands.add_parser("serve", help="answer for a population's payers until stopped"))
    return parser


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
    add("--username", default="riverside", help="for both servers")
    add("--password", help="for both servers; else one at random")
    parser.set_defaults(run=run_serve)


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
            delay=given.delay_ms / 1000,
            file_delay=given.file_delay_ms / 1000,
            hold=given.hold_seconds,
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
