"""What a 278 response decides: each case with the reason for its verdict."""

from datetime import date

import pytest

from tradingpartners.x12.parties import DateRange, Party, Reference, RelatedEntity
from tradingpartners.x12.ts271.values import Rejection
from tradingpartners.x12.ts278.certification import (
    Certification,
    CertificationFlag,
    CertificationStatus,
    certified_period,
    event_certification,
    least_favourable,
    patient_certification,
    read_action,
    review_certification,
    service_certification,
)
from tradingpartners.x12.ts278.values import (
    HealthCareServicesReview,
    PatientEvent,
    ReviewDecision,
    ReviewEntity,
    ReviewInformation,
    ReviewPatient,
    ReviewPerson,
    ReviewService,
)

AUTH = "AUTH001"
REFUSED = Rejection("2000E", "N", "15", "C", 12)
PAYER_DOWN = Rejection("2000A", "Y", "42", "P", 4)


def said(action: str, number: str = "", *reasons: str) -> ReviewDecision:
    return ReviewDecision(action, number, reasons)


def service(decision: ReviewDecision | None = None, *rejections: Rejection) -> ReviewService:
    return ReviewService(decision=decision, rejections=rejections)


def event(
    decision: ReviewDecision | None = None,
    *services: ReviewDecision | None,
    references: tuple[Reference, ...] = (),
    rejections: tuple[Rejection, ...] = (),
) -> PatientEvent:
    lines = tuple(service(each) for each in services)
    return PatientEvent(decision=decision, services=lines, references=references, rejections=rejections)


PEND_ID = (Reference("NT", "PEND0001", ""),)
PREVIOUS = (Reference("BB", "OLD1", ""),)
REFUSING_PROVIDER = PatientEvent(
    decision=said("A1", AUTH),
    providers=(
        ReviewEntity(
            RelatedEntity(Party("SJ", "RIVER", "", "", "", "XX", "1")),
            (REFUSED._replace(loop="2010EA"),),
        ),
    ),
)

CANCELLATION = ReviewInformation("HS", "3")


def cancelling(asked: PatientEvent) -> PatientEvent:
    return asked._replace(information=CANCELLATION)


