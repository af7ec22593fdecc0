"""The examples of docs/x12.md run as they stand there."""

import re
from datetime import date
from pathlib import Path

from tests.x12.wire import sample

DOCUMENT = Path(__file__).parents[2] / "docs" / "x12.md"


def test_the_examples_run_and_say_what_the_sample_says() -> None:
    answer = sample("271_active_with_benefits.edi")
    said: list[tuple[object, ...]] = []
    known = {
        "answer": answer,
        "chunks": [answer[:1_000], answer[1_000:]],
        "day": date(2026, 1, 6),
        "print": lambda *words: said.append(words),
    }
    examples = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        exec(example, known)  # noqa: S102 (our own document)
    assert [str(words[0]) for words in said] == ["active"]
    assert len(known["response"].answers) == 1  # type: ignore[attr-defined]
