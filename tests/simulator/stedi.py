"""A client of the Stedi-shaped doors that knows nothing but JSON, and checks for it to make."""

import gzip
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from tests.simulator.conftest import Exchange, questions
from tests.simulator.driving import Simulator
from tests.simulator.staging import request

NPI = "1999999984"
Json = dict[str, Any]
CHECK = "/change/medicalnetwork/eligibility/v3"
BATCH, POLL = "/eligibility-manager/batch-eligibility", "/eligibility-manager/polling/batch-eligibility"


@dataclass(frozen=True)
class Client:
    simulator: Simulator
    key: str

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        base = urlsplit(self.simulator.ready["stedi"]["url"]).path
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        named = {"Authorization": self.key, "Content_Type": "application/json", **headers}
        status, given, reply = request(self.simulator, method, base + path, raw, **named)
        if given.get("content-encoding") == "gzip":
            reply = gzip.decompress(reply)
        return status, json.loads(reply) if "json" in given["content-type"] else reply

    def check(self, body: Any, **headers: str) -> tuple[int, Any]:
        return self.call("POST", CHECK, body, **headers)

    def poll(self, batch_id: str, *, size: int = 10, **query: str) -> tuple[int, Any]:
        more = "".join(f"&{name}={quote(value)}" for name, value in query.items())
        return self.call("GET", f"{POLL}?batchId={batch_id}&pageSize={size}{more}", Accept_Encoding="gzip")


def client(simulator: Simulator, *, test: bool = False) -> Client:
    return Client(simulator, simulator.ready["stedi"]["test_key" if test else "key"])


def check_for(each: Exchange, **changes: Any) -> Json:
    """What a practice would ask about a coverage, from what it believes."""
    coverage, patient = each.coverage, each.patient
    body: Json = {
        "tradingPartnerServiceId": each.payer["payer_id"],
        "provider": {"organizationName": "Riverside Family Medicine", "npi": NPI},
        "subscriber": {
            "memberId": coverage["member_id"],
            "firstName": coverage["subscriber_first_name"],
            "lastName": coverage["subscriber_last_name"],
            "dateOfBirth": compact(coverage["subscriber_birth_date"]),
        },
        "encounter": {"serviceTypeCodes": ["30"], "dateOfService": compact(each.day)},
    }
    if coverage["relationship"] != "self":
        dependent = {
            key: patient[name] for key, name in (("firstName", "first_name"), ("lastName", "last_name"))
        }
        body["dependents"] = [{**dependent, "dateOfBirth": compact(patient["birth_date"])}]
    return {**body, **changes}


def compact(day: str) -> str:
    return day.replace("-", "")


def of_case(population: Json, case: str, payer: str | None = None) -> list[Exchange]:
    return [
        each
        for each in questions(population)
        if each.case == case and payer in (None, each.payer["payer_id"])
    ]
