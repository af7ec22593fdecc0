"""`manage.py worker`: the Celery workers of one host, as two processes.

`control` holds the tick, fires and inbound work, so that nothing of it starves behind payers;
`payers` sends, and listens to one queue a payer and a file partner.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand


def worker_command(name: str, *, threads: int, loglevel: str = "WARNING") -> list[str]:
    """Arguments of Python for one Celery worker: `control` or `payers`."""
    queues = {"control": "control,inbound", "payers": "payers"}[name]
    return [
        *("-m", "celery", "-A", "config", "worker", "-n", f"{name}@%h", "-P", "threads"),
        *("-c", str(threads), "-Q", queues, "--loglevel", loglevel),
        *("--without-gossip", "--without-mingle"),
    ]


class Command(BaseCommand):
    help = "Run the Celery workers: one process for control and inbound work, one that asks payers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--threads", type=int, default=24, help="that ask payers (24)")
        parser.add_argument("--control-threads", type=int, default=6, help="for everything else (6)")
        parser.add_argument("--loglevel", default="WARNING")

    def handle(self, *args: Any, **options: Any) -> None:
        threads = {"control": options["control_threads"], "payers": options["threads"]}
        children = [
            subprocess.Popen(
                [sys.executable, *worker_command(name, threads=number, loglevel=options["loglevel"])]
            )
            for name, number in threads.items()
        ]

        def pass_on(number: int, frame: object) -> None:
            for child in children:
                child.send_signal(signal.SIGTERM)

        signal.signal(signal.SIGTERM, pass_on)
        signal.signal(signal.SIGINT, pass_on)
        # Half a worker is no worker: when one ends, the other is asked to, and who supervises us restarts.
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        pass_on(signal.SIGTERM, None)
        sys.exit(max(abs(child.wait()) for child in children))
