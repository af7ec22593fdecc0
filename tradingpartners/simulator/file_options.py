"""The options of `serve` that say how the clearinghouse deals with files."""

import argparse
from pathlib import Path

from tradingpartners.simulator.as2_keys import As2Options, Mode
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


def add_as2_options(parser: argparse.ArgumentParser) -> None:
    usual = As2Options()
    add = parser.add_argument_group("AS2 (needs pyas2lib)").add_argument
    add("--as2", action="store_true", help="take files by AS2, too, and push what answers them")
    add("--as2-id", default=usual.as2_id, help="of the clearinghouse")
    add("--as2-partner-id", default=usual.partner_id, help="of the other side")
    add(
        "--as2-partner",
        type=Path,
        help="JSON of the other side: as2_id, certificate or certificate_path, url; read when it is there",
    )
    add("--as2-mdn", type=Mode, choices=list(Mode), default=usual.mode, help="the receipts we ask for")
    add("--as2-retry-seconds", type=amount, default=usual.retry_seconds, help="between pushes of a message")


def as2_options(given: argparse.Namespace) -> As2Options | None:
    if not given.as2:
        return None
    return As2Options(
        as2_id=given.as2_id,
        partner_id=given.as2_partner_id,
        partner_file=given.as2_partner,
        mode=given.as2_mdn,
        retry_seconds=given.as2_retry_seconds,
    )


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
