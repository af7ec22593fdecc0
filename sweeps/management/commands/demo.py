"""`manage.py demo`: from an empty database to this morning's exceptions."""

from __future__ import annotations

import calendar
import json
import signal
import sys
import time
from argparse import ArgumentParser
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from practice.models import Organization, User
from practice.tenancy import tenant
from sweeps.demo import books
from sweeps.demo.practice import load
from sweeps.demo.processes import Processes, ProcessFailed, free_port, processes, simulate
from sweeps.management.commands.worker import worker_command
from sweeps.models import SweepRun
from sweeps.services import create_run

_LONGEST_SECONDS = 900
_MEMBERS, _MEMBERS_TO_PRACTISE_WITH = 2000, 60


class Command(BaseCommand):
    shown = ""
    help = "Load a demo practice, start everything and simulated payers, run a sweep and show the result."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--exit", action="store_true", help="stop after the summary")
        parser.add_argument(
            "--members", type=int, metavar="N", help="patients (2000; 60 to practise with a scenario)"
        )
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the summary there")
        parser.add_argument("--port", type=int, default=8000, help="of the pages (8000, else any)")
        parser.add_argument("--seed", type=int, default=7, help="of the population (7)")
        parser.add_argument("--scenario", type=Path, metavar="FILE", help="practise with these faults")

    def handle(self, *args: Any, **options: Any) -> None:
        self.settle(options)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            with TemporaryDirectory(prefix="preflight-demo-") as folder:
                self.run(Path(folder), options)
        except ProcessFailed as error:
            raise CommandError(str(error)) from error

    def settle(self, options: dict[str, Any]) -> None:
        """What was not said; refuses what does not go together before anything is started."""
        if options["scenario"] is not None and (options["exit"] or options["json"]):
            raise CommandError("A scenario is to practise with: it ends with Ctrl-C and has no summary.")
        if options["members"] is None:
            options["members"] = _MEMBERS if options["scenario"] is None else _MEMBERS_TO_PRACTISE_WITH
        if options["members"] < 1:
            raise CommandError("--members must be at least 1.")

    def run(self, folder: Path, options: dict[str, Any]) -> None:
        with processes(folder) as family:
            population, ready = self.start_payers(family, folder, options)
            self.say(f"Loading {options['members']} patients …\n")
            organization, logins = load(population, ready)
            port = free_port(options["port"])
            self.start_product(family, port)
            if options["scenario"] is not None:  # some of its answers may never come
                self.begin_sweep(organization, population)
                self.serve(port, logins)
                return
            run, seconds = self.sweep(organization, population, family)
            journal = books.read_journal(folder / "journal.jsonl")
            figures = books.summary(organization.pk, run, journal, seconds=seconds)
            if options["json"]:
                options["json"].write_text(json.dumps(figures, indent=2) + "\n")
            self.show(figures)
            if options["exit"]:
                if not figures["reconciled"]:
                    sys.exit(1)
                return
            self.serve(port, logins)

    def start_payers(
        self, family: Processes, folder: Path, options: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        self.say("Starting simulated payers …\n")
        today = timezone.localtime(timezone.now(), timezone.get_fixed_timezone(-300)).date()
        population = folder / "population.json"
        family.start(
            "population",
            *simulate("population", "--members", str(options["members"])),
            *("--seed", str(options["seed"]), "--today", today.isoformat()),
            *("--window-days", str(days_past_month_end(today)), "--out", str(population)),
        )
        if family.running.pop("population").wait() != 0:
            raise ProcessFailed(f"the population could not be made; see {folder / 'population.log'}")
        family.start(
            "simulator",
            *simulate("serve", "--population", str(population)),
            *("--journal", str(folder / "journal.jsonl"), "--ready", str(folder / "ready.json")),
            *("--root", str(folder / "sftp"), "--hold-seconds", "4"),
            *(("--scenario", str(options["scenario"].resolve())) if options["scenario"] else ()),
        )
        ready = family.wait_for("simulator", folder / "ready.json")
        return json.loads(population.read_text()), ready

    def start_product(self, family: Processes, port: int) -> None:
        self.say("Starting web, workers and beat …\n")
        family.start(
            "web",
            *("-m", "gunicorn", "config.wsgi:application", "--bind", f"127.0.0.1:{port}"),
            *("--worker-class", "gthread", "--workers", "1", "--threads", "8"),
        )
        family.start("control", *worker_command("control", threads=6))
        family.start("payers", *worker_command("payers", threads=24))
        family.start("beat", "-m", "celery", "-A", "config", "beat", "--loglevel", "WARNING")
        family.wait_for_port("web", port)

    def sweep(
        self, organization: Organization, population: dict[str, Any], family: Processes
    ) -> tuple[SweepRun, float]:
        started = time.monotonic()
        run = self.begin_sweep(organization, population)
        while True:
            with tenant(organization.pk):
                now = SweepRun.objects.with_counts().get(pk=run.pk)
            done = now.received + now.failed + now.skipped
            self.progress(done, now.roster, now.submitted)
            for name in family.revive():
                self.say(f"\n{name} had died and was started again.\n")
            if not now.is_open:
                self.say("\n")
                return now, time.monotonic() - started
            if time.monotonic() - started > _LONGEST_SECONDS:
                raise ProcessFailed(f"the sweep did not end in {_LONGEST_SECONDS} s; see {family.logs}")
            time.sleep(0.25)

    def begin_sweep(self, organization: Organization, population: dict[str, Any]) -> SweepRun:
        first = date.fromisoformat(population["today"])
        with tenant(organization.pk, actor=User.objects.get(username="sam").pk, reason="demo"):
            return create_run(
                name="This morning's sweep",
                window_from=first,
                window_to=first + timedelta(days=population["window_days"]),
            )

    def progress(self, done: int, of: int, asking: int) -> None:
        """A bar that moves on a terminal; a line each time it changes elsewhere."""
        filled = 40 * done // max(of, 1)
        line = f"[{'█' * filled}{'·' * (40 - filled)}] {done} of {of}, {asking} with payers"
        if self.stderr.isatty():
            self.say(f"\r{line}  ")
        elif line != self.shown:
            self.say(f"{line}\n")
        self.shown = line

    def show(self, figures: dict[str, Any]) -> None:
        words = {
            "active": "active",
            "inactive": "not active",
            "unknown": "answered without saying",
            "aaa_rejected": "data to mend",
            "failed": "failed (data to mend included)",
            "skipped": "skipped",
        }
        self.stdout.write(
            f"{figures['roster']} members of {figures['patients']} patients in {figures['seconds']} s"
            f" ({figures['members_per_second']} a second), {figures['questions']} questions:"
        )
        for name, word in words.items():
            self.stdout.write(f"  {figures[name]:6}  {word}")
        for fault in figures["disagreements"]:
            self.stdout.write(f"  ! {fault}")
        self.stdout.write("Every number reconciles." if figures["reconciled"] else "NOT reconciled.")

    def serve(self, port: int, logins: dict[str, str]) -> None:
        self.stdout.write(f"\nOpen http://127.0.0.1:{port}/ and sign in as")
        for name, password in logins.items():
            self.stdout.write(f"  {name:10} {password}")
        address = f"http://127.0.0.1:{port}"
        self.stdout.write(f"Every file and call, as sam: {address}/events/ and {address}/transactions/")
        self.stdout.write("Ctrl-C stops everything.")
        self.stdout.flush()
        try:
            signal.pause()
        except KeyboardInterrupt:
            self.say("\nStopping …\n")

    def say(self, text: str) -> None:
        self.stderr.write(text, ending="")
        self.stderr.flush()


def days_past_month_end(today: date) -> int:
    """A window of a week at least that reaches into the next month."""
    last = calendar.monthrange(today.year, today.month)[1]
    return max(7, last - today.day + 3)
