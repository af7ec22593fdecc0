"""Look at what a partner has for us: fetch it, keep it, and see which of our files are gone.

One deed for folders and for clearinghouses that are asked what became of a question. Every content is
kept in a transaction of its own, together with what the next look goes on from; only then may it leave
the partner's folder. Killed anywhere, the next look begins where the last kept content ends, and what
comes twice is found to be the same by its hash or its trace numbers.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from practice.tenancy import dispatcher, tenant
from tradingpartners import admission
from tradingpartners.contents import OutcomeKind
from tradingpartners.models import (
    IS_POLLED,
    Direction,
    Dispatch,
    InboundDelivery,
    Interchange,
    TradingPartner,
    Transaction,
)
from tradingpartners.services import payloads, telling
from tradingpartners.services.attempts import End, end_attempts
from tradingpartners.services.interchanges import GONE_UNSEEN, take_interchanges
from tradingpartners.services.sending.health import verdict_of
from tradingpartners.services.wire import connection_of, log_wire, on_the_wire
from tradingpartners.transports import (
    Awaited,
    Connection,
    Fetched,
    Look,
    PolledTransport,
    RemoteFile,
    Reply,
    TransportError,
)
from tradingpartners.transports.registry import POLLED

# Sightings written by one statement.
_AT_ONCE = 5_000


def partners_to_poll() -> list[tuple[UUID, UUID]]:
    """(organization, partner) of polled partners whose look is due."""
    with dispatcher():
        return list(
            TradingPartner.all_objects.filter(
                transport__in=IS_POLLED,
                is_active=True,
                is_deleted=False,
                poller_paused=False,
                poll_due_at__lte=timezone.now(),
            ).values_list("organization_id", "id")
        )


def poll(organization_id: UUID, partner_id: UUID) -> tuple[list[UUID], list[str]]:
    """One look. Returns the deliveries to read and the queues whose next file may go.

    Two pollers at once are one: the first moves the due time on.
    """
    with tenant(organization_id):
        partner = _take_turn(partner_id)
        # Read before the folder is: a file put in between is not gone, it was not there yet.
        handed_over = _handed_over(partner) if partner else {}
        awaited = _awaited(partner) if partner else []
    if partner is None:
        return [], []
    visit = _Visit(organization_id, partner)
    seen = visit.look(awaited)
    if seen is None:
        return [], []
    visit.fetch_all(seen)
    with tenant(organization_id):
        queues = [] if seen.dropped is None else _taken_by_now(handed_over, seen.dropped)
        queues += _end_silent(partner, seen.over | visit.over)
        visit.finish()
    return visit.kept, queues


def _take_turn(partner_id: UUID) -> TradingPartner | None:
    """A look that takes longer than the interval keeps its turn for the length of a lease."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE tradingpartners_tradingpartner SET poll_due_at = now() + greatest(poll_interval, lease)"
            " WHERE id = %s AND poll_due_at <= now() AND NOT poller_paused",
            [partner_id],
        )
        if not cursor.rowcount:
            return None
    return TradingPartner.objects.get(pk=partner_id)


def _awaited(partner: TradingPartner) -> list[Awaited]:
    """Interchanges the partner knows by a reference, with something of them unanswered."""
    open_ones = Transaction.objects.unanswered().filter(partner=partner, interchange__isnull=False)
    found = Interchange.objects.filter(pk__in=open_ones.values("interchange_id")).exclude(reference="")
    rows = found.order_by("pk").values_list("pk", "file_name", "reference", "started_at", "created_at")
    return [Awaited(pk, name, known, started or made) for pk, name, known, started, made in rows]


