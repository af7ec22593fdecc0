"""What came in and only a person can decide about: sets first, then whole deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eligibility.transactions import listing
from practice.models import User
from tradingpartners.models import InboundDelivery, Transaction
from tradingpartners.words import explain

_SHOWN = 100


@dataclass(frozen=True)
class BadDelivery:
    delivery: InboundDelivery
    what: str
    todo: str


@dataclass(frozen=True)
class Review:
    sets: Sequence[listing.Row]
    deliveries: Sequence[BadDelivery]

    @property
    def count(self) -> int:
        return len(self.sets) + len(self.deliveries)


def review(user: User) -> Review:
    """The newest first, as many as somebody can look at."""
    files = InboundDelivery.objects.visible_to(user).for_people()
    alone = Transaction.objects.visible_to(user).for_people()
    # What is held with its whole file is decided there: the file is one line.
    alone = alone.exclude(disposition=Transaction.Disposition.HELD, delivery__in=files.values("pk"))
    sets = alone.select_related("delivery").order_by("-id")[:_SHOWN]
    bad = files.select_related("partner", "payload").defer("partner__credentials").order_by("-id")[:_SHOWN]
    return Review(listing.with_words(user, list(sets)), [_bad(delivery) for delivery in bad])


def _bad(delivery: InboundDelivery) -> BadDelivery:
    if delivery.error:
        words = explain(delivery.error)
        return BadDelivery(delivery, words.what, words.todo)
    return BadDelivery(
        delivery,
        "Something in the file is not right, and this connection holds such files for a person.",
        "Look at what is wrong, then use what is whole in it or put it aside.",
    )
