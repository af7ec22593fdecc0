"""Files as partners spoil them (faults 36-41 and 46-60): what is expected, and that nothing is lost."""

from __future__ import annotations

import gzip
import io
import resource
import time
import zipfile
from datetime import timedelta

import pytest
from django.utils import timezone

from eligibility.models import BenefitDetail, EligibilityCheck
from practice.tenancy import tenant
from sweeps.services import cancel_run
from tests import payers
from tests.gateway import pass_the_sla
from tests.tradingpartners.conftest import FileAcme, SftpServer
from tests.tradingpartners.inbox import Inbox, acknowledgement, ta1
from tests.tradingpartners.test_files import look, questions, send
from tradingpartners.models import InboundDelivery, Interchange, Transaction
from tradingpartners.services import inbound

pytestmark = pytest.mark.django_db

STRANGER = {"last_name": "MALLORY", "member_id": "X1", "birth_date": "19700101"}


@pytest.fixture
def inbox(acme: FileAcme, sftp: SftpServer) -> Inbox:
    return Inbox(acme, sftp, visits=2)


# --- 36-41: whose answer it is ------------------------------------------------------------------


def test_fault_36_another_members_answer(inbox: Inbox) -> None:
    first, second = inbox.asked
    inbox.leave(payers.envelope(payers.answer(first), payers.answer(second, **STRANGER)))
    assert inbox.outcome == (1, 0, 0, 1)
    assert inbox.dispositions == ["applied", "quarantined"]
    incident = inbox.alerts["privacy_incident"]
    assert incident["file_name"] == "a.271"
    assert "MALLORY" not in str(incident)
    inbox.leave(payers.envelope(payers.answer(second), number=2), "b.271")
    assert inbox.outcome == (2, 0, 0, 0)
    inbox.nothing_is_lost()


def test_fault_37_duplicate_answer(inbox: Inbox) -> None:
    inbox.leave(inbox.answers())
    with inbox.acme.inside():
        before = list(BenefitDetail.objects.order_by("pk").values_list("pk", flat=True))
    inbox.leave(inbox.answers(number=2, benefit="EB*6**30"), "b.271")
    assert inbox.outcome == (2, 0, 0, 0)
    assert inbox.dispositions == ["applied", "applied", "duplicate", "duplicate"]
    with inbox.acme.inside():
        assert list(BenefitDetail.objects.order_by("pk").values_list("pk", flat=True)) == before
    inbox.nothing_is_lost()


def without_number(question: payers.Question) -> list[str]:
    body = payers.answer(question, trace="F" * 32)
    return ["BHT*0022*11*NOBODY*20261122*0700", *body[1:]]


def test_fault_38_unknown_trace(inbox: Inbox) -> None:
    inbox.leave(payers.envelope(*(without_number(q) for q in inbox.asked)))
    assert inbox.outcome == (0, 0, 0, 2)
    assert inbox.dispositions == ["unmatched", "unmatched"]
    assert inbox.alerts["unmatched_answers"]["count"] == 2
    first, second = inbox.came()
    with inbox.acme.inside():
        (likeliest, *_) = inbound.candidates(first.pk)
        assert likeliest.attempt_id == inbox.attempt(0).pk
        inbound.match_by_hand(first.pk, likeliest.attempt_id, reason="Payer confirmed by telephone")
        inbound.dismiss(second.pk, reason="Not our patient")
        assert not Transaction.objects.for_people().exists()
    assert inbox.outcome == (1, 0, 0, 1)
    inbox.nothing_is_lost()


@pytest.mark.parametrize("what", ["cancelled", "unknown"])
def test_fault_39_late_answer_to_a_question_nobody_waits_for(inbox: Inbox, what: str) -> None:
    if what == "cancelled":
        with inbox.acme.inside():
            cancel_run(inbox.run)
    else:
        with inbox.acme.inside():
            Transaction.objects.attempts().update(sent_at=timezone.now() - timedelta(days=2))
        pass_the_sla()
    inbox.leave(inbox.answers())
    assert inbox.outcome == (2, 0, 0, 0)
    assert inbox.dispositions == ["applied", "applied"]
    inbox.nothing_is_lost()


