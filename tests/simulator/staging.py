"""A simulator that plays one fault for each of many members, so that one run shows them all."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from tests.simulator.conftest import Exchange, questions
from tests.simulator.driving import Simulator
from tradingpartners.simulator.faults import FAULTS

PAYER = "CCN20"


@dataclass(frozen=True)
class Staged:
    """The simulator, and whom to ask about to meet a fault."""

    simulator: Simulator
    about: Mapping[str, Exchange]


def actives(population: dict[str, Any], payer_id: str = PAYER) -> Iterator[Exchange]:
    """Questions about members of a payer that it would answer with active coverage."""
    for each in questions(population):
        if each.payer["payer_id"] == payer_id and each.case in {"active", "both_months", "two_coverages"}:
            yield each


def scenario_for(about: Mapping[str, Exchange], **parameters: str) -> str:
    """One rule a fault, for one member; `parameters` by fault name, as TOML."""
    rules = []
    for name, each in about.items():
        more = parameters.get(name, "")
        member_id = each.coverage["member_id"]
        rules.append(f'[[fault]]\nname = "{name}"\non = "call"\nmember_id = "{member_id}"\n{more}\n')
    return "".join(rules)


def call_faults() -> list[str]:
    return [name for name, kind in FAULTS.items() if "call" in kind.on]


def request(
    simulator: Simulator, method: str, path: str, body: bytes = b"", timeout: float = 20, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers by small name, body; errors of http.client where there is no whole reply."""
    connection = HTTPConnection(urlsplit(simulator.ready["http"]["url"]).netloc, timeout=timeout)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body=body, headers=named)
        reply = connection.getresponse()
        return reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read()
    finally:
        connection.close()