@dataclass
class _Visit:
    """One look at one partner: what was kept, what is over, and where the next look goes on."""

    organization_id: UUID
    partner: TradingPartner
    kept: list[UUID] = field(default_factory=list)
    over: frozenset[UUID] = frozenset()
    error: str = ""
    cursor: dict[str, Any] = field(default_factory=dict)

    @property
    def transport(self) -> PolledTransport:
        return POLLED[self.partner.transport]

    @property
    def connection(self) -> Connection:
        return connection_of(self.partner)

    def look(self, awaited: Sequence[Awaited]) -> Look | None:
        started = time.monotonic()
        try:
            seen = on_the_wire(self.transport.look, self.connection, awaited, self.partner.poll_cursor)
        except TransportError as failure:
            self.error = failure.code
            with tenant(self.organization_id):
                log_wire(
                    "poll",
                    partner_id=self.partner.pk,
                    started=started,
                    error=failure.code,
                    http_status=failure.http_status,
                )
                self._note()
            return None
        self.cursor = dict(seen.cursor)
        return seen

    def fetch_all(self, seen: Look) -> None:
        """What is new and, where files grow, was the same at the last look; one delivery each."""
        with tenant(self.organization_id):
            todo = _to_do(self.partner, seen.files, settles=self.transport.FILES_GROW)
        for file in todo.put_away:
            self._put_away(file)
        queue = deque(todo.fetch)
        while queue:
            following = self._fetch(queue.popleft())
            if following is not None:
                queue.appendleft(following)

    def _fetch(self, file: RemoteFile) -> RemoteFile | None:
        """Fetch and keep one; what comes after it, if anything does."""
        started = time.monotonic()
        try:
            found = on_the_wire(self.transport.fetch, self.connection, file)
        except TransportError as failure:
            self.error = failure.code
            with tenant(self.organization_id):
                log_wire(
                    "fetch",
                    partner_id=self.partner.pk,
                    started=started,
                    file_name=file.name,
                    error=failure.code,
                    http_status=failure.http_status,
                    interchange_id=file.answering,
                )
            return None
        if found is None:
            return None
        got = found if isinstance(found, Fetched) else Fetched(found)
        # Its size has changed: it was being written after all, and the next look tells.
        if self.transport.FILES_GROW and len(got.content) != file.size:
            return None
        if got.is_over and file.answering:
            self.over |= {file.answering}
        with tenant(self.organization_id):
            delivery_id = self._keep(file, got, started)
        if delivery_id is not None:
            self.kept.append(delivery_id)
            self._put_away(file)
            self._tell_of_payer(file, got.content)
        return got.following

    def _tell_of_payer(self, file: RemoteFile, content: bytes) -> None:
        """What a promised answer says of its payer's health; files have no breaker."""
        if file.answering is None or self.partner.sends_files:
            return
        with tenant(self.organization_id):
            attempts = Transaction.objects.attempts().filter(interchange=file.answering).as_attempts()
        for attempt in attempts:
            admission.tell(
                attempt.payer,
                attempt.lane,
                self.organization_id,
                verdict_of(Reply(content, 200)),
                is_retry=attempt.number > 1,
            )

    def _keep(self, file: RemoteFile, got: Fetched, started: float) -> UUID | None:
        self.cursor.update(got.cursor)
        if got.cursor:
            self._save_cursor()
        # A page without an answer is nothing; an empty file is one that somebody made.
        if not got.content and not self.transport.FILES_GROW:
            return None
        delivery_id = _keep(self.partner, file, got.content)
        log_wire(
            "fetch",
            partner_id=self.partner.pk,
            started=started,
            file_name=file.name,
            size=len(got.content),
            interchange_id=file.answering,
            delivery_id=delivery_id,
        )
        return delivery_id

    def _put_away(self, file: RemoteFile) -> None:
        """Kept already: if this fails, the next look that sees the file does it."""
        started, error = time.monotonic(), ""
        try:
            on_the_wire(self.transport.put_away, self.connection, file)
        except TransportError as failure:
            self.error = error = failure.code
        with tenant(self.organization_id):
            if error:
                log_wire(
                    "put_away",
                    partner_id=self.partner.pk,
                    started=started,
                    file_name=file.name,
                    error=error,
                )
            else:
                _arrivals(self.partner, file).filter(put_away_at=None).update(put_away_at=Now())

    def finish(self) -> None:
        self._save_cursor()
        self._note()

    def _save_cursor(self) -> None:
        TradingPartner.objects.filter(pk=self.partner.pk).update(poll_cursor=self.cursor)

    def _note(self) -> None:
        """When the partner was last looked at, and what went wrong then; the next look may come."""
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE tradingpartners_tradingpartner SET poll_error = %s,"
                " polled_at = CASE WHEN %s = '' THEN now() ELSE polled_at END,"
                " poll_due_at = least(poll_due_at, now() + poll_interval) WHERE id = %s",
                [self.error[:60], self.error, self.partner.pk],
            )
        telling.connection_said(self.partner.pk, telling.Way.FETCHING, self.error)


# --- sightings and deliveries -----------------------------------------------------------------------


class _ToDo(NamedTuple):
    """Files to fetch, and files that are kept and were not put away."""

    fetch: list[RemoteFile]
    put_away: list[RemoteFile]


_KNOWN = """
    SELECT seen.place, d.id IS NOT NULL, d.payload_id IS NOT NULL
    FROM unnest(%s::text[], %s::bigint[], %s::bigint[]) WITH ORDINALITY
        AS seen (name, size, modified, place)
    LEFT JOIN tradingpartners_inbounddelivery d ON d.partner_id = %s AND d.file_name = seen.name
        AND d.remote_size = seen.size AND d.remote_modified = seen.modified AND d.file_name <> ''
    WHERE d.payload_id IS NULL OR d.put_away_at IS NULL
    ORDER BY seen.place
"""


