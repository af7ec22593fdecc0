"""Any review that may be sent, for hypothesis: every kind, level, loop and segment of the guide."""

from datetime import date, time
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.x12.reviews import ALICE, BOBBY, INITIAL, OLD_NUMBER
from tradingpartners.x12 import (
    Address,
    Admission,
    Attachment,
    CertificationType,
    ClinicalInformation,
    Contact,
    ContactNumber,
    DateRange,
    DentalService,
    Facility,
    HealthCareCode,
    HealthCareServicesReview,
    InstitutionalService,
    Party,
    PatientCondition,
    PatientEvent,
    Procedure,
    ProfessionalService,
    ProviderInformation,
    Reference,
    RelatedCauses,
    RelatedEntity,
    ReviewDecision,
    ReviewEntity,
    ReviewInformation,
    ReviewPatient,
    ReviewPerson,
    ReviewService,
    ServiceDelivery,
    Tooth,
    Trace,
)
from tradingpartners.x12.ts271.values import Rejection
from tradingpartners.x12.ts278 import codes
from tradingpartners.x12.ts278.loops import EVENT_PROVIDERS

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def build(target: Any, *parts: Any, **named_parts: Any) -> st.SearchStrategy[Any]:
    """What is not given is left to its default; `st.builds` would invent it by its type."""
    return st.builds(lambda *values, **named_values: target(*values, **named_values), *parts, **named_parts)


