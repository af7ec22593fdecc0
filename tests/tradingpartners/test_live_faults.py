"""What a payer may do to a question asked in real time: each fault, and that nothing is lost by it."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from itertools import count
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from coverage.models import Coverage
from eligibility.models import EligibilityCheck, ExceptionCase
from eligibility.services import check_again
from practice.models import Alert, EligibilityStatus, Level
from practice.tenancy import tenant
from sweeps.models import SweepRun
from sweeps.services import cancel_run
from tests import payers
from tests.factories import (
    FacilityFactory,
    PartnerFactory,
    PayerFactory,
    PlanFactory,
    RouteFactory,
    make_member,
    make_organization,
)
from tests.gateway import bring_forward, end_open_times, work_until_quiet
from tests.gateway import work as send_due
from tests.invariants import check_invariants
from tests.payers import Question, ScriptedPayer, Takeover, scripted_payer
from tests.sweeps.conftest import Acme
from tests.tradingpartners.tls import Authority, TlsServer, tls_server
from tradingpartners.admission import values
from tradingpartners.admission.local import LocalBook
from tradingpartners.admission.shared import SharedBook
from tradingpartners.admission.values import Book
from tradingpartners.models import BreakerChange, Dispatch, InboundDelivery, Lane, Transaction, TransportLog
from tradingpartners.services import claiming, sending

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme(db: None, payer_server: ScriptedPayer) -> Iterator[Acme]:
    """G1 to G9 hold after every fault."""
    acme = Acme(payer_server)
    set_payer(acme, resend_gap=timedelta(seconds=90))
    yield acme
    check_invariants(acme.organization.pk, asked=payer_server.questions)


@pytest.fixture
def over() -> Iterator[threading.Event]:
    """Set when the test is over: what a hanging payer waits for."""
    event = threading.Event()
    yield event
    event.set()


def set_payer(acme: Acme, **fields: object) -> None:
    for name, value in fields.items():
        setattr(acme.payer, name, value)
    acme.payer.save()


def attempts(acme: Acme) -> list[tuple[str, str]]:
    with acme.inside():
        rows = Transaction.objects.attempts().order_by("pk")
        return list(rows.values_list("state", "error"))


def dispositions(acme: Acme) -> list[str]:
    with acme.inside():
        rows = Transaction.objects.filter(direction="in").order_by("pk")
        return list(rows.values_list("disposition", flat=True))


def breaker(acme: Acme) -> list[tuple[str, int, int, int]]:
    changes = BreakerChange.objects.filter(payer=acme.payer).order_by("at", "pk")
    return list(changes.values_list("state", "calls", "failures", "slow"))


def open_cases(acme: Acme) -> list[str]:
    with acme.inside():
        return list(ExceptionCase.objects.open().values_list("cause", flat=True))


def outcome(acme: Acme, run: SweepRun) -> tuple[int, int, int]:
    counts = acme.read(run)
    return counts.active, counts.inactive, counts.failed


def work() -> None:
    """Whatever waits is due now; what that leads to is not."""
    bring_forward()
    send_due()


def ask_one(acme: Acme) -> SweepRun:
    acme.visit()
    run = acme.sweep()
    work()
    return run


# --- it takes too long ------------------------------------------------------------------------------


def hang(over: threading.Event) -> Takeover:
    def talk(handler: BaseHTTPRequestHandler) -> None:
        over.wait(11)

    return talk


def drip(over: threading.Event) -> Takeover:
    def talk(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
        while not over.wait(0.1):
            handler.wfile.write(b"I")
            handler.wfile.flush()

    return talk


def test_fault_30_slow_11_s(acme: Acme, payer_server: ScriptedPayer, over: threading.Event) -> None:
    is_cut_off(acme, payer_server, hang(over))


def test_fault_31_drip_feed(acme: Acme, payer_server: ScriptedPayer, over: threading.Event) -> None:
    is_cut_off(acme, payer_server, drip(over))


def is_cut_off(acme: Acme, payer_server: ScriptedPayer, talk: Takeover) -> None:
    """At the total deadline, unknown, counted slow; what comes later is not waited for."""
    set_payer(acme, timeout=timedelta(seconds=0.5), breaker_failures=1)
    payer_server.script = lambda question: talk
    run = ask_one(acme)
    assert attempts(acme) == [("unknown", "timeout"), ("prepared", "")]
    assert breaker(acme) == [("open", 1, 1, 1)]
    with acme.inside():
        assert 400 < TransportLog.objects.get(event="ask").duration_ms < 1500
    payer_server.script = payers.active
    end_open_times()
    work_until_quiet()
    assert outcome(acme, run) == (1, 0, 0)


def test_fault_30_slow_payer_leaves_the_others_alone(
    acme: Acme, payer_server: ScriptedPayer, over: threading.Event
) -> None:
    set_payer(acme, timeout=timedelta(seconds=0.5), breaker_failures=1)
    payer_server.script = lambda question: hang(over)
    with scripted_payer() as other_server:
        other = PayerFactory(furthest_date="any")
        with acme.inside():
            RouteFactory(payer=other, partner=PartnerFactory(settings={"url": other_server.url}))
        acme.visit()
        acme.plan = in_plan_of(acme, other)
        for _ in range(3):
            acme.visit()
        run = acme.sweep()
        work()
        assert outcome(acme, run) == (3, 0, 0)
        assert not BreakerChange.objects.filter(payer=other).exists()
        payer_server.script = payers.active
        end_open_times()
        work_until_quiet()
        assert outcome(acme, run) == (4, 0, 0)
        payer_server.questions += other_server.questions


def in_plan_of(acme: Acme, payer: object) -> object:
    with acme.inside():
        return PlanFactory(payer=payer)


# --- it turns us away, or breaks ---------------------------------------------------------------------


def turned_away(status: int, *headers: str) -> Takeover:
    def talk(handler: BaseHTTPRequestHandler) -> None:
        head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status} No", *headers, "Content-Length: 0"))
        handler.wfile.write(head.encode() + b"\r\n")

    return talk


@pytest.mark.parametrize(("status", "is_payers_fault"), [(503, True), (429, False)])
def test_fault_32_busy_payer_says_when(
    acme: Acme, payer_server: ScriptedPayer, status: int, is_payers_fault: bool
) -> None:
    """Retry-After is kept; a clearinghouse's own limit opens nobody's breaker."""
    set_payer(acme, breaker_failures=1)
    payer_server.script = lambda question: turned_away(status, "Retry-After: 600")
    run = ask_one(acme)
    assert attempts(acme) == [("failed", f"http_{status}"), ("prepared", "")]
    with acme.inside():
        waiting = Dispatch.objects.get(state="ready").due_at - timezone.now()
    assert timedelta(seconds=590) < waiting <= timedelta(seconds=600)
    assert [state for state, *_ in breaker(acme)] == (["open"] if is_payers_fault else [])
    payer_server.script = payers.active
    end_open_times()
    work_until_quiet()
    assert outcome(acme, run) == (1, 0, 0)


def test_fault_32_500_is_asked_no_more_often_than_the_payer_allows(
    acme: Acme, payer_server: ScriptedPayer
) -> None:
    payer_server.script = lambda question: turned_away(500)
    run = ask_one(acme)
    work_until_quiet()
    assert len(payer_server.questions) == acme.payer.retries + 1
    assert outcome(acme, run) == (0, 0, 1)


def test_fault_32_retries_over_the_budget_wait_and_are_not_lost(
    acme: Acme, payer_server: ScriptedPayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_payer(acme, breaker_failures=100, breaker_minimum_calls=100)
    monkeypatch.setattr(values, "RETRY_FLOOR", 2)
    payer_server.script = lambda question: turned_away(500)
    for _ in range(6):
        acme.visit()
    run = acme.sweep()
    work()
    payer_server.script = payers.active
    work()
    assert len(payer_server.questions) == 6 + 3
    with acme.inside():
        waiting = Dispatch.objects.filter(state="ready")
        assert list(waiting.values_list("waits_for", flat=True)) == ["retry_budget"] * 3
    monkeypatch.undo()
    work_until_quiet()
    assert outcome(acme, run) == (6, 0, 0)


NO_ANSWERS = {
    "html": (b"<html><body>We will be right back.</body></html>", "not_x12"),
    "garbage": (bytes(range(256)) * 4, "nul_character"),
    "empty": (b"", ""),
}


@pytest.mark.parametrize(("body", "code"), NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_fault_33_no_answer_with_200(acme: Acme, payer_server: ScriptedPayer, body: bytes, code: str) -> None:
    """Kept as it came, put aside, counted against the payer, and asked once more."""
    set_payer(acme, breaker_failures=1)
    payer_server.script = lambda question: (200, body)
    run = ask_one(acme)
    (state, error), successor = attempts(acme)
    assert (state, successor) == ("unknown", ("prepared", ""))
    assert error == (f"unreadable:{code}" if code else "no_answer")
    with acme.inside():
        delivery = InboundDelivery.objects.select_related("payload").get()
        assert (delivery.payload.size, delivery.error) == (len(body), code)
    assert breaker(acme) == [("open", 1, 1, 0)]
    payer_server.script = payers.active
    end_open_times()
    work_until_quiet()
    assert outcome(acme, run) == (1, 0, 0)


def test_fault_34_half_a_response(acme: Acme, payer_server: ScriptedPayer) -> None:
    """Content-Length lies: the payer has read the question, and nobody knows what it said."""

    def script(question: Question) -> Takeover:
        def talk(handler: BaseHTTPRequestHandler) -> None:
            body = payers.active(question)[1]
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
            handler.wfile.write(body[: len(body) // 2])

        return talk

    payer_server.script = script
    run = ask_one(acme)
    assert attempts(acme) == [("unknown", "connection_lost"), ("prepared", "")]
    with acme.inside():
        assert not InboundDelivery.objects.exists()
    payer_server.script = payers.active
    work_until_quiet()
    assert outcome(acme, run) == (1, 0, 0)
    assert len({question.trace for question in payer_server.questions}) == 2


# --- it is not whom it says it is ------------------------------------------------------------------------

TLS_FAULTS = {
    "expired": {"until": timedelta(days=-1)},
    "wrong_host": {"host": "payer.example"},
    "self_signed": {"is_self_signed": True},
    "tls_1_0": {"is_old": True},
}


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Authority:
    """Trusted by the partner's settings, and by whatever looks at the bundle of `requests`."""
    authority = Authority()
    bundle = tmp_path / "authorities.pem"
    bundle.write_text(authority.pem)
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(bundle))
    return authority


