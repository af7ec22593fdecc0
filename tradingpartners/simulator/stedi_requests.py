"""A valid Stedi-shaped request as the question it is."""

import json
from collections.abc import Mapping
from typing import Any

from tradingpartners.simulator.checks import Asked, Check, new_trace
from tradingpartners.simulator.stedi_fields import part, without_nulls
from tradingpartners.simulator.stedi_json import Json
from tradingpartners.simulator.stedi_payers import Listed

HEALTH_PLAN = "30"


def read_json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def read_check(body: Json, listed: Listed) -> Check:
    """A valid request as the question it is; the asker's trace stays outside."""
    provider, visit = part(body, "provider"), part(body, "encounter")
    dependents = body.get("dependents") or []
    period = (visit.get("beginningDateOfService"), visit.get("endDateOfService"))
    dates = [visit["dateOfService"]] if visit.get("dateOfService") else [day for day in period if day]
    names = (provider.get("lastName", ""), provider.get("firstName", ""))
    return Check(
        payer_id=listed.payer.payer_id,
        payer_name=listed.payer.name.upper(),
        provider_name=mend(provider.get("organizationName") or " ".join(names)),
        npi=provider.get("npi", ""),
        subscriber=read_person(part(body, "subscriber")),
        dependent=read_person(without_nulls(dependents[0])) if dependents else None,
        dates=dates,
        service_types=visit.get("serviceTypeCodes") or [HEALTH_PLAN],
        trace=new_trace(),
    )


def read_person(given: Mapping[str, Any]) -> Asked:
    return Asked(
        first_name=mend(given.get("firstName", "")),
        last_name=mend(given.get("lastName", "")),
        birth_date=given.get("dateOfBirth", ""),
        gender=given.get("gender", ""),
        member_id=mend(given.get("memberId", "")),
        group=mend(given.get("groupNumber", "")),
    )


def mend(text: str) -> str:
    return text.replace("`", "'")
