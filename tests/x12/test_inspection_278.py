"""A 278 as JSON others read, and in words for a biller."""

import csv
import json
from importlib import resources
from typing import Any

import pytest

from tests.x12.reviews import VERSION, set_of
from tests.x12.wire import interchange, sample
from tradingpartners.x12 import CertificationFlag, describe, inspection, read
from tradingpartners.x12.ts278.certification import CertificationStatus
from tradingpartners.x12.ts278.codes import (
    ACTIONS,
    CAUSES,
    CLINICAL,
    CONDITION_CATEGORIES,
    DATES,
    LEVELS_OF_SERVICE,
    QUANTITIES,
    TRANSMISSIONS,
)
from tradingpartners.x12.ts278.loops import EVENT_PROVIDERS

CERTIFICATION_KEYS = {"status", "authorization_number", "administrative_reference", "needs_person", "flags"}
REVIEW_KEYS = CERTIFICATION_KEYS | {
    *("category", "certification_type", "service_type", "facility", "related_causes", "level_of_service"),
    *("decision", "period", "traces", "references", "dates", "delivery", "attachments", "messages"),
    *("providers", "aaa", "segment_number"),
}
EVENT_KEYS = REVIEW_KEYS | {"diagnoses", "admission", "conditions", "clinical", "services"}
SERVICE_KEYS = REVIEW_KEYS | {
    *("revenue_code", "procedure", "amount", "unit", "quantity", "diagnosis_pointers", "procedures", "teeth"),
}
PATIENT_KEYS = CERTIFICATION_KEYS | {
    *("is_dependent", "member_id", "last_name", "first_name", "birth_date", "gender", "relationship"),
    *("address", "references", "aaa", "events", "segment_number", "middle_name", "suffix"),
}


def only_transaction(name: str) -> Any:
    said = json.loads(json.dumps(inspection(read(sample(f"278_{name}.edi")))))
    return said["interchanges"][0]["groups"][0]["transactions"][0]


def only_patient(name: str) -> Any:
    (patient,) = only_transaction(name)["patients"]
    return patient


def test_a_request_has_its_keys_and_raw_codes() -> None:
    transaction = only_transaction("request_initial")
    assert (transaction["purpose"], transaction["is_response"], transaction["status"]) == ("13", False, None)
    assert transaction["reference_identification"] == "PA0001"
    assert transaction["payer"]["id"] == "ACME1" and transaction["requester"]["id"] == "1234567893"
    (patient,) = transaction["patients"]
    assert set(patient) == PATIENT_KEYS
    assert (patient["member_id"], patient["birth_date"], patient["status"]) == ("W0001", "1980-02-03", None)
    (event,) = patient["events"]
    assert set(event) == EVENT_KEYS
    assert (event["category"], event["certification_type"], event["service_type"]) == ("HS", "I", "2")
    assert event["facility"] == {"code": "22", "qualifier": "B"}
    assert event["period"] == {"qualifier": "AAH", "from": "2026-12-01", "to": "2027-02-28"}
    assert [code["code"] for code in event["diagnoses"]] == ["M1711", "E1165"]
    assert event["diagnoses"][1]["date"] == "2025-11-04"
    assert event["attachments"][0]["control_number"] == "ATT0001"
    (service,) = event["services"]
    assert set(service) == SERVICE_KEYS
    assert service["procedure"]["code"] == "27447" and service["procedure"]["modifiers"] == ["RT"]
    assert (service["amount"], service["unit"], service["quantity"]) == ("1250.50", "UN", "1")
    assert service["diagnosis_pointers"] == [1, 2]


def test_a_response_says_what_was_decided_and_how_it_stands() -> None:
    transaction = only_transaction("response_certified")
    assert (transaction["status"], transaction["authorization_number"]) == ("certified", "AUTH001")
    assert transaction["needs_person"] is False and transaction["flags"] == []
    (event,) = transaction["patients"][0]["events"]
    assert event["decision"] == {"action": "A1", "number": "AUTH001", "reasons": [], "second_opinion": None}
    assert event["period"] == {"qualifier": "007", "from": "2026-12-01", "to": "2027-02-28"}
    assert (event["delivery"]["quantity_qualifier"], event["delivery"]["quantity"]) == ("VS", "12")


def test_each_service_has_a_status_of_its_own() -> None:
    (event,) = only_patient("response_partial")["events"]
    assert (event["status"], event["authorization_number"]) == ("partial", "AUTH003")
    assert [service["status"] for service in event["services"]] == ["certified", "denied"]
    assert [service["authorization_number"] for service in event["services"]] == ["AUTH003", None]
    patient = only_patient("response_services_differ")
    assert (patient["status"], patient["flags"]) == ("pended", ["decisions_differ"])