def speak_tls(acme: Acme, server: TlsServer, authority: Authority) -> None:
    with acme.inside():
        acme.partner.settings = {"url": server.url, "ca_certificates": authority.pem}
        acme.partner.save()


def read_and_answer(body: bytes) -> bytes:
    return payers.active(Question(body))[1]


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1 is deprecated")
@pytest.mark.parametrize("fault", TLS_FAULTS)
def test_fault_35_tls(acme: Acme, authority: Authority, tmp_path: Path, fault: str) -> None:
    """No byte of a question reaches a server that cannot prove who it is, or speaks too old a TLS."""
    flaws = dict(TLS_FAULTS[fault])
    is_old = bool(flaws.pop("is_old", False))
    certificate = authority.certify(**{"host": "127.0.0.1", **flaws})
    with tls_server(tmp_path, *certificate, read_and_answer, is_old=is_old) as server:
        assert server.talks_to_anybody() == ("TLSv1" if is_old else "TLSv1.3")
        speak_tls(acme, server, authority)
        run = ask_one(acme)
        assert attempts(acme)[0] == ("failed", "tls")
        work_until_quiet()
        assert server.connections >= 2
        assert server.received == b""
    assert outcome(acme, run) == (0, 0, 1)
    with acme.inside():
        alert = Alert.objects.get(kind="connection_trouble")
    assert (alert.facts["code"], alert.subject_id) == ("tls", acme.partner.pk)
    assert breaker(acme) == []


