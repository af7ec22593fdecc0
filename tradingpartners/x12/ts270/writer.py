"""Write a 270: one question about one person, from ST to SE.

A set asks about one person: a batch is many sets in one functional group, and an answer then
belongs to one question whatever else the payer does with the rest.
"""

import re
from datetime import date

from tradingpartners.x12.characters import CharacterSet, Repair, name_repairs, repair_name, text_check
from tradingpartners.x12.elements import trimmed, write_date, write_period, write_time
from tradingpartners.x12.envelope.writing import write_transaction_set
from tradingpartners.x12.errors import WriteErrorCode, X12WriteError
from tradingpartners.x12.parties import Address, Diagnosis, Procedure, ProviderInformation, Reference
from tradingpartners.x12.segments import DEFAULT_DELIMITERS, Delimiters, Segment, check_delimiters
from tradingpartners.x12.ts270 import codes
from tradingpartners.x12.ts270.values import (
    VERSION,
    Dependent,
    EligibilityQuestion,
    ServiceQuestion,
    Subscriber,
)

# How often 2110, and REF, HI01 to HI08, C003-3 to C003-6 and C004 repeat.
MOST_ASKED = 99
_MOST_REFERENCES = 9
_MOST_DIAGNOSES = 8
_MOST_MODIFIERS = 4
_MOST_POINTERS = 4

_SERVICE_TYPE = re.compile(r"[A-Z0-9]{1,2}")
_PLACE_OF_SERVICE = re.compile(r"[0-9]{2}")
_DIAGNOSIS = re.compile(r"[A-Z0-9]{3,7}")

_PERSON_NAMES = (("last_name", 60), ("first_name", 35), ("middle_name", 25), ("suffix", 10))
_PROVIDER_NAMES = ("provider_name", "provider_first_name", "provider_middle_name", "provider_suffix")


def write_270(
    question: EligibilityQuestion,
    *,
    control_number: str,
    delimiters: Delimiters = DEFAULT_DELIMITERS,
    character_set: CharacterSet = CharacterSet.EXTENDED,
    fold_accents: bool = False,
) -> str:
    """The question from ST to SE.

    Three things are written otherwise than given: spaces around a value are dropped; a backtick in a
    name of the subscriber, the dependent or the provider becomes an apostrophe; and with
    `fold_accents` the accented letters of those names become plain ones, which is the caller's
    choice because it changes who is asked about. `repairs` says where. Anything else that X12
    cannot carry is refused with its field.
    """
    check_delimiters(delimiters)
    write = _Writer(delimiters, character_set, fold_accents)
    dependent = question.dependent
    trace = write.trace(question)
    body = [
        write.heading(question),
        ["HL", "1", "", "20", "1"],
        write.payer(question),
        ["HL", "2", "1", "21", "1"],
        *write.provider(question),
    ]
    if dependent is None:
        body += [["HL", "3", "2", "22", "0"], trace, *write.subscriber(question.subscriber)]
    else:
        body += [["HL", "3", "2", "22", "1"], *write.subscriber(question.subscriber)]
        body += _issue_date(question.subscriber)
        body += [["HL", "4", "3", "23", "0"], trace, *write.dependent(dependent)]
    if question.diagnoses:
        body.append(write.diagnoses(question.diagnoses))
    body += _issue_date(dependent or question.subscriber)
    body += _service_date(question.service_date, question.service_date_end, "service_date")
    body += write.asked(question)
    return write_transaction_set("270", control_number, VERSION, body, delimiters=delimiters)


def repairs(question: EligibilityQuestion, *, fold_accents: bool = False) -> tuple[Repair, ...]:
    """The names that `write_270` writes otherwise than they are given, to show before it goes out."""
    names = [(field, getattr(question, field)) for field in _PROVIDER_NAMES]
    for role, person in (("subscriber", question.subscriber), ("dependent", question.dependent)):
        if person is not None:
            names += [(f"{role}.{field}", getattr(person, field)) for field, _ in _PERSON_NAMES]
    return tuple(
        [repair for field, name in names for repair in name_repairs(name or "", field, accents=fold_accents)]
    )


