"""Alerts of the gateway in words: what happened, what to do, and where to look. No patient data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.urls import reverse

from practice.models import Alert
from practice.outbox import AlertWords
from tradingpartners import x12
from tradingpartners.words import explain

Facts = dict[str, Any]


# Alerts about files that we named. Partners name theirs after people: such a name stays on our pages.
_OUR_FILES = frozenset({"acknowledgement_overdue", "file_rejected", "held_sending", "no_answer"})


def words(alert: Alert, *, leaves: bool = False) -> AlertWords:
    """The words of any alert; a kind nobody has words for is shown by its name.

    `leaves`: they go out by e-mail, webhook or the API, without any name that a partner gave.
    """
    known = _KINDS.get(alert.kind)
    if known is None:
        return AlertWords(alert.kind.replace("_", " ").capitalize(), "", "", _alert(alert))
    if leaves and alert.kind not in _OUR_FILES and alert.facts.get("file_name"):
        return known(alert, {**alert.facts, "file_name": "", "has_name": True})
    return known(alert, alert.facts)


def _alert(alert: Alert) -> str:
    return reverse("alert", args=[alert.pk])


def _partner(facts: Facts) -> str:
    return str(facts.get("partner") or "the partner")


_NAMELESS = ("a message without a name", "one of its files")


def _file(facts: Facts) -> str:
    name, number = facts.get("file_name") or "", facts.get("control_number")
    isa13 = f"ISA13 {int(number):09d}" if number is not None else ""
    parts = [part for part in (str(name), isa13) if part]
    return ", ".join(parts) or _NAMELESS[bool(facts.get("has_name"))]


def _sentence(file: str) -> str:
    """At the beginning of one: a name stays as it is."""
    return file.capitalize() if file in _NAMELESS else file


def _privacy_incident(alert: Alert, facts: Facts) -> AlertWords:
    return AlertWords(
        f"{_partner(facts)} answered about somebody else",
        "An answer under our trace number is about another person. It was kept apart and not used.",
        "Report it to your privacy officer and to the payer: it has shown us another person's data.",
        reverse("transactions-for-people"),
    )


def _same_number(alert: Alert, facts: Facts) -> AlertWords:
    return AlertWords(
        f"{_partner(facts)} used a control number twice",
        f"Two different files came under one number: {_file(facts)}. The second is held.",
        "Ask the partner which one holds, then use it or put it aside.",
        _interchange(alert),
    )


def _unreadable(alert: Alert, facts: Facts) -> AlertWords:
    return AlertWords(
        f"A file of {_partner(facts)} cannot be read",
        f"{_sentence(_file(facts))}: {_first_code(facts)}",
        "Ask the partner to send it again. What is on file can be read again after a fix.",
        _delivery(alert),
    )


def _unmatched(alert: Alert, facts: Facts) -> AlertWords:
    return AlertWords(
        f"{_partner(facts)} sent answers that fit no question",
        f"{int(facts.get('count') or alert.times):,} today.",
        "Look whose they are: each can be matched by hand or put aside.",
        reverse("transactions-for-people"),
    )


def _acknowledgement_overdue(alert: Alert, facts: Facts) -> AlertWords:
    return AlertWords(
        f"{_partner(facts)} has not confirmed a file",
        f"No receipt came for {_file(facts)}.",
        "Call the partner with the file name and ISA13.",
        _interchange(alert),
    )


def _interchange(alert: Alert) -> str:
    return reverse("interchange", args=[alert.subject_id]) if alert.subject_id else reverse("transactions")


def _delivery(alert: Alert) -> str:
    return reverse("delivery", args=[alert.subject_id]) if alert.subject_id else reverse("transactions")


def _first_code(facts: Facts) -> str:
    codes = [str(code) for code in facts.get("codes") or ()]
    known = x12.in_words("finding", codes[0], " ").strip() if codes else ""
    return f"{known or explain(codes[0] if codes else '').what.rstrip('.')}."


def _file_rejected(alert: Alert, facts: Facts) -> AlertWords:
    return AlertWords(
        f"{_partner(facts)} refused a file",
        f"{_file(facts)}: {explain(str(facts.get('code', ''))).what}",
        "Look what it says, mend that, then have the questions asked again.",
        _interchange(alert),
    )


def _held_file(alert: Alert, facts: Facts) -> AlertWords:
    return AlertWords(
        f"A file of {_partner(facts)} waits for you",
        f"{_sentence(_file(facts))}: something in it is not right, and this connection holds such files.",
        "Look at what is wrong, then use what is whole in it or put it aside.",
        _delivery(alert),
    )


def _held_sending(alert: Alert, facts: Facts) -> AlertWords:
    return AlertWords(
        f"A file to {_partner(facts)} waits for you",
        f"{_file(facts)}: {explain(str(facts.get('code', ''))).what} Nothing is sent again by itself.",
        "Call the partner: what has it? Then have the file sent once more or its questions asked again.",
        _interchange(alert),
    )


def _no_answer(alert: Alert, facts: Facts) -> AlertWords:
    return AlertWords(
        f"{_partner(facts)} left questions without an answer",
        f"{int(facts.get('count') or 0):,} of {_file(facts)} passed the time agreed.",
        "Call the partner with the file name and ISA13, then have them asked again.",
        reverse("orphans"),
    )


_ANY_CAUSE = ("One cause is likely behind all of them.", "Look at a few of them.")
_CAUSES = {
    **dict.fromkeys(
        ("75", "72", "67", "64", "73", "65", "71", "58"),
        (
            "The member data here are probably out of date.",
            "Refresh them from where they come, then sweep again.",
        ),
    ),
    **dict.fromkeys(
        ("41", "43", "44", "45", "46", "50", "51", "97"),
        (
            "The payer does not know, or has not enrolled, who asks.",
            "Check the NPI under Who asks and the enrolment with this payer.",
        ),
    ),
    **dict.fromkeys(
        ("42", "80"),
        ("The payer is down.", "Nothing: they are asked again by themselves."),
    ),
    **dict.fromkeys(
        ("79", "T4", "04"),
        ("The connection to this payer is not set up right.", "Check the payer's identifier on the route."),
    ),
    **dict.fromkeys(
        ("62", "63", "57", "60", "61"),
        ("The payer does not answer about these dates.", "Choose dates inside what the payer answers for."),
    ),
}


def likely_cause(code: str) -> str:
    """Why a payer would refuse many questions with this AAA03."""
    return f"{x12.in_words('rejection', code)}. {_CAUSES.get(code, _ANY_CAUSE)[0]}"


def _mass_rejection(alert: Alert, facts: Facts) -> AlertWords:
    code = str(facts.get("code") or "")
    return AlertWords(
        f"{facts.get('payer') or 'A payer'} refuses {int(facts.get('count') or 0):,} questions alike",
        likely_cause(code),
        _CAUSES.get(code, _ANY_CAUSE)[1],
        reverse("transactions") + "?status=rejected",
    )


def _connection(alert: Alert, facts: Facts) -> AlertWords:
    reason = explain(str(facts.get("code") or ""))
    partner = reverse("partner", args=[alert.subject_id]) if alert.subject_id else reverse("partners")
    return AlertWords(f"No connection to {_partner(facts)}", reason.what, reason.todo, partner)


_KINDS: dict[str, Callable[[Alert, Facts], AlertWords]] = {
    "privacy_incident": _privacy_incident,
    "same_number_other_content": _same_number,
    "unreadable_file": _unreadable,
    "unmatched_answers": _unmatched,
    "acknowledgement_overdue": _acknowledgement_overdue,
    "file_rejected": _file_rejected,
    "held_file": _held_file,
    "held_sending": _held_sending,
    "no_answer": _no_answer,
    "mass_rejection": _mass_rejection,
    "connection_trouble": _connection,
}