def test_fault_35_a_server_that_proves_who_it_is_is_asked(
    acme: Acme, authority: Authority, tmp_path: Path
) -> None:
    certificate = authority.certify("127.0.0.1")
    with tls_server(tmp_path, *certificate, read_and_answer) as server:
        speak_tls(acme, server, authority)
        run = ask_one(acme)
        assert outcome(acme, run) == (1, 0, 0)
        assert b"NM1*IL" in server.received


# --- it answers something else ------------------------------------------------------------------------


def test_fault_36_another_members_answer(acme: Acme, payer_server: ScriptedPayer) -> None:
    """Our trace, another person: put aside, and the question stays ours to ask."""
    payer_server.script = lambda question: (
        200,
        payers.envelope(
            payers.answer(question, member_id="OTHER1", birth_date="19400101", last_name="STRANGER")
        ),
    )
    run = ask_one(acme)
    assert dispositions(acme) == ["quarantined"]
    assert attempts(acme) == [("unknown", "answer_about_somebody_else"), ("prepared", "")]
    work_until_quiet()
    assert outcome(acme, run) == (0, 0, 1)
    assert dispositions(acme) == ["quarantined"] * 2
    with acme.inside():
        assert not EligibilityCheck.objects.filter(status__in=["Active", "Inactive"]).exists()


