"""What was measured of one candidate, as JSON and as a line of a table for people."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple


class Result(NamedTuple):
    """`seconds` are the processor's; `reason` says why there are none."""

    key: str
    name: str
    version: str
    gives: str
    note: str
    transactions: int = 0
    seconds: tuple[float, ...] = ()
    wall_seconds: tuple[float, ...] = ()
    peak_mb: float | None = None
    # Of what was written.
    digest: str = ""
    reason: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def each(self) -> float:
        """Seconds a transaction: what candidates with files of different length are compared by."""
        return self.median / self.transactions

    def as_json(self, floor: "Result | None") -> dict[str, object]:
        said: dict[str, object] = {"key": self.key, "name": self.name, "version": self.version}
        said |= {"gives": self.gives, "note": self.note}
        if self.reason:
            return said | {"not_measured": self.reason}
        return said | {
            "transactions": self.transactions,
            "runs": len(self.seconds),
            "seconds": [round(each, 4) for each in self.seconds],
            "median_seconds": round(self.median, 4),
            "fastest_seconds": round(min(self.seconds), 4),
            "slowest_seconds": round(max(self.seconds), 4),
            "median_wall_seconds": round(statistics.median(self.wall_seconds), 4),
            "transactions_per_second": round(1 / self.each),
            "over_floor": ratio(self, floor),
            "peak_mb_above_interpreter": None if self.peak_mb is None else round(self.peak_mb, 1),
        }


def ratio(slow: Result | None, fast: Result | None) -> float | None:
    """How many times the time of the other it takes; None where one of them was not measured."""
    if slow is None or fast is None or slow.reason or fast.reason:
        return None
    return round(slow.each / fast.each, 2)


HEADINGS = ("", "version", "gives", "transactions", "seconds", "per second", "x floor", "peak MB")


def table(results: Sequence[Result], floor: Result) -> str:
    """A line for each, and below them what has to be known of some."""
    rows = [HEADINGS, *(_row(result, floor) for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = [
        "  ".join(
            cell.ljust(width) if column < 3 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    notes = [f"{each.name}: {each.note}" for each in results if each.note and not each.reason]
    absent = [f"{each.name} ({each.gives}) not measured: {each.reason}" for each in results if each.reason]
    return "\n".join([*lines, *([""] if notes or absent else []), *notes, *absent])


def _row(result: Result, floor: Result) -> tuple[str, ...]:
    head = (result.name, result.version, result.gives)
    if result.reason:
        return (*head, "not measured", "", "", "", "")
    over = ratio(result, floor)
    return (
        *head,
        f"{result.transactions:,}",
        f"{result.median:.3f}",
        f"{1 / result.each:,.0f}",
        "" if over is None else f"{over:.1f}",
        "" if result.peak_mb is None else f"{result.peak_mb:.0f}",
    )
