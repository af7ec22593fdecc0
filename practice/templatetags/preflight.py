"""How times, numbers, ids and statuses look, on every page alike."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def icon(name: str) -> SafeString:
    """A symbol beside a word, never instead of one."""
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        static("icons.svg"),
        name,
    )


@register.simple_tag
def chip(word: Any, note: str = "") -> SafeString:
    """A status: icon, word and colour. No word: nobody was asked yet."""
    if not word:
        return format_html('<span class="chip chip-none">{}</span>', "Not asked yet")
    name = getattr(word, "icon", None) or str(word).lower().replace(" ", "-")
    return format_html('<span class="chip chip-{}">{}{}{}</span>', name, icon(name), str(word), note)


@register.filter
def clinic_time(moment: datetime | None, zone: str) -> str:
    """Tue 24 Nov 08:20, on the clinic's clock."""
    if moment is None:
        return ""
    return f"{clinic_day(moment.astimezone(ZoneInfo(zone)).date())} {clinic_clock(moment, zone)}"


@register.filter
def clinic_clock(moment: datetime | None, zone: str) -> str:
    return moment.astimezone(ZoneInfo(zone)).strftime("%H:%M") if moment else ""


@register.filter
def zone_short(moment: datetime | None, zone: str) -> str:
    """CST, beside a time that is not on the organization's clock."""
    return moment.astimezone(ZoneInfo(zone)).strftime("%Z") if moment else ""


@register.filter
def clinic_day(day: date | None) -> str:
    """Tue 24 Nov; with the year when it is not about now."""
    if day is None:
        return ""
    short = f"{day:%a} {day.day} {day:%b}"
    near = abs((day - timezone.now().date()).days) < 300
    return short if near else f"{day.day} {day:%b} {day.year}"


@register.filter
def plain_date(day: date | None) -> str:
    """17 May 1984."""
    return f"{day.day} {day:%b} {day.year}" if day else ""


def span_in_words(span: timedelta) -> str:
    seconds = max(0, int(span.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 48 * 3600:
        return f"{seconds // 3600} h"
    return f"{seconds // 86400} days"


@register.filter
def took(span: timedelta | None) -> str:
    """4 min 12 s."""
    if span is None:
        return ""
    minutes, seconds = divmod(max(0, int(span.total_seconds())), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


@register.filter
def countdown(moment: datetime | None, now: datetime | None = None) -> str:
    """in 3 h; or, when it is past, 3 h ago."""
    if moment is None:
        return ""
    left = moment - (now or timezone.now())
    if left >= timedelta(minutes=1):
        return f"in {span_in_words(left)}"
    return "now" if left > timedelta(minutes=-1) else f"{span_in_words(-left)} ago"


@register.filter
def age(moment: datetime | None, now: datetime | None = None) -> str:
    """20 min ago."""
    if moment is None:
        return ""
    past = (now or timezone.now()) - moment
    return "just now" if past < timedelta(minutes=1) else f"{span_in_words(past)} ago"


@register.filter
def masked(identifier: str | None) -> str:
    """The last four characters, and no more than half of a short one."""
    text = identifier or ""
    shown = min(4, len(text) // 2)
    return "•••• " + text[len(text) - shown :] if text else ""


@register.filter
def money(amount: Decimal | None) -> str:
    """$1,250 or $37.50."""
    if amount is None:
        return ""
    return f"${amount:,.0f}" if amount == amount.to_integral_value() else f"${amount:,.2f}"


@register.filter
def percent(share: Decimal | None) -> str:
    """20 % of a share written as 0.2."""
    return "" if share is None else f"{(share * 100).normalize():f} %"


@register.filter
def number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


@register.filter
def yes_no(value: bool | None) -> str:
    """What a payer states, or that it does not."""
    return {True: "Yes", False: "No"}.get(value, "Payer does not say")  # type: ignore[arg-type]


@register.filter
def plural(count: int, words: str) -> str:
    """`3|plural:"visit,visits"`: 3 visits."""
    one, many = words.split(",")
    return f"{count:,} {one if count == 1 else many}"


@register.simple_tag(takes_context=True)
def with_query(context: template.Context, **changes: Any) -> str:
    """This page's address with some filters changed; an empty value takes one away."""
    query = context["request"].GET.copy()
    query.pop("page", None)
    for key, value in changes.items():
        query.pop(key, None)
        if value not in {"", None}:
            query[key] = str(value)
    return f"?{query.urlencode()}" if query else context["request"].path


@register.simple_tag(takes_context=True)
def with_page(context: template.Context, page_number: int) -> str:
    """The same filters, another page of them."""
    query = context["request"].GET.copy()
    query["page"] = str(page_number)
    return f"?{query.urlencode()}"


@register.filter
def of(table: dict[Any, Any], key: Any) -> Any:
    return table.get(key, "")


@register.filter
def milliseconds(count: int) -> str:
    """480 ms, 2.3 s, or longer."""
    if count < 1000:
        return f"{count} ms"
    return f"{count / 1000:.1f} s" if count < 60_000 else took(timedelta(milliseconds=count))


@register.filter
def plural_word(count: int, words: str) -> str:
    """Like `plural`, without the number."""
    one, many = words.split(",")
    return one if count == 1 else many
