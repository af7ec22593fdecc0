"""Bytes of files, kept sealed in chunks of 1 MiB: one token of 100 MB would peak at 560 MB."""

from __future__ import annotations

import hashlib

from tradingpartners.models import InboundFile, Payload, PayloadChunk, TradingPartner

CHUNK = 1024 * 1024


def keep(content: bytes) -> Payload:
    """Store the bytes for the organization in context."""
    payload = Payload.objects.create(sha256=hashlib.sha256(content).digest(), size=len(content))
    PayloadChunk.objects.bulk_create(
        PayloadChunk(payload=payload, number=number, content=content[start : start + CHUNK])
        for number, start in enumerate(range(0, len(content) or 1, CHUNK))
    )
    return payload


def keep_once(partner: TradingPartner, content: bytes) -> tuple[Payload, bool]:
    """Store what a partner delivered, once by its hash; the flag says whether it was known."""
    digest = hashlib.sha256(content).digest()
    known = InboundFile.objects.filter(partner=partner, sha256=digest).select_related("payload").first()
    if known:
        return known.payload, True
    payload = keep(content)
    InboundFile.objects.create(partner=partner, payload=payload, sha256=digest)
    return payload, False


def content_of(payload: Payload) -> bytes:
    chunks = payload.chunks.order_by("number").values_list("content", flat=True)
    return b"".join(bytes(chunk) for chunk in chunks)
