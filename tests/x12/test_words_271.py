"""What a biller reads of a 271 must not say more than the payer did: wire to words."""

import json
from typing import Any

import pytest

from tests.x12.wire import ABOVE_SUBSCRIBER, ALICE, interchange, transaction_set
from tradingpartners.x12 import describe, inspection, read


def wire(*segments: str) -> str:
    return interchange(transaction_set(*ABOVE_SUBSCRIBER, *ALICE, *segments))


def lines(*segments: str) -> list[str]:
    """From the person on."""
    return [line.strip() for line in describe(read(wire(*segments)))][3:]


def only_answer(*segments: str) -> Any:
    said = json.loads(json.dumps(inspection(read(wire(*segments)))))
    return said["interchanges"][0]["groups"][0]["transactions"][0]["answers"][0]


PLAN = "DTP*291*RD8*20260101-20261231"
HEADLINES = [
    ("EB*1**35", "active for dental care only; plan as a whole not stated; no dates stated"),
    ("EB*1**30~EB*6**98", "covered, except physician office visit; no dates stated"),
    ("EB*1**30~EB*I**35", "covered, except dental care; no dates stated"),
    ("EB*1**30~EB*6**98*****Y~EB*1**98", "covered, unclear for physician office visit; no dates stated"),
    ("EB*5**30", "covered, the payer is still checking; no dates stated"),
    ("EB*1**30*********N", "covered, out of network only; no dates stated"),
    ("EB*1**30", "covered; no dates stated"),
    (f"{PLAN}~EB*1**30", "covered 2026-01-01 to 2026-12-31"),
    ("DTP*347*D8*20201231~EB*1**30", "covered until 2020-12-31"),
    ("DTP*346*D8*20200101~EB*1**30", "covered from 2020-01-01"),
    ("DTP*291*RD8*20260101-99991231~EB*1**30", "covered from 2026-01-01"),
    (f"{PLAN}~DTP*442*D8*20260301~EB*1**30", "covered 2026-01-01 to 2026-03-01; died 2026-03-01"),
    (
        f"{PLAN}~DTP*343*D8*20260301~EB*1**30",
        "covered 2026-01-01 to 2026-12-31; premium paid up to 2026-03-01",
    ),
    ("DTP*472*D8*20260105~EB*1**30", "covered; answered for 2026-01-05"),
    ("DTP*304*D8*20260105~EB*1**30", "covered; dates below not weighed"),
    ("DTP*291*RD8*20260101-~EB*1**30", "covered from 2026-01-01; a date is not readable"),
    ("DTP*291*D8*2026~EB*1**30", "covered; dates below not weighed; a date is not readable"),
    ("DTP*291*RD8*20260601-20260101~EB*1**30", "covered; its dates contradict each other"),
    ("EB*6**30", "NOT covered; no dates stated"),
    (f"{PLAN}~EB*6**30", "NOT covered; dates stated: 2026-01-01 to 2026-12-31"),
    ("EB*7**30~EB*1**35", "NOT covered, an update is on its way, except dental care; no dates stated"),
    ("EB*6**35", "NOT active for dental care; plan as a whole not stated; no dates stated"),
    (
        "EB*1**35~EB*6**98",
        "UNCLEAR: active for dental care, NOT for physician office visit; plan as a whole not stated",
    ),
    ("EB*1**30~EB*6**30", "UNCLEAR: the answer says both covered and not covered"),
    ("EB*C**30***23*500", "UNCLEAR: the answer does not say whether covered"),
    ("EB*V**30", "UNCLEAR: the answer does not say whether covered: the payer cannot"),
    ("AAA*N**42*R", "REJECTED: the payer could not answer"),
    (
        "EB*1**1^2^3^4^5^6",
        "active for medical care, surgery, consultation, diagnostic X-ray and 2 more only; "
        "plan as a whole not stated; no dates stated",
    ),
]


@pytest.mark.parametrize(("segments", "said"), HEADLINES)
def test_the_first_line_says_no_more_than_the_payer(segments: str, said: str) -> None:
    assert lines(*segments.split("~"))[0] == f"ALICE AMES (subscriber, member W0001): {said}"


def test_the_status_in_json_keeps_its_meaning() -> None:
    assert [only_answer(eb)["status"] for eb in ("EB*1**35", "EB*5**30", "EB*6**30", "EB*V**30")] == [
        "active",
        "active",
        "inactive",
        "unknown",
    ]


