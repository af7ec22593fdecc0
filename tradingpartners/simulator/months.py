"""First and last days of months."""

from datetime import date, timedelta


def first_of_month(day: date) -> date:
    return day.replace(day=1)


def month_end(day: date) -> date:
    following = day.replace(day=28) + timedelta(days=4)
    return following.replace(day=1) - timedelta(days=1)
