"""Breaker, bulkhead, rate and retry budget: the shared book and its twin, on a clock of the test's.

Each test runs on both; the last one lets chance act on both and compares every answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from uuid import UUID, uuid4

import pytest
import redis
from django.conf import settings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tradingpartners.admission.local import LocalBook
from tradingpartners.admission.shared import SharedBook
from tradingpartners.admission.values import Ask, Book, Grant, Limits, Refusal, Refused, Verdict
from tradingpartners.models import Lane

ACME, ELSEWHERE = UUID(int=1), UUID(int=2)
LIMITS = Limits(
    failures_in_a_row=5,
    failure_rate=0.5,
    window=30.0,
    minimum_calls=10,
    open_time=30.0,
    slow_after=6.0,
    lease=16.0,
    connections=20,
    rate=1e9,
    retry_share=0.1,
    retry_floor=2,
)


@pytest.fixture
def shared() -> Iterator[SharedBook]:
    book = SharedBook(settings.REDIS_URL, process="one")
    yield book
    book.forget(book.changes())


class Bench:
    """One payer, its book, and a clock that only moves when told to."""

    def __init__(self, book: Book, limits: Limits = LIMITS, payer_id: UUID | None = None) -> None:
        self.book, self.limits, self.payer_id = book, limits, payer_id or uuid4()
        self.now = 1_800_000_000.0
        self.tokens = count()

    def admit(
        self, organization: UUID = ACME, *, lane: Lane = Lane.LIVE, is_retry: bool = False
    ) -> Grant | Refused:
        ask = Ask(self.payer_id, lane, organization, f"t{next(self.tokens)}", is_retry)
        return self.book.admit(ask, self.limits, now=self.now)

    def done(self, grant: Grant | Refused, verdict: Verdict = Verdict.GOOD, seconds: float = 1.0) -> None:
        assert isinstance(grant, Grant), grant
        self.book.done(grant, self.limits, verdict, seconds, now=self.now)

    def call(self, verdict: Verdict = Verdict.GOOD, seconds: float = 1.0, times: int = 1) -> None:
        for _ in range(times):
            self.done(self.admit(), verdict, seconds)

    def fail(self, times: int = 1) -> None:
        self.call(Verdict.FAILED, times=times)

    def tell(self, verdict: Verdict, times: int = 1, *, is_retry: bool = False) -> None:
        for _ in range(times):
            ask = Ask(self.payer_id, Lane.BATCH, ACME, f"t{next(self.tokens)}", is_retry)
            self.book.tell(ask, self.limits, verdict, now=self.now)

    def refusal(self, organization: UUID = ACME, **how: object) -> Refusal | None:
        answer = self.admit(organization, **how)  # type: ignore[arg-type]
        return answer.code if isinstance(answer, Refused) else None

    def moves(self) -> list[tuple[str, str]]:
        changes = [change for change in self.book.changes() if change.payer_id == self.payer_id]
        return [(change.state, change.reason) for change in changes]


@pytest.fixture(params=["local", "shared"])
def bench(request: pytest.FixtureRequest, shared: SharedBook) -> Bench:
    return Bench(LocalBook() if request.param == "local" else shared)


# --- the breaker opens ----------------------------------------------------------------------------


def test_failures_in_a_row_open_it(bench: Bench) -> None:
    bench.fail(4)
    assert bench.refusal() is None
    bench.fail()
    assert bench.refusal() == Refusal.BREAKER
    assert bench.moves() == [("open", "failures_in_a_row")]


def test_a_good_answer_between_failures_starts_the_row_anew(bench: Bench) -> None:
    bench.fail(4)
    bench.call()
    bench.fail(4)
    assert bench.moves() == []


def test_half_of_the_calls_failing_opens_it_once_there_are_enough_of_them(bench: Bench) -> None:
    for _ in range(4):
        bench.fail()
        bench.call()
    bench.fail()
    assert bench.moves() == []
    bench.call()
    bench.fail()
    assert bench.moves() == [("open", "failure_rate")]


def test_a_payer_of_which_a_third_fails_and_the_rest_is_slow_is_cut_off(bench: Bench) -> None:
    """The incident of seed 003: no five failures in a row, and no half of the calls."""
    for number in range(10):
        if number % 3 == 0:
            bench.fail()
        else:
            bench.call(seconds=6.0)
    assert bench.moves() == [("open", "slow_rate")]


def test_repeats_that_go_badly_do_not_open_it(bench: Bench) -> None:
    """At the end of a sweep the questions left are those that failed once already."""
    bench.limits = LIMITS._replace(retry_floor=8)
    for _ in range(4):
        bench.done(bench.admit(is_retry=True), Verdict.FAILED)
        bench.done(bench.admit(is_retry=True), Verdict.GOOD, 7.0)
    bench.fail(4)
    assert bench.moves() == []
    bench.fail()
    assert bench.moves() == [("open", "failures_in_a_row")]


def test_what_is_said_later_counts_while_the_breaker_is_closed(bench: Bench) -> None:
    bench.tell(Verdict.FAILED, 4)
    bench.tell(Verdict.IGNORED)
    bench.tell(Verdict.GOOD)
    bench.tell(Verdict.FAILED, 4)
    bench.tell(Verdict.FAILED, 9, is_retry=True)
    assert bench.moves() == []
    bench.tell(Verdict.FAILED)
    assert bench.moves() == [("open", "failures_in_a_row")]
    bench.now += 31
    assert bench.refusal() is None  # a trial
    bench.tell(Verdict.FAILED, 9)
    bench.tell(Verdict.GOOD, 9)
    assert [state for state, _ in bench.moves()] == ["open", "half_open"]


def test_promises_do_not_hide_how_their_answers_turn_out(bench: Bench) -> None:
    for _ in range(4):
        bench.call(Verdict.PROMISED)
        bench.tell(Verdict.FAILED)
    assert bench.moves() == []
    bench.call(Verdict.PROMISED)
    bench.tell(Verdict.FAILED)
    assert bench.moves() == [("open", "failures_in_a_row")]


def test_a_promise_is_a_good_trial(bench: Bench) -> None:
    opened(bench).now += 30
    bench.call(Verdict.PROMISED, times=2)
    assert bench.moves()[-1] == ("closed", "trials_went_well")


def test_what_left_the_window_does_not_count(bench: Bench) -> None:
    for _ in range(4):
        bench.fail()
        bench.call()
    bench.now += 31
    bench.fail()
    bench.call(times=5)
    bench.fail(2)
    assert bench.moves() == []


def test_what_says_nothing_of_the_payer_does_not_count(bench: Bench) -> None:
    bench.call(Verdict.IGNORED, times=50)
    assert bench.moves() == []
    assert bench.refusal() is None


# --- and closes -----------------------------------------------------------------------------------


def opened(bench: Bench) -> Bench:
    bench.fail(5)
    return bench


def test_an_open_breaker_says_when_it_is_worth_asking_again(bench: Bench) -> None:
    opened(bench).now += 10
    assert bench.admit() == Refused(Refusal.BREAKER, 20.0)


def test_two_trials_are_made_and_no_more_until_one_is_back(bench: Bench) -> None:
    opened(bench).now += 30
    trials = [bench.admit(), bench.admit()]
    assert bench.refusal() == Refusal.BREAKER
    bench.done(trials[0])
    assert isinstance(bench.admit(), Grant)


def test_two_good_trials_close_it(bench: Bench) -> None:
    opened(bench).now += 30
    bench.call(times=2)
    assert [state for state, _ in bench.moves()] == ["open", "half_open", "closed"]
    bench.fail(4)
    assert bench.refusal() is None


def test_a_trial_that_fails_or_is_slow_opens_it_for_twice_as_long_up_to_a_cap(bench: Bench) -> None:
    opened(bench)
    spans = []
    for turn in range(6):
        refused = bench.admit()
        assert isinstance(refused, Refused)
        spans.append(refused.retry_in)
        bench.now += refused.retry_in
        if turn % 2:
            bench.fail()
        else:
            bench.call(seconds=7)
    assert spans == [30, 60, 120, 240, 300, 300]


def test_a_trial_that_is_a_repeat_and_fails_keeps_it_open_no_longer_than_before(bench: Bench) -> None:
    bench.limits = LIMITS._replace(retry_floor=8)
    bench.fail(5)
    for _ in range(3):
        bench.now += 30
        bench.done(bench.admit(is_retry=True), Verdict.FAILED)
        assert bench.refusal() == Refusal.BREAKER
    bench.now += 30
    bench.fail()
    bench.now += 30
    assert bench.refusal() == Refusal.BREAKER


def test_chance_makes_the_open_time_longer_never_shorter(bench: Bench) -> None:
    for _ in range(5):
        grant = bench.admit()
        assert isinstance(grant, Grant)
        bench.book.done(grant, LIMITS, Verdict.FAILED, 1.0, now=bench.now, jitter=1.0)
    assert bench.admit() == Refused(Refusal.BREAKER, 37.5)


def test_a_lost_prober_gives_its_trial_back(bench: Bench) -> None:
    opened(bench).now += 30
    lost = [bench.admit(), bench.admit()]
    bench.now += LIMITS.lease
    assert isinstance(bench.admit(), Grant)
    bench.done(lost[0], Verdict.FAILED)  # it was only asleep: its lease is over, its word too
    assert bench.moves()[-1][0] == "half_open"


def test_the_late_result_of_an_old_era_is_dropped(bench: Bench) -> None:
    late = [bench.admit() for _ in range(4)]
    opened(bench).now += 10
    bench.limits = LIMITS._replace(open_time=2.0)
    bench.now += 20
    bench.call(times=1)
    for each in late:
        bench.done(each, Verdict.FAILED)
    assert bench.moves()[-1][0] == "half_open"
    bench.call(times=1)
    assert bench.moves()[-1][0] == "closed"


def test_a_breaker_is_its_payers_own(bench: Bench) -> None:
    opened(bench)
    other = Bench(bench.book)
    assert other.refusal() is None


# --- the bulkhead -----------------------------------------------------------------------------------


def test_a_lane_has_so_many_slots_and_the_other_lane_its_own(bench: Bench) -> None:
    held = [bench.admit() for _ in range(20)]
    assert bench.refusal() == Refusal.BULKHEAD
    assert bench.refusal(lane=Lane.BATCH) is None
    bench.done(held[0])
    assert bench.refusal() is None


def test_a_slot_of_a_lost_process_comes_back_by_itself(bench: Bench) -> None:
    for _ in range(20):
        bench.admit()
    bench.now += LIMITS.lease
    assert bench.refusal() is None


def test_where_several_ask_a_tenth_of_the_slots_stays_free_for_the_next(bench: Bench) -> None:
    bench.call()
    assert isinstance(bench.admit(ELSEWHERE), Grant)
    granted = [answer for answer in (bench.admit() for _ in range(40)) if isinstance(answer, Grant)]
    assert len(granted) == 17
    assert bench.refusal(ELSEWHERE) is None


def test_one_who_holds_all_slots_gets_no_new_one_while_another_waits(bench: Bench) -> None:
    held = [bench.admit() for _ in range(20)]
    assert bench.refusal(ELSEWHERE) == Refusal.BULKHEAD
    bench.done(held.pop())
    assert bench.refusal() == Refusal.BULKHEAD
    assert bench.refusal(ELSEWHERE) is None


def test_two_who_want_all_get_half_each(bench: Bench) -> None:
    held: dict[UUID, list[Grant]] = {ACME: [], ELSEWHERE: []}
    for _ in range(30):
        for organization, grants in held.items():
            answer = bench.admit(organization)
            if isinstance(answer, Grant):
                grants.append(answer)
    assert {len(grants) for grants in held.values()} == {10}


def test_a_payer_of_one_connection_serves_everybody_in_turn(bench: Bench) -> None:
    bench.limits = LIMITS._replace(connections=1)
    first = bench.admit()
    assert bench.refusal(ELSEWHERE) == Refusal.BULKHEAD
    bench.done(first)
    assert bench.refusal(ELSEWHERE) is None


# --- rate and retry budget ---------------------------------------------------------------------------


def test_calls_beyond_the_burst_go_at_the_rate(bench: Bench) -> None:
    bench.limits = LIMITS._replace(rate=4.0)
    granted = 0
    for _ in range(80):
        answer = bench.admit()
        if isinstance(answer, Grant):
            granted += 1
            bench.done(answer)
        bench.now += 0.125
    assert granted == 4 + 39
    bench.now -= 0.125
    assert bench.refusal() == Refusal.RATE


def test_retries_are_a_tenth_of_the_first_calls_and_a_few(bench: Bench) -> None:
    bench.call(times=100)
    answers = [bench.admit(is_retry=True) for _ in range(20)]
    assert sum(isinstance(answer, Grant) for answer in answers) == 12
    assert answers[-1] == Refused(Refusal.RETRY_BUDGET, 5.0)
    bench.now += 60
    assert bench.refusal(is_retry=True) is None


def test_a_retry_that_may_not_go_keeps_nobody_else_from_going(bench: Bench) -> None:
    for _ in range(2):
        bench.done(bench.admit(is_retry=True))
    assert bench.refusal(is_retry=True) == Refusal.RETRY_BUDGET
    assert bench.refusal() is None


# --- what is told, and what is kept -------------------------------------------------------------------


def test_a_move_is_told_with_the_figures_that_made_it(bench: Bench) -> None:
    bench.call(times=2)
    bench.call(Verdict.FAILED, seconds=8.0, times=5)
    (change,) = [each for each in bench.book.changes() if each.payer_id == bench.payer_id]
    assert (change.calls, change.failures, change.slow) == (7, 5, 5)
    bench.book.forget([change])
    assert bench.moves() == []


def test_keys_in_redis_name_the_payer_and_nobody_else(shared: SharedBook) -> None:
    bench = Bench(shared)
    bench.call()
    bench.fail(5)
    client = redis.Redis.from_url(settings.REDIS_URL)
    keys = [key.decode() for key in client.scan_iter(f"admission:*{bench.payer_id}*")]
    assert keys
    assert not [key for key in keys if str(ACME) in key]
    assert all(client.ttl(key) > 0 for key in keys)


# --- the twins are alike ------------------------------------------------------------------------------

STEP = st.one_of(
    st.tuples(st.just("admit"), st.sampled_from([ACME, ELSEWHERE]), st.sampled_from(Lane), st.booleans()),
    st.tuples(
        st.just("done"),
        st.integers(0, 9),
        st.sampled_from(Verdict),
        st.sampled_from([1.0, 7.0]),
    ),
    st.tuples(st.just("tell"), st.sampled_from(Verdict), st.booleans()),
    st.tuples(st.just("wait"), st.sampled_from([0.125, 1.0, 4.0, 20.0])),
)
SMALL = LIMITS._replace(
    failures_in_a_row=3, minimum_calls=4, open_time=4.0, connections=4, rate=2.0, window=10.0, lease=8.0
)


@hypothesis_settings(max_examples=150, deadline=None)
@given(steps=st.lists(STEP, max_size=80))
def test_the_shared_book_and_its_twin_say_the_same(steps: list[tuple]) -> None:
    payer_id, twins = uuid4(), (LocalBook(), SharedBook(settings.REDIS_URL, process="one"))
    benches = [Bench(book, SMALL, payer_id) for book in twins]
    held: list[list[Grant]] = []
    for deed, *what in steps:
        if deed == "wait":
            for bench in benches:
                bench.now += what[0]
        elif deed == "tell":
            for bench in benches:
                bench.tell(what[0], is_retry=what[1])
        elif deed == "admit":
            organization, lane, is_retry = what
            one, other = (bench.admit(organization, lane=lane, is_retry=is_retry) for bench in benches)
            assert _told(one) == _told(other)
            if isinstance(one, Grant) and isinstance(other, Grant):
                held.append([one, other])
        elif held:
            index, verdict, seconds = what
            for bench, grant in zip(benches, held.pop(index % len(held)), strict=True):
                bench.done(grant, verdict, seconds)
    assert benches[0].moves() == benches[1].moves()
    twins[1].forget([change for change in twins[1].changes() if change.payer_id == payer_id])


def _told(answer: Grant | Refused) -> tuple[str, float]:
    if isinstance(answer, Refused):
        return answer.code, round(answer.retry_in, 6)
    return "granted", answer.era
