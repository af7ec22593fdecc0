"""The figures both books go by; `book.lua` is given them with each call."""

# The window is cut into so many buckets, and one leaves it at a time.
BUCKETS = 10
# Trials of a payer that may be under way at once after its breaker was open, in all processes.
PROBES = 2
# So many of them in a row must go well before it is closed.
GOOD_PROBES = 2
# The open time doubles with each trial that fails, up to this or the payer's own where longer.
LONGEST_OPEN = 300.0
JITTER_SHARE = 0.25
# When to ask again where a slot may become free at any moment.
PROBE_WAIT = 1.0
SLOT_WAIT = 0.5
RETRY_WAIT = 5.0
# Calls of so many seconds may go at once before the rate holds them.
BURST = 1.0
# Retries are counted against the calls of the last minute.
RETRY_WINDOW = 60.0
# A call that was refused a slot is reckoned with until it should have asked again.
WAITING_FOR = 0.75
# Where several organizations ask a payer, a tenth of its slots stays free for whoever comes next.
SPARE_SHARE = 0.1
NEIGHBOUR_FOR = 3600.0
# What nobody has asked about for a day is forgotten.
FORGET_AFTER = 86_400
