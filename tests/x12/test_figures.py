"""Deductible, copay, coinsurance, out of pocket, visits: what EBs say together, and what they do not."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.x12.wire import answer_with
from tradingpartners.x12 import (
    AdditionalInformation,
    Benefit,
    Figures,
    Period,
    RemarkCode,
    ServiceDelivery,
    benefit_figures,
)

TELEHEALTH = AdditionalInformation("ZZ", "10")

# Reason; segments, the first is number 10; each row: what it is of, its condition, its figures.
CASES: list[tuple[str, str, list[tuple[str, dict[str, Any], dict[str, Any]]]]] = [
    ("whole and rest of a deductible are one row", "EB*C*IND*30***23*1500*****Y~EB*C*IND*30***29*250.5*****Y",
     [("30 IND in", {}, {"deductible": "1500", "deductible_remaining": "250.5"})]),
    ("in whatever order", "EB*C*IND*30***29*250~EB*C*IND*30***23*1500",
     [("30 IND", {}, {"deductible": "1500", "deductible_remaining": "250"})]),
    ("out of pocket likewise", "EB*G*FAM*30***23*6000~EB*G*FAM*30***29*0",
     [("30 FAM", {}, {"out_of_pocket": "6000", "out_of_pocket_remaining": "0"})]),
    ("a service year, a contract or no period is a whole too",
     "EB*C*IND*30***22*1~EB*G*IND*30***25*2~EB*C*FAM*30****3",
     [("30 IND", {}, {"deductible": "1", "out_of_pocket": "2"}), ("30 FAM", {}, {"deductible": "3"})]),
    ("only the rest is stated", "EB*C**30***29*250", [("30", {}, {"deductible_remaining": "250"})]),
    ("what was used so far is neither", "EB*C**30***23*1500~EB*C**30***24*300",
     [("30", {}, {"deductible": "1500", "stated": 11})]),
    ("individual and family", "EB*C*IND*30***23*500~EB*C*FAM*30***23*1000",
     [("30 IND", {}, {"deductible": "500"}), ("30 FAM", {}, {"deductible": "1000"})]),
    ("in, out and both", "EB*B**98****20*****Y~EB*B**98****60*****N~EB*B**UC****75*****W",
     [("98 in", {}, {"copay": "20"}), ("98 out", {}, {"copay": "60"}), ("UC both", {}, {"copay": "75"})]),
    ("an unknown network is not stated", "EB*B**98****20*****U~EB*C**98****5",
     [("98", {}, {"copay": "20", "deductible": "5"})]),
    ("each type of a list", "EB*B**98^UC***27*20",
     [("98", {}, {"copay": "20", "copay_period": "27"}), ("UC", {}, {"copay": "20", "copay_period": "27"})]),
    ("a type repeated in its list", "EB*B**98^98****20", [("98", {}, {"copay": "20"})]),
    ("no type is the one asked about", "EB*B*****27*20",
     [("30?", {}, {"copay": "20", "copay_period": "27"})]),
    ("plans apart", "EB*C**30**GOLD**500~EB*C**30**DENTAL**50",
     [("30 GOLD", {}, {"deductible": "500"}), ("30 DENTAL", {}, {"deductible": "50"})]),
    ("procedures apart", "EB*B******20******HC:99213~EB*B******40******HC:99214",
     [("30? 99213", {}, {"copay": "20"}), ("30? 99214", {}, {"copay": "40"})]),
    ("percent as a fraction or as sent", "EB*A**30*****.2~EB*A**33*****20~EB*A**35*****0",
     [("30", {}, {"coinsurance": "0.2"}), ("33", {}, {"coinsurance": "0.2"}),
      ("35", {}, {"coinsurance": "0"})]),
    ("both ways are one figure", "EB*A**30*****.2~EB*A**30*****20", [("30", {}, {"coinsurance": "0.2"})]),
    ("all of it", "EB*A**30*****1", [("30", {}, {"coinsurance": "1"})]),
    ("the same said twice", "EB*B**98***27*20~EB*B**98***27*20.00",
     [("98", {}, {"copay": "20", "copay_period": "27"})]),
    ("status and money of one type", "EB*1**98~EB*B**98****20", [("98", {}, {"status": "1", "copay": "20"})]),
    # Told apart.
    ("primary care and specialist", "EB*B**98****20~MSG*PRIMARY CARE~EB*B**98****40~MSG*SPECIALIST",
     [("98", {"messages": ("PRIMARY CARE",)}, {"copay": "20"}),
      ("98", {"messages": ("SPECIALIST",)}, {"copay": "40"})]),
    ("one of them says nothing of itself", "EB*B**98****20~EB*B**98****40~MSG*SPECIALIST",
     [("98", {}, {"copay": "20"}), ("98", {"messages": ("SPECIALIST",)}, {"copay": "40"})]),
    ("a message alone sets nothing apart", "EB*C**30***23*500~MSG*MEDICAL~EB*C**30***29*100",
     [("30", {}, {"deductible": "500", "deductible_remaining": "100"})]),
    ("whole and rest stay together when told apart",
     "EB*C**30***23*500~MSG*MEDICAL~EB*C**30***23*50~MSG*RX~EB*C**30***29*5~MSG*RX~EB*C**30***29*100~MSG*MEDICAL",
     [("30", {"messages": ("MEDICAL",)}, {"deductible": "500", "deductible_remaining": "100"}),
      ("30", {"messages": ("RX",)}, {"deductible": "50", "deductible_remaining": "5"})]),
    ("what contradicts does not tear the rest apart",
     "EB*1**98~EB*A**98*****.1~EB*B**98****20~EB*B**98****40~MSG*X",
     [("98", {}, {"status": "1", "coinsurance": "0.1", "copay": "20"}),
      ("98", {"messages": ("X",)}, {"copay": "40"})]),
    ("a visit and a day", "EB*B**48***27*50~EB*B**48***7*100",
     [("48", {"period": "27"}, {"copay": "50", "copay_period": "27"}),
      ("48", {"period": "7"}, {"copay": "100", "copay_period": "7"})]),
    ("nothing tells them apart", "EB*B**98****20~EB*B**98****40~EB*B**98****20",
     [("98", {"number": 1}, {"copay": "20"}), ("98", {"number": 2}, {"copay": "40"})]),
    ("insurance types apart", "EB*C**30*HM**23*500~EB*C**30*PR**23*900~EB*C**30*PR**29*50~EB*C**30*HM**29*10",
     [("30", {"insurance_type": "HM"}, {"deductible": "500", "deductible_remaining": "10"}),
      ("30", {"insurance_type": "PR"}, {"deductible": "900", "deductible_remaining": "50"})]),
    ("an insurance type alone sets nothing apart", "EB*C**30*HM**23*500~EB*C**30***29*100",
     [("30", {}, {"deductible": "500", "deductible_remaining": "100"})]),
    ("a rest that could be of either whole is of neither",
     "EB*C**30***23*500~EB*C**30***22*900~EB*C**30***29*100",
     [("30", {"period": "23"}, {"deductible": "500"}), ("30", {"period": "22"}, {"deductible": "900"}),
      ("30", {"period": "29"}, {"deductible_remaining": "100"})]),
    ("a year and a lifetime", "EB*G**30***23*6000~EB*G**30***32*90000~EB*G**30***29*10~EB*G**30***33*80000",
     [("30", {}, {"out_of_pocket": "6000", "out_of_pocket_remaining": "10"}),
      ("30", {"lifetime": True}, {"out_of_pocket": "90000", "out_of_pocket_remaining": "80000"})]),
    ("a lifetime alone does not pass for a year", "EB*G**30***32*90000",
     [("30", {"lifetime": True}, {"out_of_pocket": "90000"})]),
    ("last year's and this year's", "EB*C**30***23*500~DTP*291*RD8*20250101-20251231~EB*C**30***23*750",
     [("30", {"dates": Period(date(2025, 1, 1), date(2025, 12, 31))}, {"deductible": "500"}),
      ("30", {}, {"deductible": "750"})]),
    ("active and inactive contradict", "EB*1**30~EB*6**30",
     [("30", {"number": 1}, {"status": "1"}), ("30", {"number": 2}, {"status": "6"})]),
    ("so many of one, and more for the rest", "EB*B**98****10**VS*3~EB*B**98****30",
     [("98", {"deliveries": (ServiceDelivery("VS", Decimal(3)),)}, {"copay": "10"}),
      ("98", {}, {"copay": "30"})]),
    # Requirements.
    ("authorization", "EB*CB**62^73********Y", [("62", {}, {"authorization_required": True}),
                                                ("73", {}, {"authorization_required": True})]),
    ("no authorization, and one nobody knows of", "EB*1**62********N~EB*1**73********U",
     [("62", {}, {"status": "1", "authorization_required": False}), ("73", {}, {"status": "1"})]),
    ("authorization stays with its figure",
     "EB*B**98****20****N~MSG*PRIMARY CARE~EB*B**98****40****Y~MSG*SPECIALIST",
     [("98", {"messages": ("PRIMARY CARE",)}, {"copay": "20", "authorization_required": False}),
      ("98", {"messages": ("SPECIALIST",)}, {"copay": "40", "authorization_required": True})]),
    # Visits.
    ("visits and those left", "EB*F**PT***23***VS*20~EB*F**PT***29***VS*12",
     [("PT", {}, {"visits": "20", "visits_remaining": "12"})]),
    ("visits used are neither", "EB*F**PT***24***VS*8", [("PT", {}, {"stated": 10})]),
    ("days are a limit without a field", "EB*F**AG***23***DY*60", [("AG", {}, {"stated": 10})]),
    # What is no figure.
    ("money in the place of the period", "EB*B**98***25.00", [("98", {}, {"amount_misplaced": 10})]),
    ("money in the place of the plan", "EB*C**30**500.00", [("30 500.00", {}, {"amount_misplaced": 10})]),
    ("a plan whose name is a number, with money where it belongs", "EB*C**30**1.0**500",
     [("30 1.0", {}, {"deductible": "500"})]),
    ("money in the place of the percentage", "EB*B**98*****25", [("98", {}, {"amount_misplaced": 10})]),
    ("a deductible there too", "EB*C**30*****500.00", [("30", {}, {"amount_misplaced": 10})]),
    ("money with its sign", "EB*C*IND*30***23*$1000.00", [("30 IND", {}, {"figure_unusable": 10})]),
    ("money with its comma", "EB*B**98***27*1,000.00", [("98", {}, {"figure_unusable": 10})]),
    ("a percentage with its sign", "EB*A**30*****20%", [("30", {}, {"figure_unusable": 10})]),
    ("a quantity in words", "EB*F**PT***23***VS*TWENTY", [("PT", {}, {"figure_unusable": 10})]),
    ("in its HSD likewise", "EB*F**PT~HSD*VS*TWENTY", [("PT", {}, {"figure_unusable": 10})]),
    ("with a message below it", "EB*C**30****$5~MSG*X~REF*18*1", [("30", {}, {"figure_unusable": 10})]),
    ("what can be read stands beside it", "EB*C**30***23*$500~EB*C**30***29*100",
     [("30", {}, {"deductible_remaining": "100", "figure_unusable": 10})]),
    ("visits below nothing", "EB*F**PT~HSD*VS*-3", [("PT", {}, {"figure_unusable": 10})]),
    ("a percentage below nothing", "EB*A**30*****-.2", [("30", {}, {"figure_unusable": 10})]),
    ("money below nothing", "EB*C**30***29*-50", [("30", {}, {"figure_unusable": 10})]),
    ("more money than there is", "EB*C**30***23*99999999999", [("30", {}, {"figure_unusable": 10})]),
    ("more than all of it", "EB*A**30*****150", [("30", {}, {"figure_unusable": 10})]),
    ("coinsurance as money", "EB*A**98****20", [("98", {}, {"stated": 10})]),
    ("a copay in percent", "EB*B**98*****.2", [("98", {}, {"stated": 10})]),
    ("a copay that is a rest", "EB*B**98***29*20", [("98", {}, {"stated": 10})]),
    ("a spend-down", "EB*Y***MC***250", [("30?", {}, {"stated": 10})]),
    ("not covered", "EB*I**35", [("35", {}, {"not_covered": 10})]),
    ("a message is kept without a figure", "EB*D**30~MSG*SEE YOUR HANDBOOK", [("30", {}, {})]),
    ("an EB that states nothing has no row", "EB*C**30~EB*E**35~EB*R**30", []),
]  # fmt: skip

NAMES = (
    "status", "copay", "copay_period", "coinsurance", "deductible", "deductible_remaining", "out_of_pocket",
    "out_of_pocket_remaining", "visits", "visits_remaining", "authorization_required", "referral_required",
)  # fmt: skip


def figures_of(*segments: str) -> tuple[Figures, ...]:
    return benefit_figures(answer_with(*segments), asked_type="30", asked=date(2026, 11, 25))


def shown(row: Figures) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """A row as CASES write it."""
    of = " ".join(
        part
        for part in (
            row.service_type + ("" if row.service_type_stated else "?"),
            row.coverage_level,
            row.network.value,
            row.plan,
            row.procedure.code if row.procedure else "",
        )
        if part
    )
    condition = {
        name: value
        for name, value, nothing in zip(
            row.condition._fields, row.condition, row.condition._field_defaults.values(), strict=True
        )
        if value != nothing
    }
    values: dict[str, Any] = {}
    for name in NAMES:
        value = getattr(row, name)
        if value is not None:
            values[name] = format(value.normalize(), "f") if isinstance(value, Decimal) else value
    values |= {remark.code.value: remark.benefit.segment_number for remark in row.remarks}
    return of, condition, values


@pytest.mark.parametrize(("segments", "rows"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_figures_are_what_the_segments_say_together(
    segments: str, rows: list[tuple[str, dict[str, Any], dict[str, Any]]]
) -> None:
    assert [shown(row) for row in figures_of(*segments.split("~"))] == rows


@pytest.mark.parametrize("segments", [case[1] for case in CASES], ids=[case[0] for case in CASES])
def test_every_figure_sent_is_in_a_row_that_names_its_segment(segments: str) -> None:
    answer = answer_with(*segments.split("~"))
    rows = benefit_figures(answer, asked_type="30", asked=date(2026, 11, 25))
    named = {number for row in rows for number in row.segment_numbers}
    for benefit in answer.benefits:
        if any(sent is not None for sent in (benefit.amount, benefit.percent, benefit.quantity)):
            assert benefit.segment_number in named


def test_a_row_names_all_its_segments_and_keeps_their_messages() -> None:
    (row,) = figures_of("EB*1**98", "MSG*CALL FIRST", "EB*B**98****20", "MSG*PER VISIT", "MSG*CALL FIRST")
    assert row.segment_numbers == (10, 12)
    assert row.messages == ("CALL FIRST", "PER VISIT")


def test_only_what_cannot_be_meant_wants_a_persons_eye() -> None:
    misplaced, limit, refused = figures_of("EB*B**98***25.00", "EB*F**AG***23***DY*60", "EB*I**35")
    assert [row.is_doubtful for row in (misplaced, limit, refused)] == [True, False, False]
    assert [remark.code for remark in misplaced.remarks] == [RemarkCode.AMOUNT_MISPLACED]


def with_details(segments: str, **details: dict[int, Any]) -> tuple[Figures, ...]:
    """Figures of EBs that also have an III or HSD; `details` by position of the EB."""
    answer = answer_with(*segments.split("~"))
    benefits: list[Benefit] = list(answer.benefits)
    for field, by_position in details.items():
        for position, value in by_position.items():
            benefits[position] = benefits[position]._replace(**{field: value})
    return benefit_figures(answer._replace(benefits=tuple(benefits)), asked_type="30")


def test_an_office_and_a_telehealth_copay_do_not_contradict() -> None:
    office, telehealth = with_details("EB*B**98****20~EB*B**98****10", additional={1: (TELEHEALTH,)})
    assert (office.copay, office.condition.additional) == (Decimal(20), ())
    assert (telehealth.copay, telehealth.condition.additional) == (Decimal(10), (TELEHEALTH,))


def test_a_copay_of_one_place_is_none_of_all_places() -> None:
    (row,) = with_details("EB*B**98****10", additional={0: (TELEHEALTH,)})
    assert row.condition.additional == (TELEHEALTH,)


def test_a_figure_for_a_diagnosis_holds_for_it_alone() -> None:
    general, special = with_details("EB*B**98****20~EB*B**98****0", diagnosis_pointers={1: (1, 2)})
    assert (general.condition.diagnosis_pointers, special.condition.diagnosis_pointers) == ((), (1, 2))


def test_visits_may_stand_in_hsd() -> None:
    visits = (ServiceDelivery("VS", Decimal(20), period="23", period_count=Decimal(1)),)
    (row,) = with_details("EB*F**PT***23~EB*F**PT***29***VS*12", deliveries={0: visits})
    assert (row.visits, row.visits_remaining) == (Decimal(20), Decimal(12))


def test_many_contradicting_figures_are_all_kept_and_cost_no_more_than_their_number() -> None:
    segments = [f"EB*B**{'^'.join(str(kind) for kind in range(40))}****{amount}" for amount in range(200)]
    assert len(figures_of(*segments)) == 40 * 200


def test_more_than_anybody_means_is_left_out_and_remarked() -> None:
    types = "^".join(f"{kind:03}" for kind in range(990))
    *rows, excess = figures_of(*[f"EB*B**{types}****{amount}" for amount in range(100)], "EB*C**30****5")
    assert len(rows) <= 20_000
    assert [row.deductible for row in rows if row.service_type == "30"] == [Decimal(5)]
    assert [remark.code for remark in excess.remarks] == [RemarkCode.TOO_MANY]
    assert excess.is_doubtful
    assert (excess.segment_numbers[0], excess.segment_numbers[-1]) == (30, 109)
