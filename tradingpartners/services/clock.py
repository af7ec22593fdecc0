"""The database's clock: the hosts' may differ, and limits are counted across them.

In statements it is Django's `Now()`, the moment the statement began.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection


def database_now() -> datetime:
    return _ask("clock_timestamp()")


def transaction_began() -> datetime:
    """SQL's `now()`: what is due by then is due at once."""
    return _ask("now()")


def _ask(what: str) -> datetime:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {what}")
        moment: datetime = cursor.fetchone()[0]
    return moment
