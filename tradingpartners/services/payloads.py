"""Bytes of files, kept sealed in chunks of 1 MiB: one token of 100 MB would peak at 560 MB."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator
from uuid import UUID

from django.db import connection

from practice.rows import uuid7
from practice.tenancy import tenant
from tradingpartners.models import InboundFile, Payload, PayloadChunk, TradingPartner

CHUNK = 1024 * 1024


def keep(content: bytes, *, payload_id: UUID | None = None) -> Payload:
    """Store the bytes for the organization in context."""
    payload = Payload.objects.create(
        id=payload_id or uuid7(), sha256=hashlib.sha256(content).digest(), size=len(content)
    )
    PayloadChunk.objects.bulk_create(
        PayloadChunk(payload=payload, number=number, content=content[start : start + CHUNK])
        for number, start in enumerate(range(0, len(content) or 1, CHUNK))
    )
    return payload


def keep_once(partner: TradingPartner, content: bytes) -> tuple[Payload, bool]:
    """Store what a partner delivered, once by its hash; the flag says whether it was known.

    Two workers with the same content at the same moment: the second waits for the first, and both
    have kept it.
    """
    digest, payload_id = hashlib.sha256(content).digest(), uuid7()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tradingpartners_inboundfile (partner_id, payload_id, sha256)"
            " VALUES (%s, %s, %s) ON CONFLICT (partner_id, sha256) DO NOTHING",
            [partner.pk, payload_id, digest],
        )
        is_new = cursor.rowcount == 1
    if is_new:
        return keep(content, payload_id=payload_id), False
    return InboundFile.objects.select_related("payload").get(partner=partner, sha256=digest).payload, True


def content_of(payload: Payload) -> bytes:
    return contents_of([payload.pk])[payload.pk]


def contents_of(payload_ids: Collection[UUID]) -> dict[UUID, bytes]:
    """The bytes of several payloads, in one query."""
    parts: dict[UUID, list[bytes]] = defaultdict(list)
    chunks = PayloadChunk.objects.filter(payload__in=payload_ids).order_by("payload", "number")
    for payload_id, content in chunks.values_list("payload_id", "content"):
        parts[payload_id].append(bytes(content))
    return {payload_id: b"".join(pieces) for payload_id, pieces in parts.items()}


def pieces_of(organization_id: UUID, payload_id: UUID) -> Iterator[bytes]:
    """The bytes of one payload, a chunk at a time, each in a transaction of its own: who reads a
    large one works, and commits, between two."""
    number = 0
    while (content := _chunk(organization_id, payload_id, number)) is not None:
        yield content
        number += 1


def _chunk(organization_id: UUID, payload_id: UUID, number: int) -> bytes | None:
    with tenant(organization_id):
        chunk = PayloadChunk.objects.filter(payload=payload_id, number=number)
        content = chunk.values_list("content", flat=True).first()
    return None if content is None else bytes(content)
