"""Messages and receipts that nobody honest would send, put together from the parts of honest ones."""

from __future__ import annotations

import zlib
from typing import Any

import pytest
from asn1crypto import cms as asn1

from practice.rows import uuid7
from tests.transports.as2_peer import PAYLOAD, THEM, US, a_file, keys
from tradingpartners.transports import Connection, Held, as2
from tradingpartners.transports.as2 import cms, messages, mime, receipts


def agreement(name: str = "preflight", other: str = "peer", **more: Any) -> as2.Agreement:
    """What one of the two has agreed on; the other's is with the names turned round."""
    settings = {
        "url": "https://partner.example/as2",
        "as2_from": US if name == "preflight" else THEM,
        "as2_to": THEM if name == "preflight" else US,
        "partner_certificates": keys(other).certificate,
        **more,
    }
    mine = {"private_key": keys(name).key, "certificate": keys(name).certificate}
    return as2.agreement_of(Connection(uuid7(), settings, {**mine, **more.pop("credentials", {})}))


OURS = agreement()
THEIRS = agreement("peer", "preflight")


def sent(secret: bytes, **headers: str) -> as2.Opened:
    """What we make of bytes that were encrypted to us."""
    body = cms.encrypt(secret, THEIRS.certificates[0], "aes256_cbc")
    return opened(body, **headers)


def opened(body: bytes, ours: as2.Agreement = OURS, **headers: str) -> as2.Opened:
    kind = "application/pkcs7-mime; smime-type=enveloped-data"
    return as2.open_message(ours, {"message-id": "<1@peer>", "content-type": kind, **headers}, body)


def refused(message: as2.Opened) -> tuple[str, str]:
    return message.refusal, message.reason


def signed(part: bytes, by: as2.Agreement = THEIRS) -> bytes:
    return messages.multipart_signed(by, part, "sha256")


def part(content: bytes = PAYLOAD, **headers: str) -> bytes:
    return mime.head_of([("Content-Type", "application/edi-x12"), *headers.items()]) + content


# --- messages ------------------------------------------------------------------------------------


def test_what_one_composes_the_other_opens() -> None:
    file = a_file()
    message = as2.compose(THEIRS, file)
    headers = {name.lower(): value for name, value in message.headers.items()}
    found = as2.open_message(OURS, headers, message.body)
    assert (found.content, found.file_name, found.refusal) == (PAYLOAD, file.name, "")
    assert found.message_id == as2.message_id_of(file)


def test_a_message_compressed_after_it_was_signed_is_read() -> None:
    head = mime.head_of([("Content-Type", "application/pkcs7-mime; smime-type=compressed-data")])
    assert sent(head + cms.compress(signed(part()))).content == PAYLOAD
    assert sent(signed(messages.file_part(a_file(), compressed=True))).content == PAYLOAD


def test_lacking_what_was_agreed_on_is_refused_with_the_right_word() -> None:
    plain = opened(signed(part()), **{"content-type": "multipart/signed"})
    assert refused(plain) == ("insufficient-message-security", "not_encrypted")
    assert refused(sent(part())) == ("insufficient-message-security", "not_signed")
    assert refused(sent(signed(part(), by=agreement("stranger")))) == (
        "authentication-failed",
        "wrong_signer",
    )
    lax = agreement(require_signature=False, require_encryption=False)
    assert opened(PAYLOAD, lax, **{"content-type": "application/edi-x12"}).content == PAYLOAD


def test_what_was_altered_is_refused_whatever_it_is_encrypted_to() -> None:
    whole = signed(part())
    assert refused(sent(whole.replace(b"ISA*00", b"ISA*01", 1))) == ("authentication-failed", "altered")
    stranger = cms.encrypt(whole, agreement("stranger", "stranger").certificates[0], "aes128_cbc")
    assert refused(opened(stranger)) == ("decryption-failed", "not_for_us")


@pytest.mark.parametrize("at", [-1, -16, -17, -40])
def test_an_altered_cipher_text_tells_nothing_about_its_padding(at: int) -> None:
    """Wrong padding and right padding around altered bytes are answered alike."""
    body = bytearray(cms.encrypt(signed(part()), THEIRS.certificates[0], "aes256_cbc"))
    answers = set()
    for flip in range(1, 256, 9):
        body[at] ^= flip
        answers.add(opened(bytes(body)).refusal)
        body[at] ^= flip
    assert answers == {"authentication-failed"}


def test_fault_48_a_bomb_is_put_down_before_it_goes_off() -> None:
    bomb = mime.head_of([("Content-Type", "application/pkcs7-mime; smime-type=compressed-data")])
    bomb += cms.compress(b"0" * 60_000_000)
    assert len(bomb) < 100_000
    assert refused(sent(signed(bomb))) == ("decompression-failed", "too_large")
    assert refused(sent(bomb)) == ("authentication-failed", "too_large")


def test_a_compressed_message_cut_short_is_refused() -> None:
    packed = zlib.compress(part())
    content = asn1.ContentInfo.load(cms.compress(part()))
    content["content"]["encap_content_info"]["content"] = packed[:-9]
    head = mime.head_of([("Content-Type", "application/pkcs7-mime; smime-type=compressed-data")])
    assert refused(sent(signed(head + content.dump(force=True)))) == ("decompression-failed", "malformed")


