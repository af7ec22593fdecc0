"""The appointment book of the demo practice: who sees whom, where and when."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from tradingpartners.simulator.identities import Identities
from tradingpartners.simulator.months import month_end

TIME_ZONE = "America/New_York"
ORGANIZATION = "Riverside Family Medicine"
FACILITIES = (
    ("MAIN", "Riverside Main Street", TIME_ZONE),
    ("NORTH", "Riverside North Clinic", TIME_ZONE),
    ("LAKE", "Riverside Lakeside Clinic", "America/Chicago"),
)
PROVIDERS_AT = {"MAIN": 4, "NORTH": 2, "LAKE": 2}
REASONS = (
    "Annual visit",
    "Follow-up",
    "Blood pressure check",
    "Vaccination",
    "Sore throat",
    "New patient",
    "Lab results",
    "Knee pain",
    "Skin check",
    "Medication review",
)
OPENS, CLOSES, SLOT_MINUTES = 8 * 60, 17 * 60, 15


@dataclass(frozen=True)
class Visit:
    facility: str
    provider: str
    date: date
    time: str
    reason: str

    def to_json(self) -> dict[str, str]:
        return {
            "facility": self.facility,
            "provider": self.provider,
            "date": self.date.isoformat(),
            "time": self.time,
            "reason": self.reason,
        }


class Practice:
    """The demo practice: its places, its people, and days to see patients on."""

    def __init__(self, identities: Identities, *, today: date, window_days: int) -> None:
        self.dice: Random = identities.dice
        self.npi = identities.npi()
        self.facilities = [
            {"key": key, "name": name, "npi": identities.npi(), "time_zone": zone}
            for key, name, zone in FACILITIES
        ]
        self.providers = [draw_provider(identities, place) for place in provider_places()]
        days = [today + timedelta(days=after) for after in range(window_days + 1)]
        self.last_day = days[-1]
        end = month_end(today)
        self.this_month = [day for day in days if day <= end]
        self.next_month = [day for day in days if day > end]

    @property
    def crosses_month_end(self) -> bool:
        return bool(self.next_month)

    def to_json(self) -> dict[str, Any]:
        organization = {"name": ORGANIZATION, "npi": self.npi, "time_zone": TIME_ZONE}
        return {
            "organization": organization,
            "facilities": self.facilities,
            "providers": self.providers,
        }

    def visits(self, *, both_months: bool) -> tuple[Visit, ...]:
        """One visit, at times two in the same month; or one on each side of the month end."""
        provider = self.dice.choice(self.providers)
        if both_months and self.crosses_month_end:
            days = [self.pick(self.this_month), self.pick(self.next_month)]
        else:
            side = self.dice.choice(self.this_month + self.next_month)
            month = self.this_month if side in self.this_month else self.next_month
            days = [self.pick(month)]
            if self.dice.random() < 0.08:
                days = sorted({days[0], self.pick(month)})
        return tuple(self.visit(provider, day) for day in days)

    def pick(self, days: list[date]) -> date:
        """A working day where there is one."""
        return self.dice.choice([day for day in days if day.weekday() < 5] or days)

    def visit(self, provider: dict[str, str], day: date) -> Visit:
        minute = self.dice.randrange(OPENS, CLOSES + 1, SLOT_MINUTES)
        return Visit(
            facility=provider["facility"],
            provider=provider["key"],
            date=day,
            time=f"{minute // 60:02d}:{minute % 60:02d}",
            reason=self.dice.choice(REASONS),
        )


def provider_places() -> list[tuple[str, str]]:
    places = [facility for facility, count in PROVIDERS_AT.items() for _ in range(count)]
    return [(f"DR{number}", facility) for number, facility in enumerate(places, start=1)]


def draw_provider(identities: Identities, place: tuple[str, str]) -> dict[str, str]:
    key, facility = place
    person = identities.person(32, 64)
    return {
        "key": key,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "npi": identities.npi(),
        "facility": facility,
    }
