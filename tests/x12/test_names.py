"""Last names by the CAQH CORE rule: what is the same name."""

import pytest

from tradingpartners.x12 import normalize_last_name


@pytest.mark.parametrize(
    ("name", "normalized"),
    [
        ("Ames", "AMES"),
        ("O'Stone-Ames", "OSTONEAMES"),
        ("Ames Jr", "AMES"),
        ("AMES, JR.", "AMES"),
        ("Ames-III", "AMES"),
        ("Ames MD", "AMES"),
        ("Ames Sr MD", "AMES"),
        ("De La Cruz", "DELACRUZ"),
        ("St. John", "STJOHN"),
        ("Ivey", "IVEY"),
        ("Vi", "VI"),
        ("V", "V"),
        ("JR", "JR"),
        ("Jrames", "JRAMES"),
        ("Núñez", "NUNEZ"),
        (" ames ", "AMES"),
        ("", ""),
    ],
)
def test_suffixes_punctuation_and_case_do_not_part_names(name: str, normalized: str) -> None:
    assert normalize_last_name(name) == normalized


def test_a_normalized_name_stays_as_it_is() -> None:
    for name in ("OSTONEAMES", "DELACRUZ", "IVEY"):
        assert normalize_last_name(name) == name
