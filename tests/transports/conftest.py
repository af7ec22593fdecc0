"""Peers that are not our code, and a practice whose payer is asked through a clearinghouse."""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from sweeps.models import SweepRun
from tests.factories import PartnerFactory, RouteFactory
from tests.gateway import bring_forward, work
from tests.payers import ScriptedPayer, scripted_payer
from tests.sweeps.conftest import Acme
from tests.transports.openssh import SSHD, OpenSshServer
from tests.web import Web, scripted_web
from tradingpartners.models import TradingPartner
from tradingpartners.services import inbound, polling

PEERS = Path(__file__).parent / "peers"


class NodePeer:
    """A script of `peers/`, told what to do once; it prints its port, then a line for each request."""

    def __init__(self, script: str, told: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            ["node", str(PEERS / script), json.dumps(told)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._lines: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        self.port: int = self.heard()["port"]

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(json.loads(line))

    def heard(self) -> dict[str, Any]:
        """The next line."""
        return self._lines.get(timeout=20)

    @property
    def was_asked(self) -> bool:
        return not self._lines.empty()

    def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()  # it ends with its input
        self._process.wait(timeout=10)


@pytest.fixture
def node_peer() -> Iterator[Callable[..., NodePeer]]:
    if not shutil.which("node"):
        pytest.skip("no node here: install nodejs and npm")
    if not (PEERS / "node_modules").is_dir():
        pytest.skip("run ./run test, or npm ci in tests/transports/peers")
    started: list[NodePeer] = []

    def start(script: str, **told: Any) -> NodePeer:
        started.append(NodePeer(script, told))
        return started[-1]

    yield start
    for peer in started:
        peer.stop()


@pytest.fixture
def openssh() -> Iterator[OpenSshServer]:
    if not SSHD.exists():
        pytest.skip("no OpenSSH server here: install openssh-server")
    # Not pytest's own folder, which only the user who runs the tests may enter.
    with tempfile.TemporaryDirectory() as folder:
        server = OpenSshServer(Path(folder))
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture
def web() -> Iterator[Web]:
    with scripted_web() as server:
        yield server


@pytest.fixture
def unused_payer() -> Iterator[ScriptedPayer]:
    with scripted_payer() as payer:
        yield payer


class ClearinghouseAcme(Acme):
    """Acme, whose payer is reached by one partner of the given kind."""

    def reach_by(self, transport: str, **fields: Any) -> TradingPartner:
        with self.inside():
            self.partner.routes.all().delete()
            self.partner = PartnerFactory(transport=transport, **fields)
            RouteFactory(payer=self.payer, partner=self.partner)
        return self.partner

    def send(self, times: int = 1) -> None:
        for _ in range(times):
            bring_forward()
            work()

    def look(self, times: int = 1) -> None:
        """The poller's looks, each read before the next."""
        for _ in range(times):
            with self.inside():
                TradingPartner.objects.update(poll_due_at=timezone.now() - timedelta(hours=1))
            deliveries, _ = polling.poll(self.organization.pk, self.partner.pk)
            if deliveries:
                inbound.read_deliveries(self.organization.pk, deliveries)
        work()

    def outcome(self, run: SweepRun) -> tuple[int, int, int]:
        counts = self.read(run)
        return counts.active, counts.inactive, counts.failed


@pytest.fixture
def acme(db: None, unused_payer: ScriptedPayer) -> ClearinghouseAcme:
    return ClearinghouseAcme(unused_payer)