def test_refusals_stand_where_they_come_from() -> None:
    transaction = only_transaction("response_rejected_at_many_levels")
    assert transaction["status"] == "rejected"
    assert [each["loop"] for each in transaction["aaa"]] == ["2010A", "2010B"]
    (patient,) = transaction["patients"]
    assert [each["loop"] for each in patient["aaa"]] == ["2010C", "2010C", "2010D"]
    (event,) = patient["events"]
    assert event["aaa"][0] == {"loop": "2000E", "valid_request": "N", "code": "15", "follow_up": "C"}
    assert event["providers"][0]["aaa"][0]["loop"] == "2010EA"
    assert event["services"][0]["aaa"][0]["loop"] == "2000F"


def test_what_is_found_in_a_278_is_listed() -> None:
    found = inspection(read(sample("278_unknown_level.edi")))["findings"]
    assert isinstance(found, list)
    assert "hierarchy_level_unknown" in [each["code"] for each in found]


def told(name: str) -> list[str]:
    return [line.strip() for line in describe(read(sample(f"278_{name}.edi")))][2:]


ALICE = "ALICE AMES (subscriber, member W0001, born 1980-02-03)"
ASKED = [
    ("request_initial", f"RIVER CLINIC asks ACME HEALTH to authorize surgery (health services) for {ALICE}"),
    (
        "request_expedited_dependent",
        "MARTA J DOW MD asks ACME HEALTH to authorize consultation (specialist care) - URGENT "
        "for BOBBY AMES (dependent, member W0001, born 2015-06-07)",
    ),
    (
        "request_cancel_pended",
        "RIVER CLINIC asks ACME HEALTH to cancel (health services) "
        f"under the payer's reference PEND0001 for {ALICE}",
    ),
    ("notification", f"RIVER CLINIC notifies ACME HEALTH of an admission for {ALICE}"),
]


@pytest.mark.parametrize(("name", "line"), ASKED)
def test_a_request_is_told_in_one_line(name: str, line: str) -> None:
    assert told(name)[0] == line


def test_a_renewal_is_told_with_the_number_it_is_about() -> None:
    assert "to renew the authorization of" in told("request_renewal")[0]
    assert "under number AUTH001 for" in told("request_renewal")[0]


def test_a_request_is_told_with_its_services_dates_and_attachments() -> None:
    lines = told("request_expedited_dependent")
    assert any(line.startswith("how much: 12 visits, 2 per week, for 3 months") for line in lines)
    assert "service: 97110-GP-59, 12 units of service" in lines
    assert "sent along by fax: ATT0002" in lines
    assert "diagnoses: S82101A" in lines
    assert "accident: 2025-12-30" in lines


DETAILS = [
    ("request_initial", "where: outpatient hospital"),
    ("request_initial", "Attending provider: MARTA DOW, NPI 1987654328"),
    ("request_revision_two_services", "service: cancel 20610, 1 unit of service under number AUTH002"),
    (
        "request_revision_two_services",
        "service: change the authorization of 27447-LT, 1 unit of service",
    ),
    (
        "request_dental",
        "service: D2740, 1 unit of service, upper right, upper left, replacement, CROWN, "
        "tooth 14 (front side, chewing surface, back side)",
    ),
    ("request_emergency_admission", "where: type of bill 11"),
    ("request_emergency_admission", "kind of admission: emergency, source code 1, patient status code 30"),
    ("request_emergency_admission", "ambulance transport (CR1): LB, 160, I, A, DH, 12, STRETCHER"),
    (
        "request_emergency_admission",
        "Place to be picked up from: HOME, 7 ELM STREET, SPRINGFIELD, IL 62702",
    ),
    ("request_home_health", "what the patient may do: yes, codes 01, 02"),
]


@pytest.mark.parametrize(("name", "line"), DETAILS)
def test_a_request_is_told_with_where_who_and_why(name: str, line: str) -> None:
    assert line in told(name)


def test_a_request_whose_services_say_what_is_asked_is_told_so() -> None:
    wire = interchange(
        set_of("BHT*0007*13", "HL*1**EV*1", "HL*2*1*SS*0", "UM*HS*I*2", "SV1*HC:27447**UN*1"),
        functional_id="HI",
        version=VERSION,
    )
    lines = [line.strip() for line in describe(read(wire))]
    assert any("to decide on the services below" in line for line in lines)
    assert "service: authorize 27447, 1 unit of service" in lines


