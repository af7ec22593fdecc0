"""What a 270 asks, as plain values for JSON."""

from tradingpartners.x12.reports.json_values import (
    Json,
    json_date,
    json_procedure,
    json_provider,
    json_trace,
)
from tradingpartners.x12.ts270.values import EligibilityInquiry, Inquiry


def inspect_270(inquiry: EligibilityInquiry) -> Json:
    """The one key a 270 has beside those of every set."""
    return {"questions": [_question(question) for question in inquiry.questions]}


def _question(question: Inquiry) -> Json:
    ranged = question.service_date_end is not None
    return {
        "is_dependent": question.is_dependent,
        "member_id": question.member_id,
        "last_name": question.last_name,
        "first_name": question.first_name,
        "middle_name": question.middle_name,
        "suffix": question.suffix,
        "birth_date": json_date(question.birth_date),
        "gender": question.gender,
        "service_types": list(question.service_types),
        "procedures": [json_procedure(each.procedure) for each in question.asked if each.procedure],
        "diagnoses": [{"qualifier": each.qualifier, "code": each.code} for each in question.diagnoses],
        "provider": json_provider(question.person.provider) if question.person else None,
        "date": None if ranged else json_date(question.service_date),
        "from": json_date(question.service_date) if ranged else None,
        "to": json_date(question.service_date_end),
        "traces": [json_trace(trace) for trace in question.traces],
    }
