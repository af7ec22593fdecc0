"""Allowed moves of the states here: `{from: {to}}`, `""` for where a row may begin.

The code asks these tables, a trigger is fed from them by a migration (`practice.rows.Moves`).
"""

DISPATCH_MOVES = {
    "": {"ready"},
    "ready": {"claimed", "cancelled"},
    "claimed": {"ready", "done", "cancelled"},
    "done": {"ready"},  # a person has its file sent once more
}

INTERCHANGE_MOVES = {
    "": {"composed", "received"},
    "composed": {"in_flight"},
    "in_flight": {"taken", "overdue"},
    "overdue": {"in_flight", "taken"},
}

TRANSACTION_MOVES = {
    "": {"prepared", "received"},
    "prepared": {"never_sent", "sent"},
    "sent": {"answered", "rejected", "failed", "unknown", "superseded"},
    "unknown": {"answered", "rejected", "superseded"},
    "failed": {"answered"},
}
