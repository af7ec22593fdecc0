"""Each element of a 271 lands in its field, and what is wrong with it is found with its loop."""

from datetime import date
from decimal import Decimal

import pytest

from tests.x12.wire import (
    ABOVE_SUBSCRIBER,
    ALICE,
    answer_with,
    interchange,
    response_to,
    sample,
    transaction_set,
)
from tradingpartners.x12 import (
    AdditionalInformation,
    Address,
    Contact,
    ContactNumber,
    DateRange,
    Diagnosis,
    EligibilityResponse,
    MilitaryService,
    Party,
    Procedure,
    ProviderInformation,
    Reference,
    Rejection,
    RelatedEntity,
    ServiceDelivery,
    Trace,
)

EVERYTHING = "271_everything.edi"
PRIMARY_CARE = ProviderInformation("PC", "PXC", "207Q00000X")

# What stands below the name of a subscriber; the field it lands in; its value.
PERSON = [
    (
        "TRN*1*PAYER7*1ACMEHEALT*EAST",
        "traces",
        (Trace("2", "T0001", "9PREFLIGHT"), Trace("1", "PAYER7", "1ACMEHEALT", "EAST")),
    ),
    ("REF*6P*G100*ACME GROUP", "references", (Reference("6P", "G100", "ACME GROUP"),)),
    ("N3*1 RIVER ROAD*APT 3", "address", Address(("1 RIVER ROAD", "APT 3"))),
    (
        "N4*RIVERTON*OH*43001*CA***SUB",
        "address",
        Address((), "RIVERTON", "OH", "43001", "CA", subdivision="SUB"),
    ),
    ("N4", "address", Address(())),
    (
        "PER*IC*DESK*TE*5550100*EX*12",
        "contacts",
        (Contact("IC", "DESK", (ContactNumber("TE", "5550100"), ContactNumber("EX", "12"))),),
    ),
    ("PER*IC**TE**FX*5550101", "contacts", (Contact("IC", "", (ContactNumber("FX", "5550101"),)),)),
    ("PRV*PC*PXC*207Q00000X", "provider", PRIMARY_CARE),
    ("PRV*PC", "provider", ProviderInformation("PC", "", "")),
    ("DMG*D8*19800203*F", "birth_date", date(1980, 2, 3)),
    ("DMG*D8*19800203*F", "gender", "F"),
    ("DMG***U", "gender", "U"),
    ("INS*Y*18", "relationship", "18"),
    ("INS*Y*18***************2", "birth_sequence", 2),
    ("INS*Y*18***************X", "birth_sequence", None),
    ("INS*Y*18*001*25", "other_identifiers_changed", True),
    ("HI*ABK:E119*ABF:I10", "diagnoses", (Diagnosis("ABK", "E119"), Diagnosis("ABF", "I10"))),
    ("HI*BK:25000**BF:4019:X:Y", "diagnoses", (Diagnosis("BK", "25000"), Diagnosis("BF", "4019"))),
    ("DTP*346*D8*20260101", "dates", (DateRange("346", date(2026, 1, 1), None),)),
    ("DTP*291*RD8*20260101-20261231", "dates", (DateRange("291", date(2026, 1, 1), date(2026, 12, 31)),)),
    ("MPI*C*AO*A**M2", "military", MilitaryService("C", "AO", "A", "", "M2", None)),
    (
        "MPI*P*HD*B*DOCTOR*M2*D8*20000101",
        "military",
        MilitaryService("P", "HD", "B", "DOCTOR", "M2", DateRange("", date(2000, 1, 1), None)),
    ),
    ("AAA*N**72*C", "rejections", (Rejection("2100C", "N", "72", "C", 10),)),
]


@pytest.mark.parametrize(("segment", "field", "value"), PERSON)
def test_a_segment_of_a_person_lands_in_its_field(segment: str, field: str, value: object) -> None:
    assert getattr(answer_with(segment, "EB*1**30"), field) == value


