"""What a partner is told of its files: TA1 and 999 of our own, as files, once a delivery."""

from __future__ import annotations

import pytest

from tests import payers
from tests.tradingpartners.conftest import FileAcme, SftpServer
from tests.tradingpartners.test_files import leave, look, questions, send
from tradingpartners.models import Dispatch, InboundDelivery, Interchange, TransportLog
from tradingpartners.services import pausing
from tradingpartners.services.acknowledging import acknowledge
from tradingpartners.services.payloads import content_of
from tradingpartners.transports import Connection, OutgoingFile
from tradingpartners.transports import sftp as transport

pytestmark = pytest.mark.django_db


def answered(acme: FileAcme, sftp: SftpServer, *spoil: tuple[bytes, bytes]) -> bytes:
    """A sweep of one, its 271 file in and read; the drop folder empty."""
    acme.visit()
    acme.sweep()
    send()
    (file,) = sftp.files()
    path = leave(sftp, "a.271", payers.answer(questions(file)[0]))
    content = path.read_bytes()
    for old, new in spoil:
        content = content.replace(old, new)
    path.write_bytes(content)
    file.unlink()
    look(acme)
    return content


def tell(acme: FileAcme, content: bytes) -> list[Dispatch]:
    with acme.inside():
        return acknowledge(InboundDelivery.objects.select_related("partner").get(), content)


def segments(sftp: SftpServer) -> list[list[list[str]]]:
    return [
        [segment.split("*") for segment in file.read_text().split("~") if segment] for file in sftp.files()
    ]


def test_a_271_file_is_told_ta1_and_999_under_a_number_of_our_own(acme: FileAcme, sftp: SftpServer) -> None:
    acme.limit(send_ta1="always", send_999="always")
    tell(acme, answered(acme, sftp))
    send()
    (told,) = segments(sftp)
    assert [segment[0] for segment in told] == [
        *("ISA", "TA1", "GS", "ST", "AK1", "AK2", "IK5", "AK9", "SE", "GE", "IEA")
    ]
    assert (told[0][13], told[1][1], told[1][4]) == ("000000002", "000000001", "A")
    with acme.inside():
        back = Interchange.objects.get(transaction_set="999")
        assert (back.state, back.direction) == ("taken", "out")
        assert Dispatch.objects.get(transaction_set="999").state == "done"


def test_a_delivery_is_acknowledged_once_however_often_it_is_closed(acme: FileAcme, sftp: SftpServer) -> None:
    acme.limit(send_999="always")
    content = answered(acme, sftp)  # its reader has acknowledged it
    assert tell(acme, content) == []
    with acme.inside():
        assert Dispatch.objects.filter(transaction_set="999").count() == 1


@pytest.mark.parametrize(
    ("ta1", "accept", "ids"),
    [
        ("never", "never", []),
        ("errors", "errors", []),
        ("always", "errors", ["ISA", "TA1", "IEA"]),
        ("never", "always", ["ISA", "GS", "ST", "AK1", "AK2", "IK5", "AK9", "SE", "GE", "IEA"]),
    ],
)
def test_a_partner_is_told_no_more_than_it_wants(
    acme: FileAcme, sftp: SftpServer, ta1: str, accept: str, ids: list[str]
) -> None:
    acme.limit(send_ta1=ta1, send_999=accept)
    tell(acme, answered(acme, sftp))
    send()
    assert [[segment[0] for segment in told] for told in segments(sftp)] == ([ids] if ids else [])


def test_an_error_is_told_to_who_wants_errors_only(acme: FileAcme, sftp: SftpServer) -> None:
    acme.limit(send_ta1="errors", send_999="errors")
    tell(acme, answered(acme, sftp, (b"SE*12*0001", b"SE*99*0001")))
    send()
    (told,) = segments(sftp)
    assert [s[1:3] for s in told if s[0] == "IK5"] == [["R", "4"]]


