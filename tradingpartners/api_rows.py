"""What the gateway's endpoints share: orders of lists, filters, the headers of what was made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from practice.api_pages import CursorPages
from practice.api_schema import answer_header
from practice.idempotency import REPLAYED

BY_NAME = CursorPages("name", "id")
NEWEST = CursorPages("-id")
MADE = [
    answer_header("Location", "The new one.", 201),
    answer_header(REPLAYED, "`true` where this is the answer to an earlier request.", 201),
]


def chosen(asked: Mapping[str, Any], **columns: str) -> dict[str, Any]:
    """The filters that were given, by their columns."""
    return {column: asked[name] for name, column in columns.items() if name in asked}
