"""Every fault a file of answers can have: one file for each, in one run, and what a client finds."""

import asyncio
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.conftest import TODAY, Exchange, ask
from tests.simulator.driving import Simulator, start, until
from tests.simulator.staging import actives
from tests.simulator.wire import (
    Segments,
    compact,
    interchange,
    named,
    question,
    read,
    split,
    transaction_sets,
)
from tradingpartners.simulator.file_faults import OF_ANSWERS, OF_FILES, OF_PUSHES
from tradingpartners.simulator.population import make_population

# By the name of the file: the fault, and what its rule says besides.
CASES = {
    "truncated": ("truncated_file", ""),
    "empty": ("empty_file", ""),
    "huge": ("huge_file", "bytes = 40_000_000_000"),
    "bomb": ("zip_bomb", "bytes = 52_428_800"),
    "path": ("path_in_name", ""),
    "link": ("symlink", ""),
    "long": ("hostile_segment", "bytes = 300_000"),
    "elements": ("hostile_segment", 'bytes = 40_000\nshape = "elements"'),
    "repetitions": ("hostile_segment", 'bytes = 40_000\nshape = "repetitions"'),
    "letter": ("bad_delimiters", ""),
    "blank": ("bad_delimiters", 'style = "space"'),
    "same_mark": ("bad_delimiters", 'style = "same"'),
    "short_isa": ("bad_delimiters", 'style = "short"'),
    "in_data": ("delimiter_in_data", ""),
    **{f"ends_{style}": ("line_ends", f'style = "{style}"') for style in ("crlf", "cr", "none", "spaces")},
    "bom": ("byte_order_mark", ""),
    "nul": ("nul_bytes", ""),
    "latin": ("latin_1", ""),
    "wide": ("utf_16", ""),
    "ibm": ("ebcdic", ""),
    "se_count": ("wrong_se_count", ""),
    "se_number": ("wrong_se_number", ""),
    "ge_count": ("wrong_ge_count", ""),
    "ge_number": ("wrong_ge_number", ""),
    "iea_count": ("wrong_iea_count", ""),
    "iea_number": ("wrong_iea_number", ""),
    "partial": ("partial_999", ""),
    "rejected": ("rejected_999", ""),
    "ta1": ("ta1_rejected", ""),
    "silent": ("silence", ""),
    "only_999": ("no_271", ""),
    "again": ("same_file_twice", "seconds = 0.2"),
    "renamed": ("same_content_other_name", ""),
    "isa13_again": ("same_isa13_other_content", ""),
    "name_again": ("same_name_other_content", "seconds = 0.2"),
    "split": ("answers_split", "parts = 2"),
    "another": ("another_members_answer", ""),
    "twice": ("duplicate_answer", ""),
    "strange": ("unknown_trace", ""),
    "untraced": ("no_trace", ""),
    "above_payer": ("rejection_above_subscriber", 'loop = "2000A"'),
    "above_source": ("rejection_above_subscriber", 'loop = "2100A"'),
    "above_receiver": ("rejection_above_subscriber", 'loop = "2100B"'),
    "unavailable": ("aaa_42", ""),
    "not_found": ("aaa_75", ""),
    **{
        f"changed_{change}": ("changed_identifiers", f'change = "{change}"')
        for change in ("name_and_id", "married_name", "new_id", "hyphen", "suffix")
    },
}
# Played in tests of their own, in time or against a client.
ELSEWHERE = {
    *("answers_joined", "answers_reordered", "slow_writer", "late_answer"),
    *(name for name in OF_ANSWERS if name.startswith("aaa")),
}
NO_271 = {"ta1": "ta1_rejected", "silent": "silence", "only_999": "no_271", "rejected": "rejected_999"}


