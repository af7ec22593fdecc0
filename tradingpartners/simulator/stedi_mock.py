"""The people a test key may ask about: the published mock checks, as a table of facts.

Everything about the person must be as the table has it; anybody else is an error.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from tradingpartners.simulator.checks import Asked
from tradingpartners.simulator.members import Address, Behaviour, Benefits, Dependent, Member, Person
from tradingpartners.simulator.payers import DateStyle, Payer, Plan, Transport
from tradingpartners.simulator.verdicts import Records

Who = tuple[str, str, str]  # first name, last name, birth date CCYYMMDD (of a subscriber, at times none)

PAYERS = {
    "60054": "Aetna",
    "68069": "Ambetter",
    "62308": "Cigna",
    "61101": "Humana",
    "KSRCN": "Kaiser Permanente Northern California",
    "CMS": "Medicare",
    "87726": "UnitedHealthcare",
    "040": "Anthem Blue Cross of California",
    "G84980": "Blue Cross Blue Shield of Texas",
    "OSCAR": "Oscar Health",
    "STEDI": "Stedi Test Payer",
    "52133": "UnitedHealthcare Dental",
}


@dataclass(frozen=True)
class Mock:
    """One row. `rejection` is the AAA03 that answers; `as_subscriber`: a dependent has an own answer."""

    payer_id: str
    member_id: str
    subscriber: Who
    dependent: Who | None = None
    is_active: bool = True
    rejection: str = ""
    as_subscriber: bool = False
    is_dental: bool = False

    @property
    def patient(self) -> Who:
        return self.dependent or self.subscriber


MOCKS = (
    Mock("60054", "AETNA12345", ("Jane", "Doe", "20040404")),
    Mock("68069", "AMBETTER123", ("John", "Doe", "19940404")),
    Mock("62308", "23456789100", ("James", "Jones", "19910202")),
    Mock("61101", "HUMANA123", ("Jane", "Doe", "19750505")),
    Mock("KSRCN", "KAISER123456", ("Jane", "Doe", "20020202")),
    Mock("CMS", "CMS12345678", ("Jane", "Doe", "19550505")),
    Mock("87726", "UHC123456", ("Jane", "Doe", "19710101")),
    Mock("87726", "UHCINACTIVE", ("Jane", "Doe", "19710101"), is_active=False),
    Mock("60054", "AETNA9wcSu", ("John", "Doe", ""), ("Jordan", "Doe", "20010714")),
    Mock("040", "CGMBCBSCA123", ("Jane", "Doe", ""), ("John", "Doe", "19750101")),
    Mock("G84980", "A2CBCBSTX123", ("John", "Doe", ""), ("Jane", "Doe", "20150101")),
    Mock("62308", "CIGNAJTUxNm", ("John", "Doe", ""), ("Jordan", "Doe", "20150920"), as_subscriber=True),
    Mock("OSCAR", "OSCAR123456", ("John", "Doe", ""), ("Jane", "Doe", "20010101")),
    Mock("87726", "UHC202649", ("John", "Doe", ""), ("Jane", "Doe", "19521121")),
    Mock("87726", "UHCAAA42", ("Jane", "Doe", "20010101"), rejection="42"),
    Mock("87726", "UHCAAA43", ("Jane", "Doe", "19700101"), rejection="43"),
    Mock("87726", "UHCAAA72", ("John", "Doe", "19900101"), rejection="72"),
    Mock("87726", "UHCAAA73", ("John", "Doe", "19900101"), rejection="73"),
    Mock("87726", "UHCAAA75", ("Jane", "Doe", "19900101"), rejection="75"),
    Mock("87726", "UHCAAA79", ("John", "Doe", "19700101"), rejection="79"),
    Mock("STEDI", "23051322", ("Bernie", "Prohas", "20010714"), rejection="73"),
    Mock("52133", "404404404", ("Beaver", "Dent", "19690628"), is_dental=True),
)
PLAN = Plan("Mock Choice PPO", "PPO", "PR")
BENEFITS = Benefits(
    deductible=1500,
    deductible_remaining=420,
    family_deductible=3000,
    family_deductible_remaining=1900,
    out_of_pocket=6500,
    out_of_pocket_remaining=5100,
    copay_primary=30,
    copay_specialist=60,
    copay_urgent=75,
    copay_emergency=300,
    coinsurance_in=20,
    coinsurance_out=40,
    therapy_visits=30,
    therapy_visits_remaining=22,
)
HOME = Address("12 Example St", "Fairhaven", "NY", "12540")


def find_mock(payer_id: str, subscriber: Asked, dependent: Asked | None) -> Mock | None:
    """The row that is exactly about these people."""
    for mock in MOCKS:
        same_person = is_same(subscriber, mock.subscriber)
        same_patient = (
            dependent is None
            if mock.dependent is None
            else (dependent is not None and is_same(dependent, mock.dependent))
        )
        same_policy = (mock.payer_id, mock.member_id) == (payer_id, subscriber.member_id)
        if same_policy and same_person and same_patient:
            return mock
    return None


def is_same(asked: Asked, who: Who) -> bool:
    first, last, born = who
    names = (asked.first_name.casefold(), asked.last_name.casefold())
    # A subscriber who is not the patient may be named without a birth date.
    return names == (first.casefold(), last.casefold()) and asked.birth_date in (
        {born} if born else {"", born}
    )


def mock_records(today: date) -> Mapping[str, Records]:
    """What the mock payers know, by payer id."""
    return {
        payer_id: Records(mock_payer(payer_id), list(mock_members(payer_id, today))) for payer_id in PAYERS
    }


def mock_payer(payer_id: str) -> Payer:
    return Payer(
        key=f"MOCK{payer_id}",
        name=PAYERS[payer_id],
        transport=Transport.REALTIME,
        payer_id=payer_id,
        notes="Answers about the published mock members only.",
        plans=(PLAN,),
        dates=DateStyle.PLAN_DATES,
        id_format="##########",
    )


def mock_members(payer_id: str, today: date) -> Iterator[Member]:
    for mock in MOCKS:
        if mock.payer_id == payer_id:
            who = mock.patient if mock.as_subscriber else mock.subscriber
            is_dependent = mock.dependent is not None and not mock.as_subscriber
            yield Member(
                person=person(who),
                member_id=mock.member_id,
                accepts_ids=(),
                coverage_begin=today.replace(year=today.year - 2, month=1, day=1),
                coverage_end=None if mock.is_active else today.replace(month=1, day=1),
                plan_name=PLAN.name,
                insurance_type=PLAN.insurance_type,
                group="MOCK01",
                address=HOME,
                benefits=BENEFITS,
                behaviour=Behaviour.DENTAL_ONLY if mock.is_dental else None,
                dependents=(Dependent(person(mock.patient), "child"),) if is_dependent else (),
            )


def person(who: Who) -> Person:
    """Nobody checks the gender; a subscriber nobody gave a birth date has one of our own."""
    first, last, born = who
    birth_date = datetime.strptime(born or "19700101", "%Y%m%d").date()  # noqa: DTZ007 - a calendar day
    return Person(first_name=first, last_name=last, birth_date=birth_date, gender="F")
