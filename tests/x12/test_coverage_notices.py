"""What an answer says beside active or inactive: the notice, and the segments that say it."""

from datetime import date

import pytest

from tests.x12.wire import ABOVE_SUBSCRIBER, ALICE, answer_with, interchange, response_to, transaction_set
from tradingpartners.x12 import CoverageVerdict, Notice, NoticeCode, Period, decide_coverage

ASKED = date(2026, 11, 25)

# Reason; the segments below the name, the first is number 10; type asked about; notices.
CASES: list[tuple[str, str, str, list[tuple[str, tuple[int, ...]]]]] = [
    ("active, and nothing besides", "EB*1**30", "30", []),
    ("pending investigation", "EB*5**30", "30", [("pending_investigation", (10,))]),
    ("inactive, pending an update", "EB*7**30", "30", [("pending_update", (10,))]),
    ("inactive, pending investigation", "EB*8**30", "30", [("pending_investigation", (10,))]),
    ("capitated: the provider is paid otherwise", "EB*4**30", "30", [("capitated", (10,))]),
    ("out of network only", "EB*1**30*********N", "30", [("out_of_network_only", (10,))]),
    ("in and out of network", "EB*1**30*********N~EB*1**30*********Y", "30", []),
    ("another payer, of unknown turn, may be first", "EB*1**30~EB*R**30", "30",
     [("other_payer_first", (11,))]),
    ("a primary payer is first", "EB*1**30~EB*R~LS*2120~NM1*PRP*2*OTHER BLUE~LE*2120", "30",
     [("other_payer_first", (11,))]),
    ("a secondary payer is not first", "EB*1**30~EB*R~LS*2120~NM1*SEP*2*OTHER BLUE~LE*2120", "30",
     [("other_payer", (11,))]),
    ("another payer of the pharmacy alone is nobody's first", "EB*1**30~EB*R**88", "30", []),
    ("one whose coverage ended is not another payer",
     "EB*1**30~EB*R**30~DTP*290*D8*20200101~DTP*349*D8*20251231",
     "30", []),
    ("one that is current is", "EB*1**30~EB*R**30~DTP*292*RD8*20260101-20261231", "30",
     [("other_payer_first", (11,))]),
    ("the type asked about is not covered", "EB*1**30~EB*I**35", "35", [("service_not_covered", (11,))]),
    ("another type is not covered", "EB*1**30~EB*I**AL", "35", []),
    ("the type asked about could not be processed", "EB*1**30~EB*V**35", "35",
     [("service_not_processed", (11,))]),
    ("somebody else knows", "EB*1**30~EB*U**35", "35", [("contact_another", (11,))]),
    ("restricted to a provider", "EB*1**30~EB*N**30", "30", [("restricted_to_provider", (11,))]),
    ("a second opinion first", "EB*1**30~EB*Q**98", "98", [("second_opinion_required", (11,))]),
    ("spend-down", "EB*1**30~EB*Y***MC***250", "30", [("spend_down", (11,))]),
    ("the card was reported lost", "EB*1**30~EB*T", "30", [("card_reported_lost", (11,))]),
    ("authorization for the type asked about", "EB*1**30~EB*CB**62^73********Y", "62",
     [("authorization_required", (11,))]),
    ("authorization for another type", "EB*1**30~EB*CB**62^73********Y", "98", []),
    ("authorization for the plan", "EB*1**30********Y", "98", [("authorization_required", (10,))]),
    ("what is said of the type goes before the plan", "EB*1**30********Y~EB*CB**98********N", "98", []),
    ("authorization of a procedure alone", "EB*1**30~EB*CB**********Y*Y*HC:70551", "30", []),
    ("the payer cannot say", "EB*1**98********U", "98", []),
    ("needed out of network only, where the rest is said", "EB*1**98********Y*N~EB*1**98********N*Y", "98",
     []),
    ("needed out of network, and nothing said of the rest", "EB*1**98********Y*N", "98",
     [("out_of_network_only", (10,)), ("authorization_required_out_of_network", (10,))]),
    ("needed in and out of network", "EB*1**98********Y*W", "98", [("authorization_required", (10,))]),
    ("a referral, in so many words", "EB*1**30~EB*CB**98~MSG*PCP REFERRAL REQUIRED.", "98",
     [("referral_required", (11,))]),
    ("no referral", "EB*1**30~EB*CB**98~MSG*NO REFERRAL REQUIRED", "98", []),
    ("words that may mean anything", "EB*1**30~MSG*REFERRAL REQUIRED FOR SOME SERVICES", "98", []),
    ("other identifiers", "INS*Y*18*001*25~EB*1**30", "30", [("identifiers_changed", (7,))]),
    ("an AAA beside benefits", "EB*1**30~EB*V**35~AAA*N**53*C", "30", [("rejected_in_part", (12,))]),
    ("the premium is paid until before the day", "DTP*343*D8*20261031~EB*1**30", "30",
     [("premium_paid_until_earlier", (7,))]),
    ("the premium is paid", "DTP*343*D8*20261130~EB*1**30", "30", []),
    ("an end nobody can read", "DTP*347*D8*2026~EB*1**30", "30", [("dates_unreadable", (11,))]),
    ("inactive inside the stated period", "DTP*347*D8*20261231~EB*6**30", "30",
     [("inactive_within_stated_period", (11,))]),
    ("each code once, with all its segments", "EB*5**30~EB*5~EB*R~EB*R**30", "30",
     [("pending_investigation", (10, 11)), ("other_payer_first", (12, 13))]),
]  # fmt: skip