def test_fault_37_duplicate_271(acme: Acme, payer_server: ScriptedPayer) -> None:
    """The second patient is given the first one's answer once more: it changes nothing."""

    def script(question: Question) -> tuple[int, bytes]:
        return payers.active(payer_server.questions[0])

    payer_server.script = script
    with acme.inside():
        before = EligibilityCheck.objects.count()
    acme.visit()
    acme.visit()
    run = acme.sweep()
    work()
    assert dispositions(acme) == ["applied", "duplicate"]
    assert attempts(acme)[1] == ("unknown", "no_answer")
    payer_server.script = payers.active
    work_until_quiet()
    assert outcome(acme, run) == (2, 0, 0)
    with acme.inside():
        assert EligibilityCheck.objects.count() == before + 2


def test_fault_38_unknown_trace(acme: Acme, payer_server: ScriptedPayer) -> None:
    """An answer nobody asked for beside ours: kept for a person to match, and ours is heard."""

    def script(question: Question) -> tuple[int, bytes]:
        stray = payers.answer(question, "EB*6**30", trace="F" * 32, member_id="NOBODY")
        stray[0] = "BHT*0022*11*THEIRS*20261122*070000"
        return 200, payers.envelope(stray, payers.answer(question))

    payer_server.script = script
    run = ask_one(acme)
    work_until_quiet()
    assert sorted(dispositions(acme)) == ["applied", "unmatched"]
    assert outcome(acme, run) == (1, 0, 0)


# --- it answers late ---------------------------------------------------------------------------------


def late_beside(first: Question, *benefits: str) -> Callable[[Question], tuple[int, bytes]]:
    """Answers the question, and in the same breath one that was asked before."""
    return lambda question: (
        200,
        payers.envelope(payers.answer(first, *benefits), payers.answer(question)),
    )


def unanswered_first(acme: Acme, payer_server: ScriptedPayer) -> tuple[SweepRun, Question]:
    """One question went out and its connection broke; another is prepared in its place."""
    payer_server.script = lambda question: None
    run = ask_one(acme)
    return run, payer_server.questions[0]


def test_fault_39_late_after_unknown(acme: Acme, payer_server: ScriptedPayer) -> None:
    """The first attempt's answer comes with the second's: the first to say something has won."""
    run, first = unanswered_first(acme, payer_server)
    payer_server.script = late_beside(first, "EB*6**30")
    work_until_quiet()
    assert attempts(acme) == [("answered", ""), ("superseded", "answered_by_earlier_attempt")]
    assert outcome(acme, run) == (0, 1, 0)
    assert dispositions(acme)[0] == "applied"


def test_fault_39_late_after_a_newer_attempt_has_won(acme: Acme, payer_server: ScriptedPayer) -> None:
    run, first = unanswered_first(acme, payer_server)
    payer_server.script = payers.active
    work_until_quiet()
    payer_server.script = late_beside(first, "EB*6**30")
    acme.visit()
    acme.sweep()
    work_until_quiet()
    assert outcome(acme, run) == (1, 0, 0)
    assert dispositions(acme).count("late") == 1
    assert attempts(acme)[0] == ("unknown", "connection_lost")


def test_fault_39_late_after_cancel(acme: Acme, payer_server: ScriptedPayer) -> None:
    """Cancelled between two attempts: what the first one asked is still answered."""
    run, first = unanswered_first(acme, payer_server)
    with acme.inside():
        cancel_run(SweepRun.objects.get(pk=run.pk))
    assert outcome(acme, run) == (0, 0, 1)
    payer_server.script = late_beside(first)
    acme.visit(days=2)
    acme.sweep()
    work_until_quiet()
    assert outcome(acme, run) == (1, 0, 0)
    assert acme.read(run).state == "cancelled"


def test_fault_40_answer_older_than_the_stored_one(acme: Acme, payer_server: ScriptedPayer) -> None:
    """A question of this morning is answered after one of noon: noon's is what is shown."""
    visit = acme.visit()
    payer_server.script = lambda question: None
    set_payer(acme, retries=0)
    acme.sweep()
    work_until_quiet()
    (first,) = payer_server.questions
    payer_server.script = payers.active
    acme.sweep()
    work_until_quiet()
    payer_server.script = late_beside(first, "EB*6**30")
    acme.visit(days=2)
    acme.sweep(days=2)
    work_until_quiet()
    with acme.inside():
        visit.refresh_from_db()
        older, newer = EligibilityCheck.objects.filter(patient=visit.patient_id).order_by("pk")
        coverage = newer.coverage
    assert (older.status, newer.status) == ("Inactive", "Active")  # the history has both
    assert (visit.eligibility_status, visit.eligibility_check) == (EligibilityStatus.ACTIVE, newer.pk)
    assert coverage.payer_active is True
    assert open_cases(acme) == []


