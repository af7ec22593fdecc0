"""The deeds of this app: questions are put, what payers said is settled, people clear cases."""

from eligibility.services.asking import Ask, Put, ask, asked_date, check_again, one_asker_at_a_time, withdraw
from eligibility.services.clearing import clear_case, reopen_case
from eligibility.services.settling import apply_outcomes, settle

__all__ = [
    "Ask",
    "Put",
    "apply_outcomes",
    "ask",
    "asked_date",
    "check_again",
    "clear_case",
    "one_asker_at_a_time",
    "reopen_case",
    "settle",
    "withdraw",
]
