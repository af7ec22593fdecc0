"""What a 271 means for the day and the service type that its reader asks about, as JSON and in words."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from tradingpartners.x12.code_tables import in_words
from tradingpartners.x12.meaning.coverage import CoverageVerdict, decide_coverage
from tradingpartners.x12.meaning.coverage_status import GENERAL_SERVICE_TYPE, CoverageStatus
from tradingpartners.x12.reports.json_values import Json, json_date
from tradingpartners.x12.reports.wording import full_name
from tradingpartners.x12.ts271.values import Answer, EligibilityResponse

_STATUS = {
    CoverageStatus.ACTIVE: "covered",
    CoverageStatus.INACTIVE: "NOT covered",
    CoverageStatus.REJECTED: "REJECTED",
    CoverageStatus.UNKNOWN: "UNCLEAR",
}


class Asked(NamedTuple):
    """What a verdict is wanted for."""

    day: date
    service_type: str = GENERAL_SERVICE_TYPE


def decide(answer: Answer, asked: Asked) -> CoverageVerdict:
    return decide_coverage(answer, service_type=asked.service_type, asked=asked.day)


def json_verdict(verdict: CoverageVerdict) -> Json:
    return {
        "status": verdict.status.value,
        "reason": verdict.reason.value,
        "from": json_date(verdict.covers_from),
        "until": json_date(verdict.covers_until),
        "notices": [
            {"code": notice.code.value, "segment_numbers": list(notice.segment_numbers)}
            for notice in verdict.notices
        ],
        "segment_numbers": list(verdict.segment_numbers),
    }


def verdicts_in_words(response: EligibilityResponse, asked: Asked) -> Iterator[str]:
    """A line for each person: "On 2026-01-06, ALICE AMES, health plan: covered (plan); holds until …"."""
    what = in_words("service_type", asked.service_type)
    for answer in response.answers:
        verdict = decide(answer, asked)
        name = full_name(answer.first_name, answer.middle_name, answer.last_name, answer.suffix)
        parts = [f"{_STATUS[verdict.status]} ({_spaced(verdict.reason.value)}){_days(verdict)}"]
        parts += [_spaced(notice.code.value) for notice in verdict.notices]
        yield f"On {asked.day}, {name}, {what}: {'; '.join(parts)}"


def _days(verdict: CoverageVerdict) -> str:
    """The days the verdict holds for. They are not the payer's: without an end, those of a month."""
    begin = f" from {verdict.covers_from}" if verdict.covers_from else ""
    end = f" until {verdict.covers_until}" if verdict.covers_until else ""
    return f"; this holds{begin}{end}" if begin or end else ""


def _spaced(code: str) -> str:
    return code.replace("_", " ")
