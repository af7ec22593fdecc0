"""Characters: what X12 can carry, what is written otherwise and said so, what is refused."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.x12.questions import ABOUT_ALICE, ABOUT_BOBBY, ALICE, BOBBY, questions_file
from tests.x12.wire import only_set
from tradingpartners.x12 import (
    DEFAULT_DELIMITERS,
    Address,
    CharacterSet,
    Delimiters,
    Diagnosis,
    EligibilityQuestion,
    Procedure,
    ProviderInformation,
    Reference,
    Repair,
    RepairCode,
    ServiceQuestion,
    WriteErrorCode,
    X12WriteError,
    as_questions,
    fold_accents,
    read_270,
    repaired_names,
    repairs,
    write_270,
)

BASIC = "ABCXYZ0189 !\"&'()+,-./;?="
EXTENDED_ONLY = "abcxyz%@[]_{}\\|<>#$"
NEITHER = "`ÁñßŁ’€\t\n\r\0\x07\x1c\x7f\x85\xa0\u200b\u2028\ufeff\ud800\udfff☃🙂"


def written(question: EligibilityQuestion, **options: Any) -> str:
    return write_270(question, control_number="0001", **options)


def named(name: str) -> EligibilityQuestion:
    return ABOUT_ALICE._replace(payer_name=name)


@pytest.mark.parametrize("character", BASIC + EXTENDED_ONLY)
def test_the_extended_set_carries_what_basic_does_and_more(character: str) -> None:
    assert f"*A{character}A*" in written(named(f"A{character}A"))


@pytest.mark.parametrize("character", BASIC)
def test_the_basic_set_carries_capitals_digits_and_common_marks(character: str) -> None:
    assert f"*A{character}A*" in written(named(f"A{character}A"), character_set=CharacterSet.BASIC)


@pytest.mark.parametrize("character", EXTENDED_ONLY)
def test_the_basic_set_refuses_the_rest_of_the_extended(character: str) -> None:
    with pytest.raises(X12WriteError) as refusal:
        written(named(f"A{character}A"), character_set=CharacterSet.BASIC)
    assert (refusal.value.code, refusal.value.field) == (WriteErrorCode.UNSUPPORTED_CHARACTER, "payer_name")


@pytest.mark.parametrize("character", NEITHER, ids=ascii)
@pytest.mark.parametrize("name", ["A{}A", "{}A", "A{}"])
def test_what_is_in_neither_set_is_refused_wherever_it_stands(character: str, name: str) -> None:
    with pytest.raises(X12WriteError) as refusal:
        written(named(name.format(character)))
    assert (refusal.value.code, refusal.value.field) == (WriteErrorCode.UNSUPPORTED_CHARACTER, "payer_name")


@pytest.mark.parametrize("character", "*:^~")
def test_a_delimiter_is_refused_as_one(character: str) -> None:
    with pytest.raises(X12WriteError) as refusal:
        written(named(f"A{character}A"))
    assert (refusal.value.code, refusal.value.field) == (WriteErrorCode.DELIMITER_IN_VALUE, "payer_name")


def test_spaces_around_a_value_are_not_written() -> None:
    assert written(named("  ACME  HEALTH ")) == written(named("ACME  HEALTH"))


# Repairs

PEOPLE = ABOUT_BOBBY._replace(
    provider_name="O`HARA",
    provider_first_name="`A",
    provider_middle_name="B`",
    provider_suffix="I`",
    subscriber=ALICE._replace(last_name="O`STONE", first_name="D`A", middle_name="`", suffix="`"),
    dependent=BOBBY._replace(last_name="O`STONE", first_name="D`A", middle_name="`", suffix="`"),
)
NAMES = [
    *("provider_name", "provider_first_name", "provider_middle_name", "provider_suffix"),
    *("subscriber.last_name", "subscriber.first_name", "subscriber.middle_name", "subscriber.suffix"),
    *("dependent.last_name", "dependent.first_name", "dependent.middle_name", "dependent.suffix"),
]


def test_a_backtick_in_a_name_becomes_an_apostrophe_and_is_noted() -> None:
    assert "`" not in written(PEOPLE)
    assert "NM1*03*1*O'STONE*D'A*'**'~" in written(PEOPLE)
    assert repairs(PEOPLE) == tuple(Repair(RepairCode.BACKTICK, field) for field in NAMES)
    assert repaired_names(PEOPLE) == tuple(NAMES)
    assert repairs(ABOUT_BOBBY) == ()


def test_a_repair_says_in_words_what_was_written() -> None:
    (repair,) = repairs(ABOUT_ALICE._replace(subscriber=ALICE._replace(last_name="O`STONE")))
    assert repair.words == "subscriber last name: a backtick is written as an apostrophe"


def test_a_backtick_elsewhere_is_refused() -> None:
    with pytest.raises(X12WriteError) as refusal:
        written(ABOUT_ALICE._replace(subscriber=ALICE._replace(member_id="W`1")))
    assert refusal.value.field == "subscriber.member_id"


def test_accents_are_folded_only_where_the_caller_asks_and_noted() -> None:
    question = ABOUT_ALICE._replace(subscriber=ALICE._replace(last_name="NÚÑEZ`S", first_name="Zoë"))
    with pytest.raises(X12WriteError) as refusal:
        written(question)
    assert refusal.value.field == "subscriber.last_name"
    assert "NM1*IL*1*NUNEZ'S*Zoe*" in written(question, fold_accents=True)
    assert repairs(question) == (Repair(RepairCode.BACKTICK, "subscriber.last_name"),)
    assert repairs(question, fold_accents=True) == (
        Repair(RepairCode.BACKTICK, "subscriber.last_name"),
        Repair(RepairCode.ACCENT, "subscriber.last_name"),
        Repair(RepairCode.ACCENT, "subscriber.first_name"),
    )
    assert repaired_names(question, fold_accents=True) == ("subscriber.last_name", "subscriber.first_name")


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Müller", "Muller"),
        ("Ångström", "Angstrom"),
        ("Strauß", "Strauss"),
        ("Sørensen", "Sorensen"),
        ("Łukasz Đorđe", "Lukasz Dorde"),
        ("Þór Æsir œuvre", "THor AEsir oeuvre"),
        ("O’Neil", "O'Neil"),
        ("O´Neil", "O'Neil"),
        ("Ames–Stone", "Ames-Stone"),
        ("Nu\u0301n\u0303ez", "Nunez"),
        ("Ames", "Ames"),
        ("李", "李"),
    ],
)
def test_folding_gives_the_plain_letters(name: str, plain: str) -> None:
    assert fold_accents(name) == plain


def test_a_fold_that_gives_a_delimiter_is_refused() -> None:
    with pytest.raises(X12WriteError) as refusal:
        written(ABOUT_ALICE._replace(subscriber=ALICE._replace(last_name="A＊B")), fold_accents=True)
    assert (refusal.value.code, refusal.value.field) == (
        WriteErrorCode.DELIMITER_IN_VALUE,
        "subscriber.last_name",
    )


# Any text in any field: refused with that field named, or read back as it was.

EVERYTHING: dict[str, Any] = {
    "references": (Reference("SY", "1", ""),),
    "address": Address(("2 ELM ST",), "TROY", "NY", "12180"),
    "provider": ProviderInformation("PC", "PXC", "1"),
    "group_number": "G1",
}
ASKED = ServiceQuestion(("1",), Procedure("HC", "1", ("RT",)), authorization=Reference("G1", "1", ""))
WHOLE = ABOUT_BOBBY._replace(
    created=ABOUT_BOBBY.created.replace(second=0, tzinfo=None),
    provider_first_name="MARTA",
    provider_npi="",
    provider_id="P77",
    provider_id_qualifier="SV",
    provider_references=(Reference("4A", "1", "PIN"),),
    provider_address=Address(("1 MAIN ST",), "ALBANY", "NY", "12207"),
    provider_information=ProviderInformation("BI", "PXC", "1"),
    diagnoses=(Diagnosis("ABK", "M2391"),),
    asked=(ASKED._replace(place_of_service="11"),),
    subscriber=ALICE._replace(middle_name="J", suffix="JR", **EVERYTHING),
    dependent=BOBBY._replace(middle_name="J", suffix="JR", **EVERYTHING),
)


def text_places(value: Any, path: str = "") -> list[str]:
    """Where a text stands or may stand, as a path of fields and positions."""
    if isinstance(value, str) or value is None:
        return [path.removeprefix(".")]
    if isinstance(value, tuple):
        steps = getattr(value, "_fields", range(len(value)))
        return [
            place
            for step, each in zip(steps, value, strict=True)
            for place in text_places(each, f"{path}.{step}")
        ]
    return []


NO_TEXT = ("date", "date_end", "birth_sequence")
PLACES = [place for place in text_places(WHOLE) if not place.endswith(NO_TEXT)]
PIPES = Delimiters("|", ">", "!", "\n")
SEPARATORS = Delimiters("\x1d", "\x1f", "\x1e", "\x1c")
REPAIRED = frozenset(NAMES)


def put(value: Any, path: list[str], text: str) -> Any:
    """The value with a text at the end of a path of fields and positions."""
    if not path:
        return text
    step, *rest = path
    if step.isdigit():
        return tuple([put(each, rest, text) if at == int(step) else each for at, each in enumerate(value)])
    return value._replace(**{step: put(getattr(value, step), rest, text)})


def at(value: Any, path: list[str]) -> Any:
    for step in path:
        value = value[int(step)] if step.isdigit() else getattr(value, step)
    return value


texts = st.one_of(
    st.text(max_size=12),
    st.text("AZ09 `'*:^~", max_size=12),
    st.text(st.characters(categories=["Cs", "Cc", "Zs", "L"]), max_size=6),
    st.sampled_from(["", " ", "30", "M", "XX", "PI", "1P", "A" * 100, "19", "HC", "FAM"]),
)


@settings(deadline=None, max_examples=800)
@given(
    place=st.sampled_from(PLACES),
    text=texts,
    delimiters=st.sampled_from([DEFAULT_DELIMITERS, PIPES, SEPARATORS]),
)
@example(place="subscriber.last_name", text="O`Neil ", delimiters=DEFAULT_DELIMITERS)
@example(place="subscriber.last_name", text="~ISA*", delimiters=PIPES)
def test_any_text_in_any_field_is_refused_with_it_named_or_read_back(
    place: str, text: str, delimiters: Delimiters
) -> None:
    path = place.split(".")
    try:
        wire = questions_file(written(put(WHOLE, path, text), delimiters=delimiters), delimiters=delimiters)
    except X12WriteError as refusal:
        assert refusal.field == ".".join(step for step in path if not step.isdigit())
        return
    transaction, _ = only_set(wire)
    (again,) = as_questions(read_270(transaction, delimiters))
    expected = text.strip(" ")
    if place in REPAIRED:
        expected = expected.replace("`", "'")
    found = at(again, path)
    assert (found or "") == expected
    # And nothing else changed.
    assert put(again, path, "") == put(WHOLE, path, "")
    assert isinstance(found, str | None)
