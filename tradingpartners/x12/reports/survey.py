"""What came in an input and what is wrong with it, counted and collected set by set while it comes."""

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum

from tradingpartners.x12.conformance.guide_tables import guide_for
from tradingpartners.x12.envelope.values import Event, RefusedSet, TransactionSet
from tradingpartners.x12.errors import MOST_FINDINGS, Finding, FindingCode, cap_findings

# Kinds of sets that are told apart; a hostile file has a new one in every ST.
_MOST_KINDS = 100
_OTHERS = ("other", "")


class Checked(StrEnum):
    """How far a set was checked: by the tables of its guide, or no further than its envelope."""

    GUIDE = "guide"
    ENVELOPE = "envelope"


def checked_by(transaction: TransactionSet) -> Checked:
    return Checked.ENVELOPE if guide_for(transaction) is None else Checked.GUIDE


class Survey:
    """Keeps no set, and the first ones of very many findings."""

    def __init__(self) -> None:
        self.sets_read = self.sets_refused = self.faults = 0
        # ST01 and version of the sets that no guide was there for, and how many each.
        self.envelope_only: Counter[tuple[str, str]] = Counter()
        self.overflowed = False
        self._of_envelopes: list[Finding] = []
        self._of_contents: list[Finding] = []

    def event(self, event: Event) -> None:
        """What the stream says itself; a set is told to `transaction`, with what was found in it."""
        if isinstance(event, Finding):
            self._count(event)
            self._of_envelopes.append(event)
        elif isinstance(event, RefusedSet):
            self.sets_refused += 1

    def transaction(self, transaction: TransactionSet, findings: Iterable[Finding]) -> None:
        self.sets_read += 1
        if checked_by(transaction) is Checked.ENVELOPE:
            kind = (transaction.set_id, transaction.version)
            known = kind in self.envelope_only or len(self.envelope_only) < _MOST_KINDS
            self.envelope_only[kind if known else _OTHERS] += 1
        for finding in findings:
            self._count(finding)
            if len(self._of_contents) <= MOST_FINDINGS:
                self._of_contents.append(finding)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Those of the envelopes, then those of the sets, the first ones of very many."""
        return cap_findings(self._of_envelopes + self._of_contents)

    def _count(self, finding: Finding) -> None:
        self.faults += 1
        self.overflowed = self.overflowed or finding.code is FindingCode.TOO_MANY_FINDINGS


def survey_in_words(survey: Survey) -> Iterator[str]:
    """The verdict on an input, and of which sets nothing but the envelope was looked at."""
    parts = [f"{_count(survey.sets_read, 'set')} read"]
    if survey.sets_refused:
        parts.append(f"{survey.sets_refused} could not be")
    if survey.faults:
        parts.append(f"{'at least ' if survey.overflowed else ''}{_count(survey.faults, 'fault')}")
    else:
        parts.append("nothing found wrong")
    yield ", ".join(parts)
    for (set_id, version), count in survey.envelope_only.items():
        of = f" of {version}" if version else ""
        yield f"Only the envelope was checked, not what is in it, of {_count(count, 'set')} {set_id}{of}"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
