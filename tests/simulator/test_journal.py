"""The book the simulator keeps: what it says was asked and answered is what was."""

from tests.simulator.conftest import Exchange
from tests.simulator.driving import Simulator
from tests.simulator.wire import Reading, read


def test_every_question_is_booked_once(simulator: Simulator, exchanges: list[Exchange]) -> None:
    booked = {
        entry["trace"]: (entry["payer"], entry["member_id"], entry["via"])
        for entry in simulator.entries("270")
    }
    for each in exchanges:
        via = "sftp" if each.payer["transport"] == "sftp" else "http"
        expected = (each.payer["payer_id"], each.coverage["member_id"], via)
        assert booked[each.trace] == expected


def test_every_answer_is_booked_with_its_meaning(simulator: Simulator, exchanges: list[Exchange]) -> None:
    truths = {entry["trace"]: entry["truth"] for entry in simulator.entries("271")}
    for each in exchanges:
        if each.answer:
            truth = truths[each.trace]
            assert read(each.answer) == Reading(truth["status"], truth["aaa"], truth["loop"])
            assert truth["as_of"] == each.day


def test_silence_is_booked(simulator: Simulator, exchanges: list[Exchange]) -> None:
    silences = {entry["trace"]: entry["truth"] for entry in simulator.entries("no_answer")}
    silent = {each.trace for each in exchanges if not each.answer}
    assert silent
    assert {trace for trace in silences if trace in {each.trace for each in exchanges}} == silent
    assert {silences[trace]["status"] for trace in silent} == {"none"}


def test_an_answer_in_a_file_names_the_file(simulator: Simulator, exchanges: list[Exchange]) -> None:
    outbox = simulator.outbox()
    files = {entry["trace"]: entry["file"] for entry in simulator.entries("271")}
    for each in exchanges:
        if each.payer["transport"] == "sftp":
            assert outbox[files[each.trace]] == each.raw
