"""What a payer knows: its members, their dependents and benefits, and how it treats them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Row = TypeVar("Row", bound="DataclassInstance")

# A calendar day as JSON: fields of this module that hold one.
DAYS = frozenset({"birth_date", "coverage_begin", "coverage_end"})


class Behaviour(StrEnum):
    """What a payer does with a question about a member, beyond reading its records."""

    UNAVAILABLE = "aaa_2100a_42"
    UNAVAILABLE_ONCE = "aaa_2100a_42_once"
    NO_PARTICIPANT = "aaa_2100a_79"
    NO_ANSWER = "no_answer"
    OTHER_PAYER_FIRST = "other_payer_first"
    PENDING_INVESTIGATION = "pending_investigation"
    OTHER_TYPES_ONLY = "other_types_only"
    DENTAL_ONLY = "dental_only"


@dataclass(frozen=True)
class Person:
    first_name: str
    last_name: str
    birth_date: date
    gender: str


@dataclass(frozen=True)
class Dependent:
    person: Person
    relationship: str

    def to_json(self) -> dict[str, Any]:
        return {**to_json(self.person), "relationship": self.relationship}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        return cls(person=from_json(Person, record), relationship=record["relationship"])


@dataclass(frozen=True)
class Benefits:
    """Dollars, visits and per cent of a member's plan."""

    deductible: int
    deductible_remaining: int
    family_deductible: int
    family_deductible_remaining: int
    out_of_pocket: int
    out_of_pocket_remaining: int
    copay_primary: int
    copay_specialist: int
    copay_urgent: int
    copay_emergency: int
    coinsurance_in: int
    coinsurance_out: int
    therapy_visits: int
    therapy_visits_remaining: int


@dataclass(frozen=True)
class PrimaryCare:
    first_name: str
    last_name: str
    npi: str
    phone: str


@dataclass(frozen=True)
class Address:
    street: str
    city: str
    state: str
    postal_code: str


@dataclass(frozen=True)
class Member:
    """A subscriber. `accepts_ids`: old ids still resolved where name and birth date fit."""

    person: Person
    member_id: str
    accepts_ids: tuple[str, ...]
    coverage_begin: date
    coverage_end: date | None
    plan_name: str
    insurance_type: str
    group: str | None
    address: Address
    benefits: Benefits
    primary_care: PrimaryCare | None = None
    dependents: tuple[Dependent, ...] = ()
    behaviour: Behaviour | None = None

    def covered_on(self, day: date) -> bool:
        ended = self.coverage_end is not None and self.coverage_end < day
        return self.coverage_begin <= day and not ended

    def to_json(self) -> dict[str, Any]:
        record = to_json(self.person) | to_json(self)
        del record["person"]
        record["dependents"] = [dependent.to_json() for dependent in self.dependents]
        return record

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        member = from_json(
            cls,
            {**record, "person": from_json(Person, record), "dependents": (), "primary_care": None},
        )
        caring = record["primary_care"]
        return replace(
            member,
            accepts_ids=tuple(record["accepts_ids"]),
            address=Address(**record["address"]),
            benefits=Benefits(**record["benefits"]),
            primary_care=PrimaryCare(**caring) if caring else None,
            dependents=tuple(Dependent.from_json(item) for item in record["dependents"]),
            behaviour=Behaviour(record["behaviour"]) if record["behaviour"] else None,
        )


def to_json(row: Any) -> dict[str, Any]:
    return {
        key: value.isoformat() if isinstance(value, date) else value for key, value in asdict(row).items()
    }


def from_json(kind: type[Row], record: Mapping[str, Any]) -> Row:
    """A row of `kind` from the keys of `record` that are its fields."""
    values = {field.name: record[field.name] for field in fields(kind)}
    for key in DAYS & values.keys():
        values[key] = date.fromisoformat(values[key]) if values[key] else None
    return kind(**values)
