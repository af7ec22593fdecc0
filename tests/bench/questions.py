"""Invented questions for the writers, no two alike."""

from datetime import UTC, date, datetime, timedelta
from random import Random

from tests.bench.answers import FIRST_NAMES, LAST_NAMES, MEMBER_IDS, ORIGINATOR, SEED
from tradingpartners.x12 import Dependent, EligibilityQuestion, InterchangeEnvelope, Subscriber

NOW = datetime(2026, 1, 5, 7, 0, tzinfo=UTC)
ENVELOPE = InterchangeEnvelope(
    sender_qualifier="ZZ",
    sender="BENCHCLINIC",
    receiver_qualifier="ZZ",
    receiver="BENCHPAYER",
    created=NOW,
    control_number=270,
    usage="T",
)
# 35 only for the dentist; most ask about the plan as a whole.
SERVICE_TYPES = [("30",), ("30",), ("30",), ("30", "98"), ("30", "MH", "UC"), ("35",)]


def questions(count: int, seed: int = SEED) -> list[EligibilityQuestion]:
    dice = Random(seed)
    return [_question(dice, number) for number in range(1, count + 1)]


def _question(dice: Random, number: int) -> EligibilityQuestion:
    last_name = dice.choice(LAST_NAMES)
    day = date(2026, 1, 6) + timedelta(days=dice.randrange(60))
    dependent = None
    if dice.random() < 0.15:
        relationship = dice.choice(["01", "19", "34"])
        born = _birth_date(dice, 2008)
        dependent = Dependent(last_name, dice.choice(FIRST_NAMES), born, relationship=relationship)
    return EligibilityQuestion(
        trace_number=f"B{dice.getrandbits(96):024X}",
        trace_originator=ORIGINATOR,
        reference_identification=f"Q{number:08}",
        payer_name="BENCH HEALTH PLAN",
        payer_id="BHP01",
        provider_name="BENCH CLINIC",
        provider_npi="1234567893",
        subscriber=Subscriber(
            member_id=f"BPX{number * 611_953 % MEMBER_IDS:09}",
            last_name=last_name,
            first_name=dice.choice(FIRST_NAMES),
            birth_date=_birth_date(dice, 1935),
            middle_name=dice.choice("ABCDEFG") if dice.random() < 0.2 else None,
            gender=dice.choice(["F", "M", None]),
            group_number=f"G{dice.randrange(10**6):06}" if dice.random() < 0.3 else None,
        ),
        service_types=dice.choice(SERVICE_TYPES),
        service_date=day,
        created=NOW + timedelta(seconds=number),
        dependent=dependent,
        service_date_end=day + timedelta(days=20) if dice.random() < 0.1 else None,
    )


def _birth_date(dice: Random, first: int) -> date:
    return date(first, 1, 1) + timedelta(days=dice.randrange(365 * 17))