def test_fault_39_late_answer_after_a_newer_attempt_won(acme: FileAcme, sftp: SftpServer) -> None:
    acme.visit()
    run = acme.sweep()
    send()
    (file,) = sftp.files()
    (first,) = questions(file)
    file.unlink()
    try_later = payers.envelope(payers.rejection(first, "42", "R"))
    (sftp.outbox / "busy.271").write_bytes(try_later)
    look(acme)
    send(2)
    (file,) = sftp.files()
    (second,) = questions(file)
    (sftp.outbox / "a.271").write_bytes(payers.envelope(payers.answer(second), number=2))
    look(acme)
    (sftp.outbox / "late.271").write_bytes(payers.envelope(payers.answer(first, "EB*6**30"), number=3))
    look(acme)
    assert acme.outcome(run) == (1, 0, 0)
    with acme.inside():
        came = Transaction.objects.filter(direction="in").order_by("pk")
        assert list(came.values_list("disposition", flat=True)) == ["applied", "applied", "duplicate"]
        assert EligibilityCheck.objects.get().status == "Active"


def test_fault_40_an_answer_older_than_the_stored_one(acme: FileAcme, sftp: SftpServer) -> None:
    visit = acme.visit()
    acme.sweep()
    send()
    (older_file,) = sftp.files()
    (older,) = questions(older_file)
    with acme.inside():  # the first question is given up, and put again the next morning
        Transaction.objects.attempts().update(sent_at=timezone.now() - timedelta(days=2))
    pass_the_sla()
    older_file.unlink()
    look(acme, 1)
    with acme.inside():
        acme.partner.response_sla = timedelta(hours=24)
        acme.partner.save()
    acme.sweep()
    send(2)
    (file,) = sftp.files()
    (newer,) = questions(file)
    (sftp.outbox / "new.271").write_bytes(payers.envelope(payers.answer(newer)))
    look(acme)
    (sftp.outbox / "old.271").write_bytes(payers.envelope(payers.answer(older, "EB*6**30"), number=2))
    look(acme)
    with acme.inside():
        visit.refresh_from_db()
        statuses = EligibilityCheck.objects.order_by("pk").values_list("status", flat=True)
        assert list(statuses) == ["Inactive", "Active"]  # both are kept
        assert visit.eligibility_status == "Active"  # and the newer one is shown
        coverage = EligibilityCheck.objects.latest("pk").coverage
        coverage.refresh_from_db()
        assert coverage.payer_active is True
        assert not coverage.patient.cases.filter(state="open").exists()


@pytest.mark.parametrize(("code", "attempts"), [("72", 1), ("75", 1), ("42", 2), ("80", 2)])
def test_fault_41_rejections_are_final_or_tried_again(inbox: Inbox, code: str, attempts: int) -> None:
    follow_up = "R" if attempts > 1 else "C"
    inbox.leave(payers.envelope(*(payers.rejection(q, code, follow_up) for q in inbox.asked)))
    with inbox.acme.inside():
        assert Transaction.objects.attempts().count() == attempts * 2
    assert inbox.outcome[2] == (2 if attempts == 1 else 0)


def test_fault_41_a_flood_of_one_rejection_is_one_alert(acme: FileAcme, sftp: SftpServer) -> None:
    inbox = Inbox(acme, sftp, visits=24)
    refused = [payers.rejection(q, "72") for q in inbox.asked[:20]]
    inbox.leave(payers.envelope(*refused, *(payers.answer(q) for q in inbox.asked[20:])))
    facts = inbox.alerts["mass_rejection"]
    assert (facts["payer"], facts["code"], facts["count"], facts["answered"]) == (
        "Example Blue",
        "72",
        20,
        24,
    )
    inbox.nothing_is_lost()


def test_fault_41_nineteen_rejections_are_no_flood(acme: FileAcme, sftp: SftpServer) -> None:
    inbox = Inbox(acme, sftp, visits=19)
    inbox.leave(payers.envelope(*(payers.rejection(q, "72") for q in inbox.asked)))
    assert "mass_rejection" not in inbox.alerts


