"""The six simulated payers: the plans they sell and the habits of the 271s they write."""

from dataclasses import dataclass
from enum import StrEnum

from tradingpartners.simulator.segments import Delimiters


class Transport(StrEnum):
    SFTP = "sftp"
    REALTIME = "realtime"


class DateStyle(StrEnum):
    """How a payer states when coverage begins and ends (005010X279A1 2100C DTP)."""

    PLAN_DATES = "346 and 347, one date each"
    ELIGIBILITY_DATES = "356 and 357, one date each"
    PLAN_PERIOD = "291 as a period, an open end written 99991231"
    ELIGIBILITY_PERIOD = "307 as a period, an open end written as the end of the year"
    MONTH_PERIOD = "307 as a period, an open end written as the end of the asked month"


@dataclass(frozen=True)
class Plan:
    name: str
    plan_type: str
    insurance_type: str  # EB04


@dataclass(frozen=True)
class Payer:
    key: str
    name: str
    transport: Transport
    payer_id: str
    notes: str
    plans: tuple[Plan, ...]
    dates: DateStyle
    id_format: str  # of its member ids: # is a digit
    delimiters: Delimiters = Delimiters()
    coverage_level: str = "IND"  # EB02 on a person's own figures, or empty
    one_type_per_segment: bool = False  # else the service types of a status stand in one EB03
    own_trace: bool = False  # sometimes puts its own TRN*1 before the echo
    pace: int = 1  # its delay is this many times the usual one


# The files of all SFTP payers pass one clearinghouse, which writes the envelope of the answers.
CLEARINGHOUSE_DELIMITERS = Delimiters(line_end="\n")

PAYERS = {
    payer.key: payer
    for payer in (
        Payer(
            key="SUMMIT",
            name="Summit Health Plan",
            transport=Transport.SFTP,
            payer_id="SHP01",
            notes="Answers in files; plan dates as 346 and 347; adds a trace of its own.",
            plans=(
                Plan("Summit Choice PPO 1500", "PPO", "PR"),
                Plan("Summit Select HMO", "HMO", "HM"),
                Plan("Summit Basic EPO 6000", "EPO", "EP"),
            ),
            dates=DateStyle.PLAN_DATES,
            id_format="SHP#########",
            own_trace=True,
        ),
        Payer(
            key="PRAIRIE",
            name="Prairie Mutual",
            transport=Transport.SFTP,
            payer_id="PRM44",
            notes="Answers in files; plan period as 291, open ends as 99991231; one EB a type.",
            plans=(
                Plan("Prairie Open PPO", "PPO", "PR"),
                Plan("Prairie Senior Advantage", "Medicare Advantage", "HN"),
                Plan("Prairie HMO Saver", "HMO", "HM"),
            ),
            dates=DateStyle.PLAN_PERIOD,
            id_format="P########",
            one_type_per_segment=True,
            coverage_level="",
        ),
        Payer(
            key="HARBOR",
            name="Harbor Benefit Administrators",
            transport=Transport.REALTIME,
            payer_id="HBA77",
            notes="Real time; separates elements with | and ends segments with !; 356 and 357.",
            plans=(
                Plan("Harbor PPO Gold", "PPO", "PR"),
                Plan("Harbor EPO Silver", "EPO", "EP"),
            ),
            dates=DateStyle.ELIGIBILITY_DATES,
            id_format="HB#######A",
            delimiters=Delimiters(element="|", repetition="^", component=">", terminator="!"),
            own_trace=True,
        ),
        Payer(
            key="CASCADE",
            name="Cascade Care Network",
            transport=Transport.REALTIME,
            payer_id="CCN20",
            notes="Real time; a line end after each segment; eligibility period as 307.",
            plans=(
                Plan("Cascade Care HMO", "HMO", "HM"),
                Plan("Cascade Care PPO 2500", "PPO", "PR"),
                Plan("Cascade Medicare Plus", "Medicare Advantage", "HN"),
            ),
            dates=DateStyle.ELIGIBILITY_PERIOD,
            id_format="###-##-####C",
            delimiters=Delimiters(line_end="\r\n"),
        ),
        Payer(
            key="LAKESHORE",
            name="Lakeshore Assurance",
            transport=Transport.REALTIME,
            payer_id="LKS09",
            notes="Real time; slow, and for some members gives no answer in any useful time.",
            plans=(
                Plan("Lakeshore Flex PPO", "PPO", "PR"),
                Plan("Lakeshore Value EPO", "EPO", "EP"),
                Plan("Lakeshore Care HMO", "HMO", "HM"),
            ),
            dates=DateStyle.PLAN_DATES,
            id_format="LA##########",
            one_type_per_segment=True,
            pace=4,
        ),
        Payer(
            key="BLUESTEM",
            name="Bluestem State Medicaid",
            transport=Transport.REALTIME,
            payer_id="BSM55",
            notes="Real time; Medicaid, stated month by month as 307.",
            plans=(
                Plan("Bluestem Medicaid", "Medicaid", "MC"),
                Plan("Bluestem Medicaid Managed Care", "Medicaid", "MC"),
            ),
            dates=DateStyle.MONTH_PERIOD,
            id_format="B#########",
            coverage_level="",
        ),
    )
}
SLOW_PAYER = PAYERS["LAKESHORE"]
