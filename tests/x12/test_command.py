"""`manage.py x12 validate` and `acknowledge`: words, JSON, files and exit codes."""

import gzip
import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.x12.wire import SAMPLES, sample_names
from tradingpartners.x12 import all_findings, read

NOW = "2026-01-06T08:30"


def heard(*arguments: str) -> tuple[str, str, int]:
    """What the command prints, what it says beside that, and its exit code."""
    out, beside = StringIO(), StringIO()
    try:
        call_command("x12", *arguments, stdout=out, stderr=beside, no_color=True)
    except SystemExit as ended:
        return out.getvalue(), beside.getvalue(), int(ended.code or 0)
    return out.getvalue(), beside.getvalue(), 0


def ran(*arguments: str) -> tuple[str, int]:
    out, _, code = heard(*arguments)
    return out, code


def told(*arguments: str) -> tuple[Any, int]:
    text, code = ran(*arguments, "--json")
    return json.loads(text), code


def path_of(name: str) -> str:
    return str(SAMPLES / name)


def test_each_finding_is_a_line_that_names_its_place() -> None:
    text, code = ran("validate", path_of("271_dependent_as_patient.edi"))
    assert code == 1
    assert text.splitlines()[0] == "1 set read, 3 faults"
    assert text.splitlines()[1] == (
        "the code is none of those allowed here: segment 11 (NM101) in 2100D of set 0001, "
        "interchange 000000101"
    )
    assert len(text.splitlines()) == 4


def test_findings_are_told_as_json_with_code_place_and_words() -> None:
    said, code = told("validate", path_of("271_dependent_as_patient.edi"))
    assert code == 1
    first = said["findings"][0]
    assert (first["code"], first["segment_number"], first["segment_id"]) == ("code_unknown", 11, "NM1")
    assert (first["element"], first["component"], first["loop"]) == (1, None, "2100D")
    assert first["words"].startswith("the code is none of those allowed here")


def test_a_clean_file_is_valid() -> None:
    assert ran("validate", path_of("271_inactive.edi")) == ("1 set read, nothing found wrong\n", 0)
    said, code = told("validate", path_of("271_inactive.edi"))
    assert (said["findings"], code) == ([], 0)
    assert said["sets"] == {"read": 1, "refused": 0, "envelope_only": []}


def changed(name: str, *changes: tuple[str, str], to: Path) -> str:
    """A sample in which something is something else, as a file."""
    text = (SAMPLES / name).read_text()
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    to.write_text(text)
    return str(to)


def test_a_set_that_no_guide_is_there_for_is_not_called_sound(tmp_path: Path) -> None:
    claim = [("005010X279A1", "005010X222A1"), ("ST*271", "ST*837"), ("GS*HB", "GS*HC")]
    path = changed("271_inactive.edi", *claim, to=tmp_path / "claim.edi")
    text, _ = ran("validate", path)
    assert "Only the envelope was checked, not what is in it, of 1 set 837 of 005010X222A1\n" in text
    (kind,) = told("validate", path)[0]["sets"]["envelope_only"]
    assert kind == {"set": "837", "version": "005010X222A1", "count": 1}
    assert "837 number 0001 (only its envelope was checked)" in ran("inspect", path)[0]
    (group,) = told("inspect", path)[0]["interchanges"][0]["groups"]
    assert group["transactions"][0]["checked"] == "envelope"


def test_a_day_asked_about_gets_a_verdict() -> None:
    path = path_of("271_active_with_benefits.edi")
    said, _ = told("inspect", path, "--date", "2026-01-06")
    (answer,) = said["interchanges"][0]["groups"][0]["transactions"][0]["answers"]
    verdict = answer["verdict"]
    assert (verdict["status"], verdict["reason"], verdict["until"]) == ("active", "plan", "2026-12-31")
    assert verdict["segment_numbers"] and isinstance(verdict["notices"], list)
    text, _ = ran("inspect", path, "--date", "2027-01-06")
    assert "    On 2027-01-06, ALICE J AMES, health plan as a whole: UNCLEAR (active earlier)\n" in text
    eyes, _ = ran("inspect", path, "--date", "2026-01-06", "--service-type", "AL")
    assert ", eye care: covered (plan); this holds from 2026-01-01 until 2026-12-31\n" in eyes


