"""Invented answers of an invented payer: a 271 file of any length, the same bytes for the same seed.

    python -m tests.bench.answers N [SEED] > FILE

Some thirty segments an answer, as large payers send them: subscribers and dependents; active, inactive and
rejected; plans whose own benefits repeat from person to person, and beside them what is left of each, which
for two in three is an amount of their own. So remembering helps a reader as much as it does in life. Each
`Answer` also says what it is about, so that a reader can be compared with what was meant.
"""

import sys
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

SEED = 2026
VERSION = "005010X279A1"
TODAY = "20260105"
YEAR = "20260101-20261231"
ORIGINATOR = "9PREFLIGHT"
# Any number below this prime gets a member id of its own.
MEMBER_IDS = 999_999_937

PLANS = 60
# Name, EB04, whether there is a network to be out of, whether visits cost a fixed sum.
KINDS = [
    ("CHOICE PPO", "PR", True, True),
    ("COMMUNITY HMO", "HM", False, True),
    ("SAVER HDHP", "C1", True, False),
    ("SENIOR ADVANTAGE", "HN", False, True),
]
COVERED = ("1", "33", "35", "47", "48", "50", "86", "88", "98", "AL", "MH", "UC")
VISITS = {"98": "11", "86": "23"}  # service type of a visit: place of service
REJECTIONS = [("72", "C"), ("73", "C"), ("75", "C"), ("71", "C"), ("58", "C"), ("42", "R"), ("62", "C")]
REJECTIONS_OF_DEPENDENTS = [("67", "C"), ("65", "C"), ("58", "C"), ("71", "C")]
RELATIONSHIPS = ["01", "19", "19", "G8"]

LAST_BEGIN = (
    "AL BAR CAL DEN ELL FAR GAR HOL IVER JAN KEL LOW MAR NOR OAK PEM QUIN ROS STAN TRE UNDER VAN WEN YAR"
)
LAST_END = "BERG BURY DALE FIELD FORD HAM HURST LAND LEY MAN MORE SEN SON STEIN STON TON WICK WOOD WORTH ZAK"
LAST_NAMES = [begin + end for begin in LAST_BEGIN.split() for end in LAST_END.split()]
_FIRST_NAMES = """
ADA AMIR ANYA BEN BRUNO CARA CHEN DALIA DEV ELENA ERIK FATIMA FINN GITA GUS HANA HUGO IDA IVAN JADE JONAS
KEIKO KOFI LARA LEON MAYA MILO NADIA NILS OLGA OMAR PAULA PAVEL QUYNH RAFA ROSA SAMI SOFIA TARIQ TESS UMA
URI VERA VIKTOR WANDA WEI XENIA YARA YUSUF ZOE
"""
FIRST_NAMES = _FIRST_NAMES.split()
STREETS = ["ASPEN WAY", "BIRCH LN", "CANAL ST", "DEPOT RD", "ELM CT", "FERRY ST", "GROVE AVE", "HILL RD"]
TOWNS = [("DAYTON", "OH", "454"), ("FRESNO", "CA", "937"), ("MOBILE", "AL", "366"), ("SALEM", "OR", "973")]


class Benefit(NamedTuple):
    """One EB as it is meant; `details` are the segments that follow it."""

    code: str
    level: str = ""
    service_types: tuple[str, ...] = ("30",)
    insurance_type: str = ""
    plan: str = ""
    period: str = ""
    amount: str = ""
    percent: str = ""
    quantity_qualifier: str = ""
    quantity: str = ""
    authorization: str = ""
    network: str = ""
    details: tuple[str, ...] = ()

    def segments(self) -> list[str]:
        code, level, service_types, *others = self[:-1]
        return ["*".join(["EB", code, level, "^".join(service_types), *others]).rstrip("*"), *self.details]


class Plan(NamedTuple):
    """What everybody in it has alike."""

    name: str
    insurance_type: str
    out_of_network: bool
    deductible: int
    out_of_pocket: int
    therapy_visits: int
    alike: tuple[Benefit, ...]


class Answer(NamedTuple):
    """What one transaction set is about, and its segments from ST to SE."""

    control_number: str
    trace_number: str
    # Of the subscriber, whoever is answered for.
    member_id: str
    last_name: str
    first_name: str
    birth_date: str
    is_dependent: bool
    # active, inactive, rejected, or unavailable: then it is about nobody.
    status: str
    rejection: str
    benefits: tuple[Benefit, ...]
    segments: tuple[str, ...]


def answers(count: int, seed: int = SEED) -> Iterator[Answer]:
    dice = Random(seed)
    plans = [_plan(dice, number) for number in range(PLANS)]
    for number in range(1, count + 1):
        yield _answer(dice, number, dice.choice(plans))


