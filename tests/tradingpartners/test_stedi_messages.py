"""Questions as Stedi's JSON, and its JSON as answers: what decides is the codec, as with X12."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from tests import stedi
from tradingpartners import x12
from tradingpartners.contents import OutcomeKind
from tradingpartners.messages import Incoming, ReadSet, x12_sets
from tradingpartners.messages import stedi as dialect
from tradingpartners.messages.json_values import JsonError, JsonErrorCode
from tradingpartners.models import Attempt, Lane, Payer, Route, TradingPartner, trace_number

NOW = datetime(2026, 11, 22, 7, tzinfo=UTC)
HOME = uuid4()
PARTNER = TradingPartner(
    organization_id=HOME, transport="stedi", sender_id="ACME", trace_originator="9ACME00001"
)
ROUTE = Route(organization_id=HOME, partner=PARTNER, payer_identifier="007", payer_name="EXAMPLE BLUE")
ASKED = date(2026, 11, 24)


def attempt() -> Attempt:
    ids = [uuid4() for _ in range(5)]
    return Attempt(
        id=ids[0], subject_id=ids[1], transaction_set="270", payer=Payer(), partner_id=ids[2],
        dispatch_id=ids[3], interchange_id=None, correlation_id=ids[4], lane=Lane.LIVE, number=1,
        state="prepared", set_control_number="",
    )  # fmt: skip


def question(**changes: Any) -> x12.EligibilityQuestion:
    asked = x12.EligibilityQuestion(
        trace_number="",
        trace_originator="",
        reference_identification="",
        payer_name="",
        payer_id="",
        provider_name="MAIN STREET",
        provider_npi="1234567893",
        subscriber=x12.Subscriber("M00000001", "AMES", "ALICE", date(1984, 5, 17), gender="F"),
        service_types=("30",),
        service_date=ASKED,
        created=NOW,
    )
    return asked._replace(**changes)


def written(asked: x12.EligibilityQuestion, of: Attempt | None = None) -> dict[str, Any]:
    return json.loads(dialect.write_attempt(of or attempt(), asked, ROUTE, number="0001", now=NOW))


def said(content: Any) -> list[Incoming]:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    sets = [event for event in dialect.read(raw) if isinstance(event, ReadSet)]
    return [each for at, one in enumerate(sets, 1) for each in one.answers(at)]


# --- the question -----------------------------------------------------------------------------------


def test_a_question_is_one_check_under_our_trace_number() -> None:
    of = attempt()
    assert written(question(), of) == {
        "submitterTransactionIdentifier": trace_number(of.id),
        "tradingPartnerServiceId": "007",  # leading zeros stay
        "provider": {"organizationName": "MAIN STREET", "npi": "1234567893"},
        "subscriber": {
            "memberId": "M00000001",
            "firstName": "ALICE",
            "lastName": "AMES",
            "dateOfBirth": "19840517",
            "gender": "F",
        },
        "encounter": {"serviceTypeCodes": ["30"], "dateOfService": "20261124"},
    }


def test_a_dependent_is_asked_about_under_the_policy_holder() -> None:
    child = x12.Dependent("AMES", "BOBBY", date(2015, 9, 20), relationship="19")
    check = written(question(dependent=child))
    assert check["dependents"] == [
        {
            "firstName": "BOBBY",
            "lastName": "AMES",
            "dateOfBirth": "20150920",
            "individualRelationshipCode": "19",
        }
    ]
    assert check["subscriber"]["firstName"] == "ALICE"


def test_names_are_folded_as_in_x12() -> None:
    person = question().subscriber._replace(last_name="NÚÑEZ O`HARA ")
    assert written(question(subscriber=person))["subscriber"]["lastName"] == "NUNEZ O'HARA"


def test_a_range_of_days_has_two_ends() -> None:
    check = written(question(service_date_end=date(2026, 11, 30)))
    assert check["encounter"] == {
        "serviceTypeCodes": ["30"],
        "beginningDateOfService": "20261124",
        "endDateOfService": "20261130",
    }


SUBSCRIBER = question().subscriber
REFUSED = [
    (question(subscriber=SUBSCRIBER._replace(member_id="M~1")), "subscriber.member_id"),
    (question(subscriber=SUBSCRIBER._replace(member_id="M_1")), "subscriber.member_id"),  # X12 has it
    (question(subscriber=SUBSCRIBER._replace(last_name="A*MES")), "subscriber.last_name"),
    (question(subscriber=SUBSCRIBER._replace(first_name="A^L:ICE")), "subscriber.first_name"),
    (question(subscriber=SUBSCRIBER._replace(last_name="王")), "subscriber.last_name"),
    (question(provider_npi="1234567890"), "provider_npi"),
    (question(service_types=("30", "98")), "service_types"),
    (question(diagnoses=(x12.Diagnosis("ABK", "Z000"),)), "diagnoses"),
    (question(subscriber=SUBSCRIBER._replace(birth_sequence=1)), "subscriber.birth_sequence"),
]


@pytest.mark.parametrize(("asked", "field"), REFUSED, ids=lambda value: str(value)[:30])
def test_what_stedi_cannot_carry_is_refused_with_its_field(asked: Any, field: str) -> None:
    with pytest.raises(x12.X12WriteError) as refusal:
        written(asked)
    assert refusal.value.field == field


def test_a_batch_holds_its_checks_in_order_and_gives_them_back() -> None:
    partner = TradingPartner(organization_id=HOME, transport="stedi_batch", settings={"max_retry_hours": 12})
    texts = [dialect.write_attempt(attempt(), question(), ROUTE, number="0001", now=NOW) for _ in range(3)]
    content = dialect.write_file(partner, "270", texts, number=17, now=NOW)
    assert json.loads(content) == {"maxRetryHours": 12, "items": [json.loads(each) for each in texts]}
    assert dialect.texts_of(content) == dict(zip(["0001", "0002", "0003"], texts, strict=True))


# --- the answer -------------------------------------------------------------------------------------


def verdict(one: Incoming) -> x12.CoverageVerdict:
    assert one.answer is not None
    return x12.decide_coverage(one.answer, asked=ASKED)


def test_a_271_inside_is_read_by_the_codec_and_belongs_to_the_attempt_named_beside_it() -> None:
    of = attempt()
    (one,) = said({**stedi.with_271(written(question(), of)), "submitterTransactionIdentifier": of.id.hex})
    assert (one.kind, one.traces, verdict(one).status) == (OutcomeKind.ANSWERED, (of.id,), "active")
    assert one.text.startswith("ST*271")


def test_stedis_own_trace_names_nobody_even_if_it_looks_like_one_of_ours() -> None:
    (one,) = said(stedi.with_271(written(question()), trace=uuid4().hex.upper()))
    assert (one.traces, one.references) == ((), ())


def as_x12(*segments: str) -> Incoming:
    """The same answer as a 271."""
    check = written(question())
    raw = stedi.with_271(check, *segments)["x12"].encode()
    (one,) = [each for each in x12_sets.read(raw) if isinstance(each, ReadSet)]
    return one.answers(1)[0]


SAME = [
    ([{"code": "1", "serviceTypeCodes": ["30"]}], ["EB*1**30"]),
    ([{"code": "6", "serviceTypeCodes": ["30"]}], ["EB*6**30"]),
    ([{"code": "1"}, {"code": "6"}], ["EB*1", "EB*6"]),
    ([{"code": "1", "serviceTypeCodes": ["35"]}], ["EB*1**35"]),
    ([{"code": "5", "serviceTypeCodes": ["30"]}], ["EB*5**30"]),
    ([{"code": "I", "serviceTypeCodes": ["30"]}], ["EB*I**30"]),
    (
        [{"code": "1", "serviceTypeCodes": ["30"], "benefitsDateInformation": {"planEnd": "20261101"}}],
        ["EB*1**30", "DTP*347*D8*20261101"],
    ),
    (
        [{"code": "1", "benefitsDateInformation": {"plan": "20260101-20261231"}}],
        ["EB*1", "DTP*291*RD8*20260101-20261231"],
    ),
    (
        [
            {"code": "1", "serviceTypeCodes": ["30"]},
            {
                "code": "R",
                "serviceTypeCodes": ["30"],
                "benefitsRelatedEntities": [{"entityIdentifier": "Primary Payer", "entityName": "OTHER"}],
            },
        ],
        ["EB*1**30", "EB*R**30", "LS*2120", "NM1*PRP*2*OTHER", "LE*2120"],
    ),
]


@pytest.mark.parametrize(("fields", "segments"), SAME, ids=lambda value: str(value)[:40])
def test_fields_mean_what_the_same_answer_in_x12_means(fields: Any, segments: list[str]) -> None:
    (one,) = said(stedi.answer(written(question()), *fields))
    theirs, ours = verdict(as_x12(*segments)), verdict(one)
    assert (ours.status, ours.reason, ours.period) == (theirs.status, theirs.reason, theirs.period)
    assert (ours.is_pending, ours.other_payer_first) == (theirs.is_pending, theirs.other_payer_first)


def test_figures_are_read_from_texts() -> None:
    (one,) = said(
        stedi.answer(
            written(question()),
            {"code": "1", "serviceTypeCodes": ["30"]},
            {"code": "C", "coverageLevelCode": "IND", "serviceTypeCodes": ["30"], "timeQualifierCode": "23",
             "benefitAmount": "1500", "inPlanNetworkIndicatorCode": "Y"},
            {"code": "C", "coverageLevelCode": "IND", "serviceTypeCodes": ["30"], "timeQualifierCode": "29",
             "benefitAmount": "420.55", "inPlanNetworkIndicatorCode": "Y"},
            {"code": "A", "coverageLevelCode": "IND", "serviceTypeCodes": ["30"], "benefitPercent": "0.2",
             "inPlanNetworkIndicatorCode": "Y", "authOrCertIndicator": "U"},
        )
    )  # fmt: skip
    assert one.answer is not None
    (row,) = [each for each in x12.benefit_figures(one.answer, asked_type="30") if each.network == "in"]
    assert (row.deductible, row.deductible_remaining, row.coinsurance) == (
        Decimal(1500), Decimal("420.55"), Decimal("0.2"),
    )  # fmt: skip


def test_a_dependent_answered_for_stands_under_the_subscriber() -> None:
    child = x12.Dependent("AMES", "BOBBY", date(2015, 9, 20), relationship="19")
    (one,) = said(stedi.answer(written(question(dependent=child))))
    assert one.answer is not None
    assert (one.answer.is_dependent, one.answer.first_name, one.answer.member_id) == (
        True,
        "BOBBY",
        "M00000001",
    )
    assert one.answer.subscriber is not None
    assert one.answer.subscriber.first_name == "ALICE"


@pytest.mark.parametrize(
    ("errors", "code", "again"),
    [
        ([stedi.error("75", "Please Correct and Resubmit")], "AAA 75", False),
        ([stedi.error("72", "Please Correct and Resubmit"), stedi.error("73", "Please Correct and Resubmit")],
         "AAA 72 73", False),
        ([stedi.error("42", "Resubmission Allowed", "Loop 2100A")], "AAA 42", True),
        ([stedi.error("80", "Resubmission Not Allowed", "Loop 2100A")], "AAA 80", False),
        ([stedi.error("42", "Please Resubmit Original Transaction", "Loop 2100A"),
          stedi.error("79", "Resubmission Allowed", "Loop 2100A")], "AAA 42 79", False),
        ([stedi.error("99 no such code", "Words Nobody Knows")], "AAA ?", False),
    ],
)  # fmt: skip
def test_a_rejection_counts_each_error_once_wherever_it_stands(errors: Any, code: str, again: bool) -> None:
    (one,) = said(stedi.rejected(written(question()), *errors))
    assert (one.kind, one.code, one.again) == (OutcomeKind.REJECTED, code, again)


def test_a_rejection_above_all_persons_needs_no_person() -> None:
    (one,) = said({"errors": [stedi.error("79", "Please Correct and Resubmit", "Loop 2000A")]})
    assert (one.kind, one.code, one.answer) == (OutcomeKind.REJECTED, "AAA 79", None)


def test_a_999_inside_refuses_the_question_and_acknowledges_nothing_of_ours() -> None:
    segments = [
        "AK1*HS*1*005010X279A1",
        "AK2*270*0001*005010X279A1",
        "IK3*NM1*8**8",
        "IK4*3*1035*1",
        "IK5*R*5",
    ]
    refusal = (
        "ISA*00*          *00*          *ZZ*EXAMPLE        *ZZ*ACME           *261122*0700*^*00501*"
        "000000001*0*T*:~GS*FA*EXAMPLE*ACME*20261122*0700*1*X*005010X231A1~ST*999*0001*005010X231A1~"
        + "~".join(segments)
        + "~AK9*R*1*1*0~SE*8*0001~GE*1*1~IEA*1*000000001~"
    )
    sets = [e for e in dialect.read(json.dumps({"x12": refusal}).encode()) if isinstance(e, ReadSet)]
    assert [each.transaction for each in sets] == [None]
    assert [(each.kind, each.code) for each in sets[0].answers(1)] == [(OutcomeKind.FAILED, "999 R")]


def test_an_invalid_question_ends_with_the_field_by_our_name() -> None:
    (one,) = said({"message": "…", "fieldList": [{"path": "/subscriber/dateOfBirth", "message": "…"}]})
    assert (one.kind, one.code) == (OutcomeKind.REJECTED, "unwritable:subscriber.birth_date")


def test_a_field_nobody_knows_is_named_without_what_stands_in_it() -> None:
    (one,) = said({"fieldList": [{"path": "/x/<script>O'Hara\n1984", "message": ""}]})
    assert one.code == "unwritable:x.script.O.Hara.1984"


@pytest.mark.parametrize("spoil", [lambda x12: x12[:60], lambda x12: x12.replace("~EB*6**30", "")])
def test_a_271_that_is_not_whole_leaves_the_fields(spoil: Any) -> None:
    check = stedi.answer(written(question()), {"code": "6", "serviceTypeCodes": ["30"]})
    whole = stedi.with_271(written(question()), "EB*1**30", "EB*6**30")["x12"]
    (one,) = said({**check, "x12": spoil(whole)})
    assert verdict(one).status == "inactive"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"message": "no"},
        {"benefitsInformation": [{"code": "1"}]},  # about nobody
        {
            "benefitsInformation": "1",
            "subscriber": [1],
            "errors": {"code": "75"},
            "x12": 5,
            "dependents": None,
        },
        {"subscriber": {"memberId": {"a": 1}, "dateOfBirth": "19849999"}, "benefitsInformation": [None, 3]},
    ],
    ids=str,
)
def test_an_answer_that_says_nothing_is_no_answer_and_is_asked_again(body: Any) -> None:
    (one,) = said(body)
    assert (one.kind, one.code, one.again) == (OutcomeKind.UNKNOWN, "no_answer", True)


@pytest.mark.parametrize(
    ("raw", "code", "offset"),
    [
        (b"", JsonErrorCode.NOT_JSON, 0),
        (b"<html>busy</html>", JsonErrorCode.NOT_JSON, 0),
        (b'{"id": "ec_1", "x', JsonErrorCode.NOT_JSON, 15),
        (b'{"id": "\xff"}', JsonErrorCode.NOT_JSON, 8),
        (b"[1]", JsonErrorCode.NOT_AN_OBJECT, 0),
        (b"[" * 100_000, JsonErrorCode.NOT_JSON, 0),
        (b'{"a":' + b"9" * 10_000 + b"}", JsonErrorCode.NOT_JSON, 0),
    ],
    ids=lambda value: str(value)[:24],
)
def test_what_is_no_json_is_unreadable_with_its_place(raw: bytes, code: JsonErrorCode, offset: int) -> None:
    with pytest.raises(JsonError) as error:
        said(raw)
    assert (error.value.code, error.value.offset) == (code, offset)


def test_an_item_that_is_none_costs_its_neighbours_nothing() -> None:
    good = stedi.answer(written(question()))
    found = []
    with pytest.raises(JsonError) as error:
        for event in dialect.read(json.dumps({"items": [good, "bad", good, None]}).encode()):
            found.append(event)
    assert len(found) == 2
    assert (error.value.code, error.value.offset) == (JsonErrorCode.ITEM_UNREADABLE, 1)


def test_texts_that_no_column_takes_do_not_get_in() -> None:
    (one,) = said(stedi.answer(written(question()), lastName="A\0MES\ud800", memberId=True))
    assert one.answer is not None
    assert (one.answer.last_name, one.answer.member_id) == ("AMES", None)
