"""Read a whole input: its interchanges, one after another, and what is wrong with them."""

from tradingpartners.x12.envelope.decoding import decode
from tradingpartners.x12.envelope.streaming import StreamReader
from tradingpartners.x12.envelope.values import (
    Event,
    FunctionalGroup,
    GroupClosed,
    GroupOpened,
    Interchange,
    InterchangeAcknowledgement,
    InterchangeClosed,
    InterchangeOpened,
    Reading,
    RefusedSet,
    TransactionSet,
)
from tradingpartners.x12.errors import Finding


def read(data: bytes | str) -> Reading:
    """Read every interchange of an input; X12Error only where nothing can be read at all."""
    text = decode(data)
    reader = StreamReader()
    whole = _Whole()
    for event in reader.receive(text):
        if type(event) is TransactionSet:
            whole.transactions.append(event)
        else:
            whole.add(event)
    for event in reader.end():
        whole.add(event)
    return Reading(tuple(whole.interchanges), tuple(whole.findings), text)


class _Whole:
    """Puts the events of a stream together."""

    def __init__(self) -> None:
        self.interchanges: list[Interchange] = []
        self.groups: list[FunctionalGroup] = []
        self.acknowledgements: list[InterchangeAcknowledgement] = []
        self.transactions: list[TransactionSet] = []
        self.refused: list[RefusedSet] = []
        self.findings: list[Finding] = []
        self.interchange: InterchangeOpened | None = None
        self.group: GroupOpened | None = None

    def add(self, event: Event) -> None:
        match event:
            case TransactionSet():
                self.transactions.append(event)
            case Finding():
                self.findings.append(event)
            case RefusedSet():
                self.refused.append(event)
            case InterchangeAcknowledgement():
                self.acknowledgements.append(event)
            case InterchangeOpened():
                self.interchange = event
            case GroupOpened():
                self.group = event
            case GroupClosed():
                self._close_group(event)
            case InterchangeClosed():
                self._close_interchange(event)

    def _close_group(self, closed: GroupClosed) -> None:
        if self.group is not None:
            self.groups.append(
                FunctionalGroup(
                    *self.group,
                    tuple(self.transactions),
                    tuple(self.refused),
                    closed.sets_stated,
                    closed.findings,
                )
            )
        self.group, self.transactions, self.refused = None, [], []

    def _close_interchange(self, closed: InterchangeClosed) -> None:
        if self.interchange is not None:
            self.interchanges.append(
                Interchange(
                    header=closed.header,
                    delimiters=self.interchange.delimiters,
                    groups=tuple(self.groups),
                    acknowledgements=tuple(self.acknowledgements),
                    span=closed.span,
                    complete=closed.complete,
                    repeated=closed.repeated,
                    findings=closed.findings,
                )
            )
        self.interchange, self.groups, self.acknowledgements = None, [], []
