"""A clearinghouse of the shape Stedi documents, for the tests of this side: real HTTP, composed JSON.

It shares no code with the product or with the simulator.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from tests import payers
from tests.web import Request, Said

KEY = "live_key"
CHECK = "/change/medicalnetwork/eligibility/v3"


def answer(check: dict[str, Any], *benefits: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """What is said about the person asked about, in fields only; `changes` bend the subscriber."""
    person = {**check["subscriber"], **changes}
    said = {
        "id": "ec_00000000-0000-0000-0000-000000000001",
        "meta": {"applicationMode": "production", "outboundTraceId": "01KAFX0000000000000000TRCE"},
        "tradingPartnerServiceId": check["tradingPartnerServiceId"],
        "payer": {"name": "EXAMPLE BLUE", "payorIdentification": "12345"},
        "subscriber": {"entityType": "Person", **person},
        "benefitsInformation": list(benefits)
        or [{"code": "1", "name": "Active Coverage", "serviceTypeCodes": ["30"], "planCoverage": "GOLD"}],
        "errors": [],
        "aNewField": {"nobody": ["knows", 1]},
    }
    if "dependents" in check:
        said["dependents"] = check["dependents"]
    return said


def inactive(check: dict[str, Any]) -> dict[str, Any]:
    return answer(check, {"code": "6", "serviceTypeCodes": ["30"]})


def with_271(
    check: dict[str, Any], *benefits: str, trace: str = "01KAFX0000000000000000TRCE"
) -> dict[str, Any]:
    """The answer as the payer's 271, which carries Stedi's trace; the fields beside it say nothing."""
    person = check["subscriber"]
    segments = [
        "BHT*0022*11*01KAFX*20261122*070000",
        "HL*1**20*1",
        "NM1*PR*2*EXAMPLE BLUE*****PI*12345",
        "HL*2*1*21*1",
        "NM1*1P*2*MAIN STREET*****XX*1234567893",
        "HL*3*2*22*0",
        f"TRN*2*{trace}*9STEDI0001",
        f"NM1*IL*1*{person['lastName']}*{person['firstName']}****MI*{person['memberId']}",
        f"DMG*D8*{person['dateOfBirth']}",
        *(benefits or ["EB*1**30**GOLD"]),
    ]
    return {**answer(check), "benefitsInformation": [], "x12": payers.envelope(segments).decode()}


def error(code: str, follow_up: str, location: str = "Loop 2100C") -> dict[str, str]:
    return {
        "field": "AAA",
        "code": code,
        "description": "as the payer says",
        "followupAction": follow_up,
        "location": location,
        "possibleResolutions": "words that change",
    }


def rejected(check: dict[str, Any], *errors: dict[str, str]) -> dict[str, Any]:
    """Every error stands under its party and at the top."""
    said = answer(check)
    del said["benefitsInformation"]
    return {**said, "subscriber": {**said["subscriber"], "aaaErrors": list(errors)}, "errors": list(errors)}


@dataclass
class Batch:
    id: str
    name: str
    items: list[dict[str, Any]]
    created: datetime
    status: str = "IN_PROGRESS"
    # Finished checks and when, in the order they ended.
    finished: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)
    unanswered: int = 0


@dataclass
class Stedi:
    """Set `says` (real time) and finish batches by `finish`; the batch API does the rest."""

    says: Any = staticmethod(lambda check: (200, answer(check)))
    batches: list[Batch] = field(default_factory=list)
    page_size: int = 200
    # The submission is taken, and the connection lost before its answer.
    loses_receipts: bool = False
    expired_tokens: set[str] = field(default_factory=set)
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def script(self, request: Request) -> Said:
        """Every question a minute later, by this side's own clock."""
        self.now += timedelta(minutes=1)
        said = self._said(request)
        return said and (*said[:2], {"Date": format_datetime(self.now, usegmt=True)})

    def _said(self, request: Request) -> Said:
        if request.headers.get("Authorization") != KEY:
            return 403, {"message": "Forbidden"}
        if request.path == CHECK:
            return self.says(request.json)
        if request.path == "/eligibility-manager/batch-eligibility":
            return self._submit(request.json)
        if request.path == "/eligibility-manager/polling/batch-eligibility":
            return self._poll(request)
        if request.path.startswith("/eligibility-manager/batch/"):
            return self._status(request.path.rsplit("/", 1)[1])
        return 404, {"message": "not found"}

    def _submit(self, body: dict[str, Any]) -> Said:
        if any(each.name == body["name"] for each in self.batches):
            return 409, {"message": "name is taken", "code": "CONFLICT"}
        wrong = [
            {"path": f"/items/{at}/subscriber/memberId", "message": "must match pattern"}
            for at, item in enumerate(body["items"])
            if item["subscriber"]["memberId"] == "BAD ID"
        ]
        if wrong:
            return 400, {"message": f"{len(wrong)} validation error", "fieldList": wrong}
        batch = Batch(f"019ab0c4-{len(self.batches):04d}", body["name"], body["items"], self.now)
        self.batches.append(batch)
        if self.loses_receipts:
            return None
        return 200, {"batchId": batch.id, "submittedAt": "2026-11-22T02:00:04.112Z"}

    def finish(self, batch: Batch, *answers: dict[str, Any], status: str = "IN_PROGRESS") -> None:
        for each in answers:
            batch.finished.append((self.now, {**each, "batchId": batch.id, "batchName": batch.name}))
        batch.status = status

    def _status(self, batch_id: str) -> Said:
        batch = next((each for each in self.batches if each.id == batch_id), None)
        if batch is None:
            return 404, {"message": "not found"}
        return 200, {
            "id": batch.id,
            "name": batch.name,
            "batchType": "ELIGIBILITY",
            "status": batch.status,
            "createdAt": f"{batch.created:%Y-%m-%dT%H:%M:%S.112Z}",
            "updatedAt": f"{self.now:%Y-%m-%dT%H:%M:%S.112Z}",
            "totalCount": len(batch.items),
            "successCount": len(batch.finished),
            "errorCount": batch.unanswered,
        }

    def _poll(self, request: Request) -> Said:
        query = request.query
        assert "gzip" in request.headers["Accept-Encoding"] or int(query["pageSize"]) <= 20
        if query.get("pageToken") in self.expired_tokens:
            return 400, {"message": "page token expired"}
        of = [each for each in self.batches if query.get("batchId") in (None, each.id)]
        since = query.get("startDateTime", "2000-01-01T00:00:00Z").replace("Z", "+00:00")
        begin = datetime.fromisoformat(since)
        finished = [item for batch in of for ended, item in batch.finished if ended > begin]
        first = int(query.get("pageToken", "0"))
        page = finished[first : first + self.page_size]
        following = first + self.page_size
        more = {"nextPageToken": str(following)} if following < len(finished) else {}
        return 200, {"items": page, **more}
