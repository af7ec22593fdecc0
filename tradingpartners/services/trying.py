"""A connection begins, is filled, and is tried out: what its page does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.utils import timezone

from practice.tenancy import tenant
from tradingpartners.models import CREDENTIAL_COLUMNS, TradingPartner
from tradingpartners.services import refusing, telling
from tradingpartners.services.wire import connection_of, on_the_wire
from tradingpartners.transports import Step
from tradingpartners.transports.registry import transport_of


def start_partner(preset: Mapping[str, Any], given: Mapping[str, Any]) -> TradingPartner:
    """A connection as its preset begins, in test traffic and not in use until somebody says so."""
    own = {name: given[name] for name in ("name", "sender_id", "trace_originator")}
    return TradingPartner.objects.create(**preset, **own, is_test=True, is_active=False)


def save_connection(
    partner: TradingPartner, *, settings: Mapping[str, Any], credentials: Mapping[str, Any]
) -> None:
    """What it reaches the partner by; what was tried out before says nothing about it any more."""
    partner.settings = dict(settings)
    partner.take_credentials(credentials, now=timezone.now())
    partner.test_result, partner.tested_at = [], None
    partner.save(update_fields=["settings", *CREDENTIAL_COLUMNS, "test_result", "tested_at"])
    refusing.end(partner.pk)


_PORTS = {"http": 80, "https": 443}


def leads_elsewhere(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether these settings reach another computer: what was entered for the one is not for the other."""
    return bool(old) and _target(old) != _target(new)


def _target(settings: Mapping[str, Any]) -> tuple[object, ...]:
    try:
        parts = urlsplit(str(settings.get("url") or ""))
        url = (parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme))
    except ValueError:
        url = (str(settings.get("url")), None, None)
    return (*url, settings.get("host"), str(settings.get("port") or ""))


def begin(partner: TradingPartner) -> None:
    """Somebody wants to know: what an earlier try found is over."""
    partner.test_result, partner.tested_at = [{"name": "waiting", "code": ""}], None
    partner.save(update_fields=["test_result", "tested_at"])


def try_out(organization_id: UUID, partner_id: UUID) -> list[Step]:
    """Reach the partner without asking anything, and keep what each step found."""
    with tenant(organization_id):
        partner = TradingPartner.objects.get(pk=partner_id)
    steps = on_the_wire(transport_of(partner.transport).try_out, connection_of(partner))
    with tenant(organization_id):
        keep_result(partner, steps)
    return steps


def keep_result(partner: TradingPartner, steps: Sequence[Step]) -> None:
    if steps and all(step.is_ok for step in steps):
        telling.connection_works(partner.pk)
        refusing.end(partner.pk)
    TradingPartner.objects.filter(pk=partner.pk).update(
        test_result=[step._asdict() for step in steps], tested_at=timezone.now()
    )