def test_the_person_is_named_before_what_was_refused() -> None:
    lines = told("response_rejected_at_many_levels")
    person = next(at for at, line in enumerate(lines) if line.startswith("BOBBY AMES"))
    assert [line[:21] for line in lines[person + 1 : person + 4]] == [
        "Rejected for the memb",
        "Rejected for the memb",
        "Rejected for the pati",
    ]


def test_the_end_of_a_certification_is_no_single_day() -> None:
    body = sample("278_response_certified.edi").decode()
    body = body.replace("DTP*007*RD8*20261201-20270228", "DTP*036*D8*20270228")
    lines = [line.strip() for line in describe(read(body))]
    assert any("number AUTH001, until 2027-02-28" in line for line in lines)


def test_the_json_has_the_date_and_the_whole_name() -> None:
    assert only_transaction("request_initial")["date"] == "2026-01-05"
    body = sample("278_request_initial.edi").decode().replace("AMES*ALICE****", "AMES*ALICE*J**SR*")
    said = json.loads(json.dumps(inspection(read(body))))
    (patient,) = said["interchanges"][0]["groups"][0]["transactions"][0]["patients"]
    assert (patient["middle_name"], patient["suffix"]) == ("J", "SR")


ANSWERED = [
    (
        "response_certified",
        "ALICE AMES (subscriber, member W0001): "
        "Certified in total, number AUTH001, 2026-12-01 to 2027-02-28, 12 visits",
    ),
    ("response_denied", "because: not seen as medically necessary (0F)"),
    ("response_denied", "says: APPEAL WITHIN 60 DAYS"),
    (
        "response_pended",
        "ALICE AMES (subscriber, member W0001): Not decided yet, the payer's reference PEND0001",
    ),
    ("response_partial", "97161, 1 unit of service: DENIED"),
    (
        "response_modified_by_service",
        "97110, 8 units of service: "
        "Certified, but NOT AS ASKED, number AUTH002, 2026-12-01 to 2026-12-31, 8 visits",
    ),
    ("response_services_differ", "look: the event and its services are decided differently"),
    ("response_rejected_by_payer", "REJECTED: not looked at, so not decided"),
    (
        "response_rejected_at_many_levels",
        "Rejected for the patient (2010D): Patient not found (67); "
        "correct it and ask again; to fix: front desk",
    ),
    ("response_undecided", "look: the payer's decision is in a code nobody knows"),
]


@pytest.mark.parametrize(("name", "line"), ANSWERED)
def test_an_answer_is_told_with_what_to_do_next(name: str, line: str) -> None:
    assert line in told(name)


def test_a_denied_service_does_not_hide_what_was_said_of_the_event() -> None:
    body = sample("278_response_partial.edi").decode().replace("HCR*A2*AUTH003", "HCR*A1*AUTH003")
    lines = [line.strip() for line in describe(read(body))]
    assert "ALICE AMES (subscriber, member W0001): DENIED" in lines
    assert "the payer's own word: certified in total, number AUTH003" in lines


def words(table: str) -> set[str]:
    source = resources.files("tradingpartners.x12").joinpath("codes", f"{table}.csv")
    return {row["code"] for row in csv.DictReader(source.read_text(encoding="utf-8").splitlines())}


def test_there_are_words_for_every_code_we_write() -> None:
    assert words("certification_action") == ACTIONS
    assert words("level_of_service") == LEVELS_OF_SERVICE
    assert words("review_date") == DATES
    assert words("quantity") >= QUANTITIES
    assert words("transmission") == TRANSMISSIONS
    assert words("clinical") == set(CLINICAL)
    assert words("condition_category") == CONDITION_CATEGORIES
    assert words("related_cause") == CAUSES
    assert words("entity") >= EVENT_PROVIDERS | {"45", "FS", "ND", "PW", "R3", "00", "CA", "GG", "1T"}
    assert words("certification_flag") == set(CertificationFlag)
    assert set(CertificationStatus) >= {"certified", "partial", "denied"}


def test_a_nearly_empty_278_is_told_without_a_crash() -> None:
    wire = interchange(set_of("HL*1**EV*0"), functional_id="HI", version=VERSION)
    assert any("asks somebody not named" in line for line in describe(read(wire)))
    wire = interchange(
        set_of("BHT*0007*11", "HL*1**EV*1", "HL*2*1*SS*0"), functional_id="HI", version=VERSION
    )
    assert any("UNCLEAR" in line for line in describe(read(wire)))