def repaired_names(question: EligibilityQuestion, *, fold_accents: bool = False) -> tuple[str, ...]:
    """The fields of `repairs`, each once."""
    return tuple(dict.fromkeys(each.field for each in repairs(question, fold_accents=fold_accents)))


class _Writer:
    """Values to segments; every value passes one check."""

    def __init__(self, delimiters: Delimiters, character_set: CharacterSet, fold_accents: bool) -> None:
        self.delimiters = delimiters
        self.text = text_check(delimiters, character_set)
        self.fold_accents = fold_accents

    def name(self, value: str | None, field: str, shortest: int, longest: int) -> str:
        repaired = repair_name(value, accents=self.fold_accents) if value else None
        return self.text(repaired, field, shortest, longest)

    # What stands above the person

    def heading(self, question: EligibilityQuestion) -> Segment:
        """BHT."""
        purpose = _one_of(question.purpose, codes.PURPOSES, "purpose")
        reference = self.text(question.reference_identification, "reference_identification", 1, 50)
        created = question.created
        return ["BHT", "0022", purpose, reference, write_date(created), write_time(created)]

    def trace(self, question: EligibilityQuestion) -> Segment:
        """TRN of the patient."""
        number = self.text(question.trace_number, "trace_number", 1, 50)
        return ["TRN", "1", number, self.text(question.trace_originator, "trace_originator", 10, 10)]

    def payer(self, question: EligibilityQuestion) -> Segment:
        """2100A NM1."""
        entity = _one_of(question.payer_entity, codes.PAYER_ENTITIES, "payer_entity")
        name = self.text(question.payer_name, "payer_name", 1, 60)
        qualifier = _one_of(question.payer_id_qualifier, codes.PAYER_ID_QUALIFIERS, "payer_id_qualifier")
        number = self.text(question.payer_id, "payer_id", 2, 80)
        return ["NM1", entity, "2", name, "", "", "", "", qualifier, number]

    def provider(self, question: EligibilityQuestion) -> list[Segment]:
        """2100B."""
        entity = _one_of(question.provider_entity, codes.PROVIDER_ENTITIES, "provider_entity")
        name = self.name(question.provider_name, "provider_name", 1, 60)
        first = self.name(question.provider_first_name, "provider_first_name", 0, 35)
        middle = self.name(question.provider_middle_name, "provider_middle_name", 0, 25)
        suffix = self.name(question.provider_suffix, "provider_suffix", 0, 10)
        kind = "1" if first or middle or suffix else "2"
        qualifier, number = self._provider_id(question)
        segments = [["NM1", entity, kind, name, first, middle, "", suffix, qualifier, number]]
        if question.provider_references:
            where = "provider_references"
            segments += self._references(question.provider_references, codes.PROVIDER_REFERENCES, where)
        if question.provider_address is not None:
            segments += self._address(question.provider_address, "provider_address")
        if question.provider_information is not None:
            information = question.provider_information
            segments.append(self._information(information, "provider_information", codes.TAXONOMY))
        return segments

    def _provider_id(self, question: EligibilityQuestion) -> tuple[str, str]:
        """NM108 and NM109: the NPI, or another number in its place."""
        qualifier, other = question.provider_id_qualifier, question.provider_id
        if other is None:
            if not codes.is_npi(question.provider_npi):
                raise X12WriteError(WriteErrorCode.INVALID_VALUE, "provider_npi")
            return _one_of(qualifier, codes.NPI_QUALIFIER, "provider_id_qualifier"), question.provider_npi
        if question.provider_npi:  # as REF HPI it may stand beside; two in one place may not
            raise X12WriteError(WriteErrorCode.INVALID_VALUE, "provider_npi")
        qualifier = _one_of(qualifier, codes.PROVIDER_ID_QUALIFIERS, "provider_id_qualifier")
        return qualifier, self.text(other, "provider_id", 2, 80)

    # The person

    def subscriber(self, person: Subscriber) -> list[Segment]:
        """2100C."""
        name = self._name("IL", person, "subscriber")
        member_id = self.text(person.member_id, "subscriber.member_id", 0, 80)
        if member_id:
            if len(member_id) < 2:
                raise X12WriteError(WriteErrorCode.TOO_SHORT, "subscriber.member_id")
            where = "subscriber.member_id_qualifier"
            qualifier = _one_of(person.member_id_qualifier, codes.MEMBER_ID_QUALIFIERS, where)
            name += [""] * (8 - len(name)) + [qualifier, member_id]
        if len(name) == 3 and person.birth_date is None:
            raise X12WriteError(WriteErrorCode.REQUIRED, "subscriber")
        segments = [name, *self._person(person, "subscriber", codes.SUBSCRIBER_REFERENCES)]
        if person.birth_sequence is not None:
            segments.append(_insured("Y", "18", person.birth_sequence, "subscriber"))
        return segments

    def dependent(self, person: Dependent) -> list[Segment]:
        """2100D."""
        name = self._name("03", person, "dependent")
        if len(name) == 3 and person.birth_date is None:
            raise X12WriteError(WriteErrorCode.REQUIRED, "dependent")
        segments = [name, *self._person(person, "dependent", codes.DEPENDENT_REFERENCES)]
        if person.relationship or person.birth_sequence is not None:
            relationship = _one_of(person.relationship, codes.RELATIONSHIPS, "dependent.relationship")
            segments.append(_insured("N", relationship, person.birth_sequence, "dependent"))
        return segments

    def _name(self, entity: str, person: Subscriber | Dependent, role: str) -> Segment:
        """NM101 to NM107, no longer than there is something to say."""
        last, first, middle, suffix = [
            self.name(getattr(person, field), f"{role}.{field}", 0, longest)
            for field, longest in _PERSON_NAMES
        ]
        return trimmed(["NM1", entity, "1", last, first, middle, "", suffix])

    def _person(self, person: Subscriber | Dependent, role: str, qualifiers: frozenset[str]) -> list[Segment]:
        """REF, N3, N4, PRV and DMG."""
        segments: list[Segment] = []
        group = self.text(person.group_number, f"{role}.group_number", 0, 50)
        if group:
            segments.append(["REF", "6P", group])
        if person.references:
            where = f"{role}.references"
            segments += self._references(person.references, qualifiers, where, beside=len(segments))
        if person.address is not None:
            segments += self._address(person.address, f"{role}.address")
        if person.provider is not None:
            provider = self._information(
                person.provider, f"{role}.provider", codes.PATIENT_PROVIDER_QUALIFIERS
            )
            segments.append(provider)
        gender = _one_of(person.gender, codes.GENDERS, f"{role}.gender") if person.gender is not None else ""
        if person.birth_date is not None or gender:
            born = ["D8", write_date(person.birth_date)] if person.birth_date else ["", ""]
            segments.append(trimmed(["DMG", *born, gender]))
        return segments

    def diagnoses(self, diagnoses: tuple[Diagnosis, ...]) -> Segment:
        """HI: the principal diagnosis first."""
        if len(diagnoses) > _MOST_DIAGNOSES:
            raise X12WriteError(WriteErrorCode.LIMIT_EXCEEDED, "diagnoses")
        composites: list[str] = []
        for each in diagnoses:
            qualifiers = codes.OTHER_DIAGNOSES if composites else codes.PRINCIPAL_DIAGNOSIS
            qualifier = _one_of(each.qualifier, qualifiers, "diagnoses.qualifier")
            if not _DIAGNOSIS.fullmatch(each.code):  # the point in an ICD code is not sent
                raise X12WriteError(WriteErrorCode.INVALID_VALUE, "diagnoses.code")
            composites.append(self.delimiters.component.join([qualifier, each.code]))
        return ["HI", *composites]

    # What is asked

    def asked(self, question: EligibilityQuestion) -> list[Segment]:
        """2110C or 2110D."""
        count = len(question.service_types) + len(question.asked)
        if not 0 < count <= MOST_ASKED:
            code = WriteErrorCode.LIMIT_EXCEEDED if count else WriteErrorCode.REQUIRED
            raise X12WriteError(code, "service_types")
        if not all(map(_SERVICE_TYPE.fullmatch, question.service_types)):
            raise X12WriteError(WriteErrorCode.INVALID_VALUE, "service_types")
        segments = [["EQ", code] for code in question.service_types]
        for each in question.asked:
            if each.coverage_level is not None and question.dependent is not None:
                raise X12WriteError(WriteErrorCode.INVALID_VALUE, "asked.coverage_level")
            segments += self._service_question(each, len(question.diagnoses))
        return segments

    def _service_question(self, asked: ServiceQuestion, diagnoses: int) -> list[Segment]:
        """EQ, III, REF and DTP."""
        level = "" if asked.coverage_level is None else asked.coverage_level
        if level not in ("", "FAM"):
            raise X12WriteError(WriteErrorCode.INVALID_VALUE, "asked.coverage_level")
        types, procedure = self._service_types(asked.service_types), self._procedure(asked.procedure)
        if not types and not procedure:
            raise X12WriteError(WriteErrorCode.REQUIRED, "asked.service_types")
        pointers = self._pointers(asked.diagnosis_pointers, diagnoses)
        segments = [trimmed(["EQ", types, procedure, level, "", pointers])]
        if asked.place_of_service is not None:
            if not _PLACE_OF_SERVICE.fullmatch(asked.place_of_service):
                raise X12WriteError(WriteErrorCode.INVALID_VALUE, "asked.place_of_service")
            segments.append(["III", "ZZ", asked.place_of_service])
        if asked.authorization is not None:
            segments += self._references((asked.authorization,), codes.AUTHORIZATIONS, "asked.authorization")
        return segments + _service_date(asked.service_date, asked.service_date_end, "asked.service_date")

    def _service_types(self, types: tuple[str, ...]) -> str:
        """EQ01."""
        if len(types) > MOST_ASKED:
            raise X12WriteError(WriteErrorCode.LIMIT_EXCEEDED, "asked.service_types")
        if not all(map(_SERVICE_TYPE.fullmatch, types)):
            raise X12WriteError(WriteErrorCode.INVALID_VALUE, "asked.service_types")
        if len(types) > 1 and not self.delimiters.repetition:
            raise X12WriteError(WriteErrorCode.REQUIRED, "delimiters.repetition")
        return self.delimiters.repetition.join(types)

    def _procedure(self, procedure: Procedure | None) -> str:
        """EQ02."""
        if procedure is None:
            return ""
        for field in ("description", "last_code"):  # of an answer only
            if getattr(procedure, field):
                raise X12WriteError(WriteErrorCode.INVALID_VALUE, f"asked.procedure.{field}")
        if len(procedure.modifiers) > _MOST_MODIFIERS:
            raise X12WriteError(WriteErrorCode.LIMIT_EXCEEDED, "asked.procedure.modifiers")
        return self.delimiters.component.join(
            [
                _one_of(procedure.qualifier, codes.PROCEDURE_QUALIFIERS, "asked.procedure.qualifier"),
                self.text(procedure.code, "asked.procedure.code", 1, 48),
                *[self.text(each, "asked.procedure.modifiers", 2, 2) for each in procedure.modifiers],
            ]
        )

    def _pointers(self, pointers: tuple[int, ...], diagnoses: int) -> str:
        """EQ05."""
        if len(pointers) > _MOST_POINTERS:
            raise X12WriteError(WriteErrorCode.LIMIT_EXCEEDED, "asked.diagnosis_pointers")
        if not all(0 < pointer <= diagnoses for pointer in pointers):
            raise X12WriteError(WriteErrorCode.INVALID_VALUE, "asked.diagnosis_pointers")
        return self.delimiters.component.join(map(str, pointers))

    # What several loops have

    def _references(
        self, references: tuple[Reference, ...], qualifiers: frozenset[str], where: str, *, beside: int = 0
    ) -> list[Segment]:
        """REF; what a number means is described for receivers only."""
        if beside + len(references) > _MOST_REFERENCES:
            raise X12WriteError(WriteErrorCode.LIMIT_EXCEEDED, where)
        segments = []
        for each in references:
            qualifier = _one_of(each.qualifier, qualifiers, f"{where}.qualifier")
            number = self.text(each.number, f"{where}.number", 1, 50)
            longest = 80 if where == "provider_references" else 0
            description = self.text(each.description, f"{where}.description", 0, longest)
            segments.append(trimmed(["REF", qualifier, number, description]))
        return segments

    def _address(self, address: Address, where: str) -> list[Segment]:
        """N3 and N4."""
        if len(address.lines) > 2:
            raise X12WriteError(WriteErrorCode.LIMIT_EXCEEDED, f"{where}.lines")
        lines = [self.text(line, f"{where}.lines", 1, 55) for line in address.lines]
        region = [
            self._optional(address.state, f"{where}.state", 2, 2),
            self._optional(address.postal_code, f"{where}.postal_code", 3, 15),
            self._optional(address.country, f"{where}.country", 2, 3),
        ]
        region += ["", "", self._optional(address.subdivision, f"{where}.subdivision", 1, 3)]
        city = self.text(address.city, f"{where}.city", 2 if any(region) or address.city else 0, 30)
        segments = [["N3", *lines]] if lines else []
        return [*segments, trimmed(["N4", city, *region])] if city else segments

    def _optional(self, value: str, field: str, shortest: int, longest: int) -> str:
        text = self.text(value, field, 0, longest)
        return self.text(text, field, shortest, longest) if text else ""

    def _information(self, provider: ProviderInformation, where: str, qualifiers: frozenset[str]) -> Segment:
        """PRV."""
        code = _one_of(provider.code, codes.PROVIDER_CODES, f"{where}.code")
        if not provider.qualifier and not provider.number:
            return ["PRV", code]
        qualifier = _one_of(provider.qualifier, qualifiers, f"{where}.qualifier")
        return ["PRV", code, qualifier, self.text(provider.number, f"{where}.number", 1, 50)]