def one_of(known: Any) -> st.SearchStrategy[str]:
    return st.sampled_from(sorted(known))


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The value or the absence of one: "" for a code, None for anything else is told by the field."""
    return st.none() | strategy


def perhaps(known: Any) -> st.SearchStrategy[str]:
    return st.just("") | one_of(known)


def text(longest: int, shortest: int = 1) -> st.SearchStrategy[str]:
    return st.text(f"{LETTERS} -.,'/&", min_size=shortest, max_size=longest).filter(
        lambda value: len(value.strip()) >= shortest and value == value.strip()
    )


def some(strategy: st.SearchStrategy[Any], most: int, least: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, min_size=least, max_size=most).map(tuple)


days = st.dates(date(2000, 1, 1), date(2099, 12, 31))
amounts = st.decimals(0, 999_999, places=2, allow_nan=False, allow_infinity=False)
counts = st.integers(1, 999).map(Decimal)
words = text(20)


@st.composite
def periods(draw: st.DrawFn, qualifiers: Any) -> DateRange:
    begin, end = sorted([draw(days), draw(days)])
    return DateRange(draw(one_of(qualifiers)), begin, draw(st.sampled_from([None, end])))


addresses = build(
    Address, some(text(55), 2, 1), text(30, 2), st.just("IL"), st.just("62701"), perhaps(["US"])
)
references = build(Reference, one_of(codes.REFERENCES), text(50), st.just("") | words)
contacts = build(
    Contact,
    st.just("IC"),
    words,
    some(build(ContactNumber, one_of(codes.CONTACT_NUMBERS), st.just("2175550100")), 3),
)
provider_information = build(ProviderInformation, one_of(codes.PROVIDERS), st.just("PXC"), words)
rejections = build(
    Rejection,
    st.just(""),
    st.sampled_from("NY"),
    st.sampled_from(["15", "33", "42", "44", "67", "72", "95", "T4"]),
    one_of(codes.FOLLOW_UPS),
    st.just(0),
)


@st.composite
def parties(draw: st.DrawFn, entities: Any) -> Party:
    number = draw(st.sampled_from([("XX", "1234567893"), ("24", "123456789"), ("", "")]))
    first, middle = draw(st.just("") | words), draw(st.just("") | words)
    suffix = draw(st.sampled_from(["", "JR"]))
    return Party(draw(one_of(entities)), draw(text(60)), first, middle, suffix, *number)


def named(entities: Any, **parts: Any) -> st.SearchStrategy[RelatedEntity]:
    return build(RelatedEntity, parties(entities), **parts)


PLACE = {"address": maybe(addresses)}
FULL = {
    **PLACE,
    "contacts": some(contacts, 1),
    "provider": maybe(provider_information),
    "references": some(references, 2),
}


def event_names(refused: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """2010EA to 2010EC, in the order of their loops: that is the order they are written in."""
    providers = build(ReviewEntity, named(EVENT_PROVIDERS, **FULL), refused)
    places = build(ReviewEntity, named(["45", "FS", "ND", "PW", "R3"], address=addresses))
    managers = build(
        ReviewEntity,
        named(["00", "CA", "GG"], **PLACE, references=some(references, 1)),
        refused,
        some(periods(codes.DATES), 1),
    )
    return st.tuples(some(providers, 2), some(places, 2), some(managers, 1)).map(
        lambda groups: tuple(each for group in groups for each in group)
    )


persons: dict[str, Any] = {
    "birth_date": days,
    "gender": perhaps(codes.GENDERS),
    "references": some(references, 2),
    "address": maybe(addresses),
}
causes = build(RelatedCauses, some(one_of(codes.CAUSES), 3, 1), perhaps(["IL"]), perhaps(["US"]))
information = build(
    ReviewInformation,
    one_of(codes.REQUEST_CATEGORIES),
    one_of(CertificationType).map(str),
    st.sampled_from(["", "1", "3", "42", "AJ"]),
    maybe(build(Facility, st.sampled_from(["11", "22"]), st.sampled_from("AB"), perhaps("17"))),
    maybe(causes),
    one_of(codes.LEVELS_OF_SERVICE),
    perhaps(codes.HEALTH_CONDITIONS),
    perhaps(codes.PROGNOSES),
    perhaps(codes.RELEASES),
    perhaps(codes.DELAY_REASONS),
)
diagnoses = build(
    HealthCareCode,
    st.sampled_from(["ABK", "ABF", "ABJ", "APR"]),
    st.sampled_from(["M1711", "E1165", "S82101A"]),
    maybe(periods([""])),
)
wanted = build(HealthCareCode, st.just("LOI"), words)
modifiers = some(st.sampled_from(["RT", "59", "GP"]), 4)
procedures = build(
    Procedure,
    st.just("HC"),
    st.sampled_from(["27447", "G0299"]),
    modifiers,
    st.just("") | words,
    perhaps(["27448"]),
)


@st.composite
def lines(draw: st.DrawFn, pointers: int) -> Any:
    unit, quantity = draw(st.sampled_from([("", None), ("UN", Decimal(3)), ("DA", Decimal("2.5"))]))
    amount = draw(maybe(amounts))
    procedure = draw(procedures)
    level = draw(perhaps(codes.LEVELS_OF_CARE))
    points = draw(some(st.integers(1, pointers), 4)) if pointers else ()
    dental = Procedure("AD", "D2740", procedure.modifiers)
    cavities = draw(some(st.sampled_from(["10", "20"]), 5))
    return draw(
        st.sampled_from(
            [
                None,
                ProfessionalService(procedure, amount, unit, quantity, points, draw(perhaps("NY")), level),
                InstitutionalService("0120", None, amount, unit, quantity, amount and Decimal(5), "2", level),
                InstitutionalService("", procedure, amount, unit, quantity),
                DentalService(dental, amount, cavities, draw(perhaps("IR")), quantity, "CROWN"),
            ]
        )
    )


@st.composite
def deliveries(draw: st.DrawFn) -> ServiceDelivery:
    period, count = draw(st.sampled_from([("", None), ("34", Decimal(2)), ("35", None)]))
    unit, modulus = draw(st.sampled_from([("", None), ("WK", Decimal("1.5")), ("DA", Decimal(2))]))
    return ServiceDelivery(
        *(draw(one_of(codes.QUANTITIES)), draw(counts), unit, modulus, period, count),
        *(draw(perhaps(codes.PATTERNS)), draw(perhaps(codes.TIMES_OF_DAY))),
    )


attachments = build(
    Attachment, one_of(codes.REPORT_TYPES), one_of(codes.TRANSMISSIONS), text(50, 2), st.just("") | text(80)
)
conditions = build(
    PatientCondition,
    one_of(codes.CONDITION_CATEGORIES),
    st.sampled_from("NY"),
    some(st.sampled_from(["01", "02", "09", "AL"]), 5, 1),
)
CLINICAL = (
    ClinicalInformation("CR1", ("LB", "160", "I", "A", "DH", "12.5", "", "", "STRETCHER")),
    ClinicalInformation("CR2", ("1", "2", "C4", "T12", "MO", "3", "4", "A", "Y", "BACK", "", "N")),
    ClinicalInformation(
        "CR5", ("I", "6", "A", "B", "", "1", "2", "3", "", "55", "", "R", "1", "", "", "2", "A")
    ),
    ClinicalInformation("CR6", ("3", "20260101", "RD8", "20260101-20260228", "", "N", "Y", "I")),
)
clinical = st.sets(st.sampled_from(CLINICAL)).map(lambda found: tuple(sorted(found)))
decisions = build(
    ReviewDecision, one_of(codes.ACTIONS), st.just("") | text(50), some(st.just("0F"), 1), perhaps("NY")
)


def level(answers: bool) -> dict[str, Any]:
    """What events and services have alike."""
    trace = build(
        Trace, st.sampled_from("12" if answers else "1"), text(50), st.just("9PREFLIGHT"), st.just("")
    )
    return {
        "decision": maybe(decisions) if answers else st.none(),
        "traces": some(trace, 3 if answers else 2),
        "references": st.sampled_from([OLD_NUMBER, (*OLD_NUMBER, Reference("NT", "PEND1", ""))]),
        "dates": some(periods(codes.DATES), 3),
        "delivery": maybe(deliveries()),
        "attachments": some(attachments, 3),
        "messages": some(text(264), 1),
    }


@st.composite
def events(draw: st.DrawFn, answers: bool) -> PatientEvent:
    refused = some(rejections, 2) if answers else st.just(())
    own = draw(some(diagnoses, 12))
    service = build(
        ReviewService,
        information=maybe(information),
        procedures=some(wanted, 12) if answers else st.just(()),
        line=lines(len(own)),
        teeth=some(build(Tooth, st.sampled_from(["14", "3"]), some(st.sampled_from("BDFILMO"), 5)), 2),
        providers=some(build(ReviewEntity, named(["SJ", "72"], **FULL)), 2),
        rejections=refused,
        **level(answers),
    )
    event: PatientEvent = draw(
        build(
            PatientEvent,
            information=information,
            diagnoses=st.just(own),
            conditions=some(conditions, 2),
            admission=maybe(build(Admission, st.just("1"), perhaps("12"), perhaps(["30"]), perhaps("19"))),
            clinical=clinical,
            providers=event_names(refused),
            services=some(service, 3),
            rejections=refused,
            **level(answers),
        )
    )
    # A response decides, at the event or below it.
    return event._replace(decision=draw(decisions)) if answers else event


@st.composite
def reviews(draw: st.DrawFn, answers: bool = False) -> HealthCareServicesReview:
    """A request, or with `answers` a response, about one to three people."""
    refused = some(rejections, 1) if answers else st.just(())
    subscriber = draw(
        build(ReviewPerson, st.just(ALICE.party), relationship=perhaps(["18"]), rejections=refused, **persons)
    )
    dependent = build(
        ReviewPerson,
        st.just(BOBBY.party),
        relationship=st.just("19"),
        birth_sequence=perhaps("12"),
        **persons,
    )
    several = some(events(answers), 2, 1)
    dependents = draw(some(build(ReviewPatient, st.just(subscriber), dependent, several), 2))
    alone = (ReviewPatient(subscriber, None, draw(several)),)
    # The validator has PRV before AAA in 2010B, against the guide: never both of them.
    clinic = draw(named(["1P", "FA"], **{**FULL, "provider": st.none() if answers else FULL["provider"]}))
    clinic = clinic._replace(party=clinic.party._replace(id_qualifier="XX", id="1234567893"))
    return INITIAL._replace(
        purpose="11" if answers else "13",
        is_response=answers,
        transaction_type=draw(perhaps(codes.RESPONSE_TYPES if answers else codes.REQUEST_TYPES)),
        time=draw(build(time, st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))),
        requester=clinic,
        patients=dependents or alone,
    )
