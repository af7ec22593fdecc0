"""Which person of a reply is the one we asked about, when a family shares a member id."""

from __future__ import annotations

from datetime import date

import pytest

from sweeps.models import SweepRun
from tests import payers
from tests.factories import CoverageFactory, PatientFactory
from tests.gateway import work_until_quiet
from tests.payers import Question, ScriptedPayer
from tests.sweeps.conftest import Acme
from tradingpartners.models import Transaction

pytestmark = pytest.mark.django_db

HEAD = ["HL*1**20*1", "NM1*PR*2*EXAMPLE BLUE*****PI*12345", "HL*2*1*21*1", "NM1*1P*2*MAIN*****XX*1234567893"]


@pytest.fixture
def acme(db: None, payer_server: ScriptedPayer) -> Acme:
    return Acme(payer_server)


def subscriber(question: Question, benefit: str, *more: str) -> list[str]:
    name = question.subscriber
    return ["HL*3*2*22*1", *more, f"NM1*IL*1*{name[3]}*{name[4]}****MI*{name[9]}", "DMG*D8*19540101", benefit]


def dependent(question: Question, benefit: str, *more: str, first_name: str = "") -> list[str]:
    assert question.dependent is not None
    birth_date = question.all("DMG")[-1][2]
    name = question.dependent
    return [
        "HL*4*3*23*0",
        *more,
        f"NM1*03*1*{name[3]}*{first_name or name[4]}",
        f"DMG*D8*{birth_date}",
        benefit,
    ]


def reply(question: Question, *persons: list[str], reference: str = "THEIRS") -> tuple[int, bytes]:
    body = [f"BHT*0022*11*{reference}*20261122*070000", *HEAD]
    return 200, payers.envelope(body + [segment for person in persons for segment in person])


def trace(question: Question) -> str:
    return f"TRN*2*{question.trace}*9ACME00001"


def ask_about_child(acme: Acme) -> SweepRun:
    with acme.inside():
        coverage = CoverageFactory(
            insurance_plan=acme.plan,
            patient=PatientFactory(first_name="Ann", birth_date=date(2015, 3, 2)),
            relationship_to_subscriber="child",
            subscriber_first_name="Mum",
            subscriber_last_name="Ames",
        )
    acme.visit(coverage=coverage)
    run = acme.sweep()
    work_until_quiet()
    return acme.read(run)


def dispositions(acme: Acme) -> list[str]:
    with acme.inside():
        return list(Transaction.objects.filter(direction="in").values_list("disposition", flat=True))


def test_the_dependent_with_our_trace_is_heard_not_the_subscriber_above(
    acme: Acme, payer_server: ScriptedPayer
) -> None:
    payer_server.script = lambda q: reply(
        q, subscriber(q, "EB*1**30**GOLD"), dependent(q, "EB*6**30**GOLD", trace(q)), reference=q.reference
    )
    run = ask_about_child(acme)
    assert (run.active, run.inactive) == (0, 1)
    assert dispositions(acme) == ["applied"]


def test_a_trace_echoed_under_the_subscriber_is_the_dependents(
    acme: Acme, payer_server: ScriptedPayer
) -> None:
    payer_server.script = lambda q: reply(
        q, subscriber(q, "EB*1**30**GOLD", trace(q)), dependent(q, "EB*6**30**GOLD")
    )
    run = ask_about_child(acme)
    assert (run.active, run.inactive) == (0, 1)


@pytest.mark.parametrize("reference", ["", "THEIRS"], ids=["BHT03", "connection"])
def test_without_a_trace_the_person_is_recognized_among_several(
    acme: Acme, payer_server: ScriptedPayer, reference: str
) -> None:
    payer_server.script = lambda q: reply(
        q,
        subscriber(q, "EB*1**30**GOLD"),
        dependent(q, "EB*1**30**GOLD", first_name="BEN"),  # a twin
        dependent(q, "EB*6**30**GOLD"),
        reference=reference or q.reference,
    )
    run = ask_about_child(acme)
    assert (run.active, run.inactive) == (0, 1)


def test_a_family_without_the_person_asked_about_is_nobodys_answer(
    acme: Acme, payer_server: ScriptedPayer
) -> None:
    payer_server.script = lambda q: reply(
        q, subscriber(q, "EB*1**30**GOLD"), dependent(q, "EB*1**30**GOLD", first_name="BEN")
    )
    run = ask_about_child(acme)
    assert (run.active, run.failed) == (0, 1)
    assert set(dispositions(acme)) == {"quarantined"}


def test_the_member_id_alone_proves_no_dependent(acme: Acme, payer_server: ScriptedPayer) -> None:
    payer_server.script = lambda q: reply(q, subscriber(q, "EB*1**30**GOLD", trace(q)))
    run = ask_about_child(acme)
    assert (run.active, run.failed) == (0, 1)


def test_a_dependent_returned_as_subscriber_is_the_person(acme: Acme, payer_server: ScriptedPayer) -> None:
    def script(question: Question) -> tuple[int, bytes]:
        _, _, name, born, benefit = dependent(question, "EB*1**30**GOLD", trace(question))
        own = [trace(question), name.replace("NM1*03", "NM1*IL") + "****MI*OWN001", born, benefit]
        return reply(question, ["HL*3*2*22*0", *own])

    payer_server.script = script
    assert ask_about_child(acme).active == 1


def test_a_dependent_by_another_first_name_is_known_by_family_and_birth_date(
    acme: Acme, payer_server: ScriptedPayer
) -> None:
    payer_server.script = lambda q: reply(q, dependent(q, "EB*1**30**GOLD", trace(q), first_name="ANNIE"))
    assert ask_about_child(acme).active == 1


def test_a_name_with_an_accent_is_asked_in_plain_letters_and_recognized(
    acme: Acme, payer_server: ScriptedPayer
) -> None:
    with acme.inside():
        patient = PatientFactory(first_name="José", last_name="Núñez")
        coverage = CoverageFactory(
            insurance_plan=acme.plan,
            patient=patient,
            subscriber_first_name="José",
            subscriber_last_name="Núñez",
        )
    acme.visit(coverage=coverage)
    run = acme.sweep()
    work_until_quiet()
    (question,) = payer_server.questions
    assert question.subscriber[3:5] == ["NUNEZ", "JOSE"]
    assert acme.read(run).active == 1


def test_an_outage_beside_a_fault_in_the_data_is_not_asked_again(
    acme: Acme, payer_server: ScriptedPayer
) -> None:
    acme.visit()
    run = acme.sweep()
    payer_server.script = lambda question: reply(
        question,
        [
            "HL*3*2*22*0",
            trace(question),
            f"NM1*IL*1*{question.subscriber[3]}*{question.subscriber[4]}****MI*{question.subscriber[9]}",
            "AAA*N**42*P",
            "AAA*N**72*C",
        ],
    )
    work_until_quiet()
    assert len(payer_server.questions) == 1
    with acme.inside():
        (member,) = run.members.all()
        assert (member.state, member.failure_reason) == ("failed", "AAA 42 72")
