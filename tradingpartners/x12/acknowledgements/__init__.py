"""TA1 and 999: read, written, and made from findings."""
