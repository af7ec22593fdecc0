"""One population asked in every way there is: however its payer is reached, a member ends alike."""

from __future__ import annotations

import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.utils import timezone

from eligibility.models import EligibilityCheck
from practice.models import Organization
from practice.tenancy import tenant
from sweeps.demo import practice
from sweeps.models import SweepRun, SweepRunMember
from sweeps.services import create_run
from tests.gateway import bring_forward, work
from tests.invariants import check_invariants
from tests.simulator.driving import Simulator, start
from tests.transports.openssh import SSHD, OpenSshServer
from tradingpartners.models import Route, TradingPartner, Transaction, transaction_id
from tradingpartners.services import inbound, polling
from tradingpartners.simulator.as2_library import is_installed
from tradingpartners.simulator.population import make_population
from tradingpartners.transports import availity

pytestmark = [
    # Messages pushed to us come through a server's own threads: what they see is committed.
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("same outcome"),
]

Outcome = dict[tuple[str, str], tuple[str, str]]
QUICK = ("--delay-ms", "1", "--file-delay-ms", "20", "--hold-seconds", "0.2", "--batch-delay-ms", "50")
AS2 = ("--as2", "--as2-retry-seconds", "0.3")
needs_openssh = pytest.mark.skipif(not SSHD.exists(), reason="no OpenSSH server here: install openssh-server")
needs_as2 = pytest.mark.skipif(not is_installed(), reason="pip install pyas2lib")
PATIENCE = 120.0
OURS_AT_STEDI = "submitterTransactionIdentifier"
# Availity says of an outage that the payer was not reached, without the payer's code.
_OUTAGES = {"42", "80", ""}


class Asked(NamedTuple):
    """A question in the simulator's journal, which notes of its NM1*IL only the member id."""

    trace: str
    subscriber: list[str]
    via: str


class Payers:
    """The simulator, with OpenSSH's server before the same folders, and where we are reached."""

    def __init__(
        self, simulator: Simulator, outbox: Path, openssh: OpenSshServer | None, own_url: str
    ) -> None:
        self.simulator, self.outbox, self.openssh, self.own_url = simulator, outbox, openssh, own_url

    def transport(self, way: str) -> str:
        return {"openssh": "sftp", "mime": "realtime", "soap": "realtime"}.get(way, way)

    def reach(self, way: str, partner: TradingPartner) -> dict[str, Any]:
        """Settings and credentials."""
        told = self.simulator.ready
        match way:
            case "openssh":
                assert self.openssh is not None
                there = self.openssh.connection(archive="")
                return {"settings": there.settings, "credentials": there.credentials}
            case "as2":
                return self.agree(told["as2"], partner)
            case "mime" | "soap":
                url = told["core"][f"{way}_url"] + "/{payer_id}"
                names = {"core_sender_id": "RIVERSIDE", "core_receiver_id": "PAYERS"}
                account = {name: told["core"][name] for name in ("username", "password")}
                return {"settings": {"url": url, "envelope": way, **names}, "credentials": account}
            case "availity":
                account = {name: told[way][name] for name in ("client_id", "client_secret")}
                return {"settings": {"url": told[way]["url"]}, "credentials": account}
            case _:
                return {
                    "settings": {"url": told["stedi"]["url"]},
                    "credentials": {"api_key": told["stedi"]["key"]},
                }

    def agree(self, told: dict[str, str], partner: TradingPartner) -> dict[str, Any]:
        known = {"url": f"{self.own_url}/as2/{partner.pk}/"}
        Path(told["partner_file"]).write_text(json.dumps(known), encoding="utf-8")
        settings = {
            "url": told["url"],
            "as2_from": told["partner_as2_id"],
            "as2_to": told["as2_id"],
            "partner_certificates": told["certificate"],
        }
        keys = {"private_key": "partner_key_path", "certificate": "partner_certificate_path"}
        return {
            "settings": settings,
            "credentials": {name: Path(told[path]).read_text() for name, path in keys.items()},
        }

    def clear(self) -> None:
        """Nobody archives here: what one practice has fetched is not there for the next."""
        for path in self.outbox.iterdir():
            path.unlink()

    def questions(self) -> list[Asked]:
        """All that the payers were asked until now."""
        return [
            Asked(
                # Stedi traces by numbers of its own, and keeps ours; Availity takes none of us.
                trace="" if each["via"] == "availity" else each.get(OURS_AT_STEDI) or each["trace"],
                subscriber=[""] * 9 + [each["member_id"]],
                via=each["via"],
            )
            for each in self.simulator.entries("270")
        ]


@pytest.fixture(scope="module")
def population() -> dict[str, Any]:
    return make_population(members=32, seed=7, today=timezone.now().date(), window_days=7)


@pytest.fixture(scope="module")
def payers(population: dict[str, Any], live_server: Any) -> Iterator[Payers]:
    # Not pytest's own folder, which only the user who runs the tests may enter.
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "population.json").write_text(json.dumps(population), encoding="utf-8")
        simulator = start(root, root / "population.json", *QUICK, *(AS2 if is_installed() else ()))
        openssh = OpenSshServer(root, root / "root" / "sftp") if SSHD.exists() else None
        try:
            yield Payers(simulator, root / "root" / "sftp" / "outbox", openssh, live_server.url)
        finally:
            if openssh is not None:
                openssh.stop()
            simulator.stop()


