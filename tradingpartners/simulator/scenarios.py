"""Scenarios: which faults the simulated partners play, when, and for whom.

A scenario is TOML: a `seed` and any number of `[[fault]]` tables. The same seed and the same
occasions in the same order give the same faults, in every process.
"""

import re
import time
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Any

from tradingpartners.simulator.dice import dice
from tradingpartners.simulator.faults import FAULTS, FaultKind, On, Value
from tradingpartners.simulator.journal import Journal

__all__ = ["FAULTS", "Fault", "Occasion", "On", "Scenario", "ScenarioError", "Stage", "read_scenario"]

COMMON_KEYS = ("name", "on", "payer", "member_id", "after", "times", "rate", "from", "until")
AT_LINE = re.compile(r"at line (\d+)")


class Problem(StrEnum):
    UNREADABLE = "cannot be read"
    NO_TOML = "is no TOML"
    UNKNOWN_KEY = "is no key here"
    UNKNOWN_FAULT = "is no fault"
    MISSING = "is missing"
    WRONG_TYPE = "is not of the right type"
    OUT_OF_RANGE = "is out of range"
    WRONG_OCCASION = "is nothing this fault befalls"


class ScenarioError(Exception):
    """A scenario that cannot be played. `field` is a key, or empty; `line` counts from 1, 0 is none."""

    def __init__(self, problem: Problem, *, line: int = 0, field: str = "", hint: str = "") -> None:
        place = f"line {line}: " if line else ""
        super().__init__(f"{place}{field} {problem}{f' ({hint})' if hint else ''}".replace("  ", " "))
        self.problem = problem
        self.line = line
        self.field = field
        self.hint = hint


@dataclass(frozen=True)
class Occasion:
    """What may go wrong. `ordinal` counts the occasions of a kind from 1, `at` seconds since the start.

    `playable` names the faults the door that asks can play; a fault that is none of them is not met.
    """

    kind: On
    ordinal: int
    at: float
    payer: str = ""  # payer id, empty where an occasion has none
    member_ids: frozenset[str] = frozenset()
    playable: frozenset[str] | None = None


@dataclass(frozen=True)
class Fault:
    """A fault to be played now. `drawn` is a whole number of this fault's own, to vary it by."""

    kind: FaultKind
    parameters: Mapping[str, Value]
    drawn: int

    @property
    def name(self) -> str:
        return self.kind.name

    def number(self, parameter: str) -> float:
        return float(self.parameters[parameter])

    def text(self, parameter: str) -> str:
        return str(self.parameters[parameter])


@dataclass
class Rule:
    """One `[[fault]]`, and how often it was met and played."""

    kind: FaultKind
    on: frozenset[On]
    parameters: Mapping[str, Value] = field(default_factory=dict)
    payer: str | None = None
    member_id: str | None = None
    after: int = 0
    times: int | None = None
    rate: float = 1.0
    begins: float = 0.0
    ends: float = float("inf")
    met: int = 0
    played: int = 0

    def meets(self, occasion: Occasion) -> bool:
        return (
            occasion.kind in self.on
            and (occasion.playable is None or self.kind.name in occasion.playable)
            and self.payer in (None, occasion.payer)
            and (self.member_id is None or self.member_id in occasion.member_ids)
            and self.begins <= occasion.at < self.ends
        )

    @property
    def is_spent(self) -> bool:
        return self.times is not None and self.played >= self.times


class Scenario:
    """The faults to play. It remembers what it has met: one scenario to a running simulator."""

    def __init__(self, rules: Iterable[Rule] = (), *, seed: int = 1) -> None:
        self.rules = list(rules)
        self.seed = seed

    def fault_for(self, occasion: Occasion) -> Fault | None:
        """The first fault that is due. Every rule an occasion fits counts it, played or not."""
        due = None
        for number, rule in enumerate(self.rules):
            if not rule.meets(occasion):
                continue
            rule.met += 1
            chance = dice("fault", self.seed, number, rule.met)
            is_due = rule.met > rule.after and not rule.is_spent and chance.random() < rule.rate
            if is_due and due is None:
                rule.played += 1
                due = Fault(rule.kind, {**rule.kind.parameters, **rule.parameters}, chance.randrange(10**9))
        return due

    def names(self, on: On) -> frozenset[str]:
        """The faults that could befall such an occasion."""
        return frozenset(rule.kind.name for rule in self.rules if on in rule.on)