def test_a_service_type_without_a_day_is_refused() -> None:
    said, code = told("inspect", path_of("271_inactive.edi"), "--service-type", "AL")
    assert (said["error"]["code"], code) == ("argument_wrong", 2)


def test_a_set_that_could_not_be_read_is_told(tmp_path: Path) -> None:
    path = changed("271_two_sets.edi", ("ST*271*0002", "ST*271*0002*X~ST*271*0003"), to=tmp_path / "cut.edi")
    assert "  271 number 0002: NOT READ (no SE)\n" in ran("inspect", path)[0]
    (group,) = told("inspect", path)[0]["interchanges"][0]["groups"]
    assert group["refused"] == [{"control_number": "0002", "set": "271", "position": 1}]
    assert ran("validate", path)[0].startswith("2 sets read, 1 could not be, ")


def test_what_would_steer_a_terminal_is_printed_as_what_it_is(tmp_path: Path) -> None:
    path = changed("271_inactive.edi", ("ALICE", "AL\x1b[2JICE"), to=tmp_path / "escape.edi")
    text, _ = ran("inspect", path)
    assert "\x1b" not in text and "AL\\x1b[2JICE" in text


def test_findings_that_read_the_same_are_one_line(tmp_path: Path) -> None:
    data = (SAMPLES / "271_dependent_as_patient.edi").read_text()
    twice = tmp_path / "twice.edi"
    twice.write_text(data + data)
    text, _ = ran("validate", str(twice))
    assert text.count("segment 11 (NM101)") == 1 and "interchange 000000101 (2 times)\n" in text


def test_who_reads_may_stop_reading() -> None:
    command = [sys.executable, "manage.py", "x12", "inspect", path_of("271_everything.edi")]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert running.stdout is not None and running.stderr is not None
    running.stdout.close()
    assert (running.stderr.read(), running.wait()) == (b"", 0)
    running.stderr.close()


def test_letters_that_an_output_cannot_carry_are_escaped(tmp_path: Path) -> None:
    path = changed("271_inactive.edi", ("ALICE", "ZOË"), to=tmp_path / "accent.edi")
    command = [sys.executable, "manage.py", "x12", "inspect", path]
    done = subprocess.run(command, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, b"") and b"ZO\\xcb J AMES" in done.stdout


def test_a_wrong_argument_is_json_where_json_is_asked_for() -> None:
    command = [sys.executable, "manage.py", "x12", "acknowledge", "a.edi", "--json", "--now", "noon"]
    done = subprocess.run(command, capture_output=True)
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, done.stderr, error["code"]) == (2, b"", "argument_wrong")
    assert error["words"] == "argument --now: 'noon' is no date and time like 2026-01-06T08:30"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (gzip.compress(b"ISA*00*", mtime=0), "file_is_gzip"),
        (b"PK\x03\x04", "file_is_zip"),
        (b"%PDF-1.7", "file_is_pdf"),
        ("ISA*00*".encode("utf-16"), "file_is_utf_16"),
        ("ISA*00*".encode("utf-16-be"), "file_is_utf_16"),
    ],
)
def test_what_is_another_kind_of_file_is_named(data: bytes, code: str, tmp_path: Path) -> None:
    path = tmp_path / "other.edi"
    path.write_bytes(data)
    said, exit_code = told("inspect", str(path))
    assert (said["error"]["code"], said["error"]["file"], exit_code) == (code, str(path), 2)
    text, beside, _ = heard("inspect", str(path))
    assert text == "" and "This is " in beside