def write_answers(count: int, seed: int = SEED) -> Iterator[str]:
    """One interchange, in pieces: fifty thousand answers need not stand in memory at once."""
    parties = "ZZ*BENCHPAYER     *ZZ*BENCHCLINIC    "
    yield f"ISA*00*          *00*          *{parties}*{TODAY[2:]}*0700*^*00501*000000271*0*T*:~"
    yield f"GS*HB*BENCHPAYER*BENCHCLINIC*{TODAY}*0700*271*X*{VERSION}~"
    for answer in answers(count, seed):
        yield "~".join(answer.segments) + "~"
    yield f"GE*{count}*271~IEA*1*000000271~"


def _plan(dice: Random, number: int) -> Plan:
    kind, insurance_type, out_of_network, copays = KINDS[number % len(KINDS)]
    deductible = dice.randrange(250, 7000, 50)
    out_of_pocket = deductible + dice.randrange(1000, 5000, 100)
    in_network, out_share = dice.choice([".1", ".15", ".2", ".25", ".3"]), dice.choice([".4", ".5"])
    therapy_visits = dice.choice([12, 20, 24, 30, 40, 60])
    alike = [
        Benefit("1", "", COVERED, details=("MSG*BENEFITS ARE SUBJECT TO PLAN TERMS",) if number % 3 else ()),
        _yearly("C", "IND", "23", f"{deductible}", details=(f"DTP*292*RD8*{YEAR}",)),
        _yearly("C", "FAM", "23", f"{deductible * 2}"),
        _yearly("G", "IND", "23", f"{out_of_pocket}"),
        Benefit("A", "IND", percent=in_network, network="Y"),
        Benefit("CB", "", ("62", "73"), authorization="Y", network="Y"),
    ]
    if copays:
        for service_type, place in VISITS.items():
            copay = f"{dice.randrange(10, 300, 5)}.00"
            details = ("MSG*COPAY IS WAIVED IF ADMITTED",) if service_type == "86" else ()
            alike.append(
                Benefit("B", "IND", (service_type,), period="27", amount=copay, network="Y")._replace(
                    details=(*details, f"III*ZZ*{place}")
                )
            )
    if out_of_network:
        alike.append(_yearly("C", "IND", "23", f"{deductible * 3}", network="N"))
        alike.append(Benefit("A", "IND", percent=out_share, network="N"))
    name = f"{kind} {deductible} {chr(65 + number % 26)}{number:02}"
    return Plan(name, insurance_type, out_of_network, deductible, out_of_pocket, therapy_visits, tuple(alike))


def _yearly(
    code: str, level: str, period: str, amount: str, network: str = "Y", details: tuple[str, ...] = ()
) -> Benefit:
    return Benefit(code, level, period=period, amount=amount, network=network, details=details)


def _active(dice: Random, plan: Plan) -> list[Benefit]:
    """The plan's own, and what this person has left of it: all, nothing, or some of it to the cent."""

    def left(of: int) -> str:
        used = dice.random()
        if used < 0.35:
            return str(of) if used < 0.2 else "0"
        cents = dice.randrange(of * 100)
        return f"{cents // 100}.{cents % 100:02}"

    active = Benefit(dice.choice("11112"), "IND", ("30",), plan.insurance_type, plan.name)
    benefits = [
        active,
        *plan.alike,
        _yearly("C", "IND", "29", left(plan.deductible)),
        _yearly("C", "FAM", "29", left(plan.deductible * 2)),
        _yearly("G", "IND", "29", left(plan.out_of_pocket)),
    ]
    if dice.random() < 0.4:
        benefits += _therapy(dice, plan.therapy_visits)
    if not plan.out_of_network:
        doctor = f"NM1*P3*1*{dice.choice(LAST_NAMES)}*{dice.choice(FIRST_NAMES)}****XX*{_npi(dice)}"
        benefits.append(Benefit("L", details=("LS*2120", doctor, "LE*2120")))
    if dice.random() < 0.04:
        other = (
            f"REF*1W*OM{dice.randrange(10**7):07}",
            "LS*2120",
            "NM1*PRP*2*OTHER MUTUAL*****PI*OM001",
            "LE*2120",
        )
        benefits.append(Benefit("R", details=other))
    return benefits


def _therapy(dice: Random, visits: int) -> list[Benefit]:
    limit = Benefit("F", "IND", ("PT",), period="23", quantity_qualifier="VS", quantity=f"{visits}")
    left = limit._replace(period="29", quantity=f"{dice.randrange(visits)}")
    return [limit._replace(network="Y", details=(f"HSD*VS*{visits}***23*1",)), left._replace(network="Y")]


def _npi(dice: Random) -> str:
    """Nine digits and the check digit of an NPI, which counts the prefix 80840 as 24."""
    digits = [1, *(dice.randrange(10) for _ in range(8))]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[::2])
    return "".join(map(str, digits)) + str(-(24 + doubled + sum(digits[1::2])) % 10)


def _group(dice: Random) -> str:
    return f"G{dice.randrange(10**6):06}"


