"""Any question that X12 can carry, for Hypothesis."""

from datetime import date

from hypothesis import strategies as st

from tests.x12.questions import ABOUT_ALICE
from tradingpartners.x12 import (
    Address,
    Dependent,
    Diagnosis,
    EligibilityQuestion,
    Procedure,
    ProviderInformation,
    Reference,
    ServiceQuestion,
    Subscriber,
    is_npi,
)

# Less the default delimiters.
NAME = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcxyz0123456789 !\"&'()+,-./;?=%@[]_{}\\|<>#$"
NUMBER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"


def text(alphabet: str, shortest: int, longest: int) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=shortest, max_size=longest).filter(
        lambda value: len(value) == len(value.strip())
    )


def with_check_digit(nine: int) -> str:
    return next(npi for npi in (f"{nine:09}{digit}" for digit in range(10)) if is_npi(npi))


def one_of(codes: str) -> st.SearchStrategy[str]:
    return st.sampled_from(codes.split())


def references(qualifiers: str, most: int, descriptions: st.SearchStrategy[str]) -> st.SearchStrategy[object]:
    each = st.builds(
        Reference, qualifier=one_of(qualifiers), number=text(NUMBER, 1, 50), description=descriptions
    )
    return st.lists(each, max_size=most).map(tuple)


days = st.dates(min_value=date(1900, 1, 1), max_value=date(2099, 12, 31))
names = text(NAME, 1, 25)
maybe_names = st.none() | names
no_text = st.just("")
addresses = st.builds(
    Address,
    lines=st.lists(text(NAME, 1, 55), max_size=2).map(tuple),
    city=text(NAME, 2, 30),
    state=one_of("NY TX CA"),
    postal_code=text("0123456789", 5, 9),
    country=no_text,
    subdivision=no_text,
)
informations = st.builds(
    ProviderInformation,
    code=one_of("BI PE RF"),
    qualifier=st.just("PXC"),
    number=text(NUMBER, 1, 50),
)
person = {
    "last_name": text(NAME, 1, 60),
    "first_name": text(NAME, 1, 35) | st.none(),
    "birth_date": days | st.none(),
    "middle_name": maybe_names,
    "suffix": text(NAME, 1, 10) | st.none(),
    "gender": st.sampled_from(["M", "F", None]),
    "group_number": text(NUMBER, 1, 50) | st.none(),
    "address": st.none() | addresses,
    "provider": st.none() | informations,
    "birth_sequence": st.none() | st.integers(1, 9),
    "issue_date": st.none() | days,
}
subscribers = st.builds(
    Subscriber,
    member_id=text(NUMBER, 2, 80),
    member_id_qualifier=st.sampled_from(["MI", "MI", "II"]),
    references=references("SY 1L EJ", 3, no_text),
    **person,
)
dependents = st.builds(
    Dependent,
    relationship=one_of("01 19 34"),
    references=references("SY EJ IF", 3, no_text),
    **person,
)
procedures = st.builds(
    Procedure,
    qualifier=one_of("HC AD CJ N4"),
    code=text(NUMBER, 1, 48),
    modifiers=st.lists(text("ABCDEFGHIJ0123456789", 2, 2), max_size=4).map(tuple),
    description=no_text,
    last_code=no_text,
)
service_types = one_of("30 35 98 UC 1")
service_questions = st.builds(
    ServiceQuestion,
    service_types=st.lists(service_types, min_size=1, max_size=4, unique=True).map(tuple),
    procedure=st.none() | procedures,
    coverage_level=st.none(),
    diagnosis_pointers=st.just(()) | st.just((1,)),
    place_of_service=st.none() | one_of("11 22 02"),
    authorization=st.none()
    | st.builds(Reference, qualifier=one_of("9F G1"), number=text(NUMBER, 1, 50), description=no_text),
    service_date=st.none() | days,
    service_date_end=st.none(),
)
diagnoses = st.lists(text("ABCDEFG0123456789", 3, 7), min_size=1, max_size=8).map(
    lambda codes: tuple(Diagnosis("ABF" if at else "ABK", code) for at, code in enumerate(codes))
)


def as_the_guide_has_it(question: EligibilityQuestion) -> EligibilityQuestion:
    """Without what would say one thing twice, or nothing, and be read back as something else."""
    if question.provider_id is None:
        question = question._replace(provider_id_qualifier="XX")
    else:
        question = question._replace(provider_npi="")
    if question.service_date is None:
        question = question._replace(service_date_end=None)
    return question


questions = st.builds(
    EligibilityQuestion,
    trace_number=text(NUMBER, 1, 50),
    trace_originator=text(NUMBER, 10, 10),
    reference_identification=text(NUMBER, 1, 50),
    payer_name=text(NAME, 1, 60),
    payer_id=text(NUMBER, 2, 80),
    provider_name=text(NAME, 1, 60),
    provider_npi=st.integers(10**8, 10**9 - 1).map(with_check_digit),
    subscriber=subscribers,
    service_types=st.lists(service_types, min_size=1, max_size=4).map(tuple),
    service_date=days | st.none(),
    created=st.just(ABOUT_ALICE.created.replace(second=0, tzinfo=None)),
    dependent=st.none() | dependents,
    service_date_end=st.none(),
    provider_first_name=maybe_names,
    payer_id_qualifier=one_of("PI XV NI 46"),
    payer_entity=one_of("PR 2B P5"),
    provider_entity=one_of("1P FA 80"),
    provider_middle_name=maybe_names,
    provider_suffix=st.none() | text(NAME, 1, 10),
    provider_id=st.none() | text(NUMBER, 2, 80),
    provider_id_qualifier=one_of("SV FI PI 24 34"),
    provider_references=references("4A EO JD HPI", 9, no_text | names),
    provider_address=st.none() | addresses,
    provider_information=st.none() | informations,
    diagnoses=diagnoses,
    asked=st.lists(service_questions, max_size=3).map(tuple),
    purpose=one_of("13 13 01"),
).map(as_the_guide_has_it)
