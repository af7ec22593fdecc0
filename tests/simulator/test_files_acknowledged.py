"""What the other side says of the 271s it was given: TA1s and 999s in files of their own."""

from collections.abc import Callable
from typing import Any

from tests.simulator.conftest import answers_in_files
from tests.simulator.driving import Simulator, until
from tests.simulator.test_files import file_questions
from tests.simulator.wire import interchange, split

ISA = (
    "ISA*00*          *00*          *ZZ*RIVERSIDE      *ZZ*PAYERS         *251122*0700*^*00501*{:09d}*0*T*:~"
)


def acknowledging(simulator: Simulator, segments: list[str], *, number: int = 77) -> None:
    text = ISA.format(number) + "".join(f"{segment}~" for segment in segments)
    simulator.put(f"ack_{number}.x12", text.encode())
    until(lambda: not simulator.inbox())


def answered(launch: Callable[..., Simulator], population: dict[str, Any]) -> tuple[Simulator, str, bytes]:
    """A simulator that wants acknowledgements, and the name and bytes of its first 271 file."""
    simulator = launch("--file-delay-ms", "20", "--wants-acknowledgements")
    simulator.put("one.x12", interchange(file_questions(population, start=0, count=1)))
    until(lambda: len(answers_in_files(simulator)) == 1)
    name, raw = next((name, raw) for name, raw in simulator.outbox().items() if name.startswith("271"))
    return simulator, name, raw


def test_a_271_asks_for_a_ta1_where_it_is_wanted(
    launch: Callable[..., Simulator], population: dict[str, Any]
) -> None:
    simulator, _, raw = answered(launch, population)
    assert split(raw)[0][14] == "1"
    acknowledgement = next(raw for name, raw in simulator.outbox().items() if name.startswith("999"))
    assert split(acknowledgement)[0][14] == "0"


def test_a_ta1_in_a_file_of_its_own_is_booked_and_not_answered(
    launch: Callable[..., Simulator], population: dict[str, Any]
) -> None:
    simulator, name, raw = answered(launch, population)
    isa13 = split(raw)[0][13]
    acknowledging(simulator, [f"TA1*{isa13}*251122*0700*R*025", "IEA*0*000000077"])
    (booked,) = simulator.entries("acknowledgement")
    assert (booked["kind"], booked["of"], booked["code"], booked["note"]) == ("TA1", name, "R", "025")
    assert len(simulator.outbox()) == 2 and len(simulator.entries("put")) == 1


def test_a_999_is_booked_with_what_it_says_of_each_set(
    launch: Callable[..., Simulator], population: dict[str, Any]
) -> None:
    simulator, name, raw = answered(launch, population)
    group = split(raw)[1][6]
    acknowledging(
        simulator,
        [
            "GS*FA*RIVERSIDE*PAYERS*20251122*0700*77*X*005010X231A1",
            "ST*999*0001*005010X231A1",
            f"AK1*HB*{group}*005010X279A1",
            "AK2*271*0001*005010X279A1",
            "IK3*NM1*8*2100*8",
            "IK4*9*67*7",
            "IK5*R*5",
            "AK9*R*1*1*0",
            "SE*8*0001",
            "GE*1*77",
            "IEA*1*000000077",
        ],
    )
    (booked,) = simulator.entries("acknowledgement")
    assert (booked["kind"], booked["of"], booked["code"]) == ("999", name, "R")
    assert booked["transaction_sets"] == {"0001": "R"}


def test_an_acknowledgement_of_a_stranger_is_booked_as_of_nothing(
    launch: Callable[..., Simulator], population: dict[str, Any]
) -> None:
    simulator, _, _ = answered(launch, population)
    acknowledging(simulator, ["TA1*X*251122*0700*A*000", "IEA*0*000000077"])
    (booked,) = simulator.entries("acknowledgement")
    assert booked["of"] is None