# What stands below an EB; the field of the benefit; its value.
BELOW_EB = [
    (
        "HSD*VS*20***23*1",
        "deliveries",
        (ServiceDelivery("VS", Decimal(20), period="23", period_count=Decimal(1)),),
    ),
    (
        "HSD*VS*12*WK*3*34*1*SL*D",
        "deliveries",
        (ServiceDelivery("VS", Decimal(12), "WK", Decimal(3), "34", Decimal(1), "SL", "D"),),
    ),
    (
        "HSD*VS*20~HSD*DY*5",
        "deliveries",
        (ServiceDelivery("VS", Decimal(20)), ServiceDelivery("DY", Decimal(5))),
    ),
    ("HSD*VS*MANY", "deliveries", (ServiceDelivery("VS", None),)),
    ("HSD", "deliveries", (ServiceDelivery("", None),)),
    ("III*ZZ*11", "additional", (AdditionalInformation("ZZ", "11"),)),
    (
        "III*NI*25*44*LEFT KNEE~III*ZZ*12",
        "additional",
        (AdditionalInformation("NI", "25", "44", "LEFT KNEE"), AdditionalInformation("ZZ", "12")),
    ),
    ("REF*9F*R77*STONE", "references", (Reference("9F", "R77", "STONE"),)),
    ("DTP*348*D8*20260101", "dates", (DateRange("348", date(2026, 1, 1), None),)),
    ("MSG*ONE~MSG*TWO", "messages", ("ONE", "TWO")),
    ("AAA*N**56*C", "rejections", (Rejection("2110C", "N", "56", "C", 11),)),
    (
        "LS*2120~NM1*IL*1*AMES*ARTHUR****MI*W7*41~LE*2120",
        "entities",
        (RelatedEntity(Party("IL", "AMES", "ARTHUR", "", "", "MI", "W7"), relationship="41"),),
    ),
    (
        "LS*2120~NM1*P3*1*STONE~N3*5 HILL STREET~N4*RIVERTON*OH~PER*IC**TE*5550101~PER*IC**FX*5550102~"
        "PRV*PC*PXC*207Q00000X~LE*2120",
        "entities",
        (
            RelatedEntity(
                Party("P3", "STONE", "", "", "", "", ""),
                Address(("5 HILL STREET",), "RIVERTON", "OH"),
                (
                    Contact("IC", "", (ContactNumber("TE", "5550101"),)),
                    Contact("IC", "", (ContactNumber("FX", "5550102"),)),
                ),
                PRIMARY_CARE,
            ),
        ),
    ),
]


@pytest.mark.parametrize(("segments", "field", "value"), BELOW_EB)
def test_a_segment_below_an_eb_lands_in_its_field(segments: str, field: str, value: object) -> None:
    answer = answer_with("EB*1**30", *segments.split("~"), "EB*C")
    assert getattr(answer.benefits[0], field) == value
    assert getattr(answer.benefits[1], field) == ()


PROCEDURES = [
    ("HC:99213", Procedure("HC", "99213")),
    ("HC:99213:25:59:26:TC", Procedure("HC", "99213", ("25", "59", "26", "TC"))),
    ("HC:99213:25::59", Procedure("HC", "99213", ("25", "59"))),
    ("HC:99213:::::OFFICE VISIT", Procedure("HC", "99213", (), "OFFICE VISIT")),
    ("HC:99213::::::99215", Procedure("HC", "99213", last_code="99215")),
    ("N4:00000000001:::::::::", Procedure("N4", "00000000001")),
    ("HC", Procedure("HC", "")),
    ("", None),
]


@pytest.mark.parametrize(("wire", "procedure"), PROCEDURES)
def test_eb13_is_a_procedure_with_modifiers_and_range(wire: str, procedure: Procedure | None) -> None:
    assert answer_with(f"EB*1**********Y*Y*{wire}").benefits[0].procedure == procedure


@pytest.mark.parametrize(
    ("wire", "pointers"),
    [("1", (1,)), ("1:2:3:4", (1, 2, 3, 4)), ("2::4", (2, 4)), ("X:2", (2,)), ("0:99:1", (1,)), ("", ())],
)
def test_eb14_points_at_diagnoses(wire: str, pointers: tuple[int, ...]) -> None:
    assert answer_with(f"EB*1*************{wire}").benefits[0].diagnosis_pointers == pointers


def test_the_payer_and_the_receiver_are_read_in_full() -> None:
    response = response_to(sample(EVERYTHING))
    numbers = (
        ContactNumber("TE", "5550100"),
        ContactNumber("EX", "12"),
        ContactNumber("UR", "WWW.ACME.EXAMPLE"),
    )
    assert response.payer_contacts == (Contact("IC", "PROVIDER LINE", numbers),)
    assert response.receiver_details == RelatedEntity(
        Party("1P", "RIVER CLINIC", "", "", "", "XX", "1234567893"),
        Address(("1 RIVER ROAD", "SUITE 2"), "RIVERTON", "OH", "43001"),
        provider=ProviderInformation("PE", "PXC", "207Q00000X"),
        references=(Reference("TJ", "123456789", "RIVER TAX"),),
    )


