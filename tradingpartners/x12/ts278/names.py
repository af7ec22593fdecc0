"""The names in a 278 and what stands behind them: people, providers, organizations."""

from collections.abc import Sequence

from tradingpartners.x12.elements import write_date
from tradingpartners.x12.errors import WriteErrorCode
from tradingpartners.x12.parties import (
    Address,
    Contact,
    Party,
    ProviderInformation,
    Reference,
    RelatedEntity,
    Trace,
)
from tradingpartners.x12.segments import Delimiters, Segment
from tradingpartners.x12.ts271.values import Rejection
from tradingpartners.x12.ts278.codes import (
    CONTACT_NUMBERS,
    GENDERS,
    IDENTIFIERS,
    MILITARY_STATUSES,
    PROVIDERS,
    REFERENCES,
)
from tradingpartners.x12.ts278.fields import Fields, refuse, segment
from tradingpartners.x12.ts278.values import ReviewEntity, ReviewPerson

# The names of a person in which a backtick is written as an apostrophe.
NAMES = ("last_name", "first_name", "middle_name", "suffix")
_NPI = r"[0-9]{10}"
# What stands behind NM1, by the loop it begins.
_NAME_LOOPS = {
    "2010A": ("PER", "AAA"),
    "2010B": ("REF", "N3", "N4", "PER", "AAA", "PRV"),
    "2010EA": ("REF", "N3", "N4", "PER", "AAA", "PRV"),
    "2010EB": ("N3", "N4"),
    "2010EC": ("REF", "DTP", "N3", "N4", "AAA"),
    "2010F": ("REF", "N3", "N4", "PER", "AAA", "PRV"),
}
_FIELDS_OF = {
    "REF": "references",
    "N3": "address",
    "N4": "address",
    "PER": "contacts",
    "PRV": "provider",
    "DTP": "dates",
    "AAA": "rejections",
}


