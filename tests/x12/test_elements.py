"""Dates, times, amounts: what is on the wire and what it means."""

import tracemalloc
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal

import pytest

from tradingpartners.x12.elements import (
    plain,
    read_amount,
    read_date,
    read_period,
    read_time,
    read_yes_no,
    write_period,
)

DAY = date(2026, 2, 28)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("20260228", DAY),
        (" 20260228 ", DAY),
        ("202602281200", DAY),
        ("260228", DAY),
        ("20260229", None),
        ("20261301", None),
        ("00000000", None),
        ("2026-02-28", None),
        ("2026022", None),
        ("", None),
        ("٢٠٢٦٠٢٢٨", None),
        ("ABCDEFGH", None),
    ],
)
def test_a_date_is_eight_digits_that_name_a_day(text: str, day: date | None) -> None:
    assert read_date(text) == day


@pytest.mark.parametrize(
    ("qualifier", "text", "period"),
    [
        ("D8", "20260228", (DAY, None)),
        ("RD8", "20260228-20260301", (DAY, date(2026, 3, 1))),
        ("D8", "20260228-20260301", (DAY, date(2026, 3, 1))),
        ("RD8", "20260228", (DAY, None)),
        ("RD8", "2026022820260301", (DAY, date(2026, 3, 1))),
        ("RD8", "20260228-", (DAY, None)),
        ("RD8", "-20260228", (None, DAY)),
        ("RD8", "", (None, None)),
    ],
)
def test_a_hyphen_makes_a_range(qualifier: str, text: str, period: tuple[date | None, date | None]) -> None:
    assert read_period(qualifier, text) == period


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("0700", time(7)),
        ("070030", time(7, 0, 30)),
        ("07003099", time(7, 0, 30)),
        ("2400", None),
        ("7", None),
        ("", None),
    ],
)
def test_a_time_is_four_digits_or_more(text: str, moment: time | None) -> None:
    assert read_time(text) == moment


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("10", "10"),
        ("10.00", "10.00"),
        (".10", "0.10"),
        ("10.", "10"),
        ("-5", "-5"),
        ("+5", "5"),
        (" 25 ", "25"),
        ("0", "0"),
        ("123456789012345678.99", "123456789012345678.99"),
    ],
)
def test_an_amount_keeps_its_digits(text: str, written: str) -> None:
    amount = read_amount(text)
    assert amount is not None and plain(amount) == written


@pytest.mark.parametrize(
    "text", ["", "$10", "1,000", "1e5", "NaN", "Infinity", "10.0.0", ".", "-", "１０", "9" * 30]
)
def test_what_is_no_amount_is_none(text: str) -> None:
    assert read_amount(text) is None


def test_amounts_never_show_an_exponent() -> None:
    assert plain(Decimal("1E+5")) == "100000"


def test_yes_and_no_are_two_letters_or_digits() -> None:
    assert [read_yes_no(text) for text in ("Y", "1", "N", "0", "U", "")] == [
        True,
        True,
        False,
        False,
        None,
        None,
    ]


def test_periods_are_written_as_they_are_read() -> None:
    assert write_period(DAY, None) == ("D8", "20260228")
    assert write_period(DAY, date(2026, 3, 1)) == ("RD8", "20260228-20260301")


@pytest.mark.parametrize("read", [read_date, read_time, read_amount])
def test_no_long_text_is_remembered(read: Callable[[str], object]) -> None:
    tracemalloc.start()
    try:
        for number in range(100):
            assert read(f"{number:65536}X") is None
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1_000_000


def test_a_date_in_much_white_space_is_a_date_all_the_same() -> None:
    assert read_date(f"{'20260228':>100}") == DAY
