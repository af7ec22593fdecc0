"""EBs to BenefitDetail: merged where they agree, apart where they do not, silent where not stated."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

from eligibility.benefits import benefit_rows
from eligibility.models import BenefitDetail
from practice.rows import uuid7
from practice.tenancy import SYSTEM_USER_ID, Context, _current
from tests.eligibility.test_verdict import ASKED, answer


def rows(*segments: str, asked: str = "30") -> list[BenefitDetail]:
    token = _current.set(Context(uuid7(), SYSTEM_USER_ID, ""))
    try:
        return benefit_rows(uuid4(), answer(*segments), asked_type=asked, asked=ASKED)
    finally:
        _current.reset(token)


def stated(row: BenefitDetail) -> dict[str, Any]:
    names = [f.name for f in row._meta.fields if f.name.endswith(("_amount", "_percent"))]
    return {name: getattr(row, name) for name in names if getattr(row, name) is not None}


def test_base_and_remaining_of_one_kind_are_one_row_that_names_both_segments() -> None:
    (row,) = rows("EB*C*IND*30***23*1500*****Y", "EB*C*IND*30***29*250.5*****Y")
    assert stated(row) == {
        "deductible_amount": Decimal("1500.00"),
        "deductible_remaining_amount": Decimal("250.50"),
    }
    assert (row.coverage_level, row.network, row.sources) == ("IND", "in", [10, 11])


def test_in_and_out_of_network_are_two_rows() -> None:
    found = rows("EB*B**98***27*20*****Y", "EB*B**98***27*60*****N")
    assert [(row.network, row.copay_amount) for row in found] == [("in", Decimal(20)), ("out", Decimal(60))]


def test_two_figures_for_one_thing_are_two_rows_never_a_silent_pick() -> None:
    found = rows("EB*B**98***27*20", "EB*B**98***27*40", "MSG*SPECIALIST")
    assert [(row.copay_amount, row.qualifier) for row in found] == [
        (Decimal(20), ""),
        (Decimal(40), "SPECIALIST"),
    ]


def test_each_repeated_service_type_has_its_row() -> None:
    assert [row.service_category for row in rows("EB*1**1^33^88")] == ["1", "33", "88"]


def test_what_is_not_stated_is_empty() -> None:
    (row,) = rows("EB*B***HM*GOLD*27*10")
    assert (row.service_category, row.service_category_stated) == ("30", False)
    assert (row.coverage_level, row.network, row.requires_prior_auth) == ("", "", None)


def test_percent_is_a_fraction_however_it_was_sent() -> None:
    assert [row.coinsurance_percent for row in rows("EB*A**30*****.2", "EB*A**33*****20")] == [
        Decimal("0.2000"),
        Decimal("0.2000"),
    ]


def test_the_authorization_mark_is_kept() -> None:
    found = rows("EB*CB**62********Y", "EB*CB**73********N", "EB*CB**5********U")
    assert [row.requires_prior_auth for row in found] == [True, False]


def test_a_sum_no_column_can_hold_is_left_out_and_under_review() -> None:
    (row,) = rows("EB*C**30***23*99999999999999")
    assert stated(row) == {}
    assert row.under_review and "cannot be meant" in row.benefit_notes


def test_money_in_the_wrong_element_is_no_figure_and_under_review() -> None:
    (row,) = rows("EB*B**98***25.00")
    assert stated(row) == {}
    assert row.under_review and "where none belongs" in row.benefit_notes


def test_what_has_no_column_is_a_note() -> None:
    (visits,) = rows("EB*F**PT***23***VS*20", "EB*F**PT***29***VS*12")
    assert visits.benefit_notes == "20 visits\n12 visits left"
    (used,) = rows("EB*C*IND*30***24*300")
    assert used.benefit_notes == "Deductible, $300, year to date"
    (admission,) = rows("EB*B**48***36*250")
    assert admission.benefit_notes == "Copay for an admission"
    (refused,) = rows("EB*I**35")
    assert refused.benefit_notes == "Not covered"


def test_a_figure_of_a_lifetime_does_not_pass_for_one_of_a_year() -> None:
    found = rows("EB*C*IND*30***23*500", "EB*C*IND*30***32*9000", "EB*C*IND*30***33*8000")
    assert [(row.qualifier, stated(row)) for row in found] == [
        ("", {"deductible_amount": Decimal(500)}),
        (
            "lifetime",
            {"deductible_amount": Decimal(9000), "deductible_remaining_amount": Decimal(8000)},
        ),
    ]


def test_last_years_deductible_says_when_it_held() -> None:
    last, this = rows(
        "EB*C*IND*30***23*500", "DTP*291*RD8*20250101-20251231",
        "EB*C*IND*30***23*750", "DTP*291*RD8*20260101-20261231",
    )  # fmt: skip
    assert (last.qualifier, last.deductible_amount) == ("from 2025-01-01 until 2025-12-31", Decimal(500))
    assert (this.qualifier, this.deductible_amount) == ("", Decimal(750))


def test_a_referral_is_known_only_where_the_payer_says_it_in_so_many_words() -> None:
    found = rows(
        "EB*CB**98", "MSG*REFERRAL REQUIRED.",
        "EB*CB**62", "MSG*No referral required",
        "EB*CB**73", "MSG*REFERRAL REQUIRED UNLESS IN AN EMERGENCY",
    )  # fmt: skip
    assert [row.requires_referral for row in found] == [True, False, None]
