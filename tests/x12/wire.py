"""Interchanges built around the segments a test is about, and the samples by name."""

from pathlib import Path

from tradingpartners.x12 import Answer, EligibilityResponse, Interchange, TransactionSet, read, read_271

SAMPLES = Path(__file__).parent / "samples"

ABOVE_SUBSCRIBER = (
    "BHT*0022*11*Q0001*20260105*0700",
    "HL*1**20*1",
    "NM1*PR*2*ACME HEALTH*****PI*ACME1",
    "HL*2*1*21*1",
    "NM1*1P*2*RIVER CLINIC*****XX*1234567893",
)
ALICE = ("HL*3*2*22*0", "TRN*2*T0001*9PREFLIGHT", "NM1*IL*1*AMES*ALICE****MI*W0001")


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def sample_names() -> list[str]:
    return sorted(path.name for path in SAMPLES.glob("*.edi"))


def transaction_set(*body: str, set_id: str = "271", number: str = "0001") -> str:
    version = "005010X231A1" if set_id == "999" else "005010X279A1"
    segments = [f"ST*{set_id}*{number}*{version}", *body, f"SE*{len(body) + 2}*{number}"]
    return "".join(f"{segment}~" for segment in segments)


def interchange(*sets: str, functional_id: str = "HB", version: str = "005010X279A1") -> str:
    blank = " " * 10
    header = (
        f"ISA*00*{blank}*00*{blank}*ZZ*{'ACME1':15}*ZZ*{'RIVER':15}*260105*0700*^*00501*000000101*0*T*:~"
        f"GS*{functional_id}*ACME1*RIVER*20260105*0700*101*X*{version}~"
    )
    return header + "".join(sets) + f"GE*{len(sets)}*101~IEA*1*000000101~"


def only_set(wire: bytes | str) -> tuple[TransactionSet, Interchange]:
    (read_interchange,) = read(wire).interchanges
    (group,) = read_interchange.groups
    (transaction,) = group.transactions
    return transaction, read_interchange


def response_to(wire: bytes | str) -> EligibilityResponse:
    transaction, read_interchange = only_set(wire)
    return read_271(transaction, read_interchange.delimiters)


def answer_with(*segments: str) -> Answer:
    """Alice's answer with these segments below her name."""
    wire = interchange(transaction_set(*ABOVE_SUBSCRIBER, *ALICE, *segments))
    (answer,) = response_to(wire).answers
    return answer