@dataclass
class Staged:
    simulator: Simulator
    about: Mapping[str, Exchange]
    folder: Path
    outgoing: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def files(self, label: str, kind: str = "271") -> list[dict[str, Any]]:
        """What the journal says left in answer to this file."""
        return [
            entry
            for entry in self.simulator.entries("file")
            if entry.get("kind") == kind and entry["answers"].partition("_")[2] == f"{label}.x12"
        ]

    def raw(self, label: str, kind: str = "271", nth: int = 0) -> bytes:
        return (self.folder / "sftp" / "outbox" / self.files(label, kind)[nth]["file"]).read_bytes()

    def answer(self, label: str) -> Segments:
        """The ST…SE about the member the fault is for."""
        return self.answers(label)[0]

    def answers(self, label: str) -> list[Segments]:
        """Every ST…SE, in as many files as there are."""
        raws = [self.raw(label, nth=nth) for nth in range(len(self.files(label)))]
        return [each for raw in raws for each in transaction_sets(raw)]

    def truth(self, label: str) -> dict[str, Any]:
        entries = self.simulator.entries("271")
        return next(e["truth"] for e in entries if e["trace"] == self.about[label].trace)


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staged]:
    folder = tmp_path_factory.mktemp("file_faults")
    population = make_population(members=500, seed=7, today=date.fromisoformat(TODAY), window_days=7)
    population_file = folder / "population.json"
    population_file.write_text(json.dumps(population), encoding="utf-8")
    payers = ("SHP01", "PRM44")
    known = [each for payer_id in payers for each in actives(population, payer_id) if is_plain(each)]
    neutral, *targets = known
    about = dict(zip(CASES, targets, strict=False))
    assert len(about) == len(CASES), "the population is too small"
    scenario = folder / "scenario.toml"
    scenario.write_text("".join(rule(label, each) for label, each in about.items()), encoding="utf-8")
    simulator = start(folder, population_file, "--file-delay-ms", "20", "--scenario", str(scenario))
    for number, (label, each) in enumerate(about.items(), start=1):
        other = question(
            neutral.payer, neutral.patient, neutral.coverage, day=neutral.day, trace=f"{number:x}"
        )
        simulator.put(f"{label}.x12", interchange([ask(each), other], control_number=number))
    found = Staged(simulator, about, folder / "root")
    until(lambda: all(found.files(label) for label in CASES.keys() - NO_271.keys()))
    until(lambda: all(len(found.files(label)) == 2 for label in ("again", "name_again")))
    yield found
    assert simulator.stop() == 0


def is_plain(each: Exchange) -> bool:
    return each.coverage["relationship"] == "self"


def rule(label: str, each: Exchange) -> str:
    name, more = CASES[label]
    return f'[[fault]]\nname = "{name}"\non = "file"\nmember_id = "{each.coverage["member_id"]}"\n{more}\n'


def test_every_fault_of_a_file_is_staged_here() -> None:
    assert {name for name, _ in CASES.values()} | ELSEWHERE == (OF_FILES | OF_ANSWERS) - OF_PUSHES


def test_every_fault_is_booked_with_its_file(staged: Staged) -> None:
    booked = {entry["taken"].partition("_")[2]: entry["fault"] for entry in staged.simulator.entries("fault")}
    assert booked == {f"{label}.x12": name for label, (name, _) in CASES.items()}


def test_a_truncated_file_breaks_off_inside_an_answer(staged: Staged) -> None:
    raw = staged.raw("truncated")
    assert raw.count(b"ST*271") == 2 and raw.count(b"\nSE*") == 1 and b"GE*" not in raw.replace(b"IEA", b"")
    assert not raw.rstrip().endswith(b"~")


def test_an_empty_file_has_no_bytes(staged: Staged) -> None:
    assert staged.raw("empty") == b""


def test_a_huge_file_shows_its_size_and_takes_no_space(staged: Staged) -> None:
    path = staged.folder / "sftp" / "outbox" / staged.files("huge")[0]["file"]
    assert path.stat().st_size == 40_000_000_000
    assert path.stat().st_blocks * 512 < 10_000_000


def test_a_zip_bomb_is_small_until_unpacked(staged: Staged) -> None:
    raw = staged.raw("bomb")
    assert len(raw) < 300_000
    unpacked = zlib.decompress(raw, wbits=31)
    assert unpacked.startswith(b"ISA*")


