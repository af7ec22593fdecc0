"""Words of our own for the codes of a 271, from `codes/*.csv`."""

import csv
from decimal import Decimal
from functools import cache
from importlib import resources

from tradingpartners.x12.elements import plain


@cache
def words(table: str, column: str = "words") -> dict[str, str]:
    """One table, code to words; read when it is first needed."""
    source = resources.files("tradingpartners.x12").joinpath("codes", f"{table}.csv")
    lines = source.read_text(encoding="utf-8").splitlines()
    return {row["code"]: row[column] for row in csv.DictReader(lines)}


def in_words(table: str, code: str, otherwise: str = "") -> str:
    """The words for a code; a code that has none stands for itself."""
    return words(table).get(code, otherwise or f"code {code}")


def quantity_in_words(qualifier: str, quantity: Decimal) -> str:
    """So many of what a quantity qualifier (element 673) counts: "20 visits", "up to age 18"."""
    number = plain(quantity)
    if not qualifier:
        return number
    column = "counted_one" if quantity == 1 else "counted"
    return words("quantity", column).get(qualifier, f"# of code {qualifier}").replace("#", number)


def period_in_words(period: str, count: Decimal | None = None) -> str:
    """Each time period (element 615) or each so many of them: "per calendar year", "remaining"."""
    many = words("period", "many").get(period)
    if count is None or count == 1 or not many:
        return words("period", "per").get(period, f"code {period}")
    return f"per {plain(count)} {many}"


def span_in_words(period: str, count: Decimal | None) -> str:
    """How long: "for 1 month"."""
    noun = words("period", "one" if count == 1 else "many").get(period)
    return f"for {plain(count)} {noun}" if count is not None and noun else period_in_words(period)
