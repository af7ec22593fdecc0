"""Why a route can or cannot be taken, and for what a question waits, in words for people."""

from __future__ import annotations

from tradingpartners.words import Explained

# Why a route can or cannot be taken (`services.routing`).
_ROUTES = {
    "ok": Explained("Can be asked this way."),
    "no_route": Explained("No connection leads to this payer.", "Add a route on a connection's page."),
    "payer_inactive": Explained("The payer is switched off for everybody.", "Ask your operator."),
    "payer_answers_nothing": Explained(
        "The payer answers no eligibility questions.", "Call it, or use its portal."
    ),
    "partner_inactive": Explained("The connection is not in use.", "Switch it on, on its Identity tab."),
    "other_environment": Explained(
        "The route is for another environment than this one.", "Add one for this environment."
    ),
    "other_lane": Explained("The route is only for the other of live and batch questions.", "Widen it."),
    "transport_not_served": Explained("This kind of connection is not served here.", "Ask your operator."),
    "open": Explained("It is being asked already, or it was answered meanwhile."),
    "payer_paused": Explained("The payer is paused here.", "Resume it below."),
    "partner_paused": Explained("The connection is paused.", "Resume it on its page."),
    "partner_refuses": Explained(
        "The partner refused our user name or key, so nothing more is sent to it.",
        "Enter the credentials anew on the connection's page and try it out. It is tried again by itself.",
    ),
    "quiet_hours": Explained("These are the payer's quiet hours.", "It goes out by itself afterwards."),
    "daily_cap": Explained("The payer's daily limit is used up.", "It goes out by itself tomorrow."),
    "breaker": Explained("The payer is down.", "We try again by ourselves."),
    "not_enrolled": Explained(
        "This facility is not enrolled with the payer there.", "Apply, then note it on the Enrolment tab."
    ),
    "settings": Explained("The connection is not complete.", "Complete it on its page and try it out."),
    "no_provider": Explained("There is no NPI to ask under.", "Enter one under Who asks."),
}

# `Dispatch.waits_for`
WAITS = {
    "": "Waiting for its turn",
    "payer_paused": "Waiting: the payer is paused here",
    "partner_paused": "Waiting: the connection is paused",
    "partner_refuses": "Waiting: the partner refused our user name or key, the connection is to be mended",
    "quiet_hours": "Waiting for the payer's quiet hours to end",
    "daily_cap": "Waiting for tomorrow: the payer's daily limit is used up",
    "breaker": "Waiting: the payer is down, we try again by ourselves",
    "bulkhead": "Waiting for a free line to the payer",
    "rate": "Waiting: the payer takes so many a minute and no more",
    "redis_away": "Waiting: how hard the payer is pushed cannot be counted at the moment",
    "retry_budget": "Waiting: the payer fails too often to ask again at once",
    "held": "Waiting for a person: what the partner has is not what we sent",
}


def finding(code: str) -> Explained:
    """The words of what stands in the way of a route, or of asking again."""
    known = _ROUTES.get(code.partition(":")[0])
    return known or Explained(f"{code.replace('_', ' ').capitalize()}.")


def why_not(code: str) -> str:
    return finding(code).what
