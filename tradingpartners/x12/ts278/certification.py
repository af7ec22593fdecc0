"""What a 278 response decides: about a service, an event, a patient.

The rules in one place:
- HCR01 is read by one table; a code that is not in it is unknown, and a person must read it.
- A refusal to consider (AAA) is not a denial: correct and send again, do not appeal.
- No decision is ever upgraded: beside a refusal or another decision the least favourable counts.
- An event without a decision of its own takes that of its services. Where they differ it is the
  least favourable; only where the payer itself says "partial" (A2) is it partial as long as
  something is certified.
- A number is an authorization number only where something is certified. What stands in HCR02 of a
  denial or of a pended request never is, nor what confirms a cancellation (UM02 3).
- Over several events and patients the same holds as over the services of an event.
- Silence is unknown.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from tradingpartners.x12.parties import DateRange
from tradingpartners.x12.ts271.values import Rejection
from tradingpartners.x12.ts278.values import (
    ADMINISTRATIVE_REFERENCE,
    CertificationType,
    HealthCareServicesReview,
    PatientEvent,
    ReviewPatient,
    ReviewService,
)


class CertificationStatus(StrEnum):
    """The answer to "may we go ahead?"."""

    NOT_REQUIRED = "not_required"
    CERTIFIED = "certified"
    MODIFIED = "modified"
    PARTIAL = "partial"
    PENDED = "pended"
    CONTACT_PAYER = "contact_payer"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    DENIED = "denied"


# From the most to the least favourable.
_BY_FAVOUR = {status: rank for rank, status in enumerate(CertificationStatus)}
CERTIFYING = frozenset(
    [CertificationStatus.CERTIFIED, CertificationStatus.MODIFIED, CertificationStatus.PARTIAL]
)
_ACTIONS = {
    "A1": CertificationStatus.CERTIFIED,
    "A2": CertificationStatus.PARTIAL,
    "A3": CertificationStatus.DENIED,
    "A4": CertificationStatus.PENDED,
    "A6": CertificationStatus.MODIFIED,
    "C": CertificationStatus.CANCELLED,
    "CT": CertificationStatus.CONTACT_PAYER,
    "NA": CertificationStatus.NOT_REQUIRED,
}
# What may stand beside certified services in an event the payer calls partly certified.
_PARTS = CERTIFYING | {
    CertificationStatus.NOT_REQUIRED,
    CertificationStatus.CANCELLED,
    CertificationStatus.DENIED,
}


class CertificationFlag(StrEnum):
    """Why a person should look at it."""

    # Certified, and no number to put on the claim.
    NUMBER_MISSING = "number_missing"
    # Events or services are certified under different numbers: each is claimed under its own.
    NUMBERS_DIFFER = "numbers_differ"
    # Denied, and yet there is a number: some payers mean "not required" by A3.
    NUMBER_ON_DENIAL = "number_on_denial"
    # Denied without a reason.
    REASON_MISSING = "reason_missing"
    # Partly certified, and no service says which part.
    PART_UNSTATED = "part_unstated"
    # The event and its services, or several events, are not of one mind.
    DECISIONS_DIFFER = "decisions_differ"
    # Refused to consider, and decided all the same.
    REJECTED_AND_DECIDED = "rejected_and_decided"
    ACTION_UNKNOWN = "action_unknown"


class Certification(NamedTuple):
    """What was decided, and by which numbers it goes."""

    status: CertificationStatus
    authorization_number: str | None = None
    # REF*NT, or HCR02 of a pended request: by which the payer finds it again.
    administrative_reference: str | None = None
    flags: tuple[CertificationFlag, ...] = ()

    @property
    def needs_person(self) -> bool:
        """Whether nobody but a person can take the next step."""
        return bool(self.flags) or self.status in _FOR_A_PERSON


# Where nothing is certified after all, these say nothing.
_ABOUT_NUMBERS = (CertificationFlag.NUMBER_MISSING, CertificationFlag.NUMBERS_DIFFER)
_FOR_A_PERSON = (CertificationStatus.UNKNOWN, CertificationStatus.CONTACT_PAYER)


def read_action(code: str) -> CertificationStatus:
    """HCR01; lower case happens."""
    return _ACTIONS.get(code.strip().upper(), CertificationStatus.UNKNOWN)


def own_certification(
    level: PatientEvent | ReviewService, event: PatientEvent | None = None
) -> Certification | None:
    """What the event or the service says by itself; None where it is silent.

    `event` is that of a service: it says what was asked where the service does not.
    """
    rejected = _is_rejected(level)
    decision = level.decision
    reference = _administrative_reference(level)
    if decision is None:
        return Certification(CertificationStatus.REJECTED, None, reference) if rejected else None
    status = read_action(decision.action)
    if status in CERTIFYING and _is_cancellation(level, event):
        # Who cancels in part, or otherwise than asked, leaves open what is still certified.
        is_whole = status == CertificationStatus.CERTIFIED
        status = CertificationStatus.CANCELLED if is_whole else CertificationStatus.UNKNOWN
    flags = []
    number = decision.number or None
    if status == CertificationStatus.UNKNOWN:
        flags.append(CertificationFlag.ACTION_UNKNOWN)
    if status == CertificationStatus.DENIED:
        if number:
            flags.append(CertificationFlag.NUMBER_ON_DENIAL)
        if not decision.reasons:
            flags.append(CertificationFlag.REASON_MISSING)
    if status == CertificationStatus.PENDED:
        reference = reference or number
    if rejected:
        flags.append(CertificationFlag.REJECTED_AND_DECIDED)
        status = least_favourable([status, CertificationStatus.REJECTED])
    return Certification(status, number if status in CERTIFYING else None, reference, tuple(flags))


def service_certification(
    service: ReviewService, event: PatientEvent | None = None, rejections: Iterable[Rejection] = ()
) -> Certification:
    """What holds for one service: its own decision, else that of its event.

    "Partial" is said of an event: it does not say that a service without a decision is certified.
    `rejections` are those above the event.
    """
    above = own_certification(event) if event is not None else None
    own = own_certification(service, event)
    if own is None:
        if above is None or above.status == CertificationStatus.PARTIAL:
            own = Certification(CertificationStatus.UNKNOWN)
        else:
            own = above
    elif above is not None and own.status in CERTIFYING and not own.authorization_number:
        own = own._replace(authorization_number=above.authorization_number)
    if any(rejections) or (event is not None and _is_rejected(event)):
        return _refuse(own, decided=service.decision is not None)
    if own.status in CERTIFYING and not own.authorization_number:
        return own._replace(flags=(*own.flags, CertificationFlag.NUMBER_MISSING))
    return own


def event_certification(event: PatientEvent, rejections: Iterable[Rejection] = ()) -> Certification:
    """What holds for the event as a whole; `rejections` are those above it."""
    own = own_certification(event)
    services = [own_certification(service, event) for service in event.services]
    decided = [each for each in services if each is not None]
    said = [own, *decided] if own is not None else list(decided)
    statuses = [each.status for each in said]
    if own is None and len(decided) < len(services):
        statuses.append(CertificationStatus.UNKNOWN)
    status = _status_of_event(own, statuses)
    flags = [flag for each in said for flag in each.flags]
    # Of an event the payer calls partly certified the services are the parts, and differ.
    is_partial = own is not None and own.status == status == CertificationStatus.PARTIAL
    if is_partial and not decided:
        flags.append(CertificationFlag.PART_UNSTATED)
    if not is_partial and len(set(statuses)) > 1:
        flags.append(CertificationFlag.DECISIONS_DIFFER)
    number, found = _number_of_event(own, decided)
    certification = Certification(
        status,
        authorization_number=number if status in CERTIFYING else None,
        administrative_reference=_first_reference(said),
        flags=tuple(dict.fromkeys([*flags, *(found if status in CERTIFYING else ())])),
    )
    levels: list[PatientEvent | ReviewService] = [event, *event.services]
    is_decided = any(level.decision for level in levels)
    return _refuse(certification, decided=is_decided) if any(rejections) else certification


def patient_certification(patient: ReviewPatient, rejections: Sequence[Rejection] = ()) -> Certification:
    """What holds for everything asked about a patient; `rejections` are those above it."""
    above = rejections or patient.rejections
    if not patient.events:
        refused = CertificationStatus.REJECTED if above else CertificationStatus.UNKNOWN
        return Certification(refused)
    return _together([event_certification(event, above) for event in patient.events])


def review_certification(review: HealthCareServicesReview) -> Certification | None:
    """What holds for the whole set; None of a request. A payer that refuses at its own level sends
    no patient back."""
    if not review.is_response:
        return None
    patients = [patient_certification(each, review.rejections) for each in review.patients]
    if not patients:
        refused = CertificationStatus.REJECTED if review.rejections else CertificationStatus.UNKNOWN
        return Certification(refused)
    return _together(patients)


def certified_period(level: PatientEvent | ReviewService) -> DateRange | None:
    """From when to when a certification holds: 007 and 036, else the dates of the event itself."""
    dates = {each.qualifier: each for each in reversed(level.dates) if each.begin is not None}
    effective, ends = dates.get("007"), dates.get("036")
    if effective is not None:
        return effective._replace(end=ends.begin if ends else effective.end)
    own = next((dates[qualifier] for qualifier in ("AAH", "472", "435") if qualifier in dates), None)
    if own is not None and own.end is None and ends is not None:
        return own._replace(end=ends.begin)
    return own or ends


def least_favourable(statuses: Iterable[CertificationStatus]) -> CertificationStatus:
    """The one that promises least; of none, unknown."""
    return max(statuses, key=_BY_FAVOUR.__getitem__, default=CertificationStatus.UNKNOWN)


def _status_of_event(own: Certification | None, statuses: list[CertificationStatus]) -> CertificationStatus:
    partial = CertificationStatus.PARTIAL
    if own is not None and own.status == partial:
        services = statuses[1:]
        if set(services) <= _PARTS and (not services or CERTIFYING.intersection(services)):
            return partial
    return least_favourable(statuses)


def _refuse(certification: Certification, *, decided: bool) -> Certification:
    """What is left of a decision below a refusal."""
    flags = tuple([flag for flag in certification.flags if flag not in _ABOUT_NUMBERS])
    if decided and CertificationFlag.REJECTED_AND_DECIDED not in flags:
        flags = (*flags, CertificationFlag.REJECTED_AND_DECIDED)
    status = least_favourable([certification.status, CertificationStatus.REJECTED])
    return Certification(status, None, certification.administrative_reference, flags)


def _together(parts: Sequence[Certification]) -> Certification:
    """What several events, or several patients, come to."""
    if len(parts) == 1:
        return parts[0]
    statuses = [each.status for each in parts]
    status = least_favourable(statuses)
    flags = [flag for each in parts for flag in each.flags]
    if len(set(statuses)) > 1:
        flags.append(CertificationFlag.DECISIONS_DIFFER)
    number = None
    if status in CERTIFYING:
        number, found = _common_number(parts)
        # Each part says by itself where its number is missing.
        flags += [flag for flag in found if flag == CertificationFlag.NUMBERS_DIFFER]
    return Certification(status, number, _first_reference(parts), tuple(dict.fromkeys(flags)))


def _first_reference(parts: Iterable[Certification]) -> str | None:
    return next(filter(None, [each.administrative_reference for each in parts]), None)


def _number_of_event(
    own: Certification | None, services: list[Certification]
) -> tuple[str | None, list[CertificationFlag]]:
    """The number of the event, else the one all of its certified services have.

    A service certified under another number than its event is claimed under that one.
    """
    if own is None or not own.authorization_number:
        return _common_number(services)
    others = {each.authorization_number for each in services} - {None, own.authorization_number}
    return own.authorization_number, [CertificationFlag.NUMBERS_DIFFER] if others else []


def _common_number(parts: Iterable[Certification]) -> tuple[str | None, list[CertificationFlag]]:
    """The one number of all that is certified."""
    numbers = {each.authorization_number for each in parts if each.status in CERTIFYING}
    flags = []
    if not numbers or None in numbers:
        flags.append(CertificationFlag.NUMBER_MISSING)
    if len(numbers - {None}) > 1:
        flags.append(CertificationFlag.NUMBERS_DIFFER)
    return (None, flags) if flags else (numbers.pop(), [])


def _is_cancellation(level: PatientEvent | ReviewService, event: PatientEvent | None) -> bool:
    """UM02 of the level, else of its event: what is confirmed is that nothing is certified any more."""
    for each in (level, event):
        if each is not None and each.information is not None and each.information.certification_type:
            return each.information.certification_type == CertificationType.CANCEL
    return False


def _is_rejected(level: PatientEvent | ReviewService) -> bool:
    return bool(level.rejections) or any(each.rejections for each in level.providers)


def _administrative_reference(level: PatientEvent | ReviewService) -> str | None:
    for reference in level.references:
        if reference.qualifier == ADMINISTRATIVE_REFERENCE and reference.number:
            return reference.number
    return None
