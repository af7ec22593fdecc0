"""Files that others wrote, against a second reading of their raw segments written for this test."""

import csv
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tradingpartners.x12 import all_findings, inspection, read

CORPUS = os.environ.get("X12_CORPUS", "")

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(
        not CORPUS, reason="X12_CORPUS is not set: name the folder with 271/, 270/, MANIFEST.tsv"
    ),
]


def corpus_files(*kinds: str) -> list[Path]:
    root = Path(CORPUS) if CORPUS else Path("absent")
    return sorted(path for kind in kinds for path in (root / kind).glob("*.edi"))


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def inspected(path: Path) -> Any:
    return inspection(read(path.read_bytes()))


# The second reading: no code of the codec, one flat pass, another order of thought.


def raw_segments(path: Path) -> tuple[list[list[str]], str]:
    text = path.read_text(encoding="latin-1").lstrip()
    cut = re.split(r"[\r\n ]*" + re.escape(text[105]) + r"\s*", text)
    return [segment.split(text[3]) for segment in cut if segment], text[82]


def second_reading(path: Path) -> list[dict[str, Any]]:
    """People in the order of their HLs, each with what stands below its HL."""
    segments, repetition = raw_segments(path)
    people: list[dict[str, Any]] = []
    current: dict[str, Any] | None = None
    upper: list[tuple[str, str, str]] = []
    for segment in segments:
        padded = [*segment, *[""] * 16]
        if padded[0] == "HL":
            current = None
            if padded[3] in ("22", "23"):
                current = {"dependent": padded[3] == "23", "aaa": [], "eb": [], "upper": upper}
                people.append(current)
        elif padded[0] == "AAA":
            (current["aaa"] if current else upper).append((padded[1], padded[3], padded[4]))
        elif padded[0] == "EB" and current:
            current["eb"].append((padded[1], padded[3].split(repetition) if padded[3] else [], padded[7]))
        elif padded[0] == "SE":
            current, upper = None, []
    return [
        person
        for at, person in enumerate(people)
        if person["eb"] or person["aaa"] or person["dependent"] or not followed_by_dependent(people, at)
    ]


def followed_by_dependent(people: list[dict[str, Any]], at: int) -> bool:
    return at + 1 < len(people) and bool(people[at + 1]["dependent"])


def second_status(person: dict[str, Any]) -> str:
    if person["upper"] or (person["aaa"] and not person["eb"]):
        return "rejected"
    spoken = [(code, types) for code, types, _ in person["eb"] if code in "12345678" and code]
    general = [code for code, types in spoken if not types or "30" in types]
    verdicts = {
        "active" if code in "12345" else "inactive" for code in general or [code for code, _ in spoken]
    }
    return verdicts.pop() if len(verdicts) == 1 else "unknown"


@pytest.mark.parametrize("path", corpus_files("271"), ids=name_of)
def test_a_271_is_read_as_its_raw_segments_say(path: Path) -> None:
    answers = [
        answer
        for each in inspected(path)["interchanges"]
        for group in each["groups"]
        for transaction in group["transactions"]
        for answer in transaction["answers"]
    ]
    people = second_reading(path)
    assert [answer["is_dependent"] for answer in answers] == [person["dependent"] for person in people]
    for answer, person in zip(answers, people, strict=True):
        assert answer["status"] == second_status(person)
        assert [(a["valid_request"], a["code"], a["follow_up"]) for a in answer["aaa"]] == person["aaa"]
        assert len(answer["benefits"]) == len(person["eb"])
        money = [
            (b["code"], b["amount"] or "") for b in answer["benefits"] if b["code"] in ("A", "B", "C", "G")
        ]
        assert money == [(code, amount) for code, _, amount in person["eb"] if code in ("A", "B", "C", "G")]


def manifest() -> dict[str, str]:
    if not CORPUS:
        return {}
    with (Path(CORPUS) / "MANIFEST.tsv").open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t")
        return {row["path"].removeprefix("corpus/"): row["expected_reading"] or "" for row in rows}


@pytest.mark.parametrize("path", corpus_files("271"), ids=name_of)
def test_a_271_is_read_as_the_manifest_says(path: Path) -> None:
    expected = manifest()[name_of(path)]
    (transaction,) = inspected(path)["interchanges"][0]["groups"][0]["transactions"]
    answers = transaction["answers"]
    rejections = [*transaction["aaa"], *[aaa for answer in answers for aaa in answer["aaa"]]]
    wanted = re.search(r"AAA=([^|]*)", expected)
    assert [f"{a['loop']}:{a['valid_request']}/{a['code']}/{a['follow_up']}" for a in rejections] == (
        wanted.group(1).split() if wanted else []
    )
    benefits = [benefit for answer in answers for benefit in answer["benefits"]]
    assert f"EB={len(benefits)}" in expected
    status = expected.split(" | ")[0].removeprefix("status=")
    told = {answer["status"] for answer in answers} or {"rejected" if rejections else "unknown"}
    assert told == {"unknown" if status == "no EB, no AAA" else status}


FAULTS = {
    "SE01=": "segment_count_wrong",
    "SE02!=ST02": "set_control_number_mismatch",
    "IEA01=": "group_count_wrong",
    "IEA02!=ISA13": "interchange_control_number_mismatch",
}


@pytest.mark.parametrize("path", corpus_files("270", "271", "277", "278", "999"), ids=name_of)
def test_every_fault_of_an_envelope_is_found_and_none_is_invented(path: Path) -> None:
    stated = manifest()[name_of(path)].partition("ENVELOPE: ")[2]
    wanted = {code for sign, code in FAULTS.items() if sign in stated}
    if len(read(path.read_bytes()).interchanges) > 1:
        wanted.discard("group_count_wrong")  # the manifest counts the groups of both together
    found = {finding.code.value for finding in read(path.read_bytes()).findings}
    assert found & set(FAULTS.values()) == wanted


@pytest.mark.parametrize("path", corpus_files("270", "271", "277", "278", "999", "TA1"), ids=name_of)
def test_every_file_is_read_whole(path: Path) -> None:
    reading = read(path.read_bytes())
    segments, _ = raw_segments(path)
    sets = [t for each in reading.interchanges for group in each.groups for t in group.transactions]
    assert len(sets) == sum(segment[0] == "ST" for segment in segments)
    assert sum(t.segment_count for t in sets) == sum(
        segment[0] not in ("ISA", "GS", "GE", "IEA", "TA1") for segment in segments
    ) + sum(segment[0] == "TA1" for t in sets for segment in t.segments)
    assert all(each.complete for each in reading.interchanges)
    all_findings(reading)