# --- 46-52: bytes -------------------------------------------------------------------------------


def cut(inbox: Inbox) -> bytes:
    """The first set whole, the second cut in the middle."""
    whole = inbox.answers()
    return whole[: whole.index(b"ST*271*0002") + 150]


def test_fault_46_truncated_file(inbox: Inbox) -> None:
    delivery = inbox.leave(cut(inbox))
    assert inbox.outcome == (1, 0, 0, 1)
    assert inbox.dispositions == ["applied", "quarantined"]
    codes = {each.code for each in inbound.explain(delivery)}
    assert codes >= {"set_trailer_missing", "interchange_trailer_missing"}
    assert inbox.alerts["unreadable_file"]["file_name"] == "a.271"
    inbox.leave(inbox.answers(), "again.271")  # the same number: the cut one had not used it up
    assert inbox.outcome == (2, 0, 0, 0)
    inbox.nothing_is_lost()


def test_fault_46_truncated_file_of_a_partner_whose_damaged_files_are_held(inbox: Inbox) -> None:
    inbox.acme.limit(damaged_files="hold")
    delivery = inbox.leave(cut(inbox))
    assert inbox.outcome == (0, 0, 0, 2)
    assert inbox.dispositions == ["held", "held"]
    assert "held_file" in inbox.alerts
    with inbox.acme.inside():
        inbound.release_delivery(delivery.pk, reason="The payer says the rest follows")
    inbox.read_again(delivery)
    assert inbox.outcome == (1, 0, 0, 1)
    assert inbox.dispositions == ["applied", "quarantined"]
    assert "held_file" not in inbox.alerts
    inbox.nothing_is_lost()


def test_fault_46_a_held_file_that_is_dropped_applies_nothing(inbox: Inbox) -> None:
    inbox.acme.limit(damaged_files="hold")
    delivery = inbox.leave(cut(inbox))
    with inbox.acme.inside():
        inbound.drop_delivery(delivery.pk, reason="They send it anew")
    assert inbox.dispositions == ["quarantined", "quarantined"]
    inbox.leave(inbox.answers(), "again.271")
    assert inbox.outcome == (2, 0, 0, 0)
    inbox.nothing_is_lost()


def test_fault_46_truncated_file_is_refused_to_its_sender(inbox: Inbox, sftp: SftpServer) -> None:
    inbox.acme.limit(send_ta1="errors", send_999="errors")
    inbox.file.unlink()
    inbox.leave(cut(inbox))
    send(2)
    told = "".join(file.read_text() for file in sftp.files())
    assert "*R*" in told and "TA1*000000001*" in told


@pytest.mark.parametrize("name", ["a..%2f..%2fetc%2fpasswd.271", "a\\..\\b.271", "x" * 240 + ".271"])
def test_fault_48_names_are_labels_and_never_paths(inbox: Inbox, name: str) -> None:
    assert inbox.leave(inbox.answers(), name).file_name == name
    assert inbox.outcome == (2, 0, 0, 0)
    inbox.nothing_is_lost()


def archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as writer:
        writer.writestr("../a.271", b"\0" * 10_000_000)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "nature"),
    [(gzip.compress(b"ISA" * 1_000_000), "gzip"), (archive(), "zip")],
    ids=["gzip", "zip"],
)
def test_fault_48_archives_are_kept_and_never_unpacked(inbox: Inbox, content: bytes, nature: str) -> None:
    delivery = inbox.leave(content, "a.bin")
    assert f"looks_like_{nature}" in {each.code for each in inbound.explain(delivery)}
    with inbox.acme.inside():
        assert InboundDelivery.objects.get().payload.size == len(content)
    inbox.nothing_is_lost()


