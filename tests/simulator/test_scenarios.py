"""Which faults are played, when and for whom: the scenario engine by itself."""

import json
from pathlib import Path

import pytest

from tests.simulator.test_cli import call
from tradingpartners.simulator.faults import FAULTS, KINDS
from tradingpartners.simulator.journal import Journal
from tradingpartners.simulator.scenarios import (
    Occasion,
    On,
    Problem,
    Scenario,
    ScenarioError,
    Stage,
    parse_scenario,
)


def occasion(number: int = 1, *, on: On = On.CALL, payer: str = "CCN20", **more: float) -> Occasion:
    return Occasion(kind=on, ordinal=number, at=more.get("at", 0.0), payer=payer)


def played(scenario: Scenario, occasions: int = 20) -> list[str]:
    """The name of the fault of each call in turn, empty where there was none."""
    faults = [scenario.fault_for(occasion(number)) for number in range(occasions)]
    return [fault.name if fault else "" for fault in faults]


def test_a_scenario_without_faults_plays_none() -> None:
    assert played(parse_scenario(""), 3) == ["", "", ""]


def test_after_and_times_bound_a_fault() -> None:
    scenario = parse_scenario('[[fault]]\nname = "slow"\nafter = 2\ntimes = 3')
    assert played(scenario, 7) == ["", "", "slow", "slow", "slow", "", ""]


def test_a_fault_keeps_to_its_payer_member_and_occasion() -> None:
    text = '[[fault]]\nname = "{}"\n{}'
    elsewhere = parse_scenario(text.format("slow", 'payer = "HBA77"'))
    assert elsewhere.fault_for(occasion()) is None
    assert elsewhere.fault_for(occasion(payer="HBA77"))
    one_member = parse_scenario(text.format("slow", 'member_id = "W1"'))
    assert one_member.fault_for(occasion()) is None
    asked = Occasion(kind=On.CALL, ordinal=1, at=0, member_ids=frozenset({"W0", "W1"}))
    assert one_member.fault_for(asked)
    either = parse_scenario(text.format("unknown_trace", ""))
    assert either.fault_for(occasion()) and either.fault_for(occasion(on=On.FILE))
    in_files = parse_scenario(text.format("unknown_trace", 'on = "file"'))
    assert in_files.fault_for(occasion()) is None and in_files.fault_for(occasion(on=On.FILE))


def test_a_door_is_given_only_faults_it_can_play() -> None:
    scenario = parse_scenario('[[fault]]\nname = "new_host_key"\ntimes = 1')
    http = Occasion(kind=On.CONNECT, ordinal=1, at=0, playable=frozenset({"unreachable"}))
    assert scenario.fault_for(http) is None
    assert scenario.fault_for(occasion(on=On.CONNECT))


def test_an_outage_has_a_beginning_and_an_end() -> None:
    outage = parse_scenario('[[fault]]\nname = "http_503"\nfrom = 10\nuntil = 20')
    found = [bool(outage.fault_for(occasion(at=at))) for at in (0, 9.9, 10, 19.9, 20)]
    assert found == [False, False, True, True, False]


def test_the_first_fault_that_is_due_is_played_and_the_others_count_on() -> None:
    text = '[[fault]]\nname = "slow"\ntimes = 1\n[[fault]]\nname = "garbage"\nafter = 2'
    assert played(parse_scenario(text), 4) == ["slow", "", "garbage", "garbage"]


def test_the_same_seed_gives_the_same_faults_and_another_seed_others() -> None:
    text = 'seed = {}\n[[fault]]\nname = "slow"\nrate = 0.4'
    one, again, other = (played(parse_scenario(text.format(seed)), 200) for seed in (7, 7, 8))
    assert one == again != other
    assert 50 < one.count("slow") < 110


def test_a_fault_has_its_parameters_or_their_defaults() -> None:
    text = '[[fault]]\nname = "slow"\n{}'
    for more, expected in (("", 11.0), ("seconds = 2", 2.0), ("seconds = 0.5", 0.5)):
        fault = parse_scenario(text.format(more)).fault_for(occasion())
        assert fault and fault.number("seconds") == expected