def test_several_entities_of_one_benefit_keep_what_is_theirs() -> None:
    stone, beam = response_to(sample(EVERYTHING)).answers[0].benefits[3].entities
    assert (stone.party.last_name, stone.relationship, len(stone.contacts)) == ("STONE", "72", 2)
    assert stone.address == Address(("5 HILL STREET",), "RIVERTON", "OH", "43002")
    assert (stone.location_qualifier, stone.location) == ("RJ", "07")
    assert beam == RelatedEntity(Party("SEP", "BEAM INSURANCE", "", "", "", "NI", "54321"))


def test_entities_are_read_without_ls_and_le() -> None:
    _, related, deductible = response_to(sample("271_loop_marks_missing.edi")).answers[0].benefits
    assert [entity.party.last_name for entity in related.entities] == ["STONE", "RIVER HOSPITAL"]
    assert related.entities[0].contacts and related.entities[1].address == Address(("9 RIVER ROAD",))
    assert (deductible.amount, deductible.entities) == (Decimal(500), ())


def test_what_stands_behind_a_related_entity_stays_with_the_benefit() -> None:
    answer = response_to(sample("271_message_in_wrong_place.edi")).answers[0]
    first, other, deductible = answer.benefits
    assert (other.messages, other.references) == (("PAYS FIRST",), (Reference("IG", "P55", ""),))
    assert other.dates == (DateRange("290", date(2026, 1, 1), None),)
    assert other.rejections == answer.rejections == (Rejection("2110C", "Y", "52", "C", 18),)
    assert (first.messages, deductible.messages) == ((), ("PER PERSON",))


def test_a_4010_answer_is_read_as_far_as_it_goes() -> None:
    response = response_to(sample("4010_answer.edi"))
    (answer,) = response.answers
    _, copay, limit = answer.benefits
    assert response.findings == ()
    assert answer.dates == (DateRange("307", date(2006, 1, 1), date(2006, 12, 31)),)
    assert answer.contacts == (Contact("IC", "", (ContactNumber("HP", "5550104"),)),)
    assert (copay.amount, copay.service_types, copay.in_network) == (Decimal(10), ("98",), "Y")
    assert limit.deliveries == (ServiceDelivery("VS", Decimal(20), period="23"),)
    assert limit.entities[0].party.id == "0202034"


def said(response: EligibilityResponse) -> EligibilityResponse:
    """All but what names the file itself."""
    return response._replace(findings=())


@pytest.mark.parametrize("marks", ["|>!\r", "~^`\\", ">|^$", "\x1d\x1f\x1e\x1c", "*:^\n"])
def test_delimiters_change_no_value(marks: str) -> None:
    wire = sample(EVERYTHING).decode()
    other = wire.replace("\n", "").translate(str.maketrans("*:^~", marks))
    assert said(response_to(other)) == said(response_to(wire))


def test_a_file_in_other_delimiters_is_read_alike() -> None:
    assert response_to(sample("271_everything_odd_delimiters.edi")) == response_to(sample(EVERYTHING))


@pytest.mark.parametrize("between", ["", "\r\n", "\n\n   ", "\t"])
def test_what_stands_between_segments_changes_no_value(between: str) -> None:
    wire = sample(EVERYTHING).decode()
    assert response_to(wire.replace("~\n", f"~{between}")) == response_to(wire)


def test_equal_benefits_of_other_places_keep_their_own_place() -> None:
    benefits = answer_with("EB*1**30", "EB*1**30", "HSD*VS*1", "EB*1**30", "HSD*VS*1").benefits
    assert [benefit.segment_number for benefit in benefits] == [10, 11, 13]
    assert [len(benefit.deliveries) for benefit in benefits] == [0, 1, 1]


def test_the_same_text_means_something_else_under_other_delimiters() -> None:
    # A caret is data where the ISA names another separator, and a benefit read before must not come back.
    wire = interchange(transaction_set(*ABOVE_SUBSCRIBER, *ALICE, "EB*1**30^35**A:B********HC:1"))
    assert response_to(wire).answers[0].benefits[0].service_types == ("30", "35")
    other = response_to(wire.replace("*0700*^*00501", "*0700*!*00501", 1)).answers[0].benefits[0]
    assert other.service_types == ("30^35",)


@pytest.mark.parametrize("length", [500, 600, 60_000])
def test_a_long_benefit_is_read_like_a_short_one(length: int) -> None:
    benefit = answer_with(f"EB*1**30**{'G' * length}*23*5", "MSG*SEEN").benefits[0]
    assert (benefit.amount, len(benefit.plan or ""), benefit.messages) == (Decimal(5), length, ("SEEN",))