# --- it rejects ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["72", "75"])
def test_fault_41_final_rejection_is_asked_once(acme: Acme, payer_server: ScriptedPayer, code: str) -> None:
    payer_server.script = lambda question: (200, payers.envelope(payers.rejection(question, code)))
    run = ask_one(acme)
    work_until_quiet()
    assert attempts(acme) == [("rejected", f"AAA {code}")]
    assert acme.read(run).aaa_rejected == 1
    assert breaker(acme) == []


@pytest.mark.parametrize("code", ["42", "80"])
def test_fault_41_try_later_is_tried_later_and_counts_against_the_payer(
    acme: Acme, payer_server: ScriptedPayer, code: str
) -> None:
    set_payer(acme, breaker_failures=1)
    payer_server.script = lambda question: (
        200,
        payers.envelope(payers.rejection(question, code, follow_up="R")),
    )
    run = ask_one(acme)
    assert attempts(acme) == [("rejected", f"AAA {code}"), ("prepared", "")]
    assert breaker(acme) == [("open", 1, 1, 0)]
    payer_server.script = payers.active
    end_open_times()
    work_until_quiet()
    assert outcome(acme, run) == (1, 0, 0)


# --- nobody is there -------------------------------------------------------------------------------------


def test_fault_42_both_clearinghouses_are_down(acme: Acme, payer_server: ScriptedPayer) -> None:
    """The desk keeps the last answer and its age, and no page breaks."""
    visit = acme.visit()
    acme.sweep()
    work_until_quiet()
    with acme.inside():
        EligibilityCheck.objects.update(response_received=timezone.now() - timedelta(days=2))
        acme.partner.settings = {"url": "http://127.0.0.1:9/x12"}
        acme.partner.save()
        RouteFactory(payer=acme.payer, partner=PartnerFactory(settings=acme.partner.settings), preference=2)
    run = acme.sweep()
    work_until_quiet()
    assert outcome(acme, run) == (0, 0, 1)
    assert len(payer_server.questions) == 1
    client = Client()
    client.force_login(acme.sam)
    page = client.get(f"/patients/{visit.patient_id}/")
    assert page.status_code == 200
    assert "Ready" in page.content.decode() and "2 days ago" in page.content.decode()
    assert client.get("/").status_code == 200


# --- many at once ----------------------------------------------------------------------------------------


class Crowd:
    """Callers of one payer on a clock of their own: each asks for a slot until it has one, calls for
    a second, and is done. Whoever is refused comes back when it was told to."""

    def __init__(self, book: Book) -> None:
        self.book, self.payer_id = book, uuid4()
        self.limits = values.Limits.of(PayerFactory.build(), Lane.LIVE)._replace(rate=1e9)
        self.events: list[tuple[float, int, Callable[[float], None]]] = []
        self.order = count()

    def at(self, moment: float, deed: Callable[[float], None]) -> None:
        heapq.heappush(self.events, (moment, next(self.order), deed))

    def arrive(self, organization_id: UUID, at: float) -> list[float]:
        """When the caller has its answer, once it has."""
        answered: list[float] = []
        ask = values.Ask(self.payer_id, Lane.LIVE, organization_id, uuid4().hex)

        def try_to(now: float) -> None:
            said = self.book.admit(ask, self.limits, now=now)
            if isinstance(said, values.Refused):
                self.at(now + said.retry_in, try_to)
            else:
                self.at(now + 1.0, lambda then: end(said, then))

        def end(grant: values.Grant, now: float) -> None:
            self.book.done(grant, self.limits, values.Verdict.GOOD, 1.0, now=now)
            answered.append(now)

        self.at(at, try_to)
        return answered

    def run(self) -> None:
        while self.events:
            moment, _, deed = heapq.heappop(self.events)
            deed(moment)


