"""What the form of a connection asks for, and what its transport reads: the same, for every transport."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tradingpartners.messages import DIALECTS
from tradingpartners.models import TransportKind
from tradingpartners.setup.fields import SETTINGS
from tradingpartners.setup.partner_forms import _SHAPES as FORM_SHAPES
from tradingpartners.setup.settings_rules import SHAPES as RULE_SHAPES
from tradingpartners.transports.registry import FILES, LIVE, POLLED, transport_of

ROOT = Path(__file__).resolve().parent.parent.parent
TRANSPORTS = "tradingpartners.transports"
KINDS = sorted({*LIVE, *FILES, *POLLED})
MAPPINGS = ("settings", "credentials")
# What a dialect reads for another kind of its partners only.
NOT_FOR = {"stedi": {("settings", "max_retry_hours")}}

Key = tuple[str, str]  # settings or credentials, and the name in it


class Function(NamedTuple):
    node: ast.FunctionDef | ast.AsyncFunctionDef

    @property
    def parameters(self) -> list[str]:
        return [each.arg for each in [*self.node.args.args, *self.node.args.kwonlyargs]]


# --- which modules ------------------------------------------------------------------------------------


def path_of(module: str) -> list[Path]:
    """A module's file, or all of a package's."""
    path = ROOT.joinpath(*module.split("."))
    return sorted(path.glob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


def read_by(kind: str) -> list[ast.Module]:
    """The transport, what it is built of, and its dialect."""
    seen: dict[Path, ast.Module] = {}
    waiting = [transport_of(kind).__name__]  # type: ignore[attr-defined]  # a module
    while waiting:
        for path in path_of(waiting.pop()):
            if path in seen:
                continue
            seen[path] = ast.parse(path.read_text(encoding="utf-8"))
            waiting += [name for name in imported(seen[path]) if name.startswith(f"{TRANSPORTS}.")]
    dialect = path_of(DIALECTS[kind].__name__)[0]  # type: ignore[attr-defined]  # a module
    return [*seen.values(), ast.parse(dialect.read_text(encoding="utf-8"))]


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            yield from (name for name in names if is_transport_module(name))


def is_transport_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path.is_dir() and name != TRANSPORTS)


# --- which keys ---------------------------------------------------------------------------------------


class Reading:
    """All keys a set of modules reads from settings and credentials, through functions of theirs that
    take the key as an argument. A key that cannot be told fails: nothing is read unseen."""

    def __init__(self, modules: list[ast.Module]) -> None:
        self.functions = [
            Function(node)
            for module in modules
            for node in ast.walk(module)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        self.keys: set[Key] = set()
        for function in self.functions:
            for mapping, key in reads(function):
                self.keys |= {(mapping, name) for name in self.names(function, key)}

    def names(self, function: Function, key: ast.expr) -> Iterator[str]:
        match key:
            case ast.Constant(value=str() as name):
                yield name
            case ast.JoinedStr(
                values=[ast.FormattedValue(value=ast.Name() as begin), ast.Constant(value=str() as end)]
            ):
                yield from (f"{each}{end}" for each in self.names(function, begin))
            case ast.Name(id=name) if name in function.parameters:
                yield from self.arguments(function, name)
            case ast.Name(id=name):
                yield from (each for loop in loops(function, name) for each in self.names(function, loop))
            case _:
                pytest.fail(f"which key is this? {function.node.name}: {ast.unparse(key)}")

    def arguments(self, function: Function, parameter: str) -> Iterator[str]:
        """What the callers of a function give it for one of its parameters."""
        place = function.parameters.index(parameter)
        for caller in self.functions:
            for node in ast.walk(caller.node):
                if isinstance(node, ast.Call) and called(node) == function.node.name:
                    named = [each.value for each in node.keywords if each.arg == parameter]
                    for given in named or node.args[place : place + 1]:
                        yield from self.names(caller, given)


def called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def reads(function: Function) -> Iterator[tuple[str, ast.expr]]:
    known = {name: name for name in function.parameters if name in MAPPINGS}
    for node in ast.walk(function.node):
        if isinstance(node, ast.Assign):
            known |= aliases(node, known)
    for node in ast.walk(function.node):
        match node:
            case (
                ast.Call(func=ast.Attribute(value=of, attr="get"), args=[key, *_])
                | ast.Subscript(value=of, slice=key)
            ):
                if mapping := mapping_of(of, known):
                    yield mapping, key


def aliases(node: ast.Assign, known: dict[str, str]) -> dict[str, str]:
    (target,) = node.targets
    pairs = [(target, node.value)]
    if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
        pairs = list(zip(target.elts, node.value.elts, strict=True))
    found = {}
    for name, value in pairs:
        if isinstance(name, ast.Name) and (mapping := mapping_of(value, known)):
            found[name.id] = mapping
    return found


def mapping_of(node: ast.expr, known: dict[str, str]) -> str:
    match node:
        case ast.Attribute(attr=name) if name in MAPPINGS:
            return name
        case ast.Name(id=name):
            return known.get(name, "")
    return ""


def loops(function: Function, name: str) -> Iterator[ast.expr]:
    for node in ast.walk(function.node):
        match node:
            case ast.For(target=ast.Name(id=of), iter=ast.Tuple(elts=each)) if of == name:
                yield from each


# --- the same -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_form_asks_for_exactly_what_the_transport_reads(kind: str) -> None:
    asked = {("credentials" if each.is_secret else "settings", each.key) for each in SETTINGS[kind]}
    assert asked == Reading(read_by(kind)).keys - NOT_FOR.get(kind, set())


def test_every_kind_of_connection_has_a_form_and_a_transport() -> None:
    assert sorted(SETTINGS) == sorted(TransportKind.values) == KINDS


def test_every_field_has_a_shape_that_is_shown_and_checked() -> None:
    asked = [each for settings in SETTINGS.values() for each in settings]
    assert {each.shape for each in asked} <= set(FORM_SHAPES)
    assert {each.shape for each in asked if not each.is_secret} <= set(RULE_SHAPES)
    assert all(each.most > each.least for each in asked if each.shape == "number")