@pytest.mark.parametrize("end", range(0, 900, 7))
def test_a_message_cut_short_anywhere_is_refused(end: int) -> None:
    whole = signed(part(b"ISA*00*~"))
    body = cms.encrypt(whole, THEIRS.certificates[0], "aes256_cbc")
    assert opened(body[:end]).refusal == "decryption-failed"
    assert sent(whole[:end]).refusal in {"authentication-failed", "decryption-failed"}


def test_several_files_in_one_message_are_refused() -> None:
    boundary, body = mime.multipart([part(), part()])
    head = mime.head_of([("Content-Type", f'multipart/mixed; boundary="{boundary}"')])
    assert refused(sent(signed(head + body))) == ("unexpected-processing-error", "several_parts")


def test_noise_is_refused() -> None:
    for noise in (b"", b"\x00" * 99, b"\x30\x80" * 5000, b"\x24\x80" * 20_000, b"\xff" * 500, PAYLOAD):
        assert opened(noise).refusal == "decryption-failed"
        assert sent(noise).refusal in {"decryption-failed", "insufficient-message-security"}


def test_a_signature_without_signers_proves_nothing() -> None:
    """pyas2lib takes one for a proof."""
    signature = asn1.ContentInfo.load(cms.sign(part(), THEIRS.identities[0], "sha256"))
    signature["content"]["signer_infos"] = []
    head = mime.head_of([("Content-Type", "application/pkcs7-signature")])
    boundary, body = mime.multipart([part(), head + signature.dump(force=True)])
    whole = mime.head_of([("Content-Type", f'multipart/signed; boundary="{boundary}"')]) + body
    assert refused(sent(whole)) == ("authentication-failed", "wrong_signer")


def test_what_stands_beside_the_signed_part_is_not_read() -> None:
    """A signed message of yesterday with another one put behind or before it."""
    first, signature = mime.parts_of(mime.read_part(signed(part(b"yesterday"))))
    forged = part(b"forged")
    for parts in (
        [forged, first.raw, signature.raw],
        [first.raw, signature.raw, forged],
        [forged, signature.raw],
    ):
        boundary, body = mime.multipart(parts)
        whole = mime.head_of([("Content-Type", f'multipart/signed; boundary="{boundary}"')]) + body
        assert sent(whole).refusal == "authentication-failed"


def test_names_and_ids_that_partners_make_up_are_harmless() -> None:
    disposition = {"Content-Disposition": 'attachment; filename="../../etc/pass\\wd; rm *.edi"'}
    assert sent(signed(part(**disposition))).file_name == "wd_ rm _.edi"
    for bad in ("", "<>", "a b", "x" * 251, "<a><b>"):
        assert refused(sent(signed(part()), **{"message-id": bad})) == (
            "unexpected-processing-error",
            "message_id",
        )


def test_while_our_own_key_changes_the_old_one_still_opens() -> None:
    old = {"old_private_key": keys("preflight").key, "old_certificate": keys("preflight").certificate}
    new = {"private_key": keys("next year").key, "certificate": keys("next year").certificate}
    settings = {
        "url": "https://partner.example/as2",
        "as2_from": US,
        "as2_to": THEM,
        "partner_certificates": keys("peer").certificate,
    }
    rolled = as2.agreement_of(Connection(uuid7(), settings, {**new, **old}))
    body = as2.compose(THEIRS, a_file()).body
    assert opened(body, rolled).content == PAYLOAD
    assert rolled.identities[0].certificate != OURS.identities[0].certificate
    done = as2.agreement_of(Connection(uuid7(), settings, new))
    assert refused(opened(body, done)) == ("decryption-failed", "not_for_us")


# --- receipts ------------------------------------------------------------------------------------


def receipt_for(file_id: str, **said: str) -> as2.Message:
    message = as2.Opened(file_id, b"", **said)
    options = {"disposition-notification-options": "signed-receipt-protocol=required, pkcs7-signature"}
    return receipts.write_receipt(THEIRS, options, message)


def test_a_receipt_put_behind_a_signed_one_is_not_read() -> None:
    """The signed receipt of one file, and a forged one for another."""
    file = a_file()
    genuine = receipt_for("another@preflight", mic="x", digest="sha256")
    headers = {name.lower(): value for name, value in genuine.headers.items()}
    signed_part, signature = mime.parts_of(mime.read_message(headers, genuine.body))
    forged = receipts._report(THEIRS, as2.Opened(as2.message_id_of(file), b"", mic="x", digest="sha256"))
    for parts in ([signed_part.raw, signature.raw, forged], [forged, signed_part.raw, signature.raw]):
        boundary, body = mime.multipart(parts)
        given = {"content-type": f'multipart/signed; boundary="{boundary}"'}
        assert as2.read_notice(OURS, given, body) is None
    boundary, body = mime.multipart([forged, signature.raw])
    notice = as2.read_notice(OURS, {"content-type": f'multipart/signed; boundary="{boundary}"'}, body)
    assert notice is not None
    with pytest.raises(Held, match="mdn_altered"):
        as2.judge(notice, file)


def test_a_mic_in_a_digest_we_do_not_know_proves_nothing() -> None:
    file = a_file()
    receipt = receipt_for(as2.message_id_of(file), mic="x", digest="md5")
    headers = {name.lower(): value for name, value in receipt.headers.items()}
    notice = as2.read_notice(OURS, headers, receipt.body)
    assert notice is not None
    with pytest.raises(Held, match="mdn_mic_unknown"):
        as2.judge(notice, file)


def test_a_receipt_survives_being_kept() -> None:
    receipt = receipt_for("1@peer", mic="x", digest="sha256")
    assert as2.Message.from_bytes(receipt.to_bytes()) == receipt
