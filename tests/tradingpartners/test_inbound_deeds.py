"""What people decide about files and answers that were not applied."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from practice.models import Level
from practice.rows import uuid7
from practice.tenancy import tenant
from tests import payers
from tests.factories import PartnerFactory, make_member, make_organization
from tests.gateway import pass_the_sla
from tests.tradingpartners.conftest import FileAcme, SftpServer
from tests.tradingpartners.inbox import Inbox, acknowledgement
from tests.tradingpartners.test_file_faults import STRANGER, cut, without_number
from tradingpartners.models import InboundDelivery, Interchange, Transaction, TransportLog
from tradingpartners.services import inbound, payloads
from tradingpartners.services.inbound import InboundError, Refusal, deliveries, explaining
from tradingpartners.services.inbound import sets as reading

pytestmark = pytest.mark.django_db


@pytest.fixture
def inbox(acme: FileAcme, sftp: SftpServer) -> Inbox:
    return Inbox(acme, sftp, visits=2)


def refusal(deed: Callable[[], object]) -> Refusal:
    with pytest.raises(InboundError) as raised:
        deed()
    return raised.value.refusal


# --- matching by hand ---------------------------------------------------------------------------


def test_candidates_say_how_they_match(inbox: Inbox) -> None:
    body = without_number(inbox.asked[0])
    inbox.leave(payers.envelope([each.replace("*ALICE*", "*ALLIE*") for each in body]))
    (row,) = inbox.came()
    with inbox.acme.inside():
        likeliest, other = inbound.candidates(row.pk)
    assert (likeliest.attempt_id, other.attempt_id) == (inbox.attempt(0).pk, inbox.attempt(1).pk)
    assert (likeliest.agreeing, likeliest.differing) == (
        ("last_name", "birth_date", "member_id"),
        ("first_name",),
    )
    assert other.differing == ("first_name", "member_id")


def test_an_answer_about_nobody_of_ours_has_no_candidate(inbox: Inbox) -> None:
    body = payers.answer(inbox.asked[0], trace="F" * 32, **STRANGER)
    inbox.leave(payers.envelope(["BHT*0022*11*NOBODY*20261122*0700", *body[1:]]))
    (row,) = inbox.came()
    with inbox.acme.inside():
        assert inbound.candidates(row.pk) == []


def test_matching_by_hand_needs_a_reason_and_leaves_it_in_the_history(inbox: Inbox) -> None:
    inbox.leave(payers.envelope(without_number(inbox.asked[0])))
    (row,) = inbox.came()
    attempt = inbox.attempt(0)
    with inbox.acme.inside():
        assert refusal(lambda: inbound.match_by_hand(row.pk, attempt.pk, reason=" ")) == Refusal.NO_REASON
        inbound.match_by_hand(row.pk, attempt.pk, reason="Confirmed with the payer")
    (row,) = inbox.came()
    assert (row.disposition, row.answers_id, row.subject_id) == ("applied", attempt.pk, attempt.subject_id)
    with inbox.acme.inside():
        (change,) = row.history.filter(disposition="unmatched")
        assert (change.pgh_actor, change.pgh_reason) == (inbox.acme.sam.pk, "Confirmed with the payer")


def test_an_answer_matched_by_hand_reaches_an_attempt_past_its_sla(inbox: Inbox) -> None:
    with inbox.acme.inside():
        Transaction.objects.attempts().update(sent_at=timezone.now() - timedelta(days=2))
    pass_the_sla()
    inbox.leave(payers.envelope(without_number(inbox.asked[0])))
    (row,) = inbox.came()
    with inbox.acme.inside():
        inbound.match_by_hand(row.pk, inbox.attempt(0).pk, reason="It is hers")
    assert inbox.outcome == (1, 0, 1, 0)
    inbox.nothing_is_lost()


def test_what_was_answered_is_not_answered_by_hand(inbox: Inbox) -> None:
    inbox.leave(inbox.answers())
    inbox.leave(payers.envelope(without_number(inbox.asked[0]), number=2), "b.271")
    row = inbox.came()[-1]
    attempt = inbox.attempt(0).pk
    with inbox.acme.inside():
        assert refusal(lambda: inbound.match_by_hand(row.pk, attempt, reason="x")) == Refusal.ALREADY_ANSWERED
        assert refusal(lambda: inbound.match_by_hand(row.pk, uuid7(), reason="x")) == Refusal.NO_SUCH_ATTEMPT


def test_an_attempt_of_another_partner_is_no_match(inbox: Inbox) -> None:
    inbox.leave(payers.envelope(without_number(inbox.asked[0])))
    (row,) = inbox.came()
    with inbox.acme.inside():
        Transaction.objects.attempts().update(partner=PartnerFactory())
        attempt = inbox.attempt(0).pk
        assert inbound.candidates(row.pk) == []
        assert refusal(lambda: inbound.match_by_hand(row.pk, attempt, reason="x")) == Refusal.NO_SUCH_ATTEMPT


def test_a_quarantined_answer_may_be_matched_with_its_attempt(inbox: Inbox) -> None:
    inbox.leave(payers.envelope(payers.answer(inbox.asked[0], **STRANGER)))
    (row,) = inbox.came()
    with inbox.acme.inside():
        (candidate,) = inbound.candidates(row.pk)  # the one whose number it carries
        assert candidate.surely == 0
        inbound.match_by_hand(row.pk, candidate.attempt_id, reason="Adopted: other name, other id")
    assert inbox.outcome == (1, 0, 0, 1)
    assert inbox.came()[0].differences == ["last_name", "birth_date", "member_id"]


def test_what_needs_nobody_is_not_matched_nor_dismissed(inbox: Inbox) -> None:
    inbox.leave(inbox.answers())
    row = inbox.came()[0]
    with inbox.acme.inside():
        for deed in (inbound.candidates, lambda pk: inbound.dismiss(pk, reason="x")):
            assert refusal(lambda deed=deed: deed(row.pk)) == Refusal.NOT_FOR_A_PERSON


def test_another_practice_sees_neither_file_nor_answer(inbox: Inbox) -> None:
    delivery = inbox.leave(payers.envelope(without_number(inbox.asked[0])))
    (row,) = inbox.came()
    with tenant(make_organization("Elsewhere").pk):
        with pytest.raises(Transaction.DoesNotExist):
            inbound.candidates(row.pk)
        with pytest.raises(InboundDelivery.DoesNotExist):
            inbound.reread(delivery.pk, reason="x")


# --- reading again ------------------------------------------------------------------------------


def test_reading_again_tries_the_unmatched_and_leaves_what_had_an_end(inbox: Inbox) -> None:
    """The trace was unknown when the file came: its attempt was not there, as after a restore."""
    second = inbox.attempt(1)
    with inbox.acme.inside():
        Transaction.objects.filter(pk=second.pk).update(direction="in")  # hidden
    delivery = inbox.leave(inbox.answers())
    with inbox.acme.inside():
        Transaction.objects.filter(pk=second.pk).update(direction="out")
        before = Transaction.objects.get(delivery=delivery, position=1).updated_at
    assert [row.disposition for row in inbox.came()] == ["applied", "unmatched"]
    with inbox.acme.inside():
        inbound.reread(delivery.pk, reason="The attempt is back")
    inbox.read_again(delivery)
    assert inbox.dispositions == ["applied", "applied"]
    assert inbox.outcome == (2, 0, 0, 0)
    with inbox.acme.inside():
        delivery.refresh_from_db()
        assert delivery.rereads == 1
        assert Transaction.objects.get(delivery=delivery, position=1).updated_at == before
        assert Interchange.objects.filter(delivery_id=delivery.pk).count() == 1
        log = TransportLog.objects.get(event="reread")
        assert log.created_by_id == inbox.acme.sam.pk
    inbox.nothing_is_lost()


def test_a_better_reader_applies_what_the_older_one_could_not_read(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = reading.read_pieces

    def older(partner: object, pieces: object) -> object:
        for event in whole(partner, pieces):  # type: ignore[arg-type]
            is_second = isinstance(event, reading.ReadSet) and event.control_number == "0002"
            yield event._replace(text="", damage="too_many_elements") if is_second else event

    with monkeypatch.context() as patched:
        patched.setattr(reading, "read_pieces", older)
        delivery = inbox.leave(inbox.answers())
    assert inbox.dispositions == ["applied", "quarantined"]
    with inbox.acme.inside():
        inbound.reread(delivery.pk, reason="The reader was mended")
    inbox.read_again(delivery)
    assert inbox.dispositions == ["applied", "applied"]
    with inbox.acme.inside():
        delivery.refresh_from_db()
        assert inbound.explain(delivery) == []
    inbox.nothing_is_lost()


def test_a_reader_killed_between_two_batches_is_followed_by_one_that_goes_on(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a set that stays unmatched, in the batch that was done, counts as no progress."""
    monkeypatch.setattr(deliveries, "BATCH", 1)
    content = payers.envelope(payers.answer(inbox.asked[0]), without_number(inbox.asked[1]), *[["MSG*A"]] * 2)
    with inbox.acme.inside():
        payload, _ = payloads.keep_once(inbox.acme.partner, content)
        delivery = InboundDelivery.objects.create(partner=inbox.acme.partner, payload=payload, file_name="a")
    apply_sets = deliveries.apply_sets

    def killed(sets: list[reading.Set], *rest: object, **named: object) -> object:
        if sets and sets[0].position == 3:
            raise MemoryError
        return apply_sets(sets, *rest, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(deliveries, "apply_sets", killed)
        for _ in range(3):
            with pytest.raises(MemoryError):
                inbox.read_again(delivery)
            with inbox.acme.inside():
                InboundDelivery.objects.update(reader_until=None)  # its lease has ended
    assert inbox.outcome == (1, 0, 0, 1)
    inbox.read_again(delivery)  # poison by now: the next is not killed
    with inbox.acme.inside():
        delivery.refresh_from_db()
        assert (delivery.error, delivery.read_at is not None) == ("poison", True)
        assert Interchange.objects.filter(direction="in").count() == 1
        inbound.reread(delivery.pk, reason="The reader was mended")
    inbox.read_again(delivery)
    with inbox.acme.inside():
        delivery.refresh_from_db()
        assert delivery.error == ""
    assert len(inbox.came()) == 4


def test_a_file_that_nobody_has_read_yet_is_not_read_again(inbox: Inbox) -> None:
    with inbox.acme.inside():
        payload, _ = payloads.keep_once(inbox.acme.partner, b"ISA")
        delivery = InboundDelivery.objects.create(partner=inbox.acme.partner, payload=payload)
        assert refusal(lambda: inbound.reread(delivery.pk, reason="x")) == Refusal.NOT_READ_YET


def test_a_damaged_file_is_settled_once_a_person_has_seen_it(inbox: Inbox) -> None:
    delivery = inbox.leave(cut(inbox))
    assert "unreadable_file" in inbox.alerts
    with inbox.acme.inside():
        inbound.settle_delivery(delivery.pk, reason="They know")
    assert "unreadable_file" not in inbox.alerts
    with inbox.acme.inside():
        assert refusal(lambda: inbound.release_delivery(delivery.pk, reason="x")) == Refusal.NOT_HELD


def test_an_interchange_with_a_used_number_can_be_dropped(inbox: Inbox) -> None:
    first, second = inbox.asked
    inbox.leave(payers.envelope(payers.answer(first)))
    delivery = inbox.leave(payers.envelope(payers.answer(second, "EB*6**30")), "b.271")
    with inbox.acme.inside():
        interchange = Interchange.objects.get(delivery_id=delivery.pk)
        inbound.drop_interchange(interchange.pk, reason="A test file of theirs")
        assert refusal(lambda: inbound.accept_interchange(interchange.pk, reason="x")) == Refusal.NOT_HELD
    assert inbox.dispositions == ["applied", "quarantined"]
    assert inbox.outcome == (1, 0, 0, 1)
    inbox.nothing_is_lost()


# --- what else comes ----------------------------------------------------------------------------


def test_a_foreign_set_is_kept_and_no_answer(inbox: Inbox) -> None:
    content = inbox.answers().replace(b"ST*271*0001*005010X279A1", b"ST*835*0001*005010X221A1")
    inbox.leave(content)
    assert [(row.disposition, row.error) for row in inbox.came()] == [
        ("quarantined", "foreign_set"),
        ("applied", ""),
    ]
    inbox.nothing_is_lost()


def test_an_acknowledgement_of_a_file_we_never_sent_is_kept_and_remarked(inbox: Inbox) -> None:
    inbox.isa13 = "000004711"
    inbox.leave(acknowledgement(inbox, summary="AK9*R*2*2*0"), "a.999")
    assert [row.error for row in inbox.came()] == ["unknown_interchange"]
    assert inbox.outcome == (0, 0, 0, 2)


def test_an_acknowledgement_is_of_the_round_of_numbers_that_was_sent(inbox: Inbox) -> None:
    with inbox.acme.inside():
        mine = Interchange.objects.get()
        Interchange.objects.create(
            partner=mine.partner, direction="out", state="composed", epoch=2,
            control_number=mine.control_number,
        )  # fmt: skip
    inbox.leave(acknowledgement(inbox, summary="AK9*A*2*2*2"), "a.999")
    with inbox.acme.inside():
        mine.refresh_from_db()
        assert (mine.acknowledgement, mine.acknowledged_at is not None) == ("999 A", True)


def test_interchanges_that_came_are_rows_and_their_sets_point_to_them(inbox: Inbox) -> None:
    first, second = inbox.asked
    content = payers.envelope(payers.answer(first)) + payers.envelope(payers.answer(second), number=2)
    delivery = inbox.leave(content)
    with inbox.acme.inside():
        rows = list(Interchange.objects.filter(direction="in").order_by("pk"))
        assert [(row.control_number, row.sender_id, row.transaction_set) for row in rows] == [
            (1, "EXAMPLE", "271"),
            (2, "EXAMPLE", "271"),
        ]
        assert [content[row.span_start : row.span_end][:3] for row in rows] == [b"ISA", b"ISA"]
        assert rows[-1].span_end == len(content)
        assert {row.delivery_id for row in rows} == {delivery.pk}
        assert [row.interchange_id for row in inbox.came()] == [row.pk for row in rows]


def test_fault_47_a_large_file_is_read_in_pieces(inbox: Inbox) -> None:
    """Twenty-four megabytes, of which most is blank lines behind the sets."""
    with inbox.acme.inside():
        payload, _ = payloads.keep_once(inbox.acme.partner, inbox.answers() + b"\n" * 24_000_000)
        delivery = InboundDelivery.objects.create(
            partner=inbox.acme.partner, payload=payload, file_name="large.271"
        )
    tracemalloc.start()
    inbox.read_again(delivery)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert inbox.outcome == (2, 0, 0, 0)
    assert peak < 16_000_000


def test_why_a_person_decided_is_told_with_the_delivery_and_survives_another_reading(inbox: Inbox) -> None:
    delivery = inbox.leave(inbox.answers()[:-20])
    wrong = inbound.explain(delivery)
    user = make_member(inbox.acme.organization, Level.FRONT_DESK, "Mona")
    with tenant(inbox.acme.organization.pk, actor=user.pk):
        inbound.reread(delivery.pk, reason="They say it is whole")
    inbox.read_again(delivery)
    with tenant(inbox.acme.organization.pk, actor=user.pk):
        inbound.settle_delivery(delivery.pk, reason="A new one is on its way")
        delivery.refresh_from_db()
    said = [(each.deed, each.by, each.reason) for each in inbound.decisions(delivery)]
    assert said == [
        ("reread", user.pk, "They say it is whole"),
        ("settle", user.pk, "A new one is on its way"),
    ]
    assert inbound.explain(delivery) == wrong != []


def test_a_reader_that_finds_something_new_keeps_what_was_decided(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decided while it was read: the reader has the row as it was before."""
    delivery = inbox.leave(inbox.answers())
    with inbox.acme.inside():
        stale = InboundDelivery.objects.get(pk=delivery.pk)
        inbound.settle_delivery(delivery.pk, reason="Seen")
        explaining.note(reading.Reading(stale, error="poison"), [])
        delivery.refresh_from_db()
    assert [each.reason for each in inbound.decisions(delivery)] == ["Seen"]
    assert [each.code for each in inbound.explain(delivery)] == ["poison"]
