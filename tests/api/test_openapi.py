"""The description is valid, and describes exactly what there is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver

from practice.alerts import raise_alert
from practice.api import OrganizationView
from practice.api_limits import AddressRate
from practice.models import Alert
from tests.api.conftest import ApiClient, Practice, problem
from tradingpartners.models import Enrolment, Interchange, ProviderIdentity, Route, Transaction

DESCRIPTION = "/api/v1/openapi.json"

OPERATIONS = {
    "alerts_list": ("get", "/api/v1/alerts"),
    "alerts_read": ("get", "/api/v1/alerts/{alert_id}"),
    "alerts_acknowledge": ("post", "/api/v1/alerts/{alert_id}/acknowledge"),
    "alerts_reopen": ("post", "/api/v1/alerts/{alert_id}/reopen"),
    "alerts_resolve": ("post", "/api/v1/alerts/{alert_id}/resolve"),
    "alerts_give": ("post", "/api/v1/alerts/{alert_id}/owner"),
    "exceptions_list": ("get", "/api/v1/eligibility/exceptions"),
    "sweeps_list": ("get", "/api/v1/eligibility/sweeps"),
    "sweeps_start": ("post", "/api/v1/eligibility/sweeps"),
    "sweeps_read": ("get", "/api/v1/eligibility/sweeps/{run_id}"),
    "sweeps_cancel": ("post", "/api/v1/eligibility/sweeps/{run_id}/cancel"),
    "sweeps_members": ("get", "/api/v1/eligibility/sweeps/{run_id}/members"),
    "sweeps_exceptions": ("get", "/api/v1/eligibility/sweeps/{run_id}/exceptions"),
    "trading_partners_list": ("get", "/api/v1/trading-partners"),
    "trading_partners_create": ("post", "/api/v1/trading-partners"),
    "trading_partners_read": ("get", "/api/v1/trading-partners/{partner_id}"),
    "trading_partners_change": ("patch", "/api/v1/trading-partners/{partner_id}"),
    "trading_partners_pause": ("post", "/api/v1/trading-partners/{partner_id}/pause"),
    "trading_partners_resume": ("post", "/api/v1/trading-partners/{partner_id}/resume"),
    "trading_partners_pause_poller": ("post", "/api/v1/trading-partners/{partner_id}/poller/pause"),
    "trading_partners_resume_poller": ("post", "/api/v1/trading-partners/{partner_id}/poller/resume"),
    "trading_partners_test": ("post", "/api/v1/trading-partners/{partner_id}/test"),
    "payers_list": ("get", "/api/v1/payers"),
    "payers_why": ("get", "/api/v1/payers/{payer_id}/why"),
    "payers_pause": ("post", "/api/v1/payers/{payer_id}/pause"),
    "payers_resume": ("post", "/api/v1/payers/{payer_id}/resume"),
    "routes_list": ("get", "/api/v1/routes"),
    "routes_create": ("post", "/api/v1/routes"),
    "routes_read": ("get", "/api/v1/routes/{route_id}"),
    "routes_change": ("patch", "/api/v1/routes/{route_id}"),
    "routes_delete": ("delete", "/api/v1/routes/{route_id}"),
    "enrolments_list": ("get", "/api/v1/enrolments"),
    "enrolments_note": ("post", "/api/v1/enrolments"),
    "enrolments_read": ("get", "/api/v1/enrolments/{enrolment_id}"),
    "enrolments_delete": ("delete", "/api/v1/enrolments/{enrolment_id}"),
    "provider_identities_list": ("get", "/api/v1/provider-identities"),
    "provider_identities_create": ("post", "/api/v1/provider-identities"),
    "provider_identities_read": ("get", "/api/v1/provider-identities/{identity_id}"),
    "provider_identities_delete": ("delete", "/api/v1/provider-identities/{identity_id}"),
    "interchanges_list": ("get", "/api/v1/interchanges"),
    "interchanges_read": ("get", "/api/v1/interchanges/{interchange_id}"),
    "transactions_list": ("get", "/api/v1/transactions"),
    "transactions_read": ("get", "/api/v1/transactions/{transaction_id}"),
    "transactions_replay_one": ("post", "/api/v1/transactions/{transaction_id}/replay"),
    "transactions_replay": ("post", "/api/v1/transactions/replay"),
}


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Made as `manage.py spectacular` makes it; a warning fails."""
    file = tmp_path_factory.mktemp("openapi") / "openapi.json"
    call_command(
        "spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", "--file", str(file)
    )
    made: dict[str, Any] = json.loads(Path(file).read_text())
    return made