def _one_of(code: str | None, known: frozenset[str], field: str) -> str:
    if not code or code not in known:
        raise X12WriteError(WriteErrorCode.INVALID_VALUE if code else WriteErrorCode.REQUIRED, field)
    return code


def _insured(is_subscriber: str, relationship: str, birth_sequence: int | None, role: str) -> Segment:
    """INS."""
    if birth_sequence is None:
        return ["INS", is_subscriber, relationship]
    if not 0 < birth_sequence < 10:
        raise X12WriteError(WriteErrorCode.INVALID_VALUE, f"{role}.birth_sequence")
    return ["INS", is_subscriber, relationship, *[""] * 14, str(birth_sequence)]


def _issue_date(person: Subscriber | Dependent) -> list[Segment]:
    """DTP 102."""
    return [["DTP", "102", "D8", write_date(person.issue_date)]] if person.issue_date else []


def _service_date(begin: date | None, end: date | None, field: str) -> list[Segment]:
    """DTP 291; a range of one day is a day."""
    if begin is None:
        if end is not None:
            raise X12WriteError(WriteErrorCode.REQUIRED, field)
        return []
    if end is not None and end < begin:
        raise X12WriteError(WriteErrorCode.INVALID_VALUE, f"{field}_end")
    return [["DTP", "291", *write_period(begin, end if end != begin else None)]]