def _to_do(partner: TradingPartner, files: Sequence[RemoteFile], *, settles: bool) -> _ToDo:
    """What of a listing wants something done: one look at the index for each name, and a row for those
    only that are not kept or not put away.

    A file that may grow is fetched at the second look that finds it unchanged: its sighting is the
    row of the delivery that comes of it, unique by name, size and time.
    """
    with connection.cursor() as cursor:
        names, sizes, times = (
            zip(*[(f.name, f.size, f.modified) for f in files], strict=True) if files else ((),) * 3
        )
        cursor.execute(_KNOWN, [list(names), list(sizes), list(times), partner.pk])
        rows = [(files[place - 1], is_seen, is_kept) for place, is_seen, is_kept in cursor.fetchall()]
    kept = [file for file, _, is_kept in rows if is_kept]
    if not settles:
        return _ToDo([file for file, _, is_kept in rows if not is_kept], kept)
    InboundDelivery.objects.bulk_create(
        [_sighting(partner, file) for file, is_seen, _ in rows if not is_seen],
        ignore_conflicts=True,
        batch_size=_AT_ONCE,
    )
    return _ToDo([file for file, is_seen, is_kept in rows if is_seen and not is_kept], kept)


def _sighting(partner: TradingPartner, file: RemoteFile) -> InboundDelivery:
    return InboundDelivery(
        partner=partner, file_name=file.name, remote_size=file.size, remote_modified=file.modified
    )


def _arrivals(partner: TradingPartner, file: RemoteFile) -> Any:
    return InboundDelivery.objects.filter(
        partner=partner, file_name=file.name, remote_size=file.size, remote_modified=file.modified
    )


def _keep(partner: TradingPartner, file: RemoteFile, content: bytes) -> UUID | None:
    """The content, on the row of its sighting; None if another poller was faster."""
    InboundDelivery.objects.bulk_create([_sighting(partner, file)], ignore_conflicts=True)
    delivery = _arrivals(partner, file).filter(payload=None).select_for_update().first()
    if delivery is None:
        return None
    delivery.payload, delivery.is_duplicate = payloads.keep_once(partner, content)
    delivery.answering_id = _attempt_of(file.answering)
    delivery.save(update_fields=["payload", "is_duplicate", "answering"])
    found: UUID = delivery.pk
    return found


def _attempt_of(interchange_id: UUID | None) -> UUID | None:
    """The one question of an interchange; None where there are several, or none is meant."""
    if interchange_id is None:
        return None
    attempts = Transaction.objects.attempts().filter(interchange=interchange_id).values_list("pk", flat=True)
    found = list(attempts[:2])
    return found[0] if len(found) == 1 else None


# --- what becomes of our own ------------------------------------------------------------------------


def _handed_over(partner: TradingPartner) -> dict[UUID, str]:
    """Names of our files in the drop folder, where it is the partner's sign that they leave it."""
    if partner.taken_sign != TradingPartner.TakenSign.GONE:
        return {}
    in_flight = Interchange.objects.filter(
        partner=partner,
        direction=Direction.OUT,
        state__in=[Interchange.State.IN_FLIGHT, Interchange.State.OVERDUE],
        # a put that is still under way has not dropped its file yet
        dispatch__state=Dispatch.State.DONE,
    ).exclude(problem=GONE_UNSEEN)
    return dict(in_flight.values_list("pk", "file_name"))


def _taken_by_now(handed_over: Mapping[UUID, str], dropped: Collection[str]) -> list[str]:
    """The queues of those that have left the drop folder."""
    gone = [pk for pk, name in handed_over.items() if name not in dropped]
    return take_interchanges(gone, now=timezone.now())


def _end_silent(partner: TradingPartner, over: Collection[UUID]) -> list[str]:
    """End what the partner will never answer. Not while something of it is kept and unread: that may
    be the answer, and the next look says again what is over."""
    unread = InboundDelivery.objects.filter(partner=partner, read_at=None, payload__isnull=False)
    if not over or unread.exists():
        return []
    silent = Transaction.objects.unanswered().filter(interchange__in=over)
    attempts = silent.select_for_update(of=("self",)).order_by("pk").as_attempts()
    now = timezone.now()
    end_attempts([End(each, OutcomeKind.UNKNOWN, "no_answer") for each in attempts], now=now)
    return take_interchanges(over, now=now)
