"""A file partner's two folders in a test: what was asked, and what is left to be fetched."""

from __future__ import annotations

import os
import time
from typing import Any

from practice.models import Alert
from sweeps.models import SweepRun
from tests import payers
from tests.invariants import check_invariants
from tests.tradingpartners.conftest import FileAcme, SftpServer
from tests.tradingpartners.test_files import look, questions, send
from tradingpartners.models import InboundDelivery, Transaction
from tradingpartners.services import inbound


class Inbox:
    """A sweep of so many visits that went out in one file; answers to it are left and fetched."""

    def __init__(self, acme: FileAcme, sftp: SftpServer, visits: int = 1) -> None:
        self.acme, self.sftp = acme, sftp
        self.clock = int(time.time())
        for _ in range(visits):
            acme.visit()
        self.run: SweepRun = acme.sweep()
        send()
        (self.file,) = sftp.files()
        self.isa13 = self.file.read_text().split("*")[13]
        self.asked = questions(self.file)

    def answers(self, number: int = 1, benefit: str = "EB*1**30**GOLD") -> bytes:
        """One file that answers all."""
        return payers.envelope(*(payers.answer(q, benefit) for q in self.asked), number=number)

    def leave(self, content: bytes, name: str = "a.271") -> InboundDelivery:
        """Have the partner leave a file, and fetch and read it; its newest delivery."""
        path = self.sftp.outbox / name
        path.write_bytes(content)
        # SFTP tells whole seconds: a file that is left again in the same one would be the one known.
        self.clock += 1
        os.utime(path, (self.clock, self.clock))
        look(self.acme)
        with self.acme.inside():
            return InboundDelivery.objects.filter(file_name=name).latest("pk")

    def read_again(self, delivery: InboundDelivery) -> None:
        inbound.read_deliveries(self.acme.organization.pk, [delivery.pk])

    @property
    def outcome(self) -> tuple[int, int, int, int]:
        """Members: active, inactive, failed, still open."""
        counts = self.acme.read(self.run)
        return counts.active, counts.inactive, counts.failed, counts.submitted

    @property
    def dispositions(self) -> list[str]:
        with self.acme.inside():
            came = Transaction.objects.filter(direction="in").order_by("pk")
            return list(came.values_list("disposition", flat=True))

    def came(self, **which: Any) -> list[Transaction]:
        with self.acme.inside():
            return list(Transaction.objects.filter(direction="in", **which).order_by("pk"))

    def attempt(self, position: int = 0) -> Transaction:
        with self.acme.inside():
            trace = self.asked[position].trace
            return next(row for row in Transaction.objects.attempts() if row.trace_number == trace)

    @property
    def alerts(self) -> dict[str, dict[str, Any]]:
        """The facts of what is open, by kind."""
        with self.acme.inside():
            return dict(Alert.objects.exclude(state="resolved").values_list("kind", "facts"))

    def nothing_is_lost(self, *, stored: int | None = None) -> None:
        """G1 to G9; and each file that lay there is kept."""
        check_invariants(self.acme.organization.pk, asked=self.asked, roster=len(self.asked))
        with self.acme.inside():
            kept = InboundDelivery.objects.filter(payload__isnull=False, read_at__isnull=False).count()
        assert kept == (stored if stored is not None else len(list(self.sftp.outbox.iterdir())))


def acknowledgement(inbox: Inbox, *sets: str, summary: str, number: int = 9) -> bytes:
    """A 999 of the file that went out: AK2 to IK5 as given, and AK9."""
    body = [f"AK1*HS*{int(inbox.isa13)}*005010X279A1", *sets, summary]
    return payers.envelope(body, number=number).replace(
        b"ST*271*0001*005010X279A1", b"ST*999*0001*005010X231A1"
    )


def ta1(isa13: str, code: str, note: str, number: int = 8) -> bytes:
    head, _, _ = payers.envelope([], number=number).partition(b"GS*")
    return head + f"TA1*{isa13}*261122*0700*{code}*{note}~IEA*0*{number:09d}~".encode()