@pytest.mark.parametrize(
    "monster",
    ["MSG*" + "A" * 10_000_000, "MSG" + "*A" * 1_000_000, "EB*1**" + "^".join(["30"] * 100_000)],
    ids=["a segment of 10 MB", "a million elements", "100,000 repetitions"],
)
def test_fault_49_monstrous_segments_are_bounded_and_cost_no_neighbour(inbox: Inbox, monster: str) -> None:
    first, second = inbox.asked
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    inbox.leave(payers.envelope([*payers.answer(first), monster], payers.answer(second)))
    assert time.monotonic() - started < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kB
    assert inbox.outcome == (1, 0, 0, 1)
    assert inbox.dispositions == ["quarantined", "applied"]
    inbox.nothing_is_lost()


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"ISA*00*", b"ISAX00X", "invalid_element_separator"),
        (b"*T*:~", b"*T*A~", "invalid_component_separator"),
        (b"*T*:~", b"*T**~", "repeated_delimiter"),
        (b"*T*:~GS", b"*T*: GS", "invalid_segment_terminator"),
    ],
)
def test_fault_50_headers_that_cannot_be_trusted(inbox: Inbox, old: bytes, new: bytes, code: str) -> None:
    delivery = inbox.leave(inbox.answers().replace(old, new, 1))
    assert delivery.error == code
    assert inbox.outcome == (0, 0, 0, 2)
    assert inbox.alerts["unreadable_file"]["codes"] == [code]
    inbox.nothing_is_lost()


def test_fault_51_a_delimiter_inside_a_name_is_a_damaged_set(inbox: Inbox) -> None:
    first, second = inbox.asked
    spoilt = [each.replace("NM1*IL*1*AMES", "NM1*IL*1*AM~ES") for each in payers.answer(first)]
    content = payers.envelope(spoilt, payers.answer(second))
    inbox.leave(content)
    assert inbox.dispositions == ["quarantined", "applied"]
    assert inbox.outcome == (1, 0, 0, 1)
    inbox.nothing_is_lost()


@pytest.mark.parametrize(
    ("end", "head"),
    [(b"~\n", b""), (b"~\r\n", b""), (b"~\r", b""), (b"~  \n", b""), (b"~", b"\xef\xbb\xbf"), (b"\n", b"")],
    ids=["LF", "CRLF", "CR", "trailing blanks", "byte order mark", "LF as terminator"],
)
def test_fault_52_line_ends_change_nothing(inbox: Inbox, end: bytes, head: bytes) -> None:
    inbox.leave(head + inbox.answers().replace(b"~", end))
    assert inbox.outcome == (2, 0, 0, 0)
    inbox.nothing_is_lost()


@pytest.mark.parametrize("charset", ["utf-8", "latin-1"])
def test_fault_52_letters_beyond_ascii_are_read(inbox: Inbox, charset: str) -> None:
    accented = inbox.answers().decode().replace("GOLD", "ORO ESPAÑOL").encode(charset)
    inbox.leave(accented)
    with inbox.acme.inside():
        assert set(BenefitDetail.objects.values_list("plan_name", flat=True)) == {"ORO ESPAÑOL"}


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda content: content.replace(b"GOLD", b"GO\0LD", 1), "nul_character"),
        (lambda content: content.decode().encode("cp037"), "looks_like_ebcdic"),
        (lambda content: content.decode().encode("utf-16"), "looks_like_utf_16"),
        (lambda content: b"%PDF-1.7 ...", "looks_like_pdf"),
        (lambda content: b"<!DOCTYPE html><title>Busy</title>", "looks_like_html"),
        (lambda content: b"Dear customer,", "looks_like_text"),
        (lambda content: b"", "empty"),
    ],
    ids=["NUL", "EBCDIC", "UTF-16", "PDF", "HTML", "text", "empty"],
)
def test_fault_52_what_is_no_x12_is_kept_and_named(inbox: Inbox, spoil: object, code: str) -> None:
    content = spoil(inbox.answers())  # type: ignore[operator]
    delivery = inbox.leave(content)
    assert code in {each.code for each in inbound.explain(delivery)}
    assert inbox.outcome[2:] == (0, 2)
    with inbox.acme.inside():
        assert InboundDelivery.objects.get().payload.size == len(content)
    inbox.nothing_is_lost()