def test_a_name_leads_out_of_the_folder(staged: Staged) -> None:
    name = staged.files("path")[0]["file"]

    async def names() -> set[str]:
        async with staged.simulator.connect() as connection, connection.start_sftp_client() as sftp:
            found = {entry.filename for entry in await sftp.readdir("/outbox")}
            assert await sftp.stat(f"/outbox/../{name}")
        return found

    assert f"../{name}" in asyncio.run(names())


def test_a_link_leads_out_of_the_folder(staged: Staged) -> None:
    path = staged.folder / "sftp" / "outbox" / staged.files("link")[0]["file"]
    assert path.is_symlink() and path.resolve().parent == staged.folder / "outside"


@pytest.mark.parametrize(("label", "segments"), [("long", 1), ("elements", 1), ("repetitions", 1)])
def test_a_hostile_segment_is_as_long_as_it_is_told(label: str, segments: int, staged: Staged) -> None:
    longest = sorted(map(len, staged.raw(label).split(b"~")))
    assert longest[-1] >= 40_000 and longest[-2] < 1_000


def test_delimiters_cannot_be_told_apart(staged: Staged) -> None:
    assert staged.raw("letter")[3:4] == b"A" and staged.raw("blank")[3:4] == b" "
    same = staged.raw("same_mark")
    assert same[3] == same[104]
    short = staged.raw("short_isa")
    assert short[3] == short[102] and short[103:105] == b":~"


def test_a_delimiter_stands_in_the_data(staged: Staged) -> None:
    assert b"MSG*ASK ~PLAN~" in staged.raw("in_data")


@pytest.mark.parametrize(
    ("label", "end"), [("crlf", b"\r\n"), ("cr", b"\r"), ("none", b""), ("spaces", b"   ")]
)
def test_lines_end_as_told(label: str, end: bytes, staged: Staged) -> None:
    assert staged.raw(f"ends_{label}")[105:].startswith(b"~" + end + b"GS*")


def test_bytes_are_in_other_alphabets(staged: Staged) -> None:
    assert staged.raw("bom").startswith(b"\xef\xbb\xbfISA*")
    assert staged.raw("wide").decode("utf-16").startswith("ISA*")
    assert staged.raw("ibm").decode("cp500").startswith("ISA*")
    assert staged.raw("nul").count(b"\0") == staged.raw("latin").count(b"\xd1") == 1


def test_trailers_count_and_number_wrong(staged: Staged) -> None:
    def trailer(label: str, segment_id: str) -> list[str]:
        return named(split(staged.raw(label)), segment_id)[-1]

    answers = transaction_sets(staged.raw("se_count"))
    assert [int(each[-1][1]) - len(each) for each in answers] == [1, 1]
    assert [each[-1][2] for each in transaction_sets(staged.raw("se_number"))] == ["0002", "0003"]
    assert trailer("ge_count", "GE")[1] == "3" and trailer("iea_count", "IEA")[1] == "2"
    assert trailer("ge_number", "GE")[2] != named(split(staged.raw("ge_number")), "GS")[0][6]
    assert trailer("iea_number", "IEA")[2] != split(staged.raw("iea_number"))[0][13]


def test_a_999_takes_one_set_and_not_the_other(staged: Staged) -> None:
    segments = split(staged.raw("partial", "999"))
    assert named(segments, "IK5") == [["IK5", "R", "5"], ["IK5", "A"]]
    assert named(segments, "IK3") == [["IK3", "NM1", "9", "2100", "8"]] and named(segments, "IK4")
    assert named(segments, "AK9") == [["AK9", "P", "2", "2", "1"]]
    assert staged.files("partial")[0]["transaction_sets"] == 1


@pytest.mark.parametrize("label", NO_271)
def test_there_is_no_271_and_the_journal_says_why(label: str, staged: Staged) -> None:
    silences = staged.simulator.entries("no_answer")
    reasons = [e["reason"] for e in silences if e["trace"] == staged.about[label].trace]
    assert (reasons, staged.files(label)) == ([NO_271[label]], [])


def test_what_comes_instead_of_a_271(staged: Staged) -> None:
    assert named(split(staged.raw("rejected", "999")), "AK9") == [["AK9", "R", "2", "2", "0"]]
    assert named(split(staged.raw("ta1", "TA1")), "TA1")[0][4:] == ["R", "025"]
    assert staged.files("ta1", "999") == staged.files("silent", "999") == []
    assert len(staged.files("only_999", "999")) == 1


