"""The options of `serve` that say how the clearinghouse deals with files."""

import argparse

from tradingpartners.simulator.clearinghouse import FileManners
from tradingpartners.simulator.file_limits import Limits, Sign


def add_file_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("files").add_argument
    add("--keep-seconds", type=amount, default=0.0, help="a file stays in the inbox so long after the put")
    add(
        "--reject-overlap",
        type=Sign,
        choices=list(Sign),
        nargs="?",
        const=Sign.ANSWERED,
        metavar="gone | acknowledged | answered",
        help="refuse a file put before the last one is so far; without a word: answered",
    )
    add("--most-per-minute", type=at_least_one, help="refuse a file put when so many were in the last minute")
    add("--most-sets", type=at_least_one, help="refuse a file of more ST than that")
    add("--refuse-silently", action="store_true", help="no TA1 for a refused file")
    add("--wants-acknowledgements", action="store_true", help="ask for a TA1 (ISA14) for every 271 file")


def file_manners(given: argparse.Namespace) -> FileManners:
    return FileManners(
        file_delay=given.file_delay_ms / 1000,
        limits=Limits(
            keep_seconds=given.keep_seconds,
            one_until=given.reject_overlap,
            most_per_minute=given.most_per_minute,
            most_sets=given.most_sets,
            says_why=not given.refuse_silently,
        ),
        wants_acknowledgements=given.wants_acknowledgements,
    )


def at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return int(text)


def amount(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return value
