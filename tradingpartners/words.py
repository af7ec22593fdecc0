"""Words for the codes of the gateway: what the wire did, why something waits, how an attempt ended.

The one place of them; pages, alerts and exports ask here. A code that has none stands for itself.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tradingpartners import x12
from tradingpartners.models import Transaction


class Explained(NamedTuple):
    """What happened, and what somebody may do about it (empty: nothing)."""

    what: str
    todo: str = ""


_SETTINGS = "Complete the connection on its page, then try it out."
_NETWORK = "It is tried again by itself. If it stays, try the connection out and call the partner."
_CALL = "Call the partner, with the file name and ISA13."
_ASK_AND_SEND = "Ask the partner what it has, then send the file once more or ask its questions again."
_FOLDER = "Ask the partner to mend its folder, or correct its name on the connection's page."
_KEYS = "Exchange certificates with the partner anew, then try it out."
_REPLAY = "Ask again when the partner works."

# By code; `code:detail` is looked up as `code:`.
_ERRORS: dict[str, Explained] = {
    # before anything was handed over
    "connection_refused": Explained("The partner's computer did not let us connect.", _NETWORK),
    "connect_timeout": Explained("The partner's computer did not answer.", _NETWORK),
    "not_resolved": Explained(
        "The partner's address is unknown to the network.", "Check the address for a typing mistake."
    ),
    "not_allowed": Explained(
        "The partner's address leads into a private network.",
        "Check the address. An operator can allow a private network.",
    ),
    "bad_address": Explained("The partner's address cannot be read.", _SETTINGS),
    "tls": Explained(
        "The partner's certificate is not valid, so nothing was sent.",
        "Ask the partner to renew or correct its certificate.",
    ),
    "host_key_changed": Explained(
        "The partner's server shows another key than the one we know, so nothing was sent.",
        "Ask the partner whether it has a new key, then enter it beside the old one.",
    ),
    "login_refused": Explained(
        "The partner refused our user name or key.", "Enter the credentials anew, then try it out."
    ),
    "address_refused": Explained(
        "The partner's address leads into a private network.",
        "Check the address. An operator can allow a private network.",
    ),
    "key_exchange_failed": Explained(
        "The partner's server and we have no way of encryption in common.", _CALL
    ),
    "permission_denied": Explained("The partner's folder does not let us do this.", _FOLDER),
    "no_such_file": Explained("The folder or file is not there.", _FOLDER),
    "disk_full": Explained("The partner's disk is full.", "Call the partner. It is tried again by itself."),
    "sftp_failure": Explained(
        "The partner's server could not do it: its disk may be full, or the name taken.", _NETWORK
    ),
    "sftp_error": Explained("The partner's server could not do it.", _NETWORK),
    "upload_incomplete": Explained("The file did not arrive whole, so it was not released.", _NETWORK),
    "name_taken": Explained(
        "Another file has this name in the partner's folder.",
        "Have the partner move it away, then send ours once more.",
    ),
    "not_a_file": Explained("What lies in the folder is not a file.", "Ask the partner what it is."),
    "throttled": Explained(
        "The clearinghouse wants fewer questions at a time.", "It is tried again by itself."
    ),
    "token_revoked": Explained("The clearinghouse ended our session.", "It is tried again by itself."),
    "core_unauthorized": Explained("The partner refused our user name or password.", "Enter them anew."),
    "core_version_mismatch": Explained("The partner speaks another version of the envelope.", _SETTINGS),
    "core_metadata_refused": Explained("The partner refused what the envelope says of us.", _SETTINGS),
    "core_payload_not_xml": Explained("The question holds a character the envelope cannot carry.", ""),
    "batch_refused": Explained("The clearinghouse refused the whole batch over some questions.", ""),
    "receipt_address": Explained("The address a receipt was to go to is not the partner's.", _CALL),
    "http_400": Explained("The partner could not make sense of what we sent.", _CALL),
    "http_405": Explained("The partner has nothing to ask at this address.", _SETTINGS),
    "http_415": Explained("The partner takes another form of message.", _SETTINGS),
    "http_401": Explained("The partner refused our credentials.", "Enter the credentials anew."),
    "http_403": Explained("The partner does not let us in.", "Ask the partner what it lets us do."),
    "http_404": Explained("The partner has nothing at this address.", _SETTINGS),
    "http_413": Explained("The partner found the message too large.", "Lower the batch limits."),
    "http_429": Explained("The partner wants fewer questions at a time.", "It is tried again by itself."),
    "http_503": Explained("The partner says it is out of service for now.", "It is tried again by itself."),
    "settings:": Explained("The connection is not complete.", _SETTINGS),
    "settings:identity": Explained(
        "Our ID or the partner's cannot stand in a message.", "Correct the IDs under Identity."
    ),
    "settings:credentials": Explained("The credentials are missing, or cannot be used.", _SETTINGS),
    "settings:partner_certificates_expired": Explained(
        "None of the partner's certificates is valid today.", "Ask the partner for its new one."
    ),
    "settings:certificate_expired": Explained(
        "Our certificate is not valid today.", "Enter a new one, and send it to the partner."
    ),
    "settings:public_url": Explained(
        "Receipts cannot come later: where this program is reached from outside is not set up.",
        "Ask your operator, or have receipts on the same connection.",
    ),
    # after something may have been read
    "timeout": Explained("No answer came in time; the partner may have read the question.", _REPLAY),
    "connection_lost": Explained("The connection broke; the partner may have read the question.", _REPLAY),
    "http_500": Explained("The partner's program failed.", _REPLAY),
    "http_502": Explained("The partner's program could not be reached behind its door.", _REPLAY),
    "http_504": Explained("The payer behind the partner did not answer in time.", _REPLAY),
    "reply_too_large": Explained("The reply was larger than any answer may be.", _CALL),
    "unreadable:": Explained("What came back could not be read.", _CALL),
    "core_error": Explained("The partner's program reports an error of its own.", _REPLAY),
    "core_payload_missing": Explained("The reply's envelope was empty.", _REPLAY),
    "core_envelope_unreadable": Explained("The reply came without its envelope.", _REPLAY),
    "bad_reply": Explained("The reply was not in the form agreed on.", _CALL),
    "no_batch_id": Explained(
        "The clearinghouse took the batch and did not name it.", "It is looked for by itself."
    ),
    "no_coverage_id": Explained("The clearinghouse took the question and did not name it.", _REPLAY),
    "page_token_expired": Explained("The clearinghouse forgot where we were; we begin anew.", ""),
    "too_many_pages": Explained("The clearinghouse's list does not end.", _CALL),
    "answer_is_canned": Explained(
        "The clearinghouse answered with an example, not with the payer's word.",
        "Take the demo setting off the connection, or use live credentials.",
    ),
    "demo_is_live": Explained(
        "The connection is for demo answers, and a real one came. It was not used.",
        "Correct the demo setting or the credentials.",
    ),
    # receipts for a transmission (AS2)
    "mdn_missing": Explained("No receipt came for the transmission.", "It is sent again by itself."),
    "mdn_of_another": Explained("The receipt is for another message.", _CALL),
    "mdn_of_nobody": Explained("A receipt came for a message we did not send.", _CALL),
    "mdn_failed": Explained("The partner could not take the message.", _CALL),
    "mdn_error": Explained("The partner reports an error with the message.", _CALL),
    "mdn_unknown": Explained("The receipt does not say what became of the message.", _CALL),
    "mdn_integrity": Explained("The partner found the message changed on its way.", _ASK_AND_SEND),
    "mdn_mic_differs": Explained("The receipt is for other content than we sent.", _ASK_AND_SEND),
    "mdn_without_mic": Explained("The receipt does not say for which content.", _ASK_AND_SEND),
    "mdn_mic_unknown": Explained("The receipt's checksum is of a kind we do not know.", _ASK_AND_SEND),
    "mdn_unsigned": Explained("The receipt is not signed, so it proves nothing.", _ASK_AND_SEND),
    "mdn_wrong_signer": Explained("The receipt is signed by somebody we do not know.", _KEYS),
    "mdn_altered": Explained("The receipt does not match its signature.", _ASK_AND_SEND),
    "mdn_malformed": Explained("The receipt's signature cannot be read.", _ASK_AND_SEND),
    "mdn_unsupported": Explained("The receipt is signed in a way we do not know.", _KEYS),
    "mdn_authentication_failed": Explained("The partner does not know our signature.", _KEYS),
    "mdn_decryption_failed": Explained("The partner could not decrypt the message.", _KEYS),
    "mdn_decompression_failed": Explained("The partner could not unpack the message.", _KEYS),
    "mdn_insufficient_message_security": Explained("The partner wants it signed and encrypted.", _KEYS),
    "mdn_sender_equals_receiver": Explained("Both AS2 names are the same.", _SETTINGS),
    "mdn_unknown_trading_partner": Explained("The partner does not know our AS2 name.", _SETTINGS),
    "mdn_unknown_trading_relationship": Explained(
        "The partner has no agreement under these names.", _SETTINGS
    ),
    # messages pushed to us (AS2)
    "as2_names": Explained("A message came under names that were not agreed on.", _SETTINGS),
    "message_id": Explained("The message has no number of its own.", _CALL),
    "message_id_reused": Explained("Another message came under this number before.", _CALL),
    "several_parts": Explained("The message holds more than one file.", _CALL),
    "no_message": Explained("Nothing was in the message.", _CALL),
    "not_encrypted": Explained("The message was not encrypted, as it should be.", _CALL),
    "not_signed": Explained("The message was not signed, as it should be.", _CALL),
    "not_for_us": Explained("The message is encrypted for another key than ours.", _KEYS),
    "wrong_signer": Explained("The message is signed by somebody we do not know.", _KEYS),
    "altered": Explained("The message does not match its signature.", _CALL),
    "malformed": Explained("The message cannot be read.", _CALL),
    "unsupported": Explained("The message is packed in a way we do not know.", _KEYS),
    "too_large": Explained("The message is larger than we take.", _CALL),
    "no_answer": Explained("What came back held no answer.", _CALL),
    "gone_unseen": Explained(
        "Nothing of the file is left at the partner: it took the file, or swept away what was uploaded.",
        _ASK_AND_SEND,
    ),
    "upload_gone": Explained("What was uploaded was gone before it could be given its name.", _NETWORK),
    "answer_about_somebody_else": Explained(
        "The answer was about somebody else. It is kept apart and was not used.",
        "Report it to the payer: it has shown us another person's data.",
    ),
    "worker_lost": Explained("The program was stopped while it asked.", "It is asked again by itself."),
    # of files
    "999 R": Explained("The partner's receipt refuses the question.", _CALL),
    "TA1": Explained("The partner refuses the whole file.", _CALL),
    "file_too_large": Explained("The file is larger than we take.", _CALL),
    "poison": Explained("Reading it stopped the program more than once.", "Report it to support."),
    "not_x12": Explained("It is not an X12 file.", _CALL),
    "file_refused": Explained("The partner refused the file, and does not say over which question.", _CALL),
    "same_number_other_content": Explained("Its number was used before, for other content.", _CALL),
    "duplicate": Explained("The same file was here before.", ""),
    "incomplete": Explained("Its end is missing.", _CALL),
    "dropped": Explained("A person put it aside.", ""),
    "somebody_else": Explained("It is about somebody else.", "Report it to the payer."),
    "foreign_set": Explained("It is a kind of message we do not read.", ""),
    "dismissed": Explained("A person put it aside: it answers nothing of ours.", ""),
    "unknown_interchange": Explained("It is a receipt for a file we did not send.", _CALL),
    "counts_disagree": Explained("The receipt's counts contradict its list.", _CALL),
    "after_the_answer": Explained("The receipt refuses what was answered already; the answer holds.", ""),
    "too_many_interchanges": Explained("More files are in it than we take at once.", _CALL),
    # our own
    "partner_inactive": Explained("The connection was switched off.", "Switch it on, then ask again."),
    "no_route": Explained("No connection leads to this payer.", "Add a route to it."),
    "unwritable:": Explained("The question cannot be written: a value is missing or not allowed.", ""),
    "payer_unavailable": Explained("The payer was down for as long as an answer may take.", _REPLAY),
    "partner_paused": Explained("The connection was paused for too long.", "Resume it, then ask again."),
    "Cancelled by operator": Explained("The sweep was cancelled before it was asked."),
    "cancelled": Explained("The sweep was cancelled before it was asked."),
    "answered_by_earlier_attempt": Explained("An earlier question was answered meanwhile."),
}

# `TransportLog.event`
EVENTS = {
    "put": "File handed over",
    "ask": "Question asked",
    "poll": "Looked for answers",
    "fetch": "File fetched",
    "receive": "File received",
    "mdn": "Receipt for the transmission (MDN)",
    "put_away": "File moved to the archive",
    "message": "Message received",
    "mdn_sent": "Receipt for their transmission sent (MDN)",
    "payers": "Payer list read",
    "release": "Released by a person",
    "drop": "Put aside by a person",
    "settle": "Settled by a person",
    "reread": "Read again",
    "accept_interchange": "Accepted by a person",
    "drop_interchange": "Put aside by a person",
    "test": "Connection tried out",
}

# What trying a connection out goes through (`transports.Step.name`).
STEPS = {
    "settings": "The settings are complete",
    "resolve": "The address is known",
    "connect": "The computer answers",
    "tls": "Its certificate is valid",
    "http": "The service answers",
    "host_key": "Its key is the one we know",
    "login": "It lets us in",
    "inbox": "Our folder can be written",
    "outbox": "Its folder can be read",
    "archive": "The archive can be written",
    "token": "It gives us a token",
    "directory": "Its payer list can be read",
}

_KINDS = {
    ("out", "270"): "Question",
    ("in", "271"): "Answer",
    ("in", "999"): "Receipt",
    ("in", "997"): "Receipt",
    ("out", "999"): "Receipt sent",
    ("out", "TA1"): "Receipt sent",
    ("out", "278"): "Prior auth request",
    ("in", "278"): "Prior auth answer",
}

STATES = {
    "prepared": "Waiting to go",
    "never_sent": "Not sent",
    "sent": "No answer yet",
    "answered": "Answered",
    "rejected": "Refused",
    "failed": "Failed",
    "unknown": "Not known",
    "superseded": "Overtaken",
    "received": "Received",
}

INTERCHANGES = {
    "composed": "Written, not sent yet",
    "in_flight": "On its way: the partner has not taken it yet",
    "taken": "Taken by the partner",
    "overdue": "The partner has not taken it in time",
    "received": "Received",
}

DISPOSITIONS = {
    "applied": "Taken as the answer",
    "duplicate": "Came twice, not taken again",
    "late": "Came too late, kept",
    "unmatched": "Fits no question of ours",
    "quarantined": "Kept apart",
    "held": "Its file waits for a person",
}


ABOUT_SOMEBODY_ELSE = "About somebody else, kept apart"
CAME_DAMAGED = "Came damaged"
# Why an answer is kept apart, by its `error`; any other is the damage found in it.
_QUARANTINED = {
    **dict.fromkeys(("", "somebody_else"), ABOUT_SOMEBODY_ELSE),
    **dict.fromkeys(("dropped", "dismissed"), "Put aside"),
    "foreign_set": "Not a kind we read, kept",
}


def came_damaged(transaction: Transaction) -> bool:
    return disposition(transaction) == CAME_DAMAGED


def disposition(transaction: Transaction) -> str:
    """What became of something that came in; a receipt answers nothing, and is noted."""
    code = transaction.disposition
    if code == "quarantined":
        return _QUARANTINED.get(transaction.error, CAME_DAMAGED)
    if code == "applied" and _KINDS.get(("in", transaction.transaction_set)) == "Receipt":
        return "Noted"
    return DISPOSITIONS.get(code, code)


def kind(transaction: Transaction) -> str:
    pair = (transaction.direction, transaction.transaction_set)
    return _KINDS.get(pair, transaction.transaction_set)


def explain(code: str) -> Explained:
    """The words of an error code of the wire or of an attempt."""
    if code in _ERRORS:
        return _ERRORS[code]
    if code.startswith("token_"):  # the token that asking needs was not to be had
        return explain(code.removeprefix("token_"))
    family, colon, detail = code.partition(":")
    if colon and f"{family}:" in _ERRORS:
        known = _ERRORS[f"{family}:"]
        return known._replace(what=f"{known.what.rstrip('.')} ({detail.replace('_', ' ')}).")
    if code.startswith("AAA "):
        rejections = [x12.in_words("rejection", each) for each in code.split()[1:]]
        return Explained(f"{'; '.join(rejections)}.")
    if code.startswith("TA1 "):
        note = x12.in_words("interchange_note", code.split()[1])
        return Explained(f"The partner refuses the whole file: {note}.", _CALL)
    if code.startswith("999"):
        return _ERRORS["999 R"]
    if re.match(r"http_5\d\d$", code):
        return _ERRORS["http_500"]
    if code.startswith("No 271 within"):
        return Explained(f"{code.replace('No 271', 'No answer')}.", f"{_CALL} Then ask again.")
    return Explained(code.replace("_", " ").capitalize() if code else "")


def step_words(name: str) -> str:
    """The words of a step of trying a connection out."""
    return STEPS.get(name, name.replace("_", " ").capitalize())