def test_files_come_again(staged: Staged) -> None:
    def pairs(label: str, key: str) -> tuple[Any, Any]:
        first, second = staged.files(label)
        return first[key], second[key]

    same = {
        label: len(set(pairs(label, "file"))) for label in ("again", "renamed", "isa13_again", "name_again")
    }
    assert same == {"again": 1, "renamed": 2, "isa13_again": 2, "name_again": 1}
    assert staged.raw("renamed") == staged.raw("renamed", nth=1)
    assert len(set(pairs("isa13_again", "isa13"))) == 1
    assert staged.raw("isa13_again") != staged.raw("isa13_again", nth=1)
    assert len(set(pairs("name_again", "isa13"))) == 2


def test_answers_are_split(staged: Staged) -> None:
    assert [each["transaction_sets"] for each in staged.files("split")] == [1, 1]


def test_another_members_answer_has_the_right_trace(staged: Staged) -> None:
    asked, answer = staged.about["another"], staged.answer("another")
    (person,) = named(answer, "NM1", "IL")
    assert named(answer, "TRN", "2")[0][2] == asked.trace
    assert person[9] != asked.coverage["member_id"] and person[9] == staged.truth("another")["member_id"]
    assert compact(asked.patient["birth_date"]) not in [dmg[2] for dmg in named(answer, "DMG")]


def test_an_answer_comes_twice_in_its_file(staged: Staged) -> None:
    traces = [named(each, "TRN", "2")[0][2] for each in staged.answers("twice")]
    assert len(traces) == 3 and traces.count(staged.about["twice"].trace) == 2


def test_traces_and_references_of_nobody(staged: Staged) -> None:
    strange, untraced = staged.answer("strange"), staged.answer("untraced")
    asked = staged.about["strange"].trace
    assert asked not in str(strange) and named(strange, "TRN", "2")
    assert named(untraced, "TRN", "2") == []
    assert named(untraced, "BHT")[0][3] == f"R{staged.about['untraced'].trace}"


@pytest.mark.parametrize(
    ("label", "levels"), [("above_payer", 1), ("above_source", 1), ("above_receiver", 2)]
)
def test_a_rejection_above_the_subscriber_has_no_trace(label: str, levels: int, staged: Staged) -> None:
    answer = staged.answer(label)
    assert named(answer, "TRN") == named(answer, "NM1", "IL") == []
    assert len(named(answer, "HL")) == levels and named(answer, "AAA")
    assert named(answer, "BHT")[0][3] == f"R{staged.about[label].trace}"
    if label == "above_payer":
        assert answer[3][0] == "AAA"


def test_rejections_of_ones_choice(staged: Staged) -> None:
    assert (read(staged.answer("unavailable")).aaa, read(staged.answer("unavailable")).loop) == (
        "42",
        "2100A",
    )
    assert (read(staged.answer("not_found")).aaa, read(staged.answer("not_found")).loop) == ("75", "2100C")


@pytest.mark.parametrize(
    ("change", "name_changes", "id_changes"),
    [
        ("name_and_id", True, True),
        ("married_name", True, False),
        ("new_id", False, True),
        ("hyphen", True, False),
        ("suffix", True, False),
    ],
)
def test_one_person_is_changed(change: str, name_changes: bool, id_changes: bool, staged: Staged) -> None:
    asked, answer = staged.about[f"changed_{change}"], staged.answer(f"changed_{change}")
    (person,) = named(answer, "NM1", "IL")
    assert (person[3] != asked.patient["last_name"].upper()) == name_changes
    assert (person[9] != asked.coverage["member_id"]) == id_changes
    assert named(answer, "DMG")[0][2] == compact(asked.patient["birth_date"])
    assert named(answer, "INS", "Y", "18", "001", "25")


def test_the_rest_of_a_file_is_as_it_should_be(staged: Staged) -> None:
    for label in ("another", "strange", "above_source", "changed_new_id"):
        _, other = staged.answers(label)
        assert read(other).status == "active"
