"""`manage.py x12 validate` and `acknowledge`: words, JSON, files and exit codes."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.x12.wire import SAMPLES, sample_names
from tradingpartners.x12 import all_findings, read

NOW = "2026-01-06T08:30"


def ran(*arguments: str) -> tuple[str, int]:
    """What the command prints, and its exit code."""
    out = StringIO()
    try:
        call_command("x12", *arguments, stdout=out)
    except SystemExit as ended:
        return out.getvalue(), int(ended.code or 0)
    return out.getvalue(), 0


def told(*arguments: str) -> tuple[Any, int]:
    text, code = ran(*arguments, "--json")
    return json.loads(text), code


def path_of(name: str) -> str:
    return str(SAMPLES / name)


def test_each_finding_is_a_line_that_names_its_place() -> None:
    text, code = ran("validate", path_of("271_dependent_as_patient.edi"))
    assert code == 1
    assert text.splitlines()[0] == (
        "the code is none of those allowed here: segment 11 (NM101) in 2100D of set 0001, "
        "interchange 000000101"
    )
    assert len(text.splitlines()) == 3


def test_findings_are_told_as_json_with_code_place_and_words() -> None:
    said, code = told("validate", path_of("271_dependent_as_patient.edi"))
    assert code == 1
    first = said["findings"][0]
    assert (first["code"], first["segment_number"], first["segment_id"]) == ("code_unknown", 11, "NM1")
    assert (first["element"], first["component"], first["loop"]) == (1, None, "2100D")
    assert first["words"].startswith("the code is none of those allowed here")


def test_a_clean_file_is_valid() -> None:
    assert ran("validate", path_of("271_inactive.edi")) == ("Nothing found wrong.\n", 0)
    assert told("validate", path_of("271_inactive.edi")) == ({"findings": []}, 0)


@pytest.mark.parametrize("action", ["inspect", "validate", "acknowledge"])
def test_what_cannot_be_read_is_exit_2(action: str, tmp_path: Path) -> None:
    wrong = tmp_path / "letter.txt"
    wrong.write_text("Dear payer,")
    text, code = ran(action, str(wrong))
    assert (text, code) == ("Cannot be read: not x12, at character 1\n", 2)
    said, code = told(action, str(wrong))
    assert (said, code) == ({"interchanges": [], "error": {"code": "not_x12", "offset": 0}}, 2)


@pytest.mark.parametrize("action", ["inspect", "validate", "acknowledge"])
def test_a_file_that_is_not_there_is_json_where_json_is_asked_for(action: str, tmp_path: Path) -> None:
    said, code = told(action, str(tmp_path / "absent.edi"))
    assert (said, code) == ({"interchanges": [], "error": {"code": "file_not_found", "offset": None}}, 2)
    said, code = told(action, str(tmp_path))
    assert (said["error"]["code"], code) == ("file_unreadable", 2)
    with pytest.raises(CommandError) as refusal:
        ran(action, str(tmp_path / "absent.edi"))
    assert refusal.value.returncode == 2


def test_a_file_is_answered_on_standard_output() -> None:
    text, code = ran("acknowledge", path_of("271_two_sets.edi"), "--now", NOW, "--control-number", "17")
    assert code == 0
    (back,) = read(text).interchanges
    assert back.header.control_number == "000000017"
    assert (back.acknowledgements[0].code, str(back.acknowledgements[0].date)) == ("A", "2026-01-05")
    assert "AK9*A*2*2*2~" in text
    assert all_findings(read(text)) == ()


def test_an_answer_is_written_to_a_file(tmp_path: Path) -> None:
    out = tmp_path / "back.edi"
    text, code = ran("acknowledge", path_of("wrong_segment_count.edi"), "--now", NOW, "--out", str(out))
    assert (text, code) == (f"Written to {out}.\n", 1)
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
    assert (said["error"], code) == ({"code": "required", "field": "receiver"}, 2)
    text, code = ran("acknowledge", str(nameless), "--now", NOW)
    assert (text, code) == ("Cannot be answered: receiver (required)\n", 2)


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
