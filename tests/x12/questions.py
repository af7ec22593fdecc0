"""Questions about the cast, and the interchange they travel in."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from tradingpartners.x12 import (
    DEFAULT_DELIMITERS,
    Delimiters,
    Dependent,
    EligibilityQuestion,
    GroupEnvelope,
    InterchangeEnvelope,
    Subscriber,
    write_interchange,
)

NOW = datetime(2026, 1, 5, 7, 0, 30, tzinfo=UTC)

ALICE = Subscriber(
    member_id="W0001", last_name="AMES", first_name="ALICE", birth_date=date(1980, 2, 3), gender="F"
)
BOBBY = Dependent(
    last_name="AMES", first_name="BOBBY", birth_date=date(2015, 6, 7), gender="M", relationship="19"
)

ABOUT_ALICE = EligibilityQuestion(
    trace_number="T0001",
    trace_originator="9PREFLIGHT",
    reference_identification="Q0001",
    payer_name="ACME HEALTH",
    payer_id="ACME1",
    provider_name="RIVER CLINIC",
    provider_npi="1234567893",
    subscriber=ALICE,
    service_types=("30",),
    service_date=date(2026, 1, 6),
    created=NOW,
)
ABOUT_BOBBY = ABOUT_ALICE._replace(
    trace_number="T0002",
    dependent=BOBBY,
    service_types=("30", "98"),
    service_date_end=date(2026, 1, 31),
)

ENVELOPE = InterchangeEnvelope(
    sender_qualifier="ZZ",
    sender="RIVER",
    receiver_qualifier="ZZ",
    receiver="ACME1",
    created=NOW,
    control_number=101,
    usage="T",
)


def group(sets: Sequence[str], *, functional_id: str = "HS", version: str = "005010X279A1") -> GroupEnvelope:
    return GroupEnvelope(
        functional_id=functional_id,
        sender="RIVER",
        receiver="ACME1",
        created=NOW,
        control_number=101,
        version=version,
        transactions=sets,
    )


def questions_file(*sets: str, delimiters: Delimiters = DEFAULT_DELIMITERS) -> bytes:
    return write_interchange(ENVELOPE, [group(sets)], delimiters=delimiters)
