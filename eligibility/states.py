"""Allowed moves of the states here; see `tradingpartners.states` for the form."""

ELIGIBILITY_CHECK_MOVES = {
    "": {"Pending"},
    "Pending": {"Active", "Inactive", "Unknown", "Error"},
    "Unknown": {"Active", "Inactive"},
    "Error": {"Active", "Inactive"},
}

EXCEPTION_CASE_MOVES = {"": {"open"}, "open": {"cleared", "resolved"}, "cleared": {"open", "resolved"}}
