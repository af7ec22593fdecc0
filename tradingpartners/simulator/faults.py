"""Every fault a scenario can play, by name: what the simulated partner then does.

The numbers are those of the project's table of faults; a fault without one is a habit of a dialect.
Flaws of certificates (35) are no faults of a scenario: `--tls` opens a port for each of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class On(StrEnum):
    """What a fault befalls."""

    CALL = "call"  # a real-time question, before it is answered
    FILE = "file"  # a file of questions, or a batch, when its answers are written
    PUT = "put"  # a client puts a file into the inbox
    POLL = "poll"  # a client looks for files or results that are ready
    CONNECT = "connect"  # a client opens a connection
    DISPOSITION = "disposition"  # the MDN for an AS2 message received


Value = bool | int | float | str
FILES = frozenset({On.FILE})
CALLS = frozenset({On.CALL})
ANSWERS = CALLS | FILES


@dataclass(frozen=True)
class FaultKind:
    """`parameters` are the keys a scenario may set besides the common ones, with their defaults."""

    name: str
    number: int | None
    on: frozenset[On]
    sentence: str
    parameters: Mapping[str, Value] = field(default_factory=dict)


def kind(
    name: str, number: int | None, on: frozenset[On] | On, sentence: str, /, **parameters: Value
) -> FaultKind:
    return FaultKind(name, number, frozenset({on}) if isinstance(on, On) else on, sentence, parameters)


KINDS = (
    # Real time: the line.
    kind("slow", 30, On.CALL, "The right answer, after so many seconds.", seconds=11.0),
    kind("drip_feed", 31, On.CALL, "The right answer, one byte at a time.", seconds_per_byte=1.0),
    kind("http_429", 32, On.CALL, "Too many requests, with Retry-After unless it is 0.", retry_after=1),
    kind("http_500", 32, On.CALL, "An error of the server."),
    kind("http_503", 32, On.CALL, "Out of service, with Retry-After unless it is 0.", retry_after=2),
    kind("http_504", 32, On.CALL, "The gateway waited in vain."),
    kind("html_page", 33, On.CALL, "An error page in HTML under status 200."),
    kind("garbage", 33, On.CALL, "Bytes that mean nothing under status 200."),
    kind("empty", 33, On.CALL, "Status 200 and nothing else."),
    kind("half_response", 34, On.CALL, "The connection breaks in the middle of the answer."),
    kind("wrong_content_length", 34, On.CALL, "Content-Length is off by so many bytes.", bytes=40),
    kind("hang_up", 34, On.CALL, "The question is read and the connection closed without a word."),
    kind("unreachable", 42, On.CONNECT, "The connection is closed as soon as it is open."),
    # The answer itself.
    kind("another_members_answer", 36, ANSWERS, "The right trace over another member's answer."),
    kind(
        "changed_identifiers",
        36,
        ANSWERS,
        "The right person, changed: name_and_id, married_name, new_id, hyphen, suffix or"
        " dependent_as_subscriber; marked: the answer says so.",
        change="name_and_id",
        marked=True,
    ),
    kind("duplicate_answer", 37, ANSWERS, "Every answer twice."),
    kind("unknown_trace", 38, ANSWERS, "An answer under a trace nobody asked with."),
    kind("no_trace", 38, ANSWERS, "An answer without the trace it was asked with."),
    kind(
        "late_answer",
        39,
        ANSWERS,
        "The right answer, when nobody waits for it any more; after_newer: or once a later question"
        " about the member is answered in a file.",
        seconds=30.0,
        after_newer=False,
    ),
    kind(
        "answers_reordered",
        40,
        On.FILE,
        "Answers to a later file come first, unless there is none for so long.",
        seconds=30.0,
    ),
    kind("aaa", 41, ANSWERS, "A rejection of one's choice.", code="42", loop="2100A", follow_up="R"),
    kind("aaa_42", 41, ANSWERS, "The payer cannot answer at the moment (2100A).", follow_up="R"),
    kind("aaa_42_79", 41, ANSWERS, "Cannot answer at the moment and invalid participant, both (2100A)."),
    kind("aaa_79", 41, ANSWERS, "Invalid participant (2100A).", follow_up="C"),
    kind("aaa_80", 41, ANSWERS, "No answer from the payer in time (2100A).", follow_up="R"),
    kind("aaa_43", 41, ANSWERS, "The provider is not one of the payer's (2100B).", follow_up="C"),
    kind("aaa_71", 41, ANSWERS, "The birth date does not fit (2100C).", follow_up="C"),
    kind("aaa_72", 41, ANSWERS, "The member id is not valid (2100C).", follow_up="C"),
    kind("aaa_73", 41, ANSWERS, "The name does not fit (2100C).", follow_up="C"),
    kind("aaa_75", 41, ANSWERS, "The subscriber is not found (2100C).", follow_up="C"),
    kind("rejection_above_subscriber", 41, ANSWERS, "A rejection with no trace, only BHT03.", loop="2100A"),
    kind("truncated_answer", 46, On.CALL, "A 271 that ends before SE, GE and IEA."),
    kind(
        "hostile_segment",
        49,
        ANSWERS,
        "One segment of so many bytes: a text, elements or repetitions.",
        bytes=1_000_000,
        shape="text",
    ),
    kind("delimiter_in_data", 51, ANSWERS, "A message with a delimiter inside."),
    kind(
        "line_ends", 52, ANSWERS, "Other line ends: crlf, lf, cr, none, blank_lines or spaces.", style="crlf"
    ),
    kind("byte_order_mark", 52, ANSWERS, "A byte order mark before ISA."),
    kind("nul_bytes", 52, ANSWERS, "NUL inside an element."),
    kind("latin_1", 52, ANSWERS, "A name with a letter outside ASCII, in Latin-1."),
    kind("ebcdic", 52, On.FILE, "The whole file in EBCDIC."),
    kind("utf_16", 52, ANSWERS, "The whole answer in UTF-16."),
    kind("wrong_se_count", 53, ANSWERS, "SE01 is one more than there are segments."),
    kind("wrong_se_number", 53, ANSWERS, "SE02 is not ST02."),
    kind("wrong_ge_count", 53, ANSWERS, "GE01 is one more than there are transaction sets."),
    kind("wrong_ge_number", 53, ANSWERS, "GE02 is not GS06."),
    kind("wrong_iea_count", 53, ANSWERS, "IEA01 is one more than there are groups."),
    kind("wrong_iea_number", 53, ANSWERS, "IEA02 is not ISA13."),
    kind("answer_is_999", 54, On.CALL, "A 999 that rejects the question, where a 271 is due."),
    # Files.
    kind("truncated_file", 46, On.FILE, "The file ends before SE, GE and IEA."),
    kind("empty_file", 46, On.FILE, "A file of no bytes."),
    kind("huge_file", 47, On.FILE, "A file of so many bytes, most of them a hole.", bytes=10_000_000_000),
    kind("zip_bomb", 48, On.FILE, "A small gzip that unpacks to so many bytes.", bytes=1_000_000_000),
    kind("path_in_name", 48, On.FILE, "A name that leads out of the folder."),
    kind("symlink", 48, On.FILE, "A link that leads out of the folder."),
    kind("bad_delimiters", 50, On.FILE, "ISA's delimiters: letter, space, same or short.", style="letter"),
    kind("partial_999", 54, On.FILE, "The 999 rejects every second transaction set."),
    kind("rejected_999", 54, On.FILE, "The 999 rejects the group."),
    kind("ta1_rejected", 55, On.FILE, "A TA1 rejects the interchange.", code="025"),
    kind("silence", 56, On.FILE, "Neither 999 nor 271."),
    kind("no_271", 56, On.FILE, "A 999, and no 271."),
    kind(
        "same_file_twice",
        57,
        On.FILE,
        "The file of answers comes again under its own name. Once it is fetched, or after so long.",
        seconds=5.0,
    ),
    kind("same_content_other_name", 57, On.FILE, "The file of answers comes again under another name."),
    kind("same_isa13_other_content", 57, On.FILE, "Another file under a control number used before."),
    kind(
        "same_name_other_content",
        57,
        On.FILE,
        "Another file under a name used before. Once it is fetched, or after so long.",
        seconds=5.0,
    ),
    kind(
        "answers_joined",
        58,
        On.FILE,
        "One file answers two of theirs, unless there is no second for so long.",
        seconds=30.0,
    ),
    kind("answers_split", 58, On.FILE, "So many files answer one of theirs.", parts=3),
    kind(
        "slow_writer",
        60,
        On.FILE,
        "The file grows in pieces, under its final name or a temporary one.",
        seconds=2.0,
        temporary=False,
    ),
    kind("new_host_key", 61, On.CONNECT, "The SFTP host key is another one."),
    kind("host_key_roll", 61, On.CONNECT, "The SFTP server shows the old and a new host key."),
    kind("disk_full", 62, On.PUT, "No space left for the file."),
    kind("permission_denied", 62, On.PUT, "The file may not be put."),
    kind("name_taken", 62, On.PUT, "The name it is to be renamed to is taken."),
    # AS2.
    kind("mdn_missing", 63, On.DISPOSITION, "No MDN."),
    kind("mic_differs", 63, On.DISPOSITION, "An MDN whose MIC is of other contents."),
    kind("unsigned_mdn", 63, On.DISPOSITION, "An MDN without a signature."),
    kind("wrong_signer", 63, On.DISPOSITION, "An MDN signed by a stranger."),
    kind("mdn_twice", 63, On.DISPOSITION, "The MDN comes twice."),
    kind("duplicate_message", 63, On.FILE, "The AS2 message comes twice under one Message-ID."),
    # Habits of the JSON dialects.
    kind("throttled", None, On.CALL, "The account has too many calls open, says the clearinghouse."),
    kind("unknown_code", None, On.CALL, "JSON with a code no list has."),
    kind("no_benefits", None, On.CALL, "JSON without benefitsInformation."),
    kind(
        "batch_retrying",
        None,
        On.FILE,
        "The check is retried for so long and absent from polls.",
        seconds=5.0,
    ),
    kind("batch_unanswered", None, On.FILE, "The check is never answered; its batch completes with errors."),
    kind("short_page", None, On.POLL, "A page with fewer items than asked for."),
    kind("token_expired", None, On.POLL, "The page token is no longer good."),
    kind("poll_500", None, On.POLL, "An error of the server, to who asks for results."),
)
FAULTS: Mapping[str, FaultKind] = {each.name: each for each in KINDS}