# --- 53-60: envelopes and files -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "code", "dispositions"),
    [
        (b"~SE*12*0001", b"~SE*99*0001", "segment_count_wrong", ["quarantined", "applied"]),
        (b"*0001~ST", b"*0009~ST", "set_control_number_mismatch", ["quarantined", "applied"]),
        (b"GE*2*1~", b"GE*3*1~", "set_count_wrong", ["applied", "applied"]),
        (b"GE*2*1~", b"GE*2*7~", "group_control_number_mismatch", ["applied", "applied"]),
        (b"IEA*1*", b"IEA*4*", "group_count_wrong", ["applied", "applied"]),
        (b"IEA*1*000000001", b"IEA*1*000000077", "interchange_control_number_mismatch", ["applied"] * 2),
    ],
    ids=["SE01", "SE02", "GE01", "GE02", "IEA01", "IEA02"],
)
def test_fault_53_wrong_counts_and_numbers(
    inbox: Inbox, old: bytes, new: bytes, code: str, dispositions: list[str]
) -> None:
    content = inbox.answers()
    assert content.count(old) == 1
    delivery = inbox.leave(content.replace(old, new))
    assert inbox.dispositions == dispositions  # one for each ST that was seen
    assert code in {each.code for each in inbound.explain(delivery)}
    assert code in inbox.alerts["unreadable_file"]["codes"]
    inbox.nothing_is_lost()


def test_fault_54_a_999_accepts_some_and_rejects_some(inbox: Inbox) -> None:
    first, second = (inbox.attempt(0), inbox.attempt(1))
    refused = ["AK2*270*0002*005010X279A1", "IK3*NM1*8*2100C*8", "IK4*9*67*7", "IK5*R*5"]
    inbox.leave(acknowledgement(inbox, "AK2*270*0001", "IK5*A", *refused, summary="AK9*P*2*2*1"), "a.999")
    assert inbox.outcome == (0, 0, 1, 1)  # refused + accepted = the sets of the group
    assert (inbox.attempt(1).state, inbox.attempt(1).error) == ("failed", "999 R NM109 #8 2100C 7")
    assert inbox.attempt(0).state == "sent"
    assert {first.pk, second.pk} == {inbox.attempt(0).pk, inbox.attempt(1).pk}
    assert inbox.alerts["file_rejected"]["disagrees"] is False
    inbox.leave(payers.envelope(payers.answer(inbox.asked[0])), "a.271")
    assert inbox.outcome == (1, 0, 1, 0)
    inbox.nothing_is_lost()


def test_fault_54_a_999_whose_counts_contradict_it_is_remarked(inbox: Inbox) -> None:
    inbox.leave(acknowledgement(inbox, "AK2*270*0002", "IK5*R*6", summary="AK9*P*3*3*1"), "a.999")
    assert inbox.outcome == (0, 0, 1, 1)
    assert inbox.attempt(1).error == "999 R 6"
    assert [row.error for row in inbox.came()] == ["counts_disagree"]
    assert inbox.alerts["file_rejected"]["disagrees"] is True


def test_fault_54_a_999_after_the_answer_changes_nothing(inbox: Inbox) -> None:
    inbox.leave(inbox.answers())
    inbox.leave(acknowledgement(inbox, "AK2*270*0002", "IK5*R*5", summary="AK9*P*2*2*1"), "a.999")
    assert inbox.outcome == (2, 0, 0, 0)
    assert [row.error for row in inbox.came(transaction_set="999")] == ["after_the_answer"]
    inbox.nothing_is_lost()


def test_fault_55_a_ta1_that_refuses_what_was_sent_fails_all_of_the_file(inbox: Inbox) -> None:
    inbox.leave(ta1(inbox.isa13, "R", "006"), "a.ta1")
    assert inbox.outcome == (0, 0, 2, 0)
    assert [inbox.attempt(0).error, inbox.attempt(1).error] == ["TA1 006"] * 2
    facts = inbox.alerts["file_rejected"]
    assert (facts["count"], facts["control_number"]) == (2, int(inbox.isa13))
    inbox.nothing_is_lost()


