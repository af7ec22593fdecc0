"""One timed job in a process of its own: what it took, and what memory it reached.

Standard library only: it also runs in the environments of the peers.
"""

import gc
import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple


class Job(NamedTuple):
    """`run` is timed; `count` says of its result how many transactions it holds."""

    run: Callable[[], Any]
    count: Callable[[Any], int]
    # Of what was written: two writers are compared only if they write the same.
    digest: Callable[[Any], str] = lambda result: ""


def measure(makers: Mapping[str, Callable[[str], Job]]) -> None:
    """Time the job that the command line names, and say so in one line of JSON.

    The result is kept until memory has been read, as whoever reads a file keeps what it says.
    """
    name, subject = sys.argv[1:]
    job = makers[name](subject)
    # How often the garbage collector goes over everything depends on how much there was before, by luck: half
    # of the floor's time, or nothing. So it starts from nothing for all.
    gc.collect()
    gc.freeze()
    wall, started = time.perf_counter(), time.process_time()
    result = job.run()
    # Of the processor, all threads: what others do on the machine meanwhile counts little.
    seconds = time.process_time() - started
    said = {
        "seconds": seconds,
        "wall_seconds": time.perf_counter() - wall,
        "peak_mb": peak_mb(),
        "transactions": job.count(result),
        "digest": job.digest(result),
    }
    sys.stdout.write(json.dumps(said) + "\n")


def peak_mb() -> float:
    """The highest resident memory of this process so far.

    `getrusage` alone would not do on Linux: there a child starts with the peak of its parent.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    # What an interpreter takes that does nothing: subtracted from everything else.
    measure({"nothing": lambda subject: Job(lambda: None, lambda result: 0)})
