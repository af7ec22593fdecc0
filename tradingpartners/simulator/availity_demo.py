"""The demo mode of an Availity-shaped clearinghouse: canned replies chosen by a header, no payer asked."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus

from tradingpartners.simulator.availity_json import (
    COMMUNICATION_ERROR,
    COMPLETE,
    IN_PROGRESS,
    REQUEST_ERROR,
    Asking,
    Json,
    message_json,
    write_coverage,
)
from tradingpartners.simulator.checks import Asked, Check
from tradingpartners.simulator.http_wire import JSON, Reply, Request

USUAL = "Coverages-Complete-i"
RETRYING = ("Retrying", "1")
# Scenario → HTTP status, status of the coverage, AAA03 of the rejection if one is shown.
SCENARIOS = {
    USUAL: (HTTPStatus.OK, COMPLETE, ""),
    "Coverages-InProgress-i": (HTTPStatus.ACCEPTED, IN_PROGRESS, ""),
    "Coverages-Retrying-i": (HTTPStatus.ACCEPTED, RETRYING, ""),
    "Coverages-PayerError1-i": (HTTPStatus.OK, COMMUNICATION_ERROR, "43"),
    "Coverages-PayerError2-i": (HTTPStatus.OK, COMMUNICATION_ERROR, "73"),
    "Coverages-RequestError1-i": (HTTPStatus.BAD_REQUEST, REQUEST_ERROR, "72"),
    "Coverages-RequestError2-i": (HTTPStatus.BAD_REQUEST, REQUEST_ERROR, "71"),
}
ID = "7000000000000000001"
CHECK = Check(
    payer_id="BCBSX",
    payer_name="EXAMPLE BLUE",
    provider_name="EXAMPLE CLINIC",
    npi="1999999984",
    subscriber=Asked("JANE", "DOE", "19800101", "F", "W123456789"),
    dependent=None,
    dates=(),
    service_types=("30",),
    trace="DEMO00000000000000000000",
)


def demo_reply(request: Request, steps: Sequence[str]) -> Reply | None:
    """The canned reply to a request about coverages, always with the header that says it is one."""
    name = request.headers.get("x-api-mock-scenario-id", USUAL)
    status, state, rejection = SCENARIOS.get(name, SCENARIOS[USUAL])
    if request.method == "DELETE":
        return Reply(b"", "", HTTPStatus.NO_CONTENT, {"X-Api-Mock-Response": "true"})
    now = datetime.now(UTC)
    asking = Asking(id=ID, customer_id="1194", created=now, check=CHECK)
    body: Json = write_coverage(asking, state, updated=now)
    if rejection:
        body["validationMessages"] = [message_json(rejection, 0)]
    if state == COMPLETE:
        body["plans"] = [{"status": "Active Coverage", "statusCode": "1", "benefits": []}]
    headers = {"X-Api-Mock-Response": "true"}
    if status is HTTPStatus.ACCEPTED:
        headers["Location"] = f"/availity/v1/coverages/{ID}"
    return Reply(json.dumps(body).encode(), JSON, status, headers)
