"""`manage.py worker`: the Celery workers of one host, as two processes.

`control` holds the tick, fires and inbound work, so that nothing of it starves behind payers;
`payers` sends, and listens to one queue a payer and a file partner.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Run the Celery workers: one process for control and inbound work, one that asks payers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--threads", type=int, default=24, help="that ask payers (24)")
        parser.add_argument("--control-threads", type=int, default=6, help="for everything else (6)")
        parser.add_argument("--loglevel", default="WARNING")

    def handle(self, *args: Any, **options: Any) -> None:
        children = [
            self.start("control", options["control_threads"], "control,inbound", options["loglevel"]),
            self.start("payers", options["threads"], "payers", options["loglevel"]),
        ]

        def pass_on(number: int, frame: object) -> None:
            for child in children:
                child.send_signal(signal.SIGTERM)

        signal.signal(signal.SIGTERM, pass_on)
        signal.signal(signal.SIGINT, pass_on)
        codes = [child.wait() for child in children]
        sys.exit(max(abs(code) for code in codes))

    def start(self, name: str, threads: int, queues: str, loglevel: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "celery", "-A", "config", "worker"),
                *("-n", f"{name}@%h", "-P", "threads", "-c", str(threads), "-Q", queues),
                *("--loglevel", loglevel, "--without-gossip", "--without-mingle"),
            ]
        )
