"""A redacted copy holds no name, date of birth or number of a person, and still shows the message's form."""

from __future__ import annotations

from eligibility.transactions.redacting import redacted

TEXT = (
    "ST*271*0001*005010X279A1~BHT*0022*11*TRACE9*20261122*0700~HL*1**20*1~NM1*PR*2*ACME HEALTH*****PI*ACME1~"
    "HL*3*2*22*0~TRN*2*TRACE9*9012345678~NM1*IL*1*CANARY*ZELDA*Q***MI*MEMBER77~REF*6P*GROUP55~"
    "N3*12 HIDDEN LANE~N4*SOMEWHERE*OH*43001~DMG*D8*19710203*F~DTP*291*D8*20260101~EB*1*FAM*30*HM*GOLD PLAN~"
    "MSG*CALL ZELDA~ZZZ*CANARY~SE*17*0001~"
)


def test_nothing_of_a_person_is_left() -> None:
    text = redacted(TEXT)
    for word in (
        "CANARY",
        "ZELDA",
        "MEMBER77",
        "GROUP55",
        "HIDDEN",
        "SOMEWHERE",
        "43001",
        "19710203",
        "TRACE9",
    ):
        assert word not in text


def test_its_form_and_its_payer_are() -> None:
    lines = redacted(TEXT).splitlines()
    assert "NM1*PR*2*ACME HEALTH*****PI*ACME1" in lines
    assert "NM1*IL*1*#*#*#***MI*#" in lines and "DMG*D8*#*#" in lines
    assert "EB*1*FAM*30*HM*#" in lines and "ZZZ*#" in lines and len(lines) == 16


def test_what_is_no_message_is_blanked_whole() -> None:
    assert redacted("Zelda Canary called, born 1971-02-03") == "#"
    assert redacted('{"member": "MEMBER77"}') == "#"