WRONG = [
    ("seed = 7\nnonsense", Problem.NO_TOML, 2, "the scenario"),
    ("sead = 7", Problem.UNKNOWN_KEY, 1, "sead"),
    ('seed = "7"', Problem.WRONG_TYPE, 1, "seed"),
    ('[fault]\nname = "slow"', Problem.WRONG_TYPE, 1, "fault"),
    ("fault = [1]", Problem.WRONG_TYPE, 1, "fault"),
    ("\n[[fault]]\nrate = 1", Problem.MISSING, 2, "name"),
    ('[[fault]]\nname = "slow"\n[[fault]]\nname = "slo"', Problem.UNKNOWN_FAULT, 4, "name"),
    ('[[fault]]\nname = "slow"\nbytes = 3', Problem.UNKNOWN_KEY, 3, "bytes"),
    ('[[fault]]\nname = "slow"\nseconds = "3"', Problem.WRONG_TYPE, 3, "seconds"),
    ('[[fault]]\nname = "slow"\nseconds = -1', Problem.OUT_OF_RANGE, 3, "seconds"),
    ('[[fault]]\nname = "slow"\nseconds = nan', Problem.OUT_OF_RANGE, 3, "seconds"),
    ('[[fault]]\nname = "slow"\non = "file"', Problem.WRONG_OCCASION, 3, "on"),
    ('[[fault]]\nname = "slow"\nrate = 1.5', Problem.OUT_OF_RANGE, 3, "rate"),
    ('[[fault]]\nname = "slow"\ntimes = true', Problem.WRONG_TYPE, 3, "times"),
    ('[[fault]]\nname = "slow"\nafter = -1', Problem.WRONG_TYPE, 3, "after"),
    ('[[fault]]\nname = "slow"\npayer = 20', Problem.WRONG_TYPE, 3, "payer"),
    ('[[fault]]\nname = "slow"\nfrom = 9\nuntil = 9', Problem.OUT_OF_RANGE, 4, "until"),
]


@pytest.mark.parametrize(("text", "problem", "line", "field"), WRONG)
def test_a_wrong_scenario_is_refused_with_its_line(
    text: str, problem: Problem, line: int, field: str
) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text)
    assert (caught.value.problem, caught.value.line, caught.value.field) == (problem, line, field)


def test_an_unknown_fault_is_answered_with_those_of_a_like_name() -> None:
    with pytest.raises(ScenarioError, match="http_503"):
        parse_scenario('[[fault]]\nname = "http503"')


def test_every_fault_has_a_name_of_its_own_and_can_be_played_by_default() -> None:
    assert len(FAULTS) == len(KINDS)
    for kind in KINDS:
        scenario = parse_scenario(f'[[fault]]\nname = "{kind.name}"')
        for on in kind.on:
            fault = scenario.fault_for(occasion(on=on))
            assert fault and fault.parameters == kind.parameters


def test_every_fault_played_is_in_the_journal(tmp_path: Path) -> None:
    now = [100.0]
    journal = Journal(tmp_path / "journal.jsonl")
    scenario = parse_scenario('[[fault]]\nname = "slow"\nafter = 1\nfrom = 5')
    stage = Stage(scenario, journal, clock=lambda: now[0])
    assert stage.fault_for(On.CALL, payer="CCN20") is None
    now[0] = 105.0
    assert stage.fault_for(On.CALL, payer="CCN20") is None
    assert stage.fault_for(On.CALL, payer="CCN20", member_ids=["W1"], via="http")
    journal.close()
    (entry,) = map(json.loads, journal.path.read_text(encoding="utf-8").splitlines())
    assert (entry["event"], entry["fault"], entry["number"]) == ("fault", "slow", 30)
    assert (entry["ordinal"], entry["member_ids"], entry["via"]) == (3, ["W1"], "http")


def test_the_list_of_faults_names_each_with_a_sentence() -> None:
    done = call(["--list-faults"])
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == len(KINDS)
    for kind in KINDS:
        assert kind.name in done.stdout and kind.sentence in done.stdout


def test_a_wrong_scenario_is_one_line_and_exit_2(tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.toml"
    scenario.write_text('[[fault]]\nname = "slo"\n', encoding="utf-8")
    for arguments in (["--scenario", str(scenario)], ["--scenario", str(tmp_path / "none.toml")]):
        done = call(arguments)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1 and "Traceback" not in done.stderr


def test_a_misspelt_fault_is_named_with_the_nearest_known_one() -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario('[[fault]]\nname = "slwo"')
    assert str(caught.value).startswith("line 2: name is no fault (“slwo”; the nearest: slow")
