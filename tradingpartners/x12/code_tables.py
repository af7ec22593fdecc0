"""Words of our own for the codes of a 271, from `codes/*.csv`."""

import csv
from functools import cache
from importlib import resources


@cache
def words(table: str) -> dict[str, str]:
    """One table, code to words; read when it is first needed."""
    source = resources.files("tradingpartners.x12").joinpath("codes", f"{table}.csv")
    lines = source.read_text(encoding="utf-8").splitlines()
    return {row["code"]: row["words"] for row in csv.DictReader(lines)}


def in_words(table: str, code: str) -> str:
    """The words for a code; a code that has none stands for itself."""
    return words(table).get(code, f"code {code}")
