"""The demo's books: what the simulated payers wrote down, by the numbers we asked under."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sweeps.demo.books import read_journal


def journal(folder: Path, *entries: dict[str, Any]) -> Path:
    path = folder / "journal.jsonl"
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return path


def test_a_question_asked_under_a_clearinghouses_own_number_is_found_by_ours(tmp_path: Path) -> None:
    read = read_journal(
        journal(
            tmp_path,
            {"event": "270", "trace": "THEIRS", "submitterTransactionIdentifier": "OURS"},
            {"event": "271", "trace": "THEIRS", "truth": {"status": "active"}},
            {"event": "270", "trace": "STRAIGHT"},
            {"event": "no_answer", "trace": "STRAIGHT"},
        )
    )
    assert read.asked == {"OURS": 1, "STRAIGHT": 1}
    assert read.truths == {"OURS": {"status": "active"}, "STRAIGHT": {"status": "none"}}


def test_two_questions_under_one_number_of_ours_are_seen(tmp_path: Path) -> None:
    asked = [
        {"event": "270", "trace": trace, "submitterTransactionIdentifier": "OURS"} for trace in ("A", "B")
    ]
    assert read_journal(journal(tmp_path, *asked)).asked == {"OURS": 2}