# The event, what it is, its authorization number, by what the payer finds it, why a person must look.
CASES: list[tuple[str, PatientEvent, str, str | None, str | None, set[str]]] = [
    # One decision, at the event.
    ("certified in total", event(said("A1", AUTH)), "certified", AUTH, None, set()),
    ("a claim needs the number", event(said("A1")), "certified", None, None, {"number_missing"}),
    ("lower case happens", event(said("a1", AUTH)), "certified", AUTH, None, set()),
    ("padded codes happen", event(said(" A1 ", AUTH)), "certified", AUTH, None, set()),
    ("partial is not all", event(said("A2", AUTH)), "partial", AUTH, None, {"part_unstated"}),
    (
        "some send A2 for denied",
        event(said("A2", "", "0F")),
        "partial",
        None,
        None,
        {"part_unstated", "number_missing"},
    ),
    ("modified is not as asked", event(said("A6", AUTH)), "modified", AUTH, None, set()),
    ("denied with its reason", event(said("A3", "", "0T")), "denied", None, None, set()),
    ("denied without a reason", event(said("A3")), "denied", None, None, {"reason_missing"}),
    ("its number is none", event(said("A3", "X1", "0T")), "denied", None, None, {"number_on_denial"}),
    ("pended by REF*NT", event(said("A4"), references=PEND_ID), "pended", None, "PEND0001", set()),
    ("pended by HCR02", event(said("A4", "PEND0002")), "pended", None, "PEND0002", set()),
    (
        "REF*NT before HCR02",
        event(said("A4", "PEND0002"), references=PEND_ID),
        "pended",
        None,
        "PEND0001",
        set(),
    ),
    ("pended and nameless", event(said("A4")), "pended", None, None, set()),
    ("an old number is none", event(said("A4"), references=PREVIOUS), "pended", None, None, set()),
    ("cancelled", event(said("C", AUTH)), "cancelled", None, None, set()),
    ("a cancellation is confirmed", cancelling(event(said("A1", AUTH))), "cancelled", None, None, set()),
    ("for its services too", cancelling(event(None, said("A1", AUTH))), "cancelled", None, None, set()),
    (
        "cancelled in part, and which part is left nobody knows",
        cancelling(event(said("A2", AUTH))),
        "unknown",
        None,
        None,
        {"action_unknown"},
    ),
    ("a cancellation denied", cancelling(event(said("A3", "", "0T"))), "denied", None, None, set()),
    ("not required is no denial", event(said("NA")), "not_required", None, None, set()),
    ("and gives no number", event(said("NA", "X1")), "not_required", None, None, set()),
    ("call the payer", event(said("CT")), "contact_payer", None, None, set()),
    ("no code of ours", event(said("PENDEDCODE", AUTH)), "unknown", None, None, {"action_unknown"}),
    ("no code at all", event(said("", AUTH)), "unknown", None, None, {"action_unknown"}),
    ("silence", event(), "unknown", None, None, set()),
    # Refused to consider.
    ("refused is not denied", event(rejections=(REFUSED,)), "rejected", None, None, set()),
    (
        "refused beside an approval",
        event(said("A1", AUTH), rejections=(REFUSED,)),
        "rejected",
        None,
        None,
        {"rejected_and_decided"},
    ),
    (
        "refused beside a denial",
        event(said("A3", "", "0T"), rejections=(REFUSED,)),
        "denied",
        None,
        None,
        {"rejected_and_decided"},
    ),
    ("refused for a provider", REFUSING_PROVIDER, "rejected", None, None, {"rejected_and_decided"}),
    # Decisions of services.
    ("only a service decides", event(None, said("A1", AUTH)), "certified", AUTH, None, set()),
    ("only a service denies", event(None, said("A3", "", "0T")), "denied", None, None, set()),
    (
        "both alike",
        event(None, said("A1", AUTH), said("A1", AUTH)),
        "certified",
        AUTH,
        None,
        set(),
    ),
    (
        "two numbers are no number",
        event(None, said("A1", "N1"), said("A1", "N2")),
        "certified",
        None,
        None,
        {"numbers_differ"},
    ),
    (
        "a service is certified under another number than its event",
        event(said("A1", AUTH), said("A1", "S1")),
        "certified",
        AUTH,
        None,
        {"numbers_differ"},
    ),
    (
        "two numbers and none",
        event(None, said("A1", "N1"), said("A1", "N2"), said("A1")),
        "certified",
        None,
        None,
        {"numbers_differ", "number_missing"},
    ),
    (
        "one of two has no number",
        event(None, said("A1", "N1"), said("A1")),
        "certified",
        None,
        None,
        {"number_missing"},
    ),
    (
        "one yes, one no",
        event(None, said("A1", AUTH), said("A3", "", "0T")),
        "denied",
        None,
        None,
        {"decisions_differ"},
    ),
    (
        "one yes, one not yet",
        event(None, said("A1", AUTH), said("A4", "P1")),
        "pended",
        None,
        "P1",
        {"decisions_differ"},
    ),
    (
        "one yes, one silent",
        event(None, said("A1", AUTH), None),
        "unknown",
        None,
        None,
        {"decisions_differ"},
    ),
    (
        "one yes, one in no code of ours",
        event(None, said("A1", AUTH), said("ZZ")),
        "unknown",
        None,
        None,
        {"decisions_differ", "action_unknown"},
    ),
    ("the event speaks for the silent", event(said("A1", AUTH), None, None), "certified", AUTH, None, set()),
    (
        "a service falls behind its event",
        event(said("A1", AUTH), said("A3", "", "0T")),
        "denied",
        None,
        None,
        {"decisions_differ"},
    ),
    (
        "a service does not lift its event",
        event(said("A3", "", "0T"), said("A1", AUTH)),
        "denied",
        None,
        None,
        {"decisions_differ"},
    ),
    (
        "a service does not lift a pended event",
        event(said("A4", "P1"), said("A1", AUTH)),
        "pended",
        None,
        "P1",
        {"decisions_differ"},
    ),
    (
        "partial, and the services say which part",
        event(said("A2", AUTH), said("A1"), said("A3", "", "0T")),
        "partial",
        AUTH,
        None,
        set(),
    ),
    (
        "partial, and nothing is left of it",
        event(said("A2", AUTH), said("A3", "", "0T"), said("A3", "", "0T")),
        "denied",
        None,
        None,
        {"decisions_differ"},
    ),
    (
        "partial, and the rest not yet",
        event(said("A2", AUTH), said("A1"), said("A4", "P1")),
        "pended",
        None,
        "P1",
        {"decisions_differ"},
    ),
]


