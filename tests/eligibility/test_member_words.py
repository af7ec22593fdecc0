"""What a sweep's row says is about the visit, not about the day that was asked."""

from __future__ import annotations

from eligibility.desk import Word, member_advice


def test_an_active_answer_that_ends_before_the_visit_is_not_ready() -> None:
    assert member_advice("received", "active").word is Word.READY
    assert member_advice("received", "active", reaches_visit=False).word is Word.CHECKING


def test_an_active_answer_with_another_payer_first_needs_a_person() -> None:
    assert member_advice("received", "active", other_payer_first=True).word is Word.NEEDS_YOU