def decided(segments: str, service_type: str = "30") -> CoverageVerdict:
    return decide_coverage(answer_with(*segments.split("~")), service_type=service_type, asked=ASKED)


@pytest.mark.parametrize(
    ("segments", "service_type", "notices"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_notices_name_what_they_saw(
    segments: str, service_type: str, notices: list[tuple[str, tuple[int, ...]]]
) -> None:
    said = decided(segments, service_type)
    assert said.notices == tuple(Notice(NoticeCode(code), numbers) for code, numbers in notices)


@pytest.mark.parametrize(
    ("segments", "required"),
    [
        ("EB*1**30********Y", True),
        ("EB*1**30********N", False),
        ("EB*1**30********U", None),
        ("EB*1**30", None),
        ("EB*1**30********N~EB*CB**30********Y", True),
    ],
)
def test_authorization_is_yes_no_or_not_stated(segments: str, required: bool | None) -> None:
    assert decided(segments).authorization_required is required


def test_another_payer_has_a_name_an_id_and_dates() -> None:
    said = decided(
        "EB*1**30~EB*R**30~DTP*292*RD8*20260101-20261231"
        "~LS*2120~NM1*IL*1*AMES*CAROL~NM1*PRP*2*OTHER BLUE*****PI*OB1~LE*2120"
    )
    (payer,) = said.other_payers
    assert payer.entity and payer.entity.party.id == "OB1"
    assert (payer.name, payer.turn, payer.may_be_first, payer.segment_number) == ("OTHER BLUE", 1, True, 11)
    assert payer.period == Period(date(2026, 1, 1), date(2026, 12, 31))


def test_a_person_named_beside_another_payer_is_not_its_name() -> None:
    (payer,) = decided("EB*1**30~EB*R**30~LS*2120~NM1*IL*1*AMES*CAROL~LE*2120").other_payers
    assert (payer.name, payer.turn) == ("", None)


@pytest.mark.parametrize(
    ("segments", "name"),
    [
        ("EB*1**30~LS*2120~NM1*P3*1*REED*DANA~LE*2120", "REED"),
        ("EB*1**30~EB*L~LS*2120~NM1*P3*1*REED*DANA~LE*2120", "REED"),
        ("EB*1**30~EB*L~LS*2120~NM1*1P*1*REED*DANA~LE*2120", "REED"),
        ("EB*1**30~EB*L~LS*2120~NM1*1P*2*CLINIC~NM1*P3*1*REED*DANA~LE*2120", "REED"),
        ("EB*1**30~EB*U~LS*2120~NM1*VN*2*VISION~LE*2120", None),
    ],
)
def test_the_primary_care_provider_is_who_is_named_as_such(segments: str, name: str | None) -> None:
    provider = decided(segments).primary_care_provider
    assert (provider.party.last_name if provider else None) == name


@pytest.mark.parametrize(
    ("about_dependent", "notices"),
    [(True, {NoticeCode.ANSWERED_AS_SUBSCRIBER}), (False, set()), (None, set())],
)
def test_a_dependent_answered_as_subscriber_is_noticed(
    about_dependent: bool | None, notices: set[NoticeCode]
) -> None:
    said = decide_coverage(answer_with("EB*1**30"), asked=ASKED, about_dependent=about_dependent)
    assert said.notice_codes == notices


def test_a_subscriber_answered_as_dependent_is_noticed() -> None:
    below = ("HL*4*3*23*0", "NM1*03*1*AMES*BOBBY", "EB*1**30")
    answer = response_to(interchange(transaction_set(*ABOVE_SUBSCRIBER, *ALICE, *below))).answers[-1]
    said = decide_coverage(answer, asked=ASKED, about_dependent=False)
    assert said.notice_codes == {NoticeCode.ANSWERED_AS_DEPENDENT}


def test_pending_and_other_payer_first_are_asked_of_the_verdict() -> None:
    said = decided("EB*5**30~EB*R")
    assert said.is_pending and said.other_payer_first
    said = decided("EB*1**30")
    assert not said.is_pending and not said.other_payer_first