@pytest.mark.parametrize("action", ["inspect", "validate", "acknowledge"])
def test_what_cannot_be_read_is_exit_2(action: str, tmp_path: Path) -> None:
    wrong = tmp_path / "letter.txt"
    wrong.write_text("Dear payer,")
    words = "Cannot be read: not x12, at character 1"
    assert heard(action, str(wrong)) == ("", f"{words}\n", 2)
    said, code = told(action, str(wrong))
    error = {"code": "not_x12", "offset": 0, "file": str(wrong), "words": words}
    assert (said, code) == ({"interchanges": [], "findings": [], "error": error}, 2)


@pytest.mark.parametrize("action", ["inspect", "validate", "acknowledge"])
def test_a_file_that_is_not_there_is_json_where_json_is_asked_for(action: str, tmp_path: Path) -> None:
    absent = str(tmp_path / "absent.edi")
    said, code = told(action, absent)
    error = {"code": "file_not_found", "offset": None, "file": absent, "words": "No such file or directory"}
    assert (said, code) == ({"interchanges": [], "findings": [], "error": error}, 2)
    said, code = told(action, str(tmp_path))
    assert (said["error"]["code"], code) == ("file_unreadable", 2)
    assert heard(action, absent) == ("", f"{absent}: No such file or directory\n", 2)


def test_a_file_is_answered_on_standard_output() -> None:
    arguments = ("acknowledge", path_of("271_two_sets.edi"), "--now", NOW, "--control-number", "17")
    text, beside, code = heard(*arguments)
    assert (beside.splitlines()[0], code) == ("Interchange 000000101: accepted", 0)
    (back,) = read(text).interchanges
    assert back.header.control_number == "000000017"
    assert back.acknowledgements == ()  # nothing is wrong, and ISA14 does not ask
    assert "AK9*A*2*2*2~" in text
    assert all_findings(read(text)) == ()


def test_an_answer_is_written_to_a_file(tmp_path: Path) -> None:
    out = tmp_path / "back.edi"
    text, code = ran("acknowledge", path_of("wrong_segment_count.edi"), "--now", NOW, "--out", str(out))
    assert (text.splitlines(), code) == (
        [
            "Interchange 000000101: accepted",
            "  Group 101 (HB): accepted in part, 1 of 2 sets",
            "    271 number 0001: REJECTED (note 4)",
            f"Written to {out}.",
        ],
        1,
    )
    assert "IK5*R*4~" in out.read_text()
    assert all_findings(read(out.read_bytes())) == ()


def test_a_file_that_is_there_is_not_written_over_unless_forced(tmp_path: Path) -> None:
    out = tmp_path / "back.edi"
    out.write_text("yesterday's")
    said, code = told("acknowledge", path_of("271_inactive.edi"), "--out", str(out))
    assert (said["error"]["code"], code, out.read_text()) == ("file_exists", 2, "yesterday's")
    _, code = ran("acknowledge", path_of("271_inactive.edi"), "--out", str(out), "--force")
    assert (code, out.read_text()[:3], list(tmp_path.iterdir())) == (0, "ISA", [out])


@pytest.mark.parametrize("link", [False, True])
def test_the_input_is_never_written_over(link: bool, tmp_path: Path) -> None:
    data = (SAMPLES / "271_inactive.edi").read_bytes()
    source = out = tmp_path / "in.edi"
    source.write_bytes(data)
    if link:
        out = tmp_path / "link.edi"
        out.symlink_to(source)
    said, code = told("acknowledge", str(source), "--out", str(out), "--force")
    assert (said["error"]["code"], code, source.read_bytes()) == ("file_is_input", 2, data)


def test_where_nothing_is_to_be_told_no_file_of_another_answer_is_left(tmp_path: Path) -> None:
    out = tmp_path / "back.edi"
    out.write_text("yesterday's")
    assert ran("acknowledge", path_of("ta1_rejected.edi"), "--out", str(out), "--force")[1] == 0
    assert not out.exists()