@pytest.mark.parametrize(("why", "asked", "status", "number", "reference", "flags"), CASES)
def test_an_event_is_decided_as_the_payer_says(
    why: str, asked: PatientEvent, status: str, number: str | None, reference: str | None, flags: set[str]
) -> None:
    verdict = event_certification(asked)
    assert (verdict.status, verdict.authorization_number) == (status, number)
    assert verdict.administrative_reference == reference
    assert set(verdict.flags) == flags
    assert verdict.needs_person == (bool(flags) or status in ("unknown", "contact_payer"))


# The service, its event, what holds for the service, under which number.
SERVICES: list[tuple[str, ReviewService, PatientEvent, str, str | None, set[str]]] = [
    ("its own decision", service(said("A1", "S1")), event(said("A4", "P1")), "certified", "S1", set()),
    ("that of its event", service(), event(said("A1", AUTH)), "certified", AUTH, set()),
    ("its own, the event's number", service(said("A6")), event(said("A1", AUTH)), "modified", AUTH, set()),
    ("denied under a number", service(said("A3", "", "0T")), event(said("A1", AUTH)), "denied", None, set()),
    ("which part is not said", service(), event(said("A2", AUTH)), "unknown", None, set()),
    ("the part that is", service(said("A1")), event(said("A2", AUTH)), "certified", AUTH, set()),
    ("no number anywhere", service(said("A1")), event(), "certified", None, {"number_missing"}),
    ("nobody says", service(), event(), "unknown", None, set()),
    ("refused", service(None, REFUSED), event(said("A1", AUTH)), "rejected", None, set()),
    ("refused with its event", service(), event(rejections=(REFUSED,)), "rejected", None, set()),
    (
        "certified below a refusal",
        service(said("A1", "S1")),
        event(rejections=(REFUSED,)),
        "rejected",
        None,
        {"rejected_and_decided"},
    ),
]


@pytest.mark.parametrize(("why", "asked", "above", "status", "number", "flags"), SERVICES)
def test_a_service_is_decided_by_itself_or_by_its_event(
    why: str, asked: ReviewService, above: PatientEvent, status: str, number: str | None, flags: set[str]
) -> None:
    verdict = service_certification(asked, above)
    assert (verdict.status, verdict.authorization_number) == (status, number)
    assert set(verdict.flags) == flags


def test_a_refusal_above_takes_every_decision_below_with_it() -> None:
    certified = event(said("A1", AUTH), said("A1", "S1"))
    verdict = event_certification(certified, [PAYER_DOWN])
    assert verdict == Certification(
        CertificationStatus.REJECTED, None, None, (CertificationFlag.REJECTED_AND_DECIDED,)
    )
    assert service_certification(certified.services[0], certified, [PAYER_DOWN]).status == "rejected"
    assert event_certification(event(), [PAYER_DOWN]).flags == ()


def person(*rejections: Rejection) -> ReviewPerson:
    return ReviewPerson(Party("IL", "AMES", "ALICE", "", "", "MI", "W0001"), rejections=rejections)


def review(*patients: ReviewPatient, rejections: tuple[Rejection, ...] = ()) -> HealthCareServicesReview:
    return HealthCareServicesReview(
        "11", "PA1", None, None, None, None, patients, rejections=rejections, is_response=True
    )


def test_a_payer_that_refuses_for_itself_decides_nothing_and_sends_no_patient() -> None:
    verdict = review_certification(review(rejections=(PAYER_DOWN,)))
    assert verdict is not None and verdict.status == "rejected"


def test_a_patient_not_found_is_refused_not_denied() -> None:
    not_found = Rejection("2010C", "N", "67", "C", 8)
    assert patient_certification(ReviewPatient(person(not_found))).status == "rejected"
    below = ReviewPatient(person(not_found), person(), (event(said("A1", AUTH)),))
    assert patient_certification(below).status == "rejected"