class Names(Fields):
    """Checks values and writes name loops."""

    def __init__(self, delimiters: Delimiters, is_response: bool) -> None:
        super().__init__(delimiters)
        self.is_response = is_response

    def person(self, value: ReviewPerson, at: str, *, is_dependent: bool) -> list[Segment]:
        """2010C and 2010D."""
        party = value.party._replace(
            **{field: getattr(value.party, field).replace("`", "'") for field in NAMES},
            entity="QC" if is_dependent else "IL",
        )
        if not (party.last_name or party.id):
            refuse(WriteErrorCode.REQUIRED, f"{at}.party.last_name")
        gender = self.code(value.gender, f"{at}.gender", GENDERS)
        if gender and value.birth_date is None:
            refuse(WriteErrorCode.REQUIRED, f"{at}.birth_date")
        born = segment("DMG", "D8", write_date(value.birth_date), gender) if value.birth_date else None
        return [
            self.nm1(party, f"{at}.party", "1"),
            *self.references(value.references, f"{at}.references"),
            *self.place(value.address, f"{at}.address"),
            *self.rejected(value.rejections, f"{at}.rejections"),
            *([born] if born else []),
            *self._insured(value, at, is_dependent=is_dependent),
        ]

    def _insured(self, value: ReviewPerson, at: str, *, is_dependent: bool) -> list[Segment]:
        """INS."""
        others = (value.employment_status, value.birth_sequence)
        relationship = self.code(
            value.relationship, f"{at}.relationship", r"[0-9A-Z]{2}", required=any(others)
        )
        if not relationship:
            return []
        if (relationship == "18") == is_dependent:
            refuse(WriteErrorCode.INVALID_VALUE, f"{at}.relationship")
        return [
            segment(
                *("INS", "N" if is_dependent else "Y", relationship, "", "", "", "", ""),
                self.code(value.employment_status, f"{at}.employment_status", MILITARY_STATUSES),
                *[""] * 8,
                self.code(value.birth_sequence, f"{at}.birth_sequence", r"[0-9]{1,9}"),
            )
        ]

    def name_loop(
        self,
        value: RelatedEntity | None,
        at: str,
        loop: str,
        rejections: Sequence[Rejection],
        dated: ReviewEntity | None = None,
    ) -> list[Segment]:
        """NM1 and what stands behind it in this loop; what cannot stand there is refused."""
        if value is None:
            refuse(WriteErrorCode.REQUIRED, at)
        party = value.party
        if loop == "2010A":
            party = party._replace(entity="X3")
        elif loop == "2010B" and party.entity not in ("1P", "FA"):
            refuse(WriteErrorCode.INVALID_VALUE, f"{at}.party.entity")
        if loop in ("2010A", "2010B") and not party.id:
            refuse(WriteErrorCode.REQUIRED, f"{at}.party.id")
        place = self.place(value.address, f"{at}.address")
        provider = [self.prv(value.provider, f"{at}.provider")] if value.provider else []
        dates = enumerate(dated.dates if dated else ())
        behind = {
            "REF": self.references(value.references, f"{at}.references"),
            "N3": [each for each in place if each[0] == "N3"],
            "N4": [each for each in place if each[0] == "N4"],
            "PER": [self.per(each, f"{at}.contacts[{n}]") for n, each in enumerate(value.contacts)],
            "PRV": provider,
            "DTP": [self.dtp(each, f"{at}.dates[{n}]") for n, each in dates],
            "AAA": self.rejected(rejections, f"{at}.rejections"),
        }
        # Where a patient is driven to or from is nothing without its address.
        if loop == "2010EB" and not (behind["N3"] and behind["N4"]):
            refuse(WriteErrorCode.REQUIRED, f"{at}.address")
        for kind, segments in behind.items():
            if segments and kind not in _NAME_LOOPS[loop]:
                refuse(WriteErrorCode.INVALID_VALUE, f"{at}.{_FIELDS_OF[kind]}")
        name = self.nm1(party, f"{at}.party", "1" if party.first_name else "2")
        if not (party.last_name or party.id):
            refuse(WriteErrorCode.REQUIRED, f"{at}.party.last_name")
        return [name, *[each for kind in _NAME_LOOPS[loop] for each in behind[kind]]]

    def nm1(self, value: Party, at: str, entity_type: str) -> Segment:
        """NM1; of its identifier both parts or none."""
        qualifier = self.code(value.id_qualifier, f"{at}.id_qualifier", IDENTIFIERS, required=bool(value.id))
        if qualifier == "XX":
            number = self.code(value.id, f"{at}.id", _NPI, required=True)
        else:
            number = self.text(value.id, f"{at}.id", 2 if qualifier else 0, 80)
        return segment(
            "NM1",
            self.code(value.entity, f"{at}.entity", r"[A-Z0-9]{2,3}", required=True),
            entity_type,
            self.text(value.last_name, f"{at}.last_name", 0, 60),
            self.text(value.first_name, f"{at}.first_name", 0, 35),
            self.text(value.middle_name, f"{at}.middle_name", 0, 25),
            "",
            self.text(value.suffix, f"{at}.suffix", 0, 10),
            qualifier,
            number,
        )

    def references(
        self, values: Sequence[Reference], at: str, known: frozenset[str] = REFERENCES
    ) -> list[Segment]:
        """REF."""
        return [
            segment(
                "REF",
                self.code(each.qualifier, f"{at}[{n}].qualifier", known, required=True),
                self.text(each.number, f"{at}[{n}].number", 1, 50),
                self.text(each.description, f"{at}[{n}].description", 0, 80),
            )
            for n, each in enumerate(values)
        ]

    def place(self, value: Address | None, at: str) -> list[Segment]:
        """N3 and N4."""
        if value is None:
            return []
        self.count(value.lines, f"{at}.lines", 2)
        street = segment("N3", *[self.text(each, f"{at}.lines", 1, 55) for each in value.lines])
        city = segment(
            "N4",
            self.text(value.city, f"{at}.city", 2 if value.city else 0, 30),
            self.code(value.state, f"{at}.state", r"[A-Z]{2}"),
            self.code(value.postal_code, f"{at}.postal_code", r"[A-Z0-9]{3,15}"),
            self.code(value.country, f"{at}.country", r"[A-Z]{2,3}"),
        )
        return [each for each in (street, city) if len(each) > 1]

    def per(self, value: Contact, at: str) -> Segment:
        self.count(value.numbers, f"{at}.numbers", 3)
        numbers = []
        for n, each in enumerate(value.numbers):
            place = f"{at}.numbers[{n}]"
            numbers += [
                self.code(each.qualifier, f"{place}.qualifier", CONTACT_NUMBERS, required=True),
                self.text(each.number, f"{place}.number", 1, 256),
            ]
        function = self.code(value.function, f"{at}.function", frozenset(["IC"]), required=True)
        return segment("PER", function, self.text(value.name, f"{at}.name", 0, 60), *numbers)

    def prv(self, value: ProviderInformation, at: str) -> Segment:
        return segment(
            "PRV",
            self.code(value.code, f"{at}.code", PROVIDERS, required=True),
            self.code(value.qualifier, f"{at}.qualifier", frozenset(["PXC"]), required=True),
            self.text(value.number, f"{at}.number", 1, 50),
        )

    def trn(self, value: Trace, at: str) -> Segment:
        kinds = frozenset("12") if self.is_response else frozenset("1")
        return segment(
            "TRN",
            self.code(value.type, f"{at}.type", kinds, required=True),
            self.text(value.number, f"{at}.number", 1, 50),
            self.text(value.originator, f"{at}.originator", 10, 10),
            self.text(value.division, f"{at}.division", 0, 50),
        )

    def rejected(self, values: Sequence[Rejection], at: str) -> list[Segment]:
        """AAA: only a payer refuses."""
        if values and not self.is_response:
            refuse(WriteErrorCode.INVALID_VALUE, at)
        return [self.aaa(each, f"{at}[{n}]") for n, each in enumerate(values)]
