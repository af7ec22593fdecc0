"""Whatever the gateway can say of itself, it says in words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

import tradingpartners
from tradingpartners import admission, retries, route_words, words
from tradingpartners.services import receiving
from tradingpartners.services.holding import HoldCode

HOME = Path(tradingpartners.__file__).parent
TREES = {
    path.relative_to(HOME): ast.parse(path.read_text())
    for place in ("transports", "services", "messages")
    for path in sorted((HOME / place).rglob("*.py"))
}
RETRIES = {
    retries.WORKER_LOST,
    retries.PARTNER_INACTIVE,
    retries.NO_ROUTE,
    retries.PAYER_UNAVAILABLE,
    HoldCode.PARTNER_PAUSED.value,
}
RAISED = {"NotSent", "Unsure", "Held", "Refused"}


def name_of(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def texts(node: ast.expr) -> Iterator[str]:
    """What an expression may be: constants, either side of a choice, and a pattern's known beginning."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from texts(node.body)
        yield from texts(node.orelse)
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(each.value) if isinstance(each, ast.Constant) else "\0" for each in node.values)


def calls(*wanted: str) -> Iterator[tuple[Path, ast.Call]]:
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and name_of(node.func) in wanted:
                yield path, node


def of_the_wire() -> Iterator[tuple[Path, str]]:
    for path, call in calls(*RAISED, "__init__"):
        if path.parts[0] == "transports" and call.args:
            for text in texts(call.args[0]):
                yield path, text


CODES = sorted({(str(path), code) for path, code in of_the_wire() if "\0" not in code})
PATTERNS = sorted({code for _, code in of_the_wire() if "\0" in code})


def has_words(code: str) -> bool:
    """Its own, not the code in capitals."""
    return words.explain(code).what != code.replace("_", " ").capitalize()


def test_the_sources_are_found() -> None:
    assert len(CODES) > 40
    assert ("transports/sftp.py", "name_taken") in CODES


@pytest.mark.parametrize("code", sorted({code for _, code in CODES}))
def test_a_code_of_the_wire_has_words(code: str) -> None:
    assert has_words(code)


def tables(path: str, name: str) -> set[str]:
    """The values of a table of codes."""
    for node in TREES[Path(path)].body:
        target = node.target if isinstance(node, ast.AnnAssign) else None
        target = node.targets[0] if isinstance(node, ast.Assign) else target
        if target is not None and name_of(target) == name:
            value = node.value  # type: ignore[attr-defined]
            items = value.values if isinstance(value, ast.Dict) else value.args[0].elts
            return {text for item in items for text in texts(item)}
    raise AssertionError(f"{path} has no {name}")


# What is raised as a pattern, with everything that can stand in it.
IN_PATTERNS = {
    "http_": {f"http_{status}" for status in (400, 401, 403, 404, 405, 413, 415, 429, 500, 502, 503, 504)},
    "settings:": {"settings:url", "settings:credentials"},
    "token_": {"token_timeout", "token_connection_lost", "token_reply_too_large"},
    "token_http_": {"token_http_400", "token_http_401", "token_http_403"},
    "mdn_": {
        *(f"mdn_{reason.replace('-', '_')}" for reason in tables("transports/as2/receipts.py", "_NOT_READ")),
        *(f"mdn_{code}" for code in ("unsigned", "wrong_signer", "altered", "malformed", "unsupported")),
    },
}


def test_every_pattern_of_codes_is_known_here() -> None:
    assert {code.partition("\0")[0] for code in PATTERNS} == set(IN_PATTERNS)


@pytest.mark.parametrize("code", sorted(set().union(*IN_PATTERNS.values())))
def test_a_code_made_of_a_pattern_has_words(code: str) -> None:
    assert has_words(code)


@pytest.mark.parametrize(
    "code",
    sorted(
        tables("transports/ssh.py", "_REFUSED")
        | tables("transports/core.py", "_REFUSED_UNREAD")
        # why a pushed message is refused
        | {text for _, call in calls("_Refused") if len(call.args) > 1 for text in texts(call.args[1])}
        | {text for _, call in calls("CmsError") for text in texts(call.args[0])}
    ),
)
def test_a_code_of_a_table_has_words(code: str) -> None:
    assert has_words(code)


CONSTANTS = {
    f"{path}:{name_of(node.targets[0])}": node.value.value
    for path, tree in TREES.items()
    for node in tree.body
    if path.parts[0] == "services"
    and isinstance(node, ast.Assign)
    and isinstance(node.value, ast.Constant)
    and re.fullmatch(r"[A-Z][a-z ]+|[a-z_]+", str(node.value.value))
}
# Constants that are no codes for people.
_NO_CODES = {"as2_receipt", "decision", "looks_like_", "message", "mdn", "breaker"}


@pytest.mark.parametrize("code", sorted({*CONSTANTS.values()} - _NO_CODES))
def test_a_constant_of_the_services_has_words(code: str) -> None:
    assert has_words(code)


ENDS = {text for _, call in calls("End") if len(call.args) > 2 for text in texts(call.args[2])}


@pytest.mark.parametrize("code", sorted({code for code in ENDS if "\0" not in code} | RETRIES))
def test_how_an_attempt_ends_has_words(code: str) -> None:
    assert has_words(code)


def test_all_that_a_unit_may_wait_for_has_words() -> None:
    assert set(route_words.WAITS) == {"", *HoldCode, *admission.Refusal}


def events() -> set[str]:
    """What the transport log calls what it did."""
    found = {text for _, call in calls("log_wire", "_log") for arg in call.args[:2] for text in texts(arg)}
    found |= {text for _, call in calls("_open") for text in texts(call.args[-1])}
    return found | {receiving._MESSAGE, receiving._NOTICE}


def test_all_events_of_the_transport_log_have_words() -> None:
    assert len(events()) > 10
    assert events() - set(words.EVENTS) == set()


@pytest.mark.parametrize(
    ("transaction_set", "said"), [("271", "Taken as the answer"), ("999", "Noted"), ("997", "Noted")]
)
def test_an_answer_is_taken_and_a_receipt_noted(transaction_set: str, said: str) -> None:
    row = SimpleNamespace(direction="in", transaction_set=transaction_set, disposition="applied")
    assert words.disposition(row) == said  # type: ignore[arg-type]  # what it asks of one


def test_people_read_no_names_of_settings() -> None:
    explained = [*words._ERRORS.values(), *route_words._ROUTES.values()]
    said = [
        *(text for each in explained for text in each),
        *route_words.WAITS.values(),
        *words.EVENTS.values(),
    ]
    said += [*words.STEPS.values(), *words.STATES.values(), *words.DISPOSITIONS.values()]
    said += [*words.INTERCHANGES.values()]
    assert [text for text in said if re.search(r"\w_\w", text)] == []