def test_a_patient_about_whom_nothing_is_said_is_unknown() -> None:
    assert patient_certification(ReviewPatient(person())).status == "unknown"
    verdict = review_certification(review())
    assert verdict is not None and verdict.needs_person


def test_a_request_is_not_decided() -> None:
    assert review_certification(review()._replace(is_response=False)) is None


def test_two_patients_and_two_events_take_the_least_favourable() -> None:
    yes = ReviewPatient(person(), events=(event(said("A1", AUTH)),))
    both = ReviewPatient(person(), events=(event(said("A1", AUTH)), event(said("A4", "P1"))))
    assert patient_certification(both).status == "pended"
    verdict = review_certification(review(yes, both))
    assert verdict is not None and (verdict.status, verdict.authorization_number) == ("pended", None)
    alone = review_certification(review(yes))
    assert alone is not None and alone.authorization_number == AUTH


# Two events, what they come to: number, reference, flags.
TOGETHER: list[tuple[PatientEvent, PatientEvent, str, str | None, str | None, set[str]]] = [
    (event(said("A1", AUTH)), event(said("A1", AUTH)), "certified", AUTH, None, set()),
    (event(said("A1", "N1")), event(said("A1", "N2")), "certified", None, None, {"numbers_differ"}),
    (event(said("A1", AUTH)), event(said("A1")), "certified", None, None, {"number_missing"}),
    (event(said("A1", AUTH)), event(said("A4", "P1")), "pended", None, "P1", {"decisions_differ"}),
    (event(said("A4"), references=PEND_ID), event(said("A4")), "pended", None, "PEND0001", set()),
    (event(said("NA")), event(said("A1", AUTH)), "certified", AUTH, None, {"decisions_differ"}),
]


@pytest.mark.parametrize(("one", "other", "status", "number", "reference", "flags"), TOGETHER)
def test_two_events_or_patients_keep_their_number_reference_and_disagreement(
    one: PatientEvent,
    other: PatientEvent,
    status: str,
    number: str | None,
    reference: str | None,
    flags: set[str],
) -> None:
    patients = [ReviewPatient(person(), events=(each,)) for each in (one, other)]
    both = patient_certification(ReviewPatient(person(), events=(one, other)))
    assert review_certification(review(*patients)) == both
    assert (both.status, both.authorization_number, both.administrative_reference) == (
        status,
        number,
        reference,
    )
    assert set(both.flags) == flags


def test_a_service_asked_for_anew_in_a_cancelled_event_is_certified() -> None:
    asked = service(said("A1", "S1"))._replace(information=ReviewInformation("HS", "I"))
    assert service_certification(asked, cancelling(event())).authorization_number == "S1"
    cancelled = service_certification(service(said("A1", "S1")), cancelling(event()))
    assert (cancelled.status, cancelled.authorization_number) == ("cancelled", None)


@pytest.mark.parametrize("code", ["A1", "A2", "A3", "A4", "A6", "C", "CT", "NA", "A5", "", "??"])
def test_no_decision_is_upgraded_by_what_stands_beside_it(code: str) -> None:
    status = read_action(code)
    for other in ("A1", "A6", "NA"):
        beside = event_certification(event(None, said(code, "N1"), said(other, AUTH)))
        assert least_favourable([beside.status, status]) == beside.status


PERIODS = [
    ([("007", 1, None), ("036", 28, None)], (1, 28)),
    ([("007", 1, 28)], (1, 28)),
    ([("472", 3, 9), ("007", 1, None), ("036", 28, None)], (1, 28)),
    ([("AAH", 1, 28), ("472", 3, 9)], (1, 28)),
    ([("472", 3, None)], (3, None)),
    ([("435", 3, None), ("036", 9, None)], (3, 9)),
    ([("102", 1, None)], None),
    ([], None),
]


@pytest.mark.parametrize(("dates", "period"), PERIODS)
def test_a_certification_holds_from_to(
    dates: list[tuple[str, int, int | None]], period: tuple[int, int | None] | None
) -> None:
    def day(number: int | None) -> date | None:
        return date(2026, 12, number) if number else None

    given = tuple(DateRange(qualifier, day(begin), day(end)) for qualifier, begin, end in dates)
    held = certified_period(PatientEvent(dates=given))
    assert (held and (held.begin, held.end)) == (period and (day(period[0]), day(period[1])))
