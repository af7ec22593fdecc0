"""Rows to X12 and back: interchanges, and the sets in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from tradingpartners import x12
from tradingpartners.contents import OutcomeKind
from tradingpartners.messages.reading import (
    Event,
    Incoming,
    InterchangeBegins,
    InterchangeEnds,
    ReadSet,
    nobody,
)
from tradingpartners.models import Attempt, Route, TradingPartner, trace_number, transaction_id
from tradingpartners.retries import is_try_later

# One line a transaction set: how its contents become ST…SE, and its GS01 and GS08.
# No payer takes a letter outside of X12, and a name with an accent is still that name: it is folded.
WRITERS: dict[str, Callable[..., str]] = {"270": partial(x12.write_270, fold_accents=True)}
GROUPS = {"270": ("HS", "005010X279A1")}


CONTENT_TYPE = "application/edi-x12"


def write_attempt(attempt: Attempt, contents: Any, route: Route, *, number: str, now: datetime) -> str:
    """ST…SE of one attempt: its contents, addressed as this route's partner knows the payer.

    Raises `x12.X12WriteError` naming the field that X12 cannot carry.
    """
    trace = trace_number(attempt.id)
    addressed = contents._replace(
        trace_number=trace,
        trace_originator=route.partner.trace_originator,
        reference_identification=trace,
        payer_id=route.payer_identifier,
        payer_name=route.payer_name,
        created=now,
    )
    return WRITERS[attempt.transaction_set](addressed, control_number=number)


def write_file(
    partner: TradingPartner, transaction_set: str, texts: Sequence[str], *, number: int, now: datetime
) -> bytes:
    """The interchange that carries these sets; GS06 repeats ISA13, so a 999 finds its way back."""
    functional_id, version = GROUPS[transaction_set]
    return x12.write_interchange(
        x12.InterchangeEnvelope(
            sender_qualifier=partner.sender_qualifier,
            sender=partner.sender_id,
            receiver_qualifier=partner.receiver_qualifier,
            receiver=partner.receiver_id,
            created=now,
            control_number=number,
            usage="T" if partner.is_test else "P",
        ),
        [
            x12.GroupEnvelope(
                functional_id=functional_id,
                sender=partner.group_sender,
                receiver=partner.group_receiver,
                created=now,
                control_number=number,
                version=version,
                transactions=texts,
            )
        ],
    )


def texts_of(content: bytes) -> dict[str, str]:
    """ST02 → ST…SE of a file we wrote."""
    sets = x12.read(content).interchanges[0].groups[0].transactions
    return {each.control_number: each.text for each in sets}


# What is decoded at a time.
_PIECE = 1 << 18


# Of these a set is not known to be the one that was sent: cut, spliced, or counted wrong.
_DAMAGES = frozenset(
    {
        x12.FindingCode.SEGMENT_COUNT_WRONG,
        x12.FindingCode.SET_CONTROL_NUMBER_MISMATCH,
        x12.FindingCode.SEGMENT_TERMINATOR_MISSING,
    }
)


def read(content: bytes) -> Iterator[Event]:
    """What stands in a partner's bytes, in order."""
    return read_pieces([content])


def read_pieces(pieces: Iterable[bytes]) -> Iterator[Event]:
    """As `read`, of bytes however they come cut, in flat memory."""
    for event in x12.read_stream(_small(pieces)):
        if isinstance(event, x12.TransactionSet):
            yield ReadSet(
                event.set_id,
                event.control_number,
                event.text,
                partial(_answers, event),
                event,
                _damage(event),
            )
        elif isinstance(event, x12.RefusedSet):
            why = event.findings[0].code if event.findings else x12.FindingCode.SET_TRAILER_MISSING
            yield ReadSet(event.set_id, event.control_number, "", nobody, damage=why)
        elif isinstance(event, x12.InterchangeOpened):
            yield InterchangeBegins(event.header.sender, event.header.control_number)
        elif isinstance(event, x12.InterchangeClosed):
            yield InterchangeEnds(event.span, event.complete)
        elif isinstance(event, x12.InterchangeAcknowledgement | x12.Finding):
            yield event


def _small(pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        for start in range(0, len(piece), _PIECE):
            yield piece[start : start + _PIECE]


def _damage(transaction: x12.TransactionSet) -> str:
    return next((finding.code for finding in transaction.findings if finding.code in _DAMAGES), "")


def _answers(transaction: x12.TransactionSet, position: int) -> list[Incoming]:
    read_set = READERS.get(transaction.set_id)
    if read_set is None:
        return []
    return read_set(transaction, transaction.delimiters, position=position, text=transaction.text)


def read_271(
    transaction: x12.TransactionSet, delimiters: x12.Delimiters, *, position: int, text: str
) -> list[Incoming]:
    """Every person answered for; a rejection above all persons is one answer without a person."""
    response = x12.read_271(transaction, delimiters)
    if not response.answers:
        return [_incoming(response, None, (), position, text)]
    found: list[Incoming] = []
    holders: tuple[x12.Trace, ...] = ()
    for answer in response.answers:
        if not answer.is_dependent:
            holders = answer.traces
        # Some payers echo a dependent's trace under its subscriber.
        traces = answer.traces or (holders if answer.is_dependent else ())
        found.append(_incoming(response, answer, traces, position, text))
    return found


def _incoming(
    response: x12.EligibilityResponse,
    answer: x12.Answer | None,
    traces: Sequence[x12.Trace],
    position: int,
    text: str,
) -> Incoming:
    rejections = response.rejections if answer is None else x12.deciding_rejections(answer)
    rejected = bool(rejections)
    return Incoming(
        position=position,
        traces=_attempts_named(trace.number for trace in traces),
        references=_attempts_named(
            [*(trace.number for trace in response.traces), response.reference_identification or ""]
        ),
        kind=OutcomeKind.REJECTED if rejected else OutcomeKind.ANSWERED,
        code=_codes(rejections) if rejected else "",
        again=rejected and all(is_try_later(r.code, r.follow_up) for r in rejections),
        answer=answer,
        text=text,
    )


def _codes(rejections: Sequence[x12.Rejection]) -> str:
    """As an attempt has room for it."""
    return " ".join(["AAA", *x12.rejection_codes(rejections)])[:60]


def _attempts_named(numbers: Iterable[str]) -> tuple[UUID, ...]:
    found = [transaction_id(number) for number in numbers]
    return tuple(dict.fromkeys(each for each in found if each))


# One line a transaction set that answers one of ours; what acknowledges one is read by its service.
READERS = {"271": read_271}