FIGURES = [
    ("EB*B**98***27*25**VS*20", "Copay for physician office visit; $25 per visit; 20 visits"),
    ("EB*C**30***24*450", "Deductible for health plan as a whole; used so far this year: $450"),
    ("EB*C**30***29*450", "Deductible for health plan as a whole; $450 remaining"),
    ("EB*C**30***30*450", "Deductible for health plan as a whole; exceeded: $450"),
    ("EB*C**30****450", "Deductible for health plan as a whole; $450; period not stated"),
    ("EB*B**98****25", "Copay for physician office visit; $25"),
    ("EB*Y**30***29*80", "Spend-down still owed by the patient for health plan as a whole; $80 remaining"),
    ("EB*Y**30***34*80", "Spend-down for health plan as a whole; $80 per month"),
    ("EB*C**30***23*1,500", "Deductible for health plan as a whole; per calendar year; amount unreadable"),
    (
        "EB*B**98**25.00",
        "Copay for physician office visit; an amount stands in the wrong place (EB05); 25.00",
    ),
    (
        "EB*C**30***1500.00",
        "Deductible for health plan as a whole; 1500.00; an amount stands in the wrong place (EB06)",
    ),
    ("EB*A**30*****X", "Coinsurance for health plan as a whole; share unreadable"),
    ("EB*F**33~HSD*VS*X", "Limit for chiropractic; quantity unreadable"),
    ("EB*P", "The payer's disclaimer"),
    ("EB*1**73", "Covered for diagnostic medical care"),
    (
        "EB*1**30~DTP*348*RD8*20260101-",
        "Covered for health plan as a whole; Benefit begins: from 2026-01-01, end not readable",
    ),
    (
        "EB*1**30~DTP*349*D8*99991231",
        "Covered for health plan as a whole; Benefit ends: no end",
    ),
]


@pytest.mark.parametrize(("segments", "said"), FIGURES)
def test_a_figure_is_told_for_what_it_is(segments: str, said: str) -> None:
    assert lines(*segments.split("~"))[1] == said


def test_a_range_without_a_readable_end_keeps_its_two_ends_in_json() -> None:
    assert only_answer("DTP*291*RD8*20260101-", "EB*1**30")["dates"] == [
        {"qualifier": "291", "from": "2026-01-01", "to": None}
    ]


REJECTED = [
    ("AAA*N**42*C", "The payer cannot answer right now (42); ask again later; nothing to fix"),
    ("AAA*N**80*N", "No response came and the request was ended (80); ask again later; nothing to fix"),
    ("AAA*N**42*W", "The payer cannot answer right now (42); ask again in 30 days; nothing to fix"),
    (
        "AAA*N**43*C",
        "Provider number is wrong or missing (43); correct it and ask again; to fix: office set-up",
    ),
    ("AAA*N**76*N", "Member number belongs to more than one person (76); do not ask again; call the payer"),
]


@pytest.mark.parametrize(("segment", "said"), REJECTED)
def test_a_rejection_says_what_to_do_and_who_does_it(segment: str, said: str) -> None:
    assert lines(segment)[1] == f"Rejected for the member (2100C): {said}"


def test_a_payer_that_refuses_is_named_before_the_person() -> None:
    segments = (*ABOVE_SUBSCRIBER[:3], "AAA*N**42*C", *ABOVE_SUBSCRIBER[3:], *ALICE)
    said = [line.strip() for line in describe(read(interchange(transaction_set(*segments))))]
    assert said[3] == (
        "Rejected by the payer (2100A): The payer cannot answer right now (42); "
        "ask again later; nothing to fix"
    )


def test_a_rejection_of_a_service_stands_beneath_its_benefit() -> None:
    said = lines("EB*V**98", "AAA*N**54*N", "EB*1**30")
    assert said[1:3] == [
        "Payer cannot say for physician office visit",
        "Rejected for the service (2110C): Kind of procedure code is not accepted (54); "
        "do not ask again; to fix: office set-up",
    ]
    assert sum("Rejected" in line for line in said) == 1


def family(rejections: int, dependents: int) -> str:
    body = [*ABOVE_SUBSCRIBER, "HL*3*2*22*1", "NM1*IL*1*AMES*ALICE****MI*W0001"]
    body += ["AAA*N**72*C"] * rejections
    for number in range(dependents):
        body += [f"HL*{number + 4}*3*23*0", f"NM1*03*1*AMES*BOBBY{number}"]
    return interchange(transaction_set(*body))


def test_a_rejection_of_the_subscriber_is_told_once_and_not_as_the_dependents() -> None:
    said = [line.strip() for line in describe(read(family(1, 2)))][3:]
    assert said[0].endswith("REJECTED: the payer could not answer")
    assert said[1].startswith("Rejected for the member (2100C): Member number is wrong or missing (72)")
    assert sum("Rejected" in line for line in said) == 1
    assert said[2].startswith("BOBBY0 AMES (dependent")
    assert said[2].endswith("REJECTED: the payer could not answer for the subscriber, see there")


def test_very_many_rejections_of_a_subscriber_are_not_repeated_for_every_dependent() -> None:
    wire = family(1000, 1000)
    assert len(json.dumps(inspection(read(wire)))) < 100 * len(wire)
    assert sum(len(line) for line in describe(read(wire))) < 20 * len(wire)
