"""The same person under other data is accepted with what differs kept; a stranger never is."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import connection

from coverage.models import Coverage
from eligibility.models import EligibilityCheck
from practice.models import Alert
from sweeps.models import SweepRun
from tests import payers
from tests.factories import CoverageFactory, PatientFactory
from tests.gateway import work_until_quiet
from tests.payers import Question, ScriptedPayer
from tests.sweeps.conftest import Acme
from tradingpartners.models import Transaction

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme(db: None, payer_server: ScriptedPayer) -> Acme:
    return Acme(payer_server)


def cover(acme: Acme, *, first_name: str, born: date, last_name: str = "Ames", **fields: Any) -> Coverage:
    with acme.inside():
        patient = PatientFactory(first_name=first_name, last_name=last_name, birth_date=born)
        return CoverageFactory(insurance_plan=acme.plan, patient=patient, **fields)


def ask(acme: Acme, *coverages: Coverage) -> SweepRun:
    for coverage in coverages:
        acme.visit(coverage=coverage)
    run = acme.sweep()
    work_until_quiet()
    return acme.read(run)


def replace(answer: list[str], start: str, segment: str, *more: str) -> list[str]:
    """The answer with its segment that begins so put otherwise."""
    at = next(index for index, each in enumerate(answer) if each.startswith(start))
    return [*answer[:at], segment, *more, *answer[at + 1 :]]


def told(acme: Acme) -> list[dict[str, str]] | None:
    with acme.inside():
        return EligibilityCheck.objects.get().differences


def person(question: Question, last: str, first: str = "ALICE", suffix: str = "", id_: str = "") -> list[str]:
    segment = f"NM1*IL*1*{last}*{first}***{suffix}*MI*{id_ or question.subscriber[9]}"
    return replace(payers.answer(question), "NM1*IL", segment)


SAME = {
    "married name": (lambda q: person(q, "BAKER"), ["last_name"]),
    "hyphenated name": (lambda q: person(q, "AMES-BAKER"), ["last_name"]),
    "suffix": (lambda q: person(q, "AMES JR"), ["last_name"]),
    "suffix apart": (lambda q: person(q, "AMES", suffix="JR"), []),
    "changed id": (lambda q: person(q, "AMES", id_="NEW000001"), ["member_id"]),
    "other first name": (lambda q: person(q, "AMES", first="ALI"), ["first_name"]),
    "other birth date": (
        lambda q: replace(payers.answer(q), "DMG", "DMG*D8*19840518"),
        ["birth_date"],
    ),
    "other gender": (
        lambda q: replace(payers.answer(q), "DMG", f"DMG*D8*{q.birth_date}*M"),
        ["gender"],
    ),
    "other group": (
        lambda q: replace(payers.answer(q), "DMG", "REF*6P*G200", f"DMG*D8*{q.birth_date}"),
        ["group_number"],
    ),
    "nothing": (payers.answer, []),
}


@pytest.mark.parametrize("change", SAME)
def test_the_same_person_is_accepted_and_what_differs_is_kept(
    acme: Acme, payer_server: ScriptedPayer, change: str
) -> None:
    script, fields = SAME[change]
    payer_server.script = lambda question: (200, payers.envelope(script(question)))
    coverage = cover(acme, first_name="Alice", born=date(1984, 5, 17), group_number="G100")
    assert ask(acme, coverage).active == 1
    assert [each["field"] for each in told(acme) or []] == fields
    with acme.inside():
        assert Transaction.objects.get(direction="in").differences == fields


def test_both_sides_values_are_kept_sealed(acme: Acme, payer_server: ScriptedPayer) -> None:
    payer_server.script = lambda question: (200, payers.envelope(person(question, "BAKER")))
    ask(acme, cover(acme, first_name="Alice", born=date(1984, 5, 17)))
    assert told(acme) == [{"field": "last_name", "ours": "Ames", "payers": "BAKER"}]
    with acme.inside(), connection.cursor() as cursor:
        cursor.execute("SELECT differences FROM eligibility_eligibilitycheck")
        (stored,) = cursor.fetchone()
    assert stored.startswith("g1.") and "BAKER" not in stored


def test_a_dependent_returned_as_subscriber_keeps_its_own_id_beside_ours(
    acme: Acme, payer_server: ScriptedPayer
) -> None:
    def script(question: Question) -> tuple[int, bytes]:
        assert question.dependent is not None
        last, first = question.dependent[3:5]
        body = replace(payers.answer(question), "NM1*IL", f"NM1*IL*1*{last}*{first}****MI*OWN001")
        born = question.all("DMG")[-1][2]
        return 200, payers.envelope(replace(body, "DMG", f"DMG*D8*{born}"))

    payer_server.script = script
    child = cover(
        acme,
        first_name="Ann",
        born=date(2015, 3, 2),
        relationship_to_subscriber="child",
        subscriber_first_name="Mum",
    )
    assert ask(acme, child).active == 1
    assert [(each["field"], each["payers"]) for each in told(acme) or []] == [("member_id", "OWN001")]


FAMILY = {"subscriber_id": "F100", "subscriber_last_name": "Ames", "relationship_to_subscriber": "child"}


def test_two_dependents_of_one_family_are_answered_by_their_own_traces(
    acme: Acme, payer_server: ScriptedPayer
) -> None:
    """Twins: all but the first name is the same. The answers come in one reply, in another order."""
    asked: list[Question] = []

    def script(question: Question) -> tuple[int, bytes] | None:
        asked.append(question)
        if len(asked) < 2:
            return 200, b""  # the first connection says nothing; its answer comes with the other's
        body = ["BHT*0022*11*FAMILY*20261122*0700", *payers.answer(question)[1:5]]
        body += [f"HL*3*2*22*1~NM1*IL*1*AMES*MUM****MI*F100~DMG*D8*{question.birth_date}"]
        for position, (each, benefit) in enumerate(
            zip(reversed(asked), ("EB*6**30", "EB*1**30"), strict=True)
        ):
            assert each.dependent is not None
            body += [
                f"HL*{position + 4}*3*23*0",
                f"TRN*2*{each.trace}*9ACME00001",
                f"NM1*03*1*AMES*{each.dependent[4]}",
                f"DMG*D8*{each.all('DMG')[-1][2]}",
                benefit,
            ]
        return 200, payers.envelope([part for each in body for part in each.split("~")])

    payer_server.script = script
    with acme.inside():
        acme.payer.retries = 0
        acme.payer.save()
    born = date(2015, 3, 2)
    twins = [cover(acme, first_name=name, born=born, **FAMILY) for name in ("Ann", "Ben")]
    run = ask(acme, *twins)
    assert (run.active, run.inactive) == (1, 1)
    with acme.inside():
        by_name = {
            check.patient.first_name.upper(): check.status
            for check in EligibilityCheck.objects.select_related("patient")
        }
        assert asked[0].dependent is not None and asked[1].dependent is not None
        assert by_name == {asked[0].dependent[4]: "Active", asked[1].dependent[4]: "Inactive"}


def dependent_of(question: Question, name: str, born: str) -> list[str]:
    body = payers.answer(question)
    at = next(index for index, each in enumerate(body) if each.startswith("TRN"))
    trace, holder = body[at], body[at + 1]
    return [
        *body[:at],
        holder,
        "HL*4*3*23*0",
        trace,
        f"NM1*03*1*AMES*{name}",
        f"DMG*D8*{born}",
        "EB*1**30**GOLD",
    ]


def test_a_son_of_the_same_name_is_not_his_father(acme: Acme, payer_server: ScriptedPayer) -> None:
    """The father is asked about; the payer tells of the son, under the same id and first name."""
    payer_server.script = lambda question: (200, payers.envelope(dependent_of(question, "JOHN", "20100101")))
    father = cover(acme, first_name="John", born=date(1970, 1, 1), subscriber_id="F100")
    run = ask(acme, father)
    assert (run.active, run.failed) == (0, 1)
    with acme.inside():
        assert set(Transaction.objects.filter(direction="in").values_list("disposition", flat=True)) == {
            "quarantined"
        }
        incident = Alert.objects.get(kind="privacy_incident")  # one a question, however often asked
        assert (incident.severity, incident.times) == ("incident", 2)


def test_a_father_of_the_same_name_is_not_his_son(acme: Acme, payer_server: ScriptedPayer) -> None:
    payer_server.script = lambda question: (
        200,
        payers.envelope(replace(payers.answer(question), "DMG", "DMG*D8*19700101")),
    )
    son = cover(
        acme, first_name="John", born=date(2010, 1, 1), subscriber_first_name="John",
        subscriber_date_of_birth=date(1970, 1, 1), **FAMILY,
    )  # fmt: skip
    assert ask(acme, son).active == 0


def test_a_patient_we_hold_for_the_subscriber_may_be_a_dependent(
    acme: Acme, payer_server: ScriptedPayer
) -> None:
    payer_server.script = lambda question: (
        200,
        payers.envelope(dependent_of(question, "ALLIE", question.birth_date)),
    )
    wife = cover(acme, first_name="Alice", born=date(1984, 5, 17), subscriber_id="F100")
    assert ask(acme, wife).active == 1
