"""Last names by the CAQH CORE rule: what is the same name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradingpartners.x12 import normalize_last_name

SUFFIXES = ["Jr", "SR", "i", "II", "III", "IV", "V", "RN", "md", "Mr", "Ms", "Dr", "Mrs", "PhD", "Rev", "Esq"]
NAMES = [
    # Case, spaces, punctuation
    ("Ames", "AMES"),
    (" ames ", "AMES"),
    ("O'Stone-Ames", "OSTONEAMES"),
    ("O'Donnell-Griswold", "ODONNELLGRISWOLD"),
    ("O`Donnell", "ODONNELL"),
    ("O’Donnell", "ODONNELL"),
    ("Ames/Stone", "AMESSTONE"),
    ("Ames_Stone", "AMESSTONE"),
    ("Ames (Stone)", "AMESSTONE"),
    ("St. John", "STJOHN"),
    ("Mac  Adam", "MACADAM"),
    ("Ames 2", "AMES2"),
    # Suffixes and titles behind a space or punctuation
    *((f"Ames {suffix}", "AMES") for suffix in SUFFIXES),
    ("AMES, JR.", "AMES"),
    ("AMES,JR", "AMES"),
    ("Ames-III", "AMES"),
    ("Ames/Jr", "AMES"),
    ("Ames'Jr", "AMES"),
    ("Ames  III  ", "AMES"),
    ("Ames Sr MD", "AMES"),
    ("Ames Jr., MD", "AMES"),
    ("Ames Jr.,M.D.", "AMESMD"),
    ("O'Stone, Jr", "OSTONE"),
    ("Ames Jr Stone", "AMESSTONE"),
    # No suffixes: nothing stands before, something stands behind, or it is no word of its own
    ("Ivey", "IVEY"),
    ("Vi", "VI"),
    ("Jrames", "JRAMES"),
    ("Amesjr", "AMESJR"),
    ("Burn", "BURN"),
    ("Pompii", "POMPII"),
    ("Dr. Ames", "DRAMES"),
    ("V Ames", "VAMES"),
    ("Ames-V-Stone", "AMESVSTONE"),
    ("Ames (MD)", "AMESMD"),
    ("Ames VI", "AMESVI"),
    # Particles stay
    ("De La Cruz", "DELACRUZ"),
    ("DE SANCHEZ", "DESANCHEZ"),
    ("van der Berg", "VANDERBERG"),
    # Names that are nothing but a suffix
    ("V", "V"),
    ("JR", "JR"),
    ("Sr.", "SR"),
    (" Rev ", "REV"),
    ("'Jr", "JR"),
    ("V V", "V"),
    # Accents
    ("Núñez", "NUNEZ"),
    ("Nu\u0301n\u0303ez", "NUNEZ"),
    ("Müller", "MULLER"),
    ("Strauß", "STRAUSS"),
    ("Sørensen", "SORENSEN"),
    ("Łukasz", "LUKASZ"),
    ("Yılmaz", "YILMAZ"),
    ("李", "李"),
    ("Иванов", "ИВАНОВ"),
    # Nothing to compare
    ("", ""),
    ("  ", ""),
    ("-", "-"),
]


@pytest.mark.parametrize(("name", "normalized"), NAMES)
def test_suffixes_punctuation_case_and_accents_do_not_part_names(name: str, normalized: str) -> None:
    assert normalize_last_name(name) == normalized


@given(st.text(max_size=20))
def test_a_name_is_never_normalized_to_nothing(name: str) -> None:
    assert bool(normalize_last_name(name)) == bool(name.strip())


@given(st.text(st.characters(codec="latin-1"), max_size=20))
def test_a_normalized_name_stays_as_it_is(name: str) -> None:
    normalized = normalize_last_name(name)
    assert normalize_last_name(normalized) == normalized


@given(st.text("ABCabc'- .,JRSVI", max_size=16))
def test_case_and_spaces_around_do_not_part_names(name: str) -> None:
    assert normalize_last_name(f" {name.lower()} ") == normalize_last_name(f" {name.upper()} ")