def operations(schema: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {
        operation["operationId"]: (method, path)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    }


def routes(resolver: URLResolver, before: str = "/") -> list[tuple[str, Any]]:
    found = []
    for each in resolver.url_patterns:
        path = before + str(each.pattern)
        if isinstance(each, URLResolver):
            found += routes(each, path)
        elif isinstance(each, URLPattern):
            found.append((path, each.callback))
    return found


def test_operation_ids_are_kept(schema: dict[str, Any]) -> None:
    assert OPERATIONS.items() <= operations(schema).items()


def test_every_endpoint_is_described_and_nothing_else(schema: dict[str, Any]) -> None:
    there = set()
    for path, view in routes(get_resolver()):
        cls = getattr(view, "cls", None)
        if path.startswith("/api/v1/") and cls is not None and path != DESCRIPTION:
            assert issubclass(cls, OrganizationView), path
            plain = path.replace("<uuid:", "{").replace(">", "}")
            there |= {(method.lower(), plain) for method in cls.rights}
    assert set(operations(schema).values()) == there


def test_every_operation_describes_its_answer_and_its_problems(schema: dict[str, Any]) -> None:
    problem_shape = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for name, (method, path) in operations(schema).items():
        operation = schema["paths"][path][method]
        answers = dict(operation["responses"])
        (good,) = [answers.pop(code) for code in ("200", "201", "204") if code in answers]
        assert method == "delete" or good["content"]["application/json"]["schema"], name
        assert {"401", "403", "429", "500", "503"} <= set(answers), name
        assert all(answer["content"] == problem_shape for answer in answers.values()), name
        assert operation["summary"], name
        assert {"token": []} in operation["security"], name
        if "{" in path:
            assert "404" in answers, name


def test_what_makes_something_wants_a_key(schema: dict[str, Any]) -> None:
    start = schema["paths"]["/api/v1/eligibility/sweeps"]["post"]
    (key,) = [each for each in start["parameters"] if each["in"] == "header"]
    assert (key["name"], key["required"], key["schema"]["maxLength"]) == ("Idempotency-Key", True, 200)
    body = start["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/NewSweep"}
    assert {"Location", "Idempotency-Replayed", "RateLimit-Limit"} <= set(
        start["responses"]["201"]["headers"]
    )


def test_answers_are_as_described(db: None, acme: Practice, schema: dict[str, Any]) -> None:
    acme.visit()
    acme.visit(covered=False)
    run = acme.sweep()
    client = acme.client()
    with acme.inside():
        asked = Transaction.objects.first()
        file = Interchange.objects.create(
            partner_id=asked.partner_id, direction="out", control_number=1, state="composed"
        )
        alert = raise_alert(kind="held_file", key="k", severity=Alert.Severity.PROBLEM)
        enrolment = Enrolment.objects.create(partner_id=asked.partner_id, payer_id=asked.payer_id)
        identity = ProviderIdentity.objects.create(name="Acme", npi="1234567893")
        ids = {
            "alert_id": alert,
            "enrolment_id": enrolment.pk,
            "identity_id": identity.pk,
            "run_id": run.pk,
            "partner_id": asked.partner_id,
            "payer_id": asked.payer_id,
            "route_id": Route.objects.get().pk,
            "interchange_id": file.pk,
            "transaction_id": asked.pk,
        }
    for name, (method, path) in OPERATIONS.items():
        if method == "get":
            response = client.get(path.format(**ids))
            assert response.status_code == 200, name
            shape = schema["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            whole = {**nullable(shape), "components": nullable(schema["components"])}
            jsonschema.validate(response.json(), whole)


def nullable(shape: Any) -> Any:
    """OpenAPI 3.0's `nullable` in JSON Schema's words."""
    if isinstance(shape, list):
        return [nullable(each) for each in shape]
    if not isinstance(shape, dict):
        return shape
    plain = {name: nullable(each) for name, each in shape.items() if name != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if shape.get("nullable") is True else plain


def test_everybody_may_read_the_description(db: None, schema: dict[str, Any]) -> None:
    response = ApiClient().get(DESCRIPTION)
    assert response.status_code == 200
    assert json.loads(response.content) == schema


def test_the_description_is_not_given_away_without_end(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AddressRate, "per_minute", 1)
    ApiClient().get(DESCRIPTION)
    for spoofed in ("192.0.2.1", "192.0.2.2"):
        response = ApiClient().get(DESCRIPTION, headers={"X-Forwarded-For": spoofed})
        problem(response, 429, "throttled")
