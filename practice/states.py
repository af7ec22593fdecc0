"""Allowed moves of the states here: `{from: {to}}`, `""` for where a row may begin."""

ALERT_MOVES = {
    "": {"open"},
    "open": {"acknowledged", "resolved"},
    "acknowledged": {"open", "resolved"},
}