def _answer(dice: Random, number: int, plan: Plan) -> Answer:
    """One transaction set; what it is about is drawn first, its segments follow from that."""
    is_dependent = dice.random() < 0.15
    status, rejection, follow_up = _status(dice, is_dependent)
    born = (2008, 2025) if is_dependent else (1935, 2007)
    about = Answer(
        control_number=f"{number:09}",
        trace_number=f"B{dice.getrandbits(96):024X}",
        member_id=f"BPX{number * 611_953 % MEMBER_IDS:09}",
        last_name=dice.choice(LAST_NAMES),
        first_name=dice.choice(FIRST_NAMES),
        birth_date=f"{dice.randint(*born)}{dice.randint(1, 12):02}{dice.randint(1, 28):02}",
        is_dependent=is_dependent,
        status=status,
        rejection=rejection,
        benefits=tuple(_benefits(dice, plan, status)),
        segments=(),
    )
    body = _body(dice, about, f"{rejection}*{follow_up}")
    header = [f"ST*271*{about.control_number}*{VERSION}", f"BHT*0022*11*Q{number:08}*{TODAY}*0700"]
    trailer = f"SE*{len(body) + 3}*{about.control_number}"
    return about._replace(segments=(*header, *body, trailer))


def _status(dice: Random, is_dependent: bool) -> tuple[str, str, str]:
    """The status, and AAA03 and AAA04 where there is no benefit."""
    drawn = dice.random()
    if drawn < 0.005:
        return "unavailable", "42", "R"
    if drawn < 0.065:
        return "rejected", *dice.choice(REJECTIONS_OF_DEPENDENTS if is_dependent else REJECTIONS)
    return "inactive" if drawn < 0.14 else "active", "", ""


def _benefits(dice: Random, plan: Plan, status: str) -> list[Benefit]:
    if status == "active":
        return _active(dice, plan)
    if status == "inactive":
        ended = ("MSG*COVERAGE ENDED BEFORE THE DATE OF SERVICE",)
        return [Benefit("6", "", ("30",), plan.insurance_type, plan.name, details=ended)]
    return []


def _body(dice: Random, about: Answer, rejection: str) -> list[str]:
    """2000A to 2000D."""
    unavailable = about.status == "unavailable"
    body = [f"HL*1**20*{0 if unavailable else 1}", "NM1*PR*2*BENCH HEALTH PLAN*****PI*BHP01"]
    if unavailable:
        return [*body, "PER*IC*PROVIDER LINE*TE*8005550100", f"AAA*Y**{rejection}"]
    body += ["HL*2*1*21*1", "NM1*1P*2*BENCH CLINIC*****XX*1234567893"]
    body.append(f"HL*3*2*22*{int(about.is_dependent)}")
    identified = f"****MI*{about.member_id}"
    if about.is_dependent:
        body += [
            f"NM1*IL*1*{about.last_name}*{dice.choice(FIRST_NAMES)}{identified}",
            "HL*4*3*23*0",
            *_traces(dice, about),
            f"NM1*03*1*{about.last_name}*{about.first_name}",
        ]
    else:
        body += [*_traces(dice, about), f"NM1*IL*1*{about.last_name}*{about.first_name}{identified}"]
    if about.status == "rejected":
        return [*body, f"AAA*N**{rejection}"]
    body += _person(dice, about)
    return [*body, *(segment for benefit in about.benefits for segment in benefit.segments())]


def _traces(dice: Random, about: Answer) -> list[str]:
    """What we asked by, and now and then the payer's own."""
    ours = f"TRN*2*{about.trace_number}*{ORIGINATOR}"
    if dice.random() < 0.1:
        return [ours, f"TRN*1*P{dice.getrandbits(48):012X}*1BENCHPLAN"]
    return [ours]


def _person(dice: Random, about: Answer) -> list[str]:
    """What 2100C or 2100D says of the patient beside the name."""
    segments = [f"REF*6P*{_group(dice)}"]
    if dice.random() < 0.9:
        town, state, area = dice.choice(TOWNS)
        segments.append(f"N3*{dice.randrange(1, 9999)} {dice.choice(STREETS)}")
        segments.append(f"N4*{town}*{state}*{area}{dice.randrange(100):02}")
    segments.append(f"DMG*D8*{about.birth_date}*{dice.choice('FM')}")
    if about.is_dependent:
        segments.append(f"INS*N*{dice.choice(RELATIONSHIPS)}")
    elif dice.random() < 0.5:
        segments.append("INS*Y*18")
    year = dice.randint(2015, 2025)
    segments.append(f"DTP*346*D8*{year}{dice.randint(1, 12):02}01")
    if about.status == "inactive":
        segments.append(f"DTP*347*D8*2025{dice.randint(1, 12):02}28")
    return segments


if __name__ == "__main__":
    for piece in write_answers(*map(int, sys.argv[1:3])):
        sys.stdout.write(piece)
