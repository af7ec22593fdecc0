"""A scripted payer on loopback: real HTTP, and 271s made of the 270 by splitting it.

It shares no code with the product's codec or with the simulator.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# What a script returns: a status and a body, None to hang up without an answer, or a deed that has
# the connection to itself.
Takeover = Callable[[BaseHTTPRequestHandler], None]
Script = Callable[["Question"], "tuple[int, bytes] | Takeover | None"]


class Question:
    """What stands in one 270, by segment id."""

    def __init__(self, body: bytes) -> None:
        self.segments = [s.split("*") for s in body.decode().split("~") if s]
        self.trace = self.all("TRN")[-1][2]
        self.reference = self.all("BHT")[0][3]
        self.subscriber = next(s for s in self.all("NM1") if s[1] == "IL")
        self.dependent = next((s for s in self.all("NM1") if s[1] == "03"), None)
        self.birth_date = self.all("DMG")[0][2]
        self.asked = self.all("DTP")[0][3]
        self.service_types = [s[1] for s in self.all("EQ")]

    def all(self, segment_id: str) -> list[list[str]]:
        return [segment for segment in self.segments if segment[0] == segment_id]


def envelope(*sets: list[str], number: int = 1) -> bytes:
    """ISA…IEA around transaction sets given as their segments between ST and SE."""
    text = (
        f"ISA*00*          *00*          *ZZ*EXAMPLE        *ZZ*ACME           *261122*0700*^*00501*"
        f"{number:09d}*0*T*:~GS*HB*EXAMPLE*ACME*20261122*0700*{number}*X*005010X279A1~"
    )
    for position, body in enumerate(sets, 1):
        segments = [f"ST*271*{position:04d}*005010X279A1", *body]
        text += "~".join([*segments, f"SE*{len(segments) + 1}*{position:04d}"]) + "~"
    return (text + f"GE*{len(sets)}*{number}~IEA*1*{number:09d}~").encode()


def answer(question: Question, *benefits: str, **changes: str) -> list[str]:
    """The segments of an answer about the person asked about; `changes` bend it."""
    last, first = question.subscriber[3], question.subscriber[4]
    member_id = changes.get("member_id", question.subscriber[9])
    return [
        f"BHT*0022*11*{question.reference}*20261122*070000",
        "HL*1**20*1",
        "NM1*PR*2*EXAMPLE BLUE*****PI*12345",
        "HL*2*1*21*1",
        "NM1*1P*2*MAIN STREET*****XX*1234567893",
        "HL*3*2*22*0",
        f"TRN*2*{changes.get('trace', question.trace)}*9ACME00001",
        f"NM1*IL*1*{changes.get('last_name', last)}*{first}****MI*{member_id}",
        f"DMG*D8*{changes.get('birth_date', question.birth_date)}",
        *([changes["dates"]] if "dates" in changes else []),
        *(benefits or ["EB*1**30**GOLD"]),
    ]


def rejection(question: Question, code: str, follow_up: str = "C") -> list[str]:
    return [*answer(question)[:-2], f"AAA*N**{code}*{follow_up}"]


def rejection_above(question: Question, code: str, follow_up: str = "R") -> list[str]:
    """AAA at 2100A: no subscriber, no trace, only the reference of the question."""
    return [*answer(question)[:3], f"AAA*N**{code}*{follow_up}"]


def active(question: Question) -> tuple[int, bytes]:
    return 200, envelope(answer(question))


def inactive(question: Question) -> tuple[int, bytes]:
    return 200, envelope(answer(question, "EB*6**30**GOLD"))


def ends_on(day: date) -> Script:
    def script(question: Question) -> tuple[int, bytes]:
        if question.asked > f"{day:%Y%m%d}":
            return 200, envelope(answer(question, "EB*6**30", dates=f"DTP*347*D8*{day:%Y%m%d}"))
        return 200, envelope(answer(question, dates=f"DTP*347*D8*{day:%Y%m%d}"))

    return script


class ScriptedPayer:
    """Answers by `script`; `questions` is what it was asked, in order."""

    def __init__(self) -> None:
        self.script: Script = active
        self.questions: list[Question] = []
        payer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                question = Question(body)
                payer.questions.append(question)
                reply = payer.script(question)
                if reply is None or callable(reply):
                    self.close_connection = True
                    return reply(self) if reply else None
                self.send_response(reply[0])
                self.send_header("Content-Length", str(len(reply[1])))
                self.end_headers()
                self.wfile.write(reply[1])

            def log_message(self, *words: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/x12"


@contextmanager
def scripted_payer() -> Iterator[ScriptedPayer]:
    payer = ScriptedPayer()
    thread = threading.Thread(target=payer.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield payer
    finally:
        payer.server.shutdown()
        payer.server.server_close()
