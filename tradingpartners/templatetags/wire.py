"""Words of the gateway's codes, in templates."""

from __future__ import annotations

from django import template

from tradingpartners import route_words, words

register = template.Library()


@register.filter
def error_words(code: str) -> str:
    return words.explain(code).what


@register.filter
def error_todo(code: str) -> str:
    return words.explain(code).todo


@register.filter
def event_words(event: str) -> str:
    return words.EVENTS.get(event, event.capitalize())


@register.filter
def state_words(state: str) -> str:
    return words.STATES.get(state, state)


@register.filter
def interchange_words(state: str) -> str:
    return words.INTERCHANGES.get(state, state)


@register.filter
def waits_words(code: str) -> str:
    return route_words.WAITS.get(code, code.replace("_", " "))


@register.filter
def step_words(name: str) -> str:
    return words.step_words(name)
