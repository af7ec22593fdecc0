"""Questions broken in every way: each is answered or refused, and none ends the simulator."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any

import pytest

from tests.simulator.conftest import ask, questions
from tests.simulator.driving import Simulator, until
from tests.simulator.wire import interchange, named, split
from tradingpartners.simulator.answering import Answering, read_knowledge
from tradingpartners.simulator.envelopes import ANSWER, acknowledge_group, write_interchange
from tradingpartners.simulator.journal import Journal
from tradingpartners.simulator.payers import PAYERS
from tradingpartners.simulator.segments import UnreadableError, read_interchange

NOW = datetime(2025, 11, 22, 7, tzinfo=UTC)
ODD = ("", "22", "23", "99999999", "20251399", "^^", "A" * 90, "\xd1", "-1", "*")


def broken(body: list[str], chance: Random) -> list[str]:
    """One to three segments lost, doubled, cut short or with an element spoilt."""
    body = list(body)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(body))
        elements = body[at].split("*")
        elements[chance.randrange(len(elements))] = chance.choice(ODD)
        deeds: list[list[str]] = [
            [],
            [body[at], body[at]],
            [body[at][: chance.randrange(1, len(body[at]) + 1)]],
            ["*".join(elements)],
        ]
        body[at : at + 1] = chance.choice(deeds)
        body = body or ["BHT"]
    return body


def test_a_broken_question_is_answered_or_refused(
    population_file: Path, population: dict[str, Any], tmp_path: Path
) -> None:
    knowledge = read_knowledge(population_file)
    answering = Answering(knowledge, Journal(tmp_path / "journal"), today=knowledge.today)
    chance, asked_of = Random(4), [ask(each) for each in questions(population)]
    answered = 0
    for _ in range(3000):
        raw = interchange([broken(chance.choice(asked_of), chance)])
        try:
            asked = read_interchange(raw)
        except UnreadableError:
            continue
        assert all(acknowledge_group(group)[-1][0] == "AK9" for group in asked.groups)
        answers = answering.answer_all(asked, payer_ids=set(knowledge.records))
        for each in answers:
            body = each.segments(now=NOW) if not each.is_silence else []
            marks = PAYERS["HARBOR"].delimiters
            answer = write_interchange(
                asked, [body], kind=ANSWER, control_number=1, delimiters=marks, now=NOW
            )
            assert read_interchange(answer).groups[0].transaction_sets[0].problem == ""
            answered += 1
    assert answered > 2000


def test_a_set_that_asks_about_nobody_is_refused(
    launch: Callable[..., Simulator], population: dict[str, Any]
) -> None:
    each = next(questions(population))
    nobody = interchange([ask(each)[:5]])
    simulator = launch()
    assert simulator.post("CCN20", nobody)[0] == 400
    simulator.put("nobody.x12", nobody)
    until(simulator.outbox)
    (accepting,) = simulator.outbox().values()
    assert named(split(accepting), "IK5") == [["IK5", "R", "5"]]


def test_a_ta1_comes_where_it_is_asked_for(
    launch: Callable[..., Simulator], population: dict[str, Any]
) -> None:
    each = next(each for each in questions(population) if each.payer["transport"] == "sftp")
    simulator = launch()
    simulator.put("one.x12", interchange([ask(each)]).replace(b"*0*T*:", b"*1*T*:"))
    until(simulator.outbox)
    first = next(raw for name, raw in simulator.outbox().items() if name.startswith("999"))
    assert split(first)[1] == ["TA1", "000000001", *split(first)[1][2:4], "A", "000"]


def test_it_stops_at_once_and_says_nothing(
    launch: Callable[..., Simulator],
    population: dict[str, Any],
    capfd: pytest.CaptureFixture[str],
) -> None:
    simulator = launch("--hold-seconds", "60")
    each = next(each for each in questions(population) if each.case == "no_answer")
    asking = Thread(target=simulator.post, args=(each.payer["payer_id"], interchange([ask(each)])))
    asking.start()
    until(lambda: simulator.entries("no_answer"))
    assert simulator.stop() == 0
    asking.join()
    assert not (simulator.journal.parent / "ready.json").exists()
    assert capfd.readouterr().err == ""
