"""Files to an AS2 partner that is libas2, and its receipts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from tests.transports.as2_peer import PAYLOAD, As2Peer, a_file, keys, make_keys, running_peer
from tradingpartners.transports import Connection, Held, NotSent, Receipt, TransportError, Unsure, as2


@pytest.fixture(scope="module")
def peer() -> Iterator[As2Peer]:
    with running_peer() as peer:
        yield peer


def refusal(connection: Connection) -> TransportError:
    with pytest.raises(TransportError) as refused:
        as2.publish(connection, a_file())
    return refused.value


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"compress": False},
        {"signature": "sha512", "encryption": "aes128_cbc"},
        {"signature": "sha384", "compress": False},
    ],
    ids=str,
)
def test_a_file_arrives_whole_and_a_signed_receipt_says_so(peer: As2Peer, settings: dict[str, Any]) -> None:
    file = a_file()
    receipt = as2.publish(peer.connection(**settings), file)
    assert receipt == Receipt(as2.message_id_of(file), is_taken=True)
    assert peer.content(receipt.reference) == PAYLOAD
    seen = peer.received(receipt.reference)[0]
    assert seen["compressed"] == settings.get("compress", True)
    assert seen["algorithm"].replace("-", "") == settings.get("signature", "sha256")
    assert seen["file"] == f'attachment; filename="{file.name}"'


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"~",
        b"ISA\r\n\r\nGS\r\n",
        b"a\nb\rc\r\n",
        bytes(range(256)) * 9,
        b"--x\r\n--x--\r\n",
        b"-" * 5_000_000,
    ],
    ids=["empty", "one byte", "blank line", "line ends", "binary", "boundaries", "5 MB"],
)
def test_any_bytes_arrive_as_they_are(peer: As2Peer, content: bytes) -> None:
    receipt = as2.publish(peer.connection(), a_file(content))
    assert peer.content(receipt.reference) == content


def test_a_repeat_has_the_same_message_id_and_the_same_content(peer: As2Peer) -> None:
    file = a_file()
    for _ in range(2):
        as2.publish(peer.connection(), file)
    first, second = peer.received(as2.message_id_of(file))
    assert (first["mic"], first["content"]) == (second["mic"], second["content"])


def test_asked_for_a_later_receipt_the_file_is_not_taken_yet(peer: As2Peer, settings: Any) -> None:
    settings.PUBLIC_URL = "https://preflight.example"
    connection, file = peer.connection(mdn="async"), a_file()
    receipt = as2.publish(connection, file)
    assert receipt == Receipt(as2.message_id_of(file), is_taken=False)
    kept = peer.kept_receipts(receipt.reference)
    assert [each["url"] for each in kept] == [f"https://preflight.example/as2/{connection.partner_id}/"]


def test_a_login_is_sent_where_the_partner_wants_one(peer: As2Peer) -> None:
    plain, file = peer.connection(), a_file()
    login = {**plain.credentials, "username": "acme", "password": "pä"}
    receipt = as2.publish(plain._replace(credentials=login), file)
    assert peer.received(receipt.reference)[0]["headers"]["authorization"] == "Basic YWNtZTpww6Q="


# --- receipts that are none, or not to be believed ------------------------------------------------


def test_fault_63_a_missing_receipt_is_sent_again_under_the_same_message_id(peer: As2Peer) -> None:
    file = a_file()
    with pytest.raises(Unsure, match="mdn_missing"):
        as2.publish(peer.connection("missing"), file)
    assert as2.publish(peer.connection(), file).is_taken
    assert len(peer.received(as2.message_id_of(file))) == 2


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("mic", "mdn_mic_differs"),
        ("no_mic", "mdn_without_mic"),
        ("unsigned", "mdn_unsigned"),
        ("wrong_signer", "mdn_wrong_signer"),
        ("error:integrity-check-failed", "mdn_integrity"),
    ],
)
def test_fault_63_a_receipt_for_something_else_holds_the_file(peer: As2Peer, fault: str, code: str) -> None:
    error = refusal(peer.connection(fault))
    assert isinstance(error, Held)
    assert error.code == code


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        ("error:authentication-failed", NotSent, "mdn_authentication_failed"),
        ("error:decryption-failed", NotSent, "mdn_decryption_failed"),
        ("error:insufficient-message-security", NotSent, "mdn_insufficient_message_security"),
        ("error:unexpected-processing-error", Unsure, "mdn_error"),
        ("other", Unsure, "mdn_of_another"),
        ("401", NotSent, "http_401"),
        ("503", NotSent, "http_503"),
        ("500", Unsure, "http_500"),
    ],
)
def test_what_the_partner_did_not_take_is_sent_again(
    peer: As2Peer, fault: str, kind: type[TransportError], code: str
) -> None:
    error = refusal(peer.connection(fault))
    assert (type(error), error.code) == (kind, code)


def test_a_repeat_the_partner_knows_already_is_taken(peer: As2Peer) -> None:
    assert as2.publish(peer.connection("error:duplicate-document"), a_file()).is_taken


def test_a_partner_that_never_answers_ends_within_the_deadline(
    peer: As2Peer,
) -> None:
    error = refusal(peer.connection("hang")._replace(patience=0.5))
    assert (type(error), error.code) == (Unsure, "timeout")


def test_nobody_at_the_address_has_read_nothing(peer: As2Peer) -> None:
    error = refusal(peer.connection(url="http://127.0.0.1:9009/as2"))
    assert (type(error), error.code) == (NotSent, "connection_refused")


# --- keys that change ----------------------------------------------------------------------------


def test_during_a_roll_both_of_the_partners_certificates_are_believed(peer: As2Peer) -> None:
    new = keys("peer, next year").certificate
    rolling = peer.connection(partner_certificates=[peer.theirs.certificate, new])
    assert as2.publish(rolling, a_file()).is_taken
    in_one_text = peer.connection(partner_certificates=peer.theirs.certificate + new)
    assert as2.publish(in_one_text, a_file()).is_taken


def test_an_expired_certificate_is_passed_over_in_a_roll(peer: As2Peer) -> None:
    old = make_keys("peer, last year", days=-1).certificate
    rolling = peer.connection(partner_certificates=[old, peer.theirs.certificate])
    assert as2.publish(rolling, a_file()).is_taken


# --- trying out ----------------------------------------------------------------------------------


def test_trying_out_names_the_step_that_fails_and_sends_no_message(peer: As2Peer) -> None:
    def steps(connection: Connection) -> list[tuple[str, str]]:
        return [(step.name, step.code) for step in as2.try_out(connection)]

    whole = [("settings", ""), ("resolve", ""), ("connect", ""), ("http", "")]
    assert steps(peer.connection()) == whole
    assert steps(peer.connection(as2_from="")) == [("settings", "settings:as2_from")]
    unreachable = peer.connection(url="http://127.0.0.1:9009/as2")
    assert steps(unreachable) == [*whole[:2], ("connect", "connection_refused")]


def test_trying_out_shows_the_partners_certificate(peer: As2Peer) -> None:
    known = x509.load_pem_x509_certificate(peer.theirs.certificate.encode())
    note = as2.try_out(peer.connection())[0].note
    assert known.fingerprint(SHA256()).hex(":").upper() in note
    assert f"{known.not_valid_after_utc:%Y-%m-%d}" in note
