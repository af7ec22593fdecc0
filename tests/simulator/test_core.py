"""Real time in CAQH CORE envelopes: the same answers in other wrappings, and envelope errors."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest

from tests.simulator.conftest import QUICK, ask
from tests.simulator.driving import Simulator
from tests.simulator.staging import PAYER, actives, request
from tests.simulator.wire import Reading, interchange, read, split

NAMESPACES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "c": "http://www.caqh.org/SOAP/WSDL/CORERule2.2.0.xsd",
}
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
Fields = dict[str, str]


def fields_for(simulator: Simulator, population: dict[str, Any], **changes: str) -> Fields:
    core = simulator.ready["core"]
    each = replace(next(actives(population)), trace="core-1")
    fields = {
        "PayloadType": "X12_270_Request_005010X279A1",
        "ProcessingMode": "RealTime",
        "PayloadID": "0d1f0c2a-7a51-4f5e-9f0a-4a7f2f6f1f11",
        "TimeStamp": "2025-11-22T12:00:00Z",
        "UserName": core["username"],
        "Password": core["password"],
        "SenderID": "RIVERSIDE",
        "ReceiverID": "PAYERS",
        "CORERuleVersion": "2.2.0",
        "Payload": interchange([ask(each)], control_number=77).decode(),
    }
    return {name: value for name, value in {**fields, **changes}.items() if value}


def by_mime(simulator: Simulator, fields: Fields, payer_id: str = PAYER) -> Fields:
    parts = "".join(
        f'--line\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    path = f"/core/mime/{payer_id}"
    headers = {"Content_Type": "multipart/form-data; boundary=line"}
    status, given, body = request(simulator, "POST", path, f"{parts}--line--\r\n".encode(), **headers)
    assert status == 200
    boundary = re.fullmatch(r'multipart/form-data; boundary="([^"]+)"', given["content-type"])
    assert boundary
    pieces = body.decode("latin-1").split(f"--{boundary[1]}")
    assert pieces[0] == "" and pieces[-1] == "--\r\n"
    found = {}
    for piece in pieces[1:-1]:
        head, _, value = piece.partition("\r\n\r\n")
        found[head.split('name="')[1].rstrip('"')] = value.removesuffix("\r\n")
    return found


def by_soap(simulator: Simulator, fields: Fields, payer_id: str = PAYER) -> Fields:
    fields = dict(fields)
    user, password = fields.pop("UserName", ""), fields.pop("Password", "")
    inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
    text = (
        f'<e:Envelope xmlns:e="{NAMESPACES["s"]}"><e:Header><w:Security xmlns:w="{WSSE}"><w:UsernameToken>'
        f"<w:Username>{user}</w:Username><w:Password>{password}</w:Password></w:UsernameToken></w:Security>"
        f'</e:Header><e:Body><c:COREEnvelopeRealTimeRequest xmlns:c="{NAMESPACES["c"]}">{inside}'
        "</c:COREEnvelopeRealTimeRequest></e:Body></e:Envelope>"
    )
    headers = {"Content_Type": "application/soap+xml; charset=utf-8"}
    status, given, body = request(simulator, "POST", f"/core/soap/{payer_id}", text.encode(), **headers)
    assert status == 200 and given["content-type"].startswith("application/soap+xml")
    response = ElementTree.fromstring(body).find(  # noqa: S314 - from our own program
        "s:Body/c:COREEnvelopeRealTimeResponse", NAMESPACES
    )
    assert response is not None
    return {child.tag: child.text or "" for child in response}


SENDS = {"mime": by_mime, "soap": by_soap}
both = pytest.mark.parametrize("kind", SENDS)


@both
def test_a_question_is_answered_in_its_own_envelope(
    kind: str, simulator: Simulator, population: dict[str, Any]
) -> None:
    given = SENDS[kind](simulator, fields_for(simulator, population))
    assert (given["PayloadType"], given["ErrorCode"]) == ("X12_271_Response_005010X279A1", "Success")
    assert (given["SenderID"], given["ReceiverID"]) == ("PAYERS", "RIVERSIDE")
    assert read(split(given["Payload"].encode())) == Reading("active")
    asked = [entry for entry in simulator.entries("270") if entry["via"] == f"core-{kind}"]
    assert asked[0]["payload_id"] == "0d1f0c2a-7a51-4f5e-9f0a-4a7f2f6f1f11"
    assert asked[0]["isa13"] == "000000077"


ERRORS = [
    ({"PayloadType": "X12_276_Request_005010X212"}, "PayloadTypeIllegal"),
    ({"ProcessingMode": "Batch"}, "ProcessingModeIllegal"),
    ({"CORERuleVersion": "1.1.0"}, "VersionMismatch"),
    ({"PayloadID": "x" * 37}, "PayloadIDIllegal"),
    ({"SenderID": ""}, "SenderIDRequired"),
    ({"Payload": ""}, "PayloadRequired"),
    ({"Payload": "garbage"}, "PayloadIllegal"),
    ({"Password": "wrong"}, "UnAuthorized"),
    ({"UserName": "", "Password": ""}, "UnAuthorized"),
]


@both
@pytest.mark.parametrize(("changes", "code"), ERRORS)
def test_a_wrong_envelope_is_refused_in_an_envelope(
    kind: str, changes: Fields, code: str, simulator: Simulator, population: dict[str, Any]
) -> None:
    given = SENDS[kind](simulator, fields_for(simulator, population, **changes))
    assert (given["PayloadType"], given["ErrorCode"]) == ("CoreEnvelopeError", code)
    assert "Payload" not in given and given["ErrorMessage"]


@pytest.mark.parametrize("body", [b"", b"ISA*00*", b"<a/>", b"<!DOCTYPE a [<!ENTITY b 'b'>]><a>&b;</a>"])
def test_what_is_no_envelope_is_a_bad_request(body: bytes, simulator: Simulator) -> None:
    assert request(simulator, "POST", f"/core/mime/{PAYER}", body)[0] == 400
    mime = {"Content_Type": "multipart/form-data"}
    assert request(simulator, "POST", f"/core/mime/{PAYER}", body, **mime)[0] == 400
    status, headers, fault = request(simulator, "POST", f"/core/soap/{PAYER}", body)
    assert status == 400 and b"soapenv:Sender" in fault
    assert headers["content-type"].startswith("application/soap+xml")


def test_only_its_real_time_payers_are_there(simulator: Simulator) -> None:
    for path in ("/core/mime/SHP01", "/core/soap/NOBODY", "/core", "/core/other/CCN20", "/elsewhere"):
        assert request(simulator, "POST", path)[0] == 404
    assert request(simulator, "GET", f"/core/soap/{PAYER}")[0] == 405


@both
def test_faults_are_played_inside_envelopes(
    kind: str, launch: Any, tmp_path: Path, population: dict[str, Any]
) -> None:
    rules = ('name = "aaa_72"', 'name = "answer_is_999"', 'name = "html_page"')
    scenario = "".join(f"[[fault]]\n{rule}\nafter = {at}\ntimes = 1\n" for at, rule in enumerate(rules))
    (tmp_path / "scenario.toml").write_text(scenario, encoding="utf-8")
    simulator = launch(*QUICK, "--scenario", str(tmp_path / "scenario.toml"))
    fields = fields_for(simulator, population)
    first, second = SENDS[kind](simulator, fields), SENDS[kind](simulator, fields)
    assert read(split(first["Payload"].encode())) == Reading("rejected", "72", "2100C")
    assert second["PayloadType"] == "X12_999_Response_005010X231A1"
    with pytest.raises((AssertionError, ElementTree.ParseError)):
        SENDS[kind](simulator, fields)
    assert [entry["reason"] for entry in simulator.entries("no_answer")][-1] == "html_page"
