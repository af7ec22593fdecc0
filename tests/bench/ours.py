"""What is timed of our own: one job a process, `python -m tests.bench.ours JOB SUBJECT`.

The floors are here too: the least that any reader, any writer in Python has to do.
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench.questions import ENVELOPE, NOW, questions
from tests.bench.stopwatch import Job, measure
from tests.bench.writers import write_with_f_strings, write_with_joins
from tradingpartners import x12

CHUNK = 65_536


def split(path: str) -> Job:
    """The floor of reading."""
    text = Path(path).read_text()
    return Job(
        run=lambda: [segment.split("*") for segment in text.split("~")],
        count=lambda segments: sum(segment[0] == "ST" for segment in segments),
    )


def read(path: str) -> Job:
    """Everything to values: envelopes checked, loops, findings, benefits with their amounts."""
    text = Path(path).read_text()

    def run() -> tuple[x12.Reading, list[x12.EligibilityResponse]]:
        reading = x12.read(text)
        return reading, [
            x12.read_271(transaction, interchange.delimiters)
            for interchange in reading.interchanges
            for group in interchange.groups
            for transaction in group.transactions
        ]

    return Job(run, count=lambda result: len(result[1]))


def stream(path: str) -> Job:
    """The same values, one transaction set after another, none of them kept."""

    def run() -> int:
        sets = 0
        with Path(path).open("rb") as file:
            for event in x12.read_stream(iter(lambda: file.read(CHUNK), b"")):
                if isinstance(event, x12.TransactionSet):
                    x12.read_271(event, event.delimiters)
                    sets += 1
        return sets

    return Job(run, count=lambda sets: sets)


def _writer(write: Callable[[Sequence[x12.EligibilityQuestion]], bytes]) -> Callable[[str], Job]:
    def job(count: str) -> Job:
        asked = questions(int(count))
        return Job(
            run=lambda: write(asked),
            count=lambda wire: wire.count(b"~ST*270*"),
            digest=lambda wire: hashlib.sha256(wire).hexdigest(),
        )

    return job


def write_270s(asked: Sequence[x12.EligibilityQuestion]) -> bytes:
    sets = [
        x12.write_270(question, control_number=f"{number:09}") for number, question in enumerate(asked, 1)
    ]
    group = x12.GroupEnvelope(
        functional_id="HS",
        sender="BENCHCLINIC",
        receiver="BENCHPAYER",
        created=NOW,
        control_number=270,
        version="005010X279A1",
        transactions=sets,
    )
    return x12.write_interchange(ENVELOPE, [group])


JOBS: dict[str, Callable[[str], Job]] = {
    "split": split,
    "read": read,
    "stream": stream,
    "write": _writer(write_270s),
    "f_strings": _writer(write_with_f_strings),
    "joins": _writer(write_with_joins),
}

if __name__ == "__main__":
    measure(JOBS)
