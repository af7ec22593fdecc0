"""The 271s, read by splitting alone: each says what its case means."""

from typing import Any

import pytest

from tests.simulator.conftest import TODAY, Exchange
from tests.simulator.driving import Simulator
from tests.simulator.wire import Reading, compact, interchange, named, question, read, split

ACTIVE, INACTIVE, UNKNOWN = Reading("active"), Reading("inactive"), Reading("unknown")
UNAVAILABLE, NO_PARTICIPANT = (Reading("rejected", code, "2100A") for code in ("42", "79"))
MEANINGS = {
    "active": {ACTIVE},
    "inactive": {INACTIVE},
    "dependent": {ACTIVE},
    "both_months": {ACTIVE},
    "corrected_id": {ACTIVE},
    "ending": {ACTIVE, INACTIVE},
    "two_coverages": {ACTIVE, INACTIVE},
    "other_payer_first": {ACTIVE},
    "pending_investigation": {ACTIVE},
    "other_types_only": {UNKNOWN},
    "terminated": {INACTIVE},
    "aaa_2100a": {UNAVAILABLE, NO_PARTICIPANT},
    "aaa_2100c": {Reading("rejected", code, "2100C") for code in ("71", "72", "73", "75")},
    "aaa_2100d": {Reading("rejected", code, "2100D") for code in ("71", "77")},
}


@pytest.mark.parametrize("case", MEANINGS)
def test_answers_of_a_case_mean_what_the_case_is(case: str, exchanges: list[Exchange]) -> None:
    assert {read(each.answer) for each in exchanges if each.case == case} == MEANINGS[case]


def test_some_members_get_no_answer(exchanges: list[Exchange]) -> None:
    silent = {each.case for each in exchanges if not each.answer}
    assert silent == {"no_answer"}


def test_answer_echoes_reference_and_trace(exchanges: list[Exchange]) -> None:
    for each in exchanges:
        if each.answer:
            assert named(each.answer, "BHT")[0][3] == f"R{each.trace}"
            echoed = [trn[2] for trn in named(each.answer, "TRN", "2")]
            assert echoed == ([] if read(each.answer).loop == "2100A" else [each.trace])


def test_some_answers_carry_a_trace_of_the_payers_own(exchanges: list[Exchange]) -> None:
    own = [each for each in exchanges if named(each.answer, "TRN", "1")]
    assert {each.payer["key"] for each in own} == {"SUMMIT", "HARBOR"}


def test_envelopes_count_and_number_right(exchanges: list[Exchange]) -> None:
    raws = {each.raw for each in exchanges if each.raw}
    for segments in map(split, raws):
        isa, gs, *_, ge, iea = segments
        assert iea == ["IEA", "1", isa[13]]
        assert ge == ["GE", str(len(named(segments, "ST"))), gs[6]]
        assert (gs[1], gs[8]) == ("HB", "005010X279A1")
    control_numbers = [split(raw)[0][13] for raw in raws]
    assert len(set(control_numbers)) == len(control_numbers)
    for each in exchanges:
        if each.answer:
            assert each.answer[-1] == ["SE", str(len(each.answer)), each.answer[0][2]]


def test_levels_hang_together(exchanges: list[Exchange]) -> None:
    for each in exchanges:
        levels = named(each.answer, "HL")
        parents = {level[2] for level in levels}
        assert [level[1] for level in levels] == [str(n) for n in range(1, len(levels) + 1)]
        assert all((level[4] == "1") == (level[1] in parents) for level in levels)


def test_a_dependent_is_answered_for_below_the_subscriber(exchanges: list[Exchange]) -> None:
    for each in exchanges:
        if each.case == "dependent":
            at = each.answer.index(named(each.answer, "HL", "4", "3", "23")[0])
            assert named(each.answer[at:], "NM1", "03")[0][4] == each.patient["first_name"].upper()
            assert named(each.answer[at:], "TRN", "2") and not named(each.answer[:at], "EB")


def test_a_corrected_id_is_marked_as_changed(exchanges: list[Exchange]) -> None:
    for each in exchanges:
        changed = bool(named(each.answer, "INS", "Y", "18", "001", "25"))
        assert changed == (each.case == "corrected_id")
        if changed:
            assert named(each.answer, "NM1", "IL")[0][9] != each.coverage["member_id"]


def test_an_end_inside_the_window_is_stated_and_decides(
    exchanges: list[Exchange], population: dict[str, Any]
) -> None:
    ends = ends_by_member(population)
    for each in exchanges:
        if each.case == "ending":
            end = ends[each.coverage["member_id"]]
            stated = [dtp[3][-8:] for dtp in named(each.answer, "DTP")]
            assert compact(end) in stated
            assert read(each.answer) == (ACTIVE if each.day <= end else INACTIVE)


