"""Read a 999, or a 997, which says the same with other segment ids, from ST to SE."""

from tradingpartners.x12.envelope.values import TransactionSet
from tradingpartners.x12.errors import FindingCode
from tradingpartners.x12.segments import Delimiters, Segment, element_at
from tradingpartners.x12.set_reader import SetReader
from tradingpartners.x12.ts999.values import (
    MOST_CONTEXTS,
    MOST_NOTES,
    Context,
    ElementError,
    ImplementationAcknowledgement,
    SegmentError,
    SetAcknowledgement,
)

_SEGMENT_IDS = "ST AK1 AK2 IK3 AK3 CTX IK4 AK4 IK5 AK5 AK9 SE"
_SEGMENTS = frozenset(_SEGMENT_IDS.split())
# 997 says the same with other segment ids.
_AS_999 = {"AK3": "IK3", "AK4": "IK4", "AK5": "IK5"}


def read_999(transaction: TransactionSet) -> ImplementationAcknowledgement:
    """Read a 999 or a 997 from ST to SE."""
    return _Reader(transaction).read()


class _Reader(SetReader):
    """Walks one set, a loop at a time."""

    def __init__(self, transaction: TransactionSet) -> None:
        super().__init__(transaction)
        self.group: Segment = []
        self.summary: Segment = []
        self.sets: list[SetAcknowledgement] = []
        self.open_set: Segment | None = None
        self.errors: list[SegmentError] = []
        # Of the last of the errors: its elements, and the contexts of it and of each of them.
        self.elements: list[ElementError] = []
        self.contexts: list[list[Context]] = []

    def read(self) -> ImplementationAcknowledgement:
        handlers = {
            "AK1": self._group_header,
            "AK2": self._set_header,
            "IK3": self._segment_error,
            "CTX": self._context,
            "IK4": self._element_error,
            "IK5": self._set_trailer,
            "AK9": self._group_trailer,
        }
        self.check_names(_SEGMENTS)
        for position, name in enumerate(self.names):
            handler = handlers.get(_AS_999.get(name, name))
            if handler:
                handler(self.segment(position), position + 1)
        if self.open_set is not None:
            self._close_set(["IK5"], len(self.names))
        self._check_summary()
        return ImplementationAcknowledgement(
            functional_id=element_at(self.group, 1),
            group_control_number=element_at(self.group, 2),
            version=element_at(self.group, 3) or None,
            sets=tuple(self.sets),
            code=element_at(self.summary, 1) or None,
            included=_count(self.summary, 2),
            received=_count(self.summary, 3),
            accepted=_count(self.summary, 4),
            notes=_notes(self.summary, 5),
            findings=tuple(self.findings),
        )

    def _group_header(self, segment: Segment, number: int) -> None:
        if self.group:
            self.find(FindingCode.SEGMENT_UNEXPECTED, number)
            return
        self.group = segment

    def _set_header(self, segment: Segment, number: int) -> None:
        if self.open_set is not None:
            self._close_set(["IK5"], number)
        self.open_set, self.errors = segment, []

    def _segment_error(self, segment: Segment, number: int) -> None:
        if self.open_set is None:
            self.find(FindingCode.SEGMENT_UNEXPECTED, number)
            return
        self._close_error()
        self.contexts = [[]]
        self.errors.append(
            SegmentError(
                segment_id=element_at(segment, 1),
                segment_number=_count(segment, 2),
                loop=element_at(segment, 3) or None,
                code=element_at(segment, 4) or None,
                elements=(),
            )
        )

    def _element_error(self, segment: Segment, number: int) -> None:
        if not self.contexts:
            self.find(FindingCode.SEGMENT_UNEXPECTED, number)
            return
        self.elements.append(_read_element_error(segment))
        self.contexts.append([])

    def _context(self, segment: Segment, number: int) -> None:
        if not self.contexts or len(self.contexts[-1]) == MOST_CONTEXTS:
            self.find(FindingCode.SEGMENT_UNEXPECTED, number)
            return
        self.contexts[-1].append(_read_context(segment, self.transaction.delimiters))

    def _close_error(self) -> None:
        """IK3 with all that came behind it."""
        if self.contexts:
            first, *others = [tuple(each) for each in self.contexts]
            elements = [
                element._replace(contexts=each) for element, each in zip(self.elements, others, strict=True)
            ]
            self.errors[-1] = self.errors[-1]._replace(elements=tuple(elements), contexts=first)
        self.elements, self.contexts = [], []

    def _set_trailer(self, segment: Segment, number: int) -> None:
        if self.open_set is None:
            self.find(FindingCode.SEGMENT_UNEXPECTED, number)
            return
        self._close_set(segment, number)

    def _close_set(self, trailer: Segment, number: int) -> None:
        self._close_error()
        header = self.open_set or []
        self.open_set = None
        code = element_at(trailer, 1) or None
        if code is None:
            self.find(FindingCode.SEGMENT_MISSING, number)
        self.sets.append(
            SetAcknowledgement(
                set_id=element_at(header, 1),
                control_number=element_at(header, 2),
                version=element_at(header, 3) or None,
                code=code,
                notes=_notes(trailer, 2),
                errors=tuple(self.errors),
            )
        )
        self.errors = []

    def _group_trailer(self, segment: Segment, number: int) -> None:
        self.summary = segment

    def _check_summary(self) -> None:
        """AK903 and AK904 against the sets listed; senders may leave accepted ones out."""
        end = len(self.names)
        if not self.group or not self.summary:
            self.find(FindingCode.SEGMENT_MISSING, end)
            return
        number = self.names.index("AK9") + 1
        received, accepted = _count(self.summary, 3), _count(self.summary, 4)
        if received is None or received < len(self.sets):
            self.find(FindingCode.COUNT_WRONG, number, 3)
        rejected = sum(not each.accepted for each in self.sets)
        if accepted is None or (received is not None and accepted != received - rejected):
            self.find(FindingCode.COUNT_WRONG, number, 4)


def _read_element_error(segment: Segment) -> ElementError:
    """IK4 or AK4: its position is a composite whose separator 997 and 999 take from the ISA."""
    position = "".join(c if c.isdigit() else " " for c in element_at(segment, 1)).split()
    numbers = [int(part) for part in position[:3] if len(part) < 5]
    element, component, repetition = (*numbers, None, None, None)[:3]
    return ElementError(
        element=element,
        component=component,
        repetition=repetition,
        reference=element_at(segment, 2) or None,
        code=element_at(segment, 3),
    )


def _read_context(segment: Segment, delimiters: Delimiters) -> Context:
    component = delimiters.component
    names = element_at(segment, 1)
    each = names.split(delimiters.repetition) if delimiters.repetition else [names]
    parts = [name.partition(component) for name in each]
    position, references = element_at(segment, 5), element_at(segment, 6)
    return Context(
        names=tuple([(name, reference) for name, _, reference in parts]),
        segment_id=element_at(segment, 2),
        segment_number=_count(segment, 3),
        loop=element_at(segment, 4),
        position=tuple(position.split(component)) if position else (),
        references=tuple(references.split(component)) if references else (),
    )


def _count(segment: Segment, position: int) -> int | None:
    text = element_at(segment, position)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _notes(segment: Segment, position: int) -> tuple[str, ...]:
    return tuple([note.strip() for note in segment[position : position + MOST_NOTES] if note.strip()])