def test_fault_55_a_ta1_over_a_file_cut_on_its_way_has_it_asked_once_more(
    inbox: Inbox, sftp: SftpServer
) -> None:
    for number in (1, 2):
        with inbox.acme.inside():
            (newest,) = Interchange.objects.filter(direction="out").order_by("-pk")[:1]
        inbox.leave(ta1(f"{newest.control_number:09d}", "R", "023", number=number), f"{number}.ta1")
        for file in sftp.files():
            file.unlink()
        send(2)
    with inbox.acme.inside():
        sent = Transaction.objects.attempts().filter(sent_at__isnull=False)
        assert sent.count() == 4  # each twice, and no more
        assert Interchange.objects.filter(direction="out").count() == 2
    assert inbox.outcome == (0, 0, 2, 0)


def test_fault_55_a_number_in_use_by_our_own_first_copy_refuses_nothing(inbox: Inbox) -> None:
    with inbox.acme.inside():
        Interchange.objects.get().dispatch._meta.model.objects.update(send_attempts=2)
    inbox.leave(ta1(inbox.isa13, "R", "025"), "a.ta1")
    assert inbox.outcome == (0, 0, 0, 2)
    inbox.leave(inbox.answers())
    assert inbox.outcome == (2, 0, 0, 0)
    inbox.nothing_is_lost()


def test_fault_56_silence_is_told_once_a_file_and_can_be_answered_late(inbox: Inbox) -> None:
    inbox.acme.limit(acknowledgement_due=timedelta(hours=1))
    with inbox.acme.inside():
        Interchange.objects.update(started_at=timezone.now() - timedelta(hours=2))
        Transaction.objects.attempts().update(sent_at=timezone.now() - timedelta(days=2))
    organization = inbox.acme.organization.pk
    assert inbound.organizations_unacknowledged() == [organization]
    assert [inbound.overdue_acknowledgements(organization) for _ in range(2)] == [1, 0]
    pass_the_sla()
    overdue, unanswered = inbox.alerts["acknowledgement_overdue"], inbox.alerts["no_answer"]
    assert overdue["control_number"] == unanswered["control_number"] == int(inbox.isa13)
    assert (unanswered["file_name"], unanswered["count"]) == (inbox.file.name, 2)
    assert inbox.outcome == (0, 0, 2, 0)
    inbox.leave(acknowledgement(inbox, summary="AK9*A*2*2*2"), "a.999")
    assert "acknowledgement_overdue" not in inbox.alerts
    inbox.leave(inbox.answers())
    assert inbox.outcome == (2, 0, 0, 0)


def test_fault_57_the_same_file_twice(inbox: Inbox, sftp: SftpServer) -> None:
    inbox.leave(inbox.answers())
    path = sftp.outbox / "a.271"
    path.write_bytes(inbox.answers())  # put once more: another time, the same bytes
    with inbox.acme.inside():
        InboundDelivery.objects.update(remote_modified=1)
    look(inbox.acme)
    assert inbox.dispositions == ["applied", "applied"]
    with inbox.acme.inside():
        flags = InboundDelivery.objects.order_by("pk").values_list("is_duplicate", flat=True)
        assert list(flags) == [False, True]
    inbox.nothing_is_lost(stored=2)


def test_fault_57_the_same_content_under_another_name(inbox: Inbox) -> None:
    inbox.leave(inbox.answers())
    assert inbox.leave(inbox.answers(), "b.271").is_duplicate
    assert inbox.dispositions == ["applied", "applied"]
    assert inbox.outcome == (2, 0, 0, 0)
    inbox.nothing_is_lost()


def test_fault_57_the_same_number_with_other_content(inbox: Inbox) -> None:
    first, second = inbox.asked
    inbox.leave(payers.envelope(payers.answer(first)))
    delivery = inbox.leave(payers.envelope(payers.answer(second, "EB*6**30")), "b.271")
    assert inbox.outcome == (1, 0, 0, 1)
    assert inbox.dispositions == ["applied", "held"]
    facts = inbox.alerts["same_number_other_content"]
    assert (facts["file_name"], facts["control_number"]) == ("b.271", 1)
    with inbox.acme.inside():
        interchange = Interchange.objects.get(delivery_id=delivery.pk)
        assert interchange.problem == "same_number_other_content"
        inbound.accept_interchange(interchange.pk, reason="They restarted their counter")
    inbox.read_again(delivery)
    assert inbox.outcome == (1, 1, 0, 0)
    assert inbox.dispositions == ["applied", "applied"]
    assert "same_number_other_content" not in inbox.alerts
    inbox.nothing_is_lost()


