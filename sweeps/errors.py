"""Refusals of this app: a code for programs, a sentence for people, the field at fault."""

from __future__ import annotations

from enum import StrEnum


class Refusal(StrEnum):
    WINDOW_BACKWARDS = "window_backwards"
    WINDOW_TOO_LONG = "window_too_long"
    UNKNOWN_PAYER = "unknown_payer"
    UNKNOWN_FACILITY = "unknown_facility"
    NOT_OPEN = "not_open"


_SENTENCES = {
    Refusal.WINDOW_BACKWARDS: "The window ends before it begins.",
    Refusal.WINDOW_TOO_LONG: "The window is longer than 92 days.",
    Refusal.UNKNOWN_PAYER: "There is no such payer.",
    Refusal.UNKNOWN_FACILITY: "There is no such facility.",
    Refusal.NOT_OPEN: "This sweep is already over.",
}


class SweepError(Exception):
    def __init__(self, code: Refusal, field: str = "") -> None:
        super().__init__(_SENTENCES[code])
        self.code, self.field = code, field


class CronError(ValueError):
    """A cron expression that never fires or cannot be read; str() is a sentence."""
