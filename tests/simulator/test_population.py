"""The demo population: its shares, its dates, and that both sides differ only where they should."""

from datetime import date, timedelta
from typing import Any

import pytest

from tradingpartners.simulator.population import make_population

FIRM = (
    "inactive",
    "dependent",
    "two_coverages",
    "no_coverage",
    "aaa_2100a",
    "aaa_2100c",
    "both_months",
    "ending",
    "corrected_id",
)
DAYS = [
    (date(2025, 11, 22), 14),
    (date(2026, 11, 22), 9),
    (date(2025, 11, 30), 1),
    (date(2024, 2, 28), 5),
    (date(2025, 12, 31), 3),
    (date(2025, 11, 3), 7),
    (date(2025, 11, 30), 0),
]


def make(members: int, today: date = DAYS[0][0], window_days: int = 14) -> dict[str, Any]:
    return make_population(members=members, seed=11, today=today, window_days=window_days)


def coverages(population: dict[str, Any]) -> list[dict[str, Any]]:
    patients = population["practice"]["patients"]
    return [coverage for patient in patients for coverage in patient["coverages"]]


@pytest.mark.parametrize("members", [20, 200, 2000])
def test_every_case_is_at_least_a_twentieth(members: int) -> None:
    cases = make(members)["cases"]
    assert sum(map(len, cases.values())) == members
    assert {case: len(cases[case]) for case in FIRM if len(cases[case]) < members / 20} == {}
    assert len(cases["active"]) > 0


@pytest.mark.parametrize("members", [0, 1, 5])
def test_a_population_may_be_tiny(members: int) -> None:
    assert len(make(members)["practice"]["patients"]) == members


@pytest.mark.parametrize(("today", "window_days"), DAYS)
def test_every_patient_is_seen_inside_the_window(today: date, window_days: int) -> None:
    last = today + timedelta(days=window_days)
    for patient in make(200, today, window_days)["practice"]["patients"]:
        assert patient["visits"]
        for visit in patient["visits"]:
            assert today <= date.fromisoformat(visit["date"]) <= last
            assert "08:00" <= visit["time"] <= "17:00"


@pytest.mark.parametrize(("today", "window_days"), DAYS)
def test_visits_stand_on_both_sides_of_a_month_end_where_there_is_one(today: date, window_days: int) -> None:
    population = make(200, today, window_days)
    month = today.isoformat()[:7]
    both = {
        patient["key"]
        for patient in population["practice"]["patients"]
        if len({visit["date"][:7] == month for visit in patient["visits"]}) == 2
    }
    crosses = (today + timedelta(days=window_days)).month != today.month
    assert both == (set(population["cases"]["both_months"]) if crosses else set())


@pytest.mark.parametrize(("today", "window_days"), DAYS)
def test_coverage_ends_inside_the_window(today: date, window_days: int) -> None:
    population = make(200, today, window_days)
    last = today + timedelta(days=window_days)
    members = members_by_id(population)
    for patient in patients_of(population, "ending"):
        (coverage,) = patient["coverages"]
        end = date.fromisoformat(members[coverage["member_id"]]["coverage_end"])
        assert today <= end <= last
        assert coverage["termination_date"] is None


def members_by_id(population: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        member["member_id"]: member for known in population["truth"].values() for member in known["members"]
    }


def patients_of(population: dict[str, Any], case: str) -> list[dict[str, Any]]:
    keys = set(population["cases"][case])
    return [each for each in population["practice"]["patients"] if each["key"] in keys]


def test_some_visits_fall_after_the_end_of_coverage_and_some_before() -> None:
    population = make(2000)
    members = members_by_id(population)
    after = [
        patient["visits"][0]["date"] > members[patient["coverages"][0]["member_id"]]["coverage_end"]
        for patient in patients_of(population, "ending")
    ]
    assert 0.2 < sum(after) / len(after) < 0.8


def test_payers_have_roughly_equal_shares() -> None:
    population = make(2000)
    shares = [len(known["members"]) for known in population["truth"].values()]
    assert len(shares) == 6 and min(shares) > 0.85 * max(shares)
    transports = [payer["transport"] for payer in population["payers"]]
    assert sorted(transports) == ["realtime"] * 4 + ["sftp"] * 2


def test_about_eight_per_cent_of_the_slow_payers_members_get_no_answer() -> None:
    members = make(2000)["truth"]["LAKESHORE"]["members"]
    silent = [member for member in members if member["behaviour"] == "no_answer"]
    assert 0.06 < len(silent) / len(members) < 0.10


def test_the_same_seed_gives_the_same_population() -> None:
    assert make(60) == make(60)
    other = make_population(members=60, seed=12, today=DAYS[0][0], window_days=14)
    assert other["practice"] != make(60)["practice"]


def test_numbers_are_unlike_and_provider_numbers_check() -> None:
    population = make(2000)
    practice = population["practice"]
    ids = [coverage["member_id"] for coverage in coverages(population)]
    mrns = [patient["mrn"] for patient in practice["patients"]]
    assert len(set(ids)) == len(ids) and len(set(mrns)) == len(mrns)
    people = [practice["organization"], *practice["facilities"], *practice["providers"]]
    assert len(practice["facilities"]) == 3 and len(practice["providers"]) == 8
    assert all(luhn("80840" + each["npi"]) for each in people)


def luhn(digits: str) -> bool:
    doubled = [int(mark) * (1 + place % 2) for place, mark in enumerate(reversed(digits))]
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0


def test_two_coverages_are_of_two_payers_and_ranked() -> None:
    for patient in patients_of(make(200), "two_coverages"):
        first, second = patient["coverages"]
        assert (first["rank"], second["rank"]) == (1, 2)
        assert first["payer"] != second["payer"] and first["plan_type"] != "Medicaid"


def test_dependents_are_insured_through_somebody_else() -> None:
    population = make(200)
    members = members_by_id(population)
    for patient in patients_of(population, "dependent"):
        (coverage,) = patient["coverages"]
        (dependent,) = members[coverage["member_id"]]["dependents"]
        assert coverage["relationship"] == dependent["relationship"] != "self"
        assert dependent["birth_date"] == patient["birth_date"]


def test_the_practice_knows_of_terminated_coverage_only() -> None:
    population = make(2000)
    ended = {
        patient["key"]
        for patient in population["practice"]["patients"]
        for coverage in patient["coverages"]
        if coverage["termination_date"] is not None
    }
    assert ended == set(population["cases"]["terminated"]) and ended


def test_one_facility_keeps_another_time() -> None:
    zones = [facility["time_zone"] for facility in make(1)["practice"]["facilities"]]
    assert sorted(zones) == ["America/Chicago", "America/New_York", "America/New_York"]