def test_fault_57_the_same_name_with_other_content_is_read_as_any_file(inbox: Inbox) -> None:
    first, second = inbox.asked
    inbox.leave(payers.envelope(payers.answer(first)))
    inbox.leave(payers.envelope(payers.answer(second), number=2))
    assert inbox.outcome == (2, 0, 0, 0)
    inbox.nothing_is_lost(stored=2)


def test_fault_57_an_interchange_again_beside_a_new_one_is_a_duplicate(inbox: Inbox) -> None:
    first, second = inbox.asked
    one = payers.envelope(payers.answer(first))
    inbox.leave(one)
    inbox.leave(one + payers.envelope(payers.answer(second), number=2), "both.271")
    assert inbox.dispositions == ["applied", "duplicate", "applied"]
    assert inbox.outcome == (2, 0, 0, 0)
    inbox.nothing_is_lost()


@pytest.mark.parametrize("why", ["another sender", "another round of numbers", "an acknowledgement"])
def test_fault_57_numbers_that_are_no_collision(inbox: Inbox, why: str) -> None:
    first, second = inbox.asked
    inbox.leave(payers.envelope(payers.answer(first)))
    content = payers.envelope(payers.answer(second))
    if why == "another sender":
        content = content.replace(b"*ZZ*EXAMPLE        *", b"*ZZ*OTHER          *")
    if why == "another round of numbers":
        with inbox.acme.inside():
            Interchange.objects.update(created_at=timezone.now() - timedelta(days=91))
    if why == "an acknowledgement":
        inbox.leave(acknowledgement(inbox, summary="AK9*A*2*2*2", number=1), "a.999")
        content = payers.envelope(payers.answer(second), number=2)
    inbox.leave(content, "b.271")
    assert inbox.outcome == (2, 0, 0, 0)
    assert set(inbox.dispositions) == {"applied"}
    inbox.nothing_is_lost()


def test_fault_58_one_file_answers_two_of_ours(acme: FileAcme, sftp: SftpServer) -> None:
    acme.limit(max_st_per_interchange=1, max_concurrent_files=2)
    for _ in range(2):
        acme.visit()
    run = acme.sweep()
    send(2)
    asked = [q for file in sftp.files() for q in questions(file)]
    (sftp.outbox / "both.271").write_bytes(payers.envelope(*(payers.answer(q) for q in asked)))
    look(acme)
    assert acme.outcome(run) == (2, 0, 0)
    with tenant(acme.organization.pk):
        came = Transaction.objects.filter(direction="in").select_related("interchange", "answers")
        assert len({row.interchange_id for row in came}) == 1
        assert len({row.answers.interchange_id for row in came if row.answers}) == 2


def test_fault_58_our_file_is_answered_in_three(acme: FileAcme, sftp: SftpServer) -> None:
    inbox = Inbox(acme, sftp, visits=3)
    for number, question in enumerate(inbox.asked, 1):
        inbox.leave(payers.envelope(payers.answer(question), number=number), f"{number}.271")
        assert inbox.outcome == (number, 0, 0, 3 - number)
    inbox.nothing_is_lost()


def test_fault_60_a_file_that_is_still_written_is_not_applied_in_part(inbox: Inbox, sftp: SftpServer) -> None:
    whole = inbox.answers()
    path = sftp.outbox / "a.271"
    for end in (300, 600, len(whole)):
        path.write_bytes(whole[:end])
        look(inbox.acme, 1)
        assert inbox.dispositions == []
    look(inbox.acme, 1)
    assert inbox.dispositions == ["applied", "applied"]
    assert inbox.outcome == (2, 0, 0, 0)
    inbox.nothing_is_lost()