def ends_by_member(population: dict[str, Any]) -> dict[str, str]:
    return {
        member["member_id"]: member["coverage_end"]
        for known in population["truth"].values()
        for member in known["members"]
        if member["coverage_end"]
    }


def test_active_answers_are_rich_and_inactive_ones_bare(exchanges: list[Exchange]) -> None:
    for each in exchanges:
        codes = {eb[1] for eb in named(each.answer, "EB")}
        if each.case == "active":
            assert {"1", "C", "G", "B", "A", "F", "CB"} <= codes
            assert {eb[12] for eb in named(each.answer, "EB") if len(eb) > 12} == {"Y", "N"}
        if each.case in {"inactive", "terminated"}:
            assert codes == {"6"}


def test_another_payer_first_is_named(exchanges: list[Exchange]) -> None:
    for each in exchanges:
        if each.case == "other_payer_first":
            assert named(each.answer, "EB", "R") and named(each.answer, "NM1", "PRP", "2")


def test_payers_write_in_styles_of_their_own(exchanges: list[Exchange]) -> None:
    styles: dict[str, set[Any]] = {}
    for each in exchanges:
        if each.raw:
            text = each.raw.decode()
            qualifiers = {(dtp[1], dtp[2]) for dtp in named(each.answer, "DTP")}
            known = styles.setdefault(each.payer["key"], set())
            known |= qualifiers | {text[3] + text[105], text[106] if text[106] != "G" else ""}
    assert styles == {
        "SUMMIT": {"*~", "\n", ("346", "D8"), ("347", "D8")},
        "PRAIRIE": {"*~", "\n", ("291", "RD8")},
        "HARBOR": {"|!", "", ("356", "D8"), ("357", "D8")},
        "CASCADE": {"*~", "\r", ("307", "RD8")},
        "LAKESHORE": {"*~", "", ("346", "D8"), ("347", "D8")},
        "BLUESTEM": {"*~", "", ("307", "RD8")},
    }


@pytest.mark.parametrize(("day", "code"), [("2025-12-01", "63"), ("2024-11-01", "62")])
def test_a_date_out_of_reach_is_refused_with_the_trace(
    day: str, code: str, simulator: Simulator, exchanges: list[Exchange]
) -> None:
    each = first(exchanges, "active", "CASCADE")
    asked = question(each.payer, each.patient, each.coverage, day=day, trace="far")
    _, raw = simulator.post(each.payer["payer_id"], interchange([asked]))
    assert read(split(raw)) == Reading("rejected", code, "2100C")
    assert named(split(raw), "TRN", "2", "far")


def test_who_was_put_off_once_is_answered_the_next_time(
    simulator: Simulator, exchanges: list[Exchange], population: dict[str, Any]
) -> None:
    once = {
        member["member_id"]
        for known in population["truth"].values()
        for member in known["members"]
        if member["behaviour"] == "aaa_2100a_42_once"
    }
    again = [each for each in exchanges if each.coverage["member_id"] in once and is_live(each)]
    assert again
    for each in again:
        assert read(each.answer) == UNAVAILABLE
        asked = question(each.payer, each.patient, each.coverage, day=TODAY, trace="again")
        _, raw = simulator.post(each.payer["payer_id"], interchange([asked]))
        assert read(split(raw)) == ACTIVE


def test_a_type_nothing_was_said_about_is_not_covered(
    simulator: Simulator, exchanges: list[Exchange]
) -> None:
    each = first(exchanges, "active", "HARBOR")
    asked = question(each.payer, each.patient, each.coverage, day=TODAY, trace="35", service_type="35")
    _, raw = simulator.post(each.payer["payer_id"], interchange([asked]))
    assert named(split(raw), "EB", "I", "", "35")


def test_one_set_may_ask_about_a_whole_family(simulator: Simulator, exchanges: list[Exchange]) -> None:
    each = next(each for each in exchanges if each.case == "dependent" and is_live(each))
    asked = question(each.payer, each.patient, each.coverage, day=TODAY, trace="child")
    at = asked.index("HL*4*3*23*0")
    both = [*asked[: at - 2], "TRN*1*parent*9RIVERSIDE", *asked[at - 2 : at], "EQ*30", *asked[at:]]
    _, raw = simulator.post(each.payer["payer_id"], interchange([both]))
    assert [trn[2] for trn in named(split(raw), "TRN", "2")] == ["parent", "child"]
    assert len(named(split(raw), "NM1", "03")) == 1


def first(exchanges: list[Exchange], case: str, payer: str) -> Exchange:
    return next(x for x in exchanges if x.case == case and x.payer["key"] == payer)


def is_live(each: Exchange) -> bool:
    return bool(each.payer["transport"] == "realtime")
