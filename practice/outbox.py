"""What must leave after the commit that wrote it: alerts, by e-mail and webhook.

A row is due, is taken under a lease, leaves outside of any transaction, and is marked. Killed in
between it leaves once more: a webhook carries its row's id, so that its receiver can tell.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from smtplib import SMTPException
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import requests
from django.conf import settings
from django.core.mail import send_mail
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.module_loading import import_string

from practice.models import Alert, AlertChannel, Outbox
from practice.outbound import OutboundError
from practice.outbound.http import call_within, guarded_session
from practice.tenancy import dispatcher, tenant

log = logging.getLogger(__name__)

# The kind of our rows: other kinds have senders of their own.
ALERT = "alert"
MOST_TRIES = 6
_LEASE = timedelta(minutes=2)
_AT_ONCE = 50
_PATIENCE = 10.0


class AlertWords(NamedTuple):
    """An alert for people: no patient data. `address` is a path of ours."""

    title: str
    what: str
    todo: str
    address: str


class _PutsIntoWords(Protocol):
    def __call__(self, alert: Alert, *, leaves: bool = False) -> AlertWords: ...


@lru_cache
def _words() -> _PutsIntoWords:
    """Who puts alerts into words is declared in the settings, as who writes them lies above us."""
    words: _PutsIntoWords = import_string(settings.ALERT_WORDS)
    return words


def alert_words(alert: Alert, *, leaves: bool = False) -> AlertWords:
    """`leaves`: for e-mail, webhooks and the API, which many may read; else for a page of ours."""
    return _words()(alert, leaves=leaves)


@dataclass(frozen=True)
class _Parcel:
    outbox_id: UUID
    kind: str
    address: str
    secret: str
    words: AlertWords
    alert_id: UUID
    severity: str
    at: str


class _NotLeft(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def organizations_due() -> list[UUID]:
    with dispatcher():
        due = Outbox.objects.filter(kind=ALERT, sent_at=None, given_up_at=None, due_at__lte=Now())
        return list(due.values_list("organization_id", flat=True).order_by("organization_id").distinct())


def send_due(organization_id: UUID) -> int:
    """Send what is due of one practice, one after another; returns how many left."""
    left = 0
    for _ in range(_AT_ONCE):
        with tenant(organization_id):
            parcel = _take()
        if parcel is None:
            return left
        error = _send(parcel)
        left += not error
        with tenant(organization_id):
            _note(parcel, error)
    return left


def _take() -> _Parcel | None:
    """The next one due, leased. What belongs to nothing any more is given up."""
    due = (
        Outbox.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(sent_at=None, given_up_at=None, due_at__lte=Now(), kind=ALERT)
        .select_related("channel")
        .order_by("due_at")
    )
    for row in due[:_AT_ONCE]:
        alert = Alert.objects.filter(pk=row.subject_id).first()
        mine = Outbox.objects.filter(pk=row.pk)
        if alert is None or row.channel is None or row.channel.is_deleted or not row.channel.is_active:
            mine.update(given_up_at=Now(), error="nowhere_to_go")
            continue
        mine.update(due_at=Now() + _LEASE, tries=F("tries") + 1)
        return _parcel(row.pk, row.channel, alert)
    return None


def _parcel(outbox_id: UUID, channel: AlertChannel, alert: Alert) -> _Parcel:
    return _Parcel(
        outbox_id,
        channel.kind,
        channel.address,
        channel.secret or "",
        alert_words(alert, leaves=True),
        alert.pk,
        alert.severity,
        alert.created_at.isoformat(),
    )


def _send(parcel: _Parcel) -> str:
    """Empty where it left, else a code."""
    try:
        _WAYS[parcel.kind](parcel)
    except _NotLeft as error:
        return error.code
    return ""


def _send_email(parcel: _Parcel) -> None:
    if not settings.EMAIL_HOST:
        raise _NotLeft("email_not_set_up")
    words = parcel.words
    body = f"{words.what}\n\n{words.todo}\n\n{settings.PUBLIC_URL}{words.address}\n"
    try:
        send_mail(f"Preflight: {words.title}", body, settings.DEFAULT_FROM_EMAIL, [parcel.address])
    except (SMTPException, OSError) as error:
        raise _NotLeft(f"email_{type(error).__name__.lower()}"[:60]) from None


def _send_webhook(parcel: _Parcel) -> None:
    """In the form of Standard Webhooks: id, timestamp and signature as headers."""
    words = parcel.words
    body = json.dumps(
        {
            "type": "alert.raised",
            "timestamp": parcel.at,
            "data": {
                "id": str(parcel.alert_id),
                "severity": parcel.severity,
                "title": words.title,
                "what": words.what,
                "todo": words.todo,
                "address": f"{settings.PUBLIC_URL}{words.address}",
            },
        }
    ).encode()
    stamp = str(int(timezone.now().timestamp()))
    headers = {
        "Content-Type": "application/json",
        "webhook-id": str(parcel.outbox_id),
        "webhook-timestamp": stamp,
        **(
            {"webhook-signature": sign(parcel.secret, str(parcel.outbox_id), stamp, body)}
            if parcel.secret
            else {}
        ),
    }
    try:
        with call_within(_PATIENCE), guarded_session(1) as session:
            reply = session.post(
                parcel.address,
                data=body,
                headers=headers,
                timeout=_PATIENCE,
                allow_redirects=False,
                stream=True,
            )
    except OutboundError:
        raise _NotLeft("not_allowed") from None
    except requests.exceptions.RequestException as error:
        raise _NotLeft(f"webhook_{type(error).__name__.lower()}"[:60]) from None
    if not reply.ok:
        raise _NotLeft(f"http_{reply.status_code}")


def sign(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """`v1,` and the HMAC-SHA256 of id.timestamp.body; a secret may begin with whsec_."""
    encoded = secret.removeprefix("whsec_")
    try:
        key = base64.b64decode(encoded, validate=True) if secret.startswith("whsec_") else secret.encode()
    except ValueError:
        key = secret.encode()
    signed = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


_WAYS: dict[str, Callable[[_Parcel], Any]] = {
    AlertChannel.Kind.EMAIL: _send_email,
    AlertChannel.Kind.WEBHOOK: _send_webhook,
}


def _note(parcel: _Parcel, error: str) -> None:
    """Sent, or tried again later: after 1, 4, 16 … minutes, and then no more."""
    row = Outbox.objects.filter(pk=parcel.outbox_id, sent_at=None)
    if not error:
        row.update(sent_at=Now(), error="")
        return
    log.warning("not sent: outbox=%s error=%s", parcel.outbox_id, error)
    tries = row.values_list("tries", flat=True).first() or 0
    if tries >= MOST_TRIES:
        row.update(given_up_at=Now(), error=error[:60])
    else:
        row.update(due_at=Now() + timedelta(minutes=4 ** (tries - 1)), error=error[:60])
