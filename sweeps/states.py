"""Allowed moves of the states here; see `tradingpartners.states` for the form."""

SWEEP_RUN_MOVES = {
    "": {"queued", "missed"},
    "queued": {"running", "cancelled", "failed"},
    "running": {"completed", "cancelled", "failed"},
}

SWEEP_RUN_MEMBER_MOVES = {
    "": {"queued", "skipped", "received"},
    "queued": {"submitted", "skipped", "received", "failed"},
    "submitted": {"queued", "received", "failed"},
    "failed": {"received"},
}