def test_a_strict_partner_has_a_set_refused_over_any_error(acme: FileAcme, sftp: SftpServer) -> None:
    acme.limit(send_999="always")
    content = answered(acme, sftp, (b"EB*1**30**GOLD", b"EB*QQ**30**GOLD"))
    tell(acme, content)
    acme.limit(is_strict=True)
    with acme.inside():
        Dispatch.objects.filter(transaction_set="999").update(correlation_id=acme.partner.pk)
    tell(acme, content)
    send(2)
    codes = [next(s for s in told if s[0] == "IK5")[1] for told in segments(sftp)]
    assert codes == ["E", "R"]


def test_an_acknowledgement_is_not_acknowledged(acme: FileAcme, sftp: SftpServer) -> None:
    acme.limit(send_ta1="always", send_999="always")
    answered(acme, sftp)
    head, _, _ = payers.envelope([]).partition(b"GS*")
    ta1 = head + b"TA1*000000001*261122*0700*A*000~IEA*0*000000001~"
    assert tell(acme, ta1) == []
    assert tell(acme, b"Dear customer,") == []


def test_an_acknowledgement_that_cannot_be_put_goes_later_with_the_same_bytes(
    acme: FileAcme, sftp: SftpServer
) -> None:
    acme.limit(send_999="always")
    tell(acme, answered(acme, sftp))
    good = acme.partner.settings
    acme.limit(settings={**good, "port": 9999})
    send()
    acme.limit(settings={**good, "host": ""})
    send()
    assert sftp.files() == []
    acme.limit(settings=good)
    send()
    (file,) = sftp.files()
    assert file.read_text().split("*")[13] == "000000002"


def test_an_acknowledgement_waits_for_the_partners_slot_and_goes_before_questions(
    acme: FileAcme, sftp: SftpServer
) -> None:
    acme.limit(max_st_per_interchange=1)
    content = answered(acme, sftp)
    acme.limit(send_999="always")
    for days in (1, 2):
        acme.visit(days=days)
    acme.sweep()
    send()
    (first,) = sftp.files()
    tell(acme, content)
    send(2)
    assert sftp.files() == [first]
    first.unlink()
    look(acme)
    with acme.inside():
        puts = TransportLog.objects.filter(event="put").order_by("id").values_list("file_name", flat=True)
        assert [name.split("_")[1] for name in puts] == ["270", "270", "999", "270"]


def test_gs02_and_gs03_are_their_own_where_they_are_set(acme: FileAcme, sftp: SftpServer) -> None:
    acme.limit(
        send_ta1="always",
        send_999="always",
        application_sender_id="OURAPP",
        application_receiver_id="THEIRAPP",
    )
    content = answered(acme, sftp)
    with acme.inside():
        asked = Interchange.objects.get(transaction_set="270")
    tell(acme, content)
    send()
    (told,) = segments(sftp)
    (back,) = [segment for segment in told if segment[0] == "GS"]
    assert back[2:4] == ["OURAPP", "THEIRAPP"] and told[0][6].strip() != "OURAPP"
    with acme.inside():
        group = content_of(asked.payload).split(b"~GS*")[1].split(b"~")[0].split(b"*")
    assert group[1:3] == [b"OURAPP", b"THEIRAPP"]


def test_an_acknowledgement_of_which_nothing_is_left_is_told_and_goes_when_a_person_says_so(
    acme: FileAcme, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.limit(send_999="always")
    tell(acme, answered(acme, sftp))
    upload = transport.upload

    def taken_on_close(connection: Connection, file: OutgoingFile) -> None:
        upload(connection, file)
        for each in sftp.files():
            each.unlink()

    monkeypatch.setattr(transport, "upload", taken_on_close)
    send()
    monkeypatch.undo()
    with acme.inside():
        back = Interchange.objects.get(transaction_set="999")
        assert (back.state, back.problem) == ("in_flight", "gone_unseen")
        assert back.dispatch is not None
        assert pausing.release(back.dispatch, reason="They have nothing of it")
    send()
    assert len(sftp.files()) == 1
    with acme.inside():
        back.refresh_from_db()
        assert (back.state, back.problem) == ("taken", "")