@pytest.mark.parametrize("kind", ["local", "shared"])
def test_fault_44_fair_share(kind: str) -> None:
    """200 of one practice at a payer, and one question of another: it takes no longer than alone,
    plus the moment until a slot is given back."""
    crowd = Crowd(LocalBook() if kind == "local" else SharedBook(settings.REDIS_URL, process="one"))
    start = 1_800_000_000.0
    many = [crowd.arrive(UUID(int=1), start) for _ in range(200)]
    few = {at: crowd.arrive(UUID(int=2), at) for at in (start + 0.37 * step for step in range(1, 25))}
    crowd.run()
    waits = sorted(answered[0] - at for at, answered in few.items())
    assert waits[int(0.95 * len(waits))] <= 2 * 1.0
    assert all(answered for answered in many)
    # and the other practice's crowd is not kept from slots nobody else wants
    assert max(answered[0] for answered in many) - start <= 200 / 18 * 1.0 + 3


def test_fault_44_a_practice_of_one_question_is_answered_beside_one_of_many(
    acme: Acme, payer_server: ScriptedPayer
) -> None:
    other = Acme.__new__(Acme)
    other.__dict__ |= vars(acme)
    other.organization = make_organization("Elsewhere Clinic")
    other.sam = make_member(other.organization, Level.PRACTICE_MANAGER, "mallory")
    with other.inside():
        other.facility = FacilityFactory()
        other.partner = PartnerFactory(settings={"url": payer_server.url})
        other.plan = PlanFactory(payer=acme.payer)
        RouteFactory(payer=acme.payer, partner=other.partner)
    for _ in range(60):
        acme.visit()
    other.visit()
    many, one = acme.sweep(), other.sweep()
    bring_forward()
    first, second = (claiming.claim_next(f"payer.{acme.payer.pk}") for _ in range(2))
    assert first and second
    assert {first.organization_id, second.organization_id} == {
        acme.organization.pk,
        other.organization.pk,
    }
    for claim in (first, second):
        sending.send(claim)
    assert outcome(other, one) == (1, 0, 0)
    work_until_quiet()
    assert outcome(acme, many) == (60, 0, 0)
    theirs = [q for q in payer_server.questions if q.trace in traces(other)]
    check_invariants(other.organization.pk, asked=theirs, roster=1)
    payer_server.questions = [q for q in payer_server.questions if q not in theirs]


def traces(acme: Acme) -> set[str]:
    with acme.inside():
        return {row.trace_number for row in Transaction.objects.attempts()}


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_fault_45_thundering_refresh(payer_server: ScriptedPayer) -> None:
    """Fifty people ask about one coverage at the same moment: it is asked once."""
    acme = Acme(payer_server)
    visit = acme.visit()
    with acme.inside():
        coverage = Coverage.objects.get(patient=visit.patient_id)

    def ask(_: int) -> UUID | None:
        try:
            with tenant(acme.organization.pk):
                check = check_again(coverage, service_date=visit.service_date, now=timezone.now())
                return check.pk if check else None
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        asked = set(pool.map(ask, range(50)))
    work_until_quiet()
    assert len(asked) == 1 and None not in asked
    assert len(payer_server.questions) == 1
    check_invariants(acme.organization.pk, asked=payer_server.questions)


# --- the breaker holds questions back -------------------------------------------------------------------


def test_what_waits_for_a_cut_off_payer_stays_prepared_and_goes_when_it_is_back(
    acme: Acme, payer_server: ScriptedPayer
) -> None:
    set_payer(acme, breaker_failures=3, retries=3)
    payer_server.script = lambda question: (200, b"")
    for _ in range(45):
        acme.visit()
    run = acme.sweep()
    work()
    assert len(payer_server.questions) == 3
    with acme.inside():
        waiting = Dispatch.objects.filter(state="ready", waits_for="breaker")
        assert waiting.count() >= 3
        assert min(unit.due_at for unit in waiting) > timezone.now() + timedelta(seconds=20)
        assert Transaction.objects.prepared().count() == 45
    payer_server.script = payers.active
    end_open_times()
    work_until_quiet()
    assert outcome(acme, run) == (45, 0, 0)


def test_what_has_waited_for_a_cut_off_payer_as_long_as_an_answer_may_take_ends(
    acme: Acme, payer_server: ScriptedPayer
) -> None:
    set_payer(acme, breaker_failures=1, retries=0)
    payer_server.script = lambda question: (200, b"")
    acme.visit()
    acme.visit()
    run = acme.sweep()
    work()
    assert [state for state, _ in attempts(acme)] == ["unknown", "prepared"]
    with acme.inside():
        acme.partner.response_sla = timedelta(0)
        acme.partner.save()
    work_until_quiet()
    assert attempts(acme)[1] == ("never_sent", "payer_unavailable")
    assert outcome(acme, run) == (0, 0, 2)