def test_what_was_accepted_and_rejected_is_told_as_json() -> None:
    said, code = told("acknowledge", path_of("wrong_segment_count.edi"), "--now", NOW)
    assert code == 1
    assert said["accepted"] is False
    (one,) = said["interchanges"]
    assert (one["control_number"], one["code"]) == ("000000101", "A")
    (group,) = one["groups"]
    assert (group["code"], group["received"], group["accepted"]) == ("P", 2, 1)
    assert [(each["code"], each["notes"]) for each in group["sets"]] == [("R", ["4"]), ("A", [])]
    assert read(said["wire"]).findings == ()


def test_the_policy_decides_whether_a_fault_rejects() -> None:
    name = path_of("271_money_unreadable.edi")
    assert "IK5*E*5~" in ran("acknowledge", name, "--now", NOW)[0]
    assert "IK5*R*5~" in ran("acknowledge", name, "--now", NOW, "--policy", "strict")[0]


def test_acknowledgements_alone_are_not_answered(tmp_path: Path) -> None:
    assert ran("acknowledge", path_of("ta1_rejected.edi"), "--now", NOW) == ("", 0)
    out = tmp_path / "none.edi"
    assert ran("acknowledge", path_of("ta1_rejected.edi"), "--out", str(out))[0].startswith("Nothing")
    assert not out.exists()


def test_a_sender_that_cannot_be_written_is_exit_2(tmp_path: Path) -> None:
    nameless = tmp_path / "nameless.edi"
    wire = (SAMPLES / "271_inactive.edi").read_text()
    nameless.write_text(wire.replace("ZZ*ACME1          *", f"ZZ*{'':15}*"))
    said, code = told("acknowledge", str(nameless), "--now", NOW)
    (lost,) = said["unanswered"]
    assert (lost["code"], lost["field"], code) == ("required", "receiver", 2)
    text, beside, code = heard("acknowledge", str(nameless), "--now", NOW)
    assert (text, code) == ("", 2)
    assert beside == "Interchange 000000101: NOT ANSWERED, its receiver cannot be written\n"


def test_what_lies_outside_of_interchanges_is_not_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "more.edi"
    path.write_bytes((SAMPLES / "271_inactive.edi").read_bytes() + b"and a note")
    said, code = told("acknowledge", str(path), "--now", NOW)
    assert (len(said["untold"]), code) == (1, 1)


def test_an_output_that_cannot_be_written_is_exit_2(tmp_path: Path) -> None:
    said, code = told("acknowledge", path_of("271_inactive.edi"), "--out", str(tmp_path))
    assert (said["error"]["code"], code) == ("file_not_writable", 2)


@pytest.mark.parametrize("arguments", [["--control-number", "x"], ["--now", "noon"], ["--policy", "lax"]])
def test_a_wrong_argument_is_refused(arguments: list[str]) -> None:
    with pytest.raises((CommandError, SystemExit)):
        ran("acknowledge", path_of("271_inactive.edi"), *arguments)


def test_control_numbers_beyond_nine_digits_are_refused() -> None:
    _, code = ran("acknowledge", path_of("271_inactive.edi"), "--control-number", "1000000000")
    assert code == 2


@pytest.mark.parametrize("action", ["inspect", "validate", "acknowledge"])
def test_help_names_the_exit_codes(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_command("x12", action, "--help")
    assert "Exit codes:" in capsys.readouterr().out


@pytest.mark.parametrize("name", sample_names())
def test_every_sample_is_validated_and_acknowledged(name: str) -> None:
    findings, code = told("validate", path_of(name))
    assert bool(findings["findings"]) == (code == 1)
    said, code = told("acknowledge", path_of(name), "--now", NOW)
    assert code in (0, 1)
    assert said["accepted"] == (code == 0)