@pytest.fixture(scope="module")
def expected() -> Outcome:
    """How each member ends when asked as the simulator says; the first test fills it."""
    return {}


def practice_asking(payers: Payers, population: dict[str, Any], by_files: str, live: str) -> Organization:
    """The demo's practice, with the given ways of asking instead of its own."""
    payers.clear()
    home, _ = practice.load(population, payers.simulator.ready)
    with tenant(home.pk):
        usual = list(TradingPartner.objects.all())
        for way, kind in {by_files: "sftp", live: "realtime"}.items():
            replaced = [each for each in usual if each.transport == kind or by_files == live]
            partner = TradingPartner.objects.create(
                name=way,
                code=way,
                transport=payers.transport(way),
                sender_id=usual[0].sender_id,
                receiver_id="DEMOCLEARING",
                trace_originator=usual[0].trace_originator,
                response_sla=timedelta(minutes=5),
            )
            for name, value in payers.reach(way, partner).items():
                setattr(partner, name, value)
            partner.save()
            Route.objects.filter(partner__in=replaced).update(partner=partner)
            TradingPartner.objects.filter(pk__in=[each.pk for each in replaced]).update(is_active=False)
    return home


def ask_everybody(home: Organization, payers: Payers) -> Outcome:
    """One sweep, to its end; and both sides' books agree."""
    asked_before = len(payers.questions())
    with tenant(home.pk):
        today = timezone.now().date()
        run = create_run(
            name="All", window_from=today - timedelta(days=1), window_to=today + timedelta(days=8)
        )

    def is_over() -> bool:
        bring_forward()
        work()
        look(home)
        with tenant(home.pk):
            return SweepRun.objects.get(pk=run.pk).state == "completed"

    end = time.monotonic() + PATIENCE
    while not is_over():
        assert time.monotonic() < end, "the sweep does not end"
        time.sleep(0.02)  # the simulated payers' own time
    reconcile(home, payers.questions()[asked_before:])
    with tenant(home.pk):
        members = SweepRunMember.objects.filter(run=run, eligibility_check__isnull=False)
        found = members.select_related("patient", "coverage", "eligibility_check")
        return {
            (each.patient.mrn, each.coverage.subscriber_id): (
                each.eligibility_check.status,
                each.eligibility_check.error_code,
            )
            for each in found
        }


def reconcile(home: Organization, asked: list[Asked]) -> None:
    """What the payers saw is what we sent, and each of it has an answer, or a reason for none."""
    traced = [each for each in asked if each.trace]
    check_invariants(home.pk, asked=traced)
    with tenant(home.pk):
        sent = Transaction.objects.attempts().filter(sent_at__isnull=False)
        checks = EligibilityCheck.objects.select_related("coverage").in_bulk(
            [each.subject_id for each in sent]
        )
        assert Counter(each.subscriber[9] for each in asked) == Counter(
            checks[each.subject_id].coverage.subscriber_id for each in sent
        )
        assert {transaction_id(each.trace) for each in traced} <= {each.pk for each in sent}
        assert [each.pk for each in sent if each.state != "answered" and not each.error] == []


def look(home: Organization) -> None:
    with tenant(home.pk):
        partners = TradingPartner.objects.filter(is_active=True)
        partners.update(poll_due_at=timezone.now() - timedelta(hours=1))
        ids = [each.pk for each in partners if each.is_polled]
    for partner_id in ids:
        deliveries, _ = polling.poll(home.pk, partner_id)
        if deliveries:
            inbound.read_deliveries(home.pk, deliveries)


@pytest.mark.parametrize(
    ("by_files", "live", "via"),
    [
        pytest.param("openssh", "mime", {"sftp", "core-mime"}, marks=needs_openssh),
        pytest.param("as2", "soap", {"as2", "core-soap"}, marks=needs_as2),
        ("stedi", "stedi", {"stedi"}),
        ("stedi_batch", "stedi_batch", {"stedi-batch"}),
        ("availity", "availity", {"availity"}),
    ],
)
def test_a_sweep_ends_alike_however_its_payers_are_reached(
    by_files: str,
    live: str,
    via: set[str],
    payers: Payers,
    population: dict[str, Any],
    expected: Outcome,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(practice, "_logins", lambda organization: {})
    monkeypatch.setattr(availity, "_WAIT_SECONDS", (0.02,))
    if not expected:
        usual, _ = practice.load(population, payers.simulator.ready)
        expected.update(ask_everybody(usual, payers))
    assert len(expected) > 28
    assert {status for status, _ in expected.values()} == {"Active", "Inactive", "Error", "Unknown"}
    home = practice_asking(payers, population, by_files, live)
    before = len(payers.questions())
    outcome = ask_everybody(home, payers)
    asked = {each.via for each in payers.questions()[before:]}
    assert via <= asked <= via | {"stedi"}  # the second route of who fell silent
    assert outcome.keys() == expected.keys()
    assert {
        member: (expected[member], said)
        for member, said in outcome.items()
        if said != expected[member] and not is_outage(said, expected[member])
    } == {}


def is_outage(said: tuple[str, str], expected: tuple[str, str]) -> bool:
    return said[0] == expected[0] == "Unknown" and {said[1], expected[1]} <= _OUTAGES
