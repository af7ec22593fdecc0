"""What writing is compared with: the same bytes, from the same questions, by somebody who checks nothing."""

from collections.abc import Sequence
from datetime import date

from tradingpartners.x12 import Dependent, EligibilityQuestion, Subscriber

VERSION = "005010X279A1"


def write_with_f_strings(questions: Sequence[EligibilityQuestion]) -> bytes:
    """One f-string a segment."""
    lines = [
        f"ISA*00*{' ' * 10}*00*{' ' * 10}*ZZ*{'BENCHCLINIC':15}*ZZ*{'BENCHPAYER':15}*260105*0700*^*00501"
        "*000000270*0*T*:",
        f"GS*HS*BENCHCLINIC*BENCHPAYER*20260105*0700*270*X*{VERSION}",
    ]
    for number, question in enumerate(questions, 1):
        first = len(lines)
        created, subscriber, dependent = question.created, question.subscriber, question.dependent
        trace = f"TRN*1*{question.trace_number}*{question.trace_originator}"
        lines += [
            f"ST*270*{number:09}*{VERSION}",
            f"BHT*0022*13*{question.reference_identification}*{_day(created)}"
            f"*{created.hour:02}{created.minute:02}",
            "HL*1**20*1",
            f"NM1*PR*2*{question.payer_name}*****{question.payer_id_qualifier}*{question.payer_id}",
            "HL*2*1*21*1",
            f"NM1*1P*2*{question.provider_name}*****XX*{question.provider_npi}",
            f"HL*3*2*22*{0 if dependent is None else 1}",
        ]
        if dependent is None:
            lines.append(trace)
        middle = subscriber.middle_name or ""
        lines.append(
            f"NM1*IL*1*{subscriber.last_name}*{subscriber.first_name}*{middle}***MI*{subscriber.member_id}"
        )
        _f_string_person(lines, subscriber)
        if dependent is not None:
            lines += ["HL*4*3*23*0", trace, f"NM1*03*1*{dependent.last_name}*{dependent.first_name}"]
            _f_string_person(lines, dependent)
            lines.append(f"INS*N*{dependent.relationship}")
        begin, end = question.service_date, question.service_date_end
        if begin and end:
            lines.append(f"DTP*291*RD8*{_day(begin)}-{_day(end)}")
        elif begin:
            lines.append(f"DTP*291*D8*{_day(begin)}")
        for service_type in question.service_types:
            lines.append(f"EQ*{service_type}")
        lines.append(f"SE*{len(lines) - first + 1}*{number:09}")
    lines += [f"GE*{len(questions)}*270", "IEA*1*000000270", ""]
    return "~".join(lines).encode("ascii")


def _f_string_person(lines: list[str], person: Subscriber | Dependent) -> None:
    if person.group_number:
        lines.append(f"REF*6P*{person.group_number}")
    if person.birth_date:
        born = _day(person.birth_date)
        lines.append(f"DMG*D8*{born}*{person.gender}" if person.gender else f"DMG*D8*{born}")


def _day(day: date) -> str:
    return f"{day.year:04}{day.month:02}{day.day:02}"


def write_with_joins(questions: Sequence[EligibilityQuestion]) -> bytes:
    """One list of elements a segment, joined: the counterpart of the bare split."""
    segments = [
        ["ISA", "00", " " * 10, "00", " " * 10, "ZZ", "BENCHCLINIC".ljust(15), "ZZ", "BENCHPAYER".ljust(15)]
        + ["260105", "0700", "^", "00501", "000000270", "0", "T", ":"],
        ["GS", "HS", "BENCHCLINIC", "BENCHPAYER", "20260105", "0700", "270", "X", VERSION],
    ]
    for number, question in enumerate(questions, 1):
        first = len(segments)
        created, subscriber, dependent = question.created, question.subscriber, question.dependent
        control_number = str(number).zfill(9)
        trace = ["TRN", "1", question.trace_number, question.trace_originator]
        payer = [question.payer_name, "", "", "", "", question.payer_id_qualifier, question.payer_id]
        time = f"{created.hour:02}{created.minute:02}"
        segments += [
            ["ST", "270", control_number, VERSION],
            ["BHT", "0022", "13", question.reference_identification, _day(created), time],
            ["HL", "1", "", "20", "1"],
            ["NM1", "PR", "2", *payer],
            ["HL", "2", "1", "21", "1"],
            ["NM1", "1P", "2", question.provider_name, "", "", "", "", "XX", question.provider_npi],
            ["HL", "3", "2", "22", "0" if dependent is None else "1"],
        ]
        if dependent is None:
            segments.append(trace)
        names = [subscriber.last_name or "", subscriber.first_name or "", subscriber.middle_name or ""]
        segments.append(["NM1", "IL", "1", *names, "", "", "MI", subscriber.member_id or ""])
        _join_person(segments, subscriber)
        if dependent is not None:
            name = ["NM1", "03", "1", dependent.last_name or "", dependent.first_name or ""]
            segments += [["HL", "4", "3", "23", "0"], trace, name]
            _join_person(segments, dependent)
            segments.append(["INS", "N", dependent.relationship or ""])
        begin, end = question.service_date, question.service_date_end
        if begin and end:
            segments.append(["DTP", "291", "RD8", f"{_day(begin)}-{_day(end)}"])
        elif begin:
            segments.append(["DTP", "291", "D8", _day(begin)])
        segments += [["EQ", service_type] for service_type in question.service_types]
        segments.append(["SE", str(len(segments) - first + 1), control_number])
    segments += [["GE", str(len(questions)), "270"], ["IEA", "1", "000000270"]]
    return ("~".join(["*".join(segment) for segment in segments]) + "~").encode("ascii")


def _join_person(segments: list[list[str]], person: Subscriber | Dependent) -> None:
    if person.group_number:
        segments.append(["REF", "6P", person.group_number])
    if person.birth_date:
        born = ["DMG", "D8", _day(person.birth_date)]
        segments.append([*born, person.gender] if person.gender else born)
