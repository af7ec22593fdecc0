"""What can be measured: `./run bench NAME`, or without a NAME the list of them."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from config.embedded import data_folder
from tests.bench import codec
from tests.bench.codec import Say


class Benchmark(NamedTuple):
    """`run` gives a table for people and what --json writes."""

    does: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Path, Say], tuple[str, dict[str, Any]]]


BENCHMARKS = {
    "codec": Benchmark(
        "reading 271s and writing 270s, beside the bare minimum and every peer that installs",
        codec.add_arguments,
        codec.run,
    ),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    names = parser.add_subparsers(dest="name", metavar="NAME")
    for name, benchmark in BENCHMARKS.items():
        of_this = names.add_parser(name, help=benchmark.does, description=benchmark.does)
        of_this.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
        benchmark.add_arguments(of_this)
    arguments = parser.parse_args()
    if arguments.name is None:
        parser.print_help()
        return 0
    words, figures = BENCHMARKS[arguments.name].run(arguments, data_folder() / "bench", say)
    print(words)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