class Stage:
    """A scenario in a running simulator: counts, keeps the time, and books every fault it plays."""

    def __init__(
        self, scenario: Scenario, journal: Journal, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.scenario = scenario
        self.journal = journal
        self.clock = clock
        self.started = clock()
        self.counts = dict.fromkeys(On, 0)

    def fault_for(
        self,
        kind: On,
        *,
        payer: str = "",
        member_ids: Iterable[str] = (),
        playable: frozenset[str] | None = None,
        **more: object,
    ) -> Fault | None:
        """The fault for the next occasion of a kind; `more` goes into its line in the journal."""
        self.counts[kind] += 1
        occasion = Occasion(
            kind=kind,
            ordinal=self.counts[kind],
            at=self.clock() - self.started,
            payer=payer,
            member_ids=frozenset(member_ids),
            playable=playable,
        )
        fault = self.scenario.fault_for(occasion)
        if fault is not None:
            entry = {
                "event": "fault",
                "fault": fault.name,
                "number": fault.kind.number,
                "on": kind.value,
                "ordinal": occasion.ordinal,
                "payer": payer or None,
                "member_ids": sorted(occasion.member_ids),
                "parameters": dict(fault.parameters),
                **more,
            }
            self.journal.write([entry])
        return fault


def read_scenario(path: Path) -> Scenario:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(Problem.UNREADABLE, field=str(path)) from error
    return parse_scenario(text)


def parse_scenario(text: str) -> Scenario:
    try:
        contents = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = AT_LINE.search(str(error))
        line = int(at[1]) if at else len(text.splitlines())  # else it ends too early
        raise ScenarioError(Problem.NO_TOML, line=line, field="the scenario") from error
    lines = Lines(text)
    for key in contents.keys() - {"seed", "fault"}:
        raise ScenarioError(Problem.UNKNOWN_KEY, line=lines.find(key), field=key, hint="seed or [[fault]]")
    seed = contents.get("seed", 1)
    if not is_whole(seed):
        raise ScenarioError(Problem.WRONG_TYPE, line=lines.find("seed"), field="seed", hint="a whole number")
    tables = contents.get("fault", [])
    if not isinstance(tables, list):
        raise ScenarioError(
            Problem.WRONG_TYPE, line=lines.find("fault"), field="fault", hint="write [[fault]]"
        )
    return Scenario(
        [read_rule(table, lines, number) for number, table in enumerate(tables, start=1)], seed=seed
    )


def read_rule(table: Any, lines: "Lines", number: int) -> Rule:
    if not isinstance(table, dict):
        raise ScenarioError(Problem.WRONG_TYPE, line=lines.find("fault"), field="fault", hint="a table")
    given = Table(table, lines, number)
    name = given.text("name")
    if name is None:
        raise given.error(Problem.MISSING, "name")
    kind = FAULTS.get(name)
    if kind is None:
        close = get_close_matches(name, FAULTS, n=4, cutoff=0.45)
        nearest = f"the nearest: {', '.join(close)}" if close else "see --list-faults"
        raise given.error(Problem.UNKNOWN_FAULT, "name", f"“{name[:60]}”; {nearest}")
    for key in table:
        if key not in COMMON_KEYS and key not in kind.parameters:
            raise given.error(Problem.UNKNOWN_KEY, key, ", ".join([*kind.parameters, *COMMON_KEYS[1:]]))
    begins, ends = given.at_least("from", 0.0), given.at_least("until", float("inf"))
    if ends <= begins:
        raise given.error(Problem.OUT_OF_RANGE, "until", "after from")
    rate = given.at_least("rate", 1.0)
    if rate > 1:
        raise given.error(Problem.OUT_OF_RANGE, "rate", "0 to 1")
    return Rule(
        kind=kind,
        on=read_on(given, kind),
        parameters={key: given.like(key, usual) for key, usual in kind.parameters.items()},
        payer=given.text("payer"),
        member_id=given.text("member_id"),
        after=given.whole("after", 0) or 0,
        times=given.whole("times", None),
        rate=rate,
        begins=begins,
        ends=ends,
    )


def read_on(given: "Table", kind: FaultKind) -> frozenset[On]:
    """What the fault befalls: all it can, or the one `on` names."""
    on = given.text("on")
    if on is None:
        return kind.on
    if on not in kind.on:
        raise given.error(Problem.WRONG_OCCASION, "on", ", ".join(sorted(kind.on)))
    return frozenset({On(on)})


class Lines:
    """Where keys stand in the text: tomllib gives values without their lines."""

    def __init__(self, text: str) -> None:
        self.lines = text.splitlines()
        self.tables = [at for at, line in enumerate(self.lines) if line.strip().startswith("[[")]

    def find(self, key: str, table: int = 0) -> int:
        """The line of a key in the nth `[[fault]]` (0: before the first); else the table's own."""
        bounds = [0, *self.tables, len(self.lines)]
        at = min(table, len(bounds) - 2)
        for number in range(bounds[at], bounds[at + 1]):
            if re.match(rf"""\s*["']?{re.escape(key)}["']?\s*[=.]""", self.lines[number]):
                return number + 1
        return bounds[at] + 1


@dataclass(frozen=True)
class Table:
    """One `[[fault]]`: its values by type, refused with the line they stand in."""

    values: Mapping[str, Any]
    lines: Lines
    number: int

    def error(self, problem: Problem, key: str, hint: str = "") -> ScenarioError:
        return ScenarioError(problem, line=self.lines.find(key, self.number), field=key, hint=hint)

    def text(self, key: str) -> str | None:
        value = self.values.get(key)
        if value is not None and not isinstance(value, str):
            raise self.error(Problem.WRONG_TYPE, key, "a text in quotes")
        return value

    def whole(self, key: str, usual: int | None) -> int | None:
        value = self.values.get(key, usual)
        if value is not None and not (is_whole(value) and value >= 0):
            raise self.error(Problem.WRONG_TYPE, key, "a whole number of 0 or more")
        return None if value is None else int(value)

    def at_least(self, key: str, usual: float) -> float:
        """A number of 0 or more."""
        value = self.values.get(key, usual)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error(Problem.WRONG_TYPE, key, "a number")
        if not value >= 0:
            raise self.error(Problem.OUT_OF_RANGE, key, "0 or more")
        return float(value)

    def like(self, key: str, usual: Value) -> Value:
        """A parameter of the type its default has."""
        if isinstance(usual, bool):
            value = self.values.get(key, usual)
            if not isinstance(value, bool):
                raise self.error(Problem.WRONG_TYPE, key, "true or false")
            return value
        if isinstance(usual, str):
            return self.text(key) or usual
        if isinstance(usual, int):
            return self.whole(key, usual) or 0
        return self.at_least(key, usual)


def is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
