"""One look at a folder: what is fetched, put away, noted, and never asked for twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from practice.models import Organization
from practice.tenancy import tenant
from tests.factories import PartnerFactory, make_organization
from tradingpartners.models import InboundDelivery, TradingPartner, TransportLog
from tradingpartners.services import polling
from tradingpartners.transports import (
    Awaited,
    Connection,
    Fetched,
    Look,
    NotSent,
    RemoteFile,
    TransportError,
    Unsure,
    registry,
)

pytestmark = pytest.mark.django_db


class Folder:
    """A partner's folder in memory; `failing` names what fails, and how."""

    FILES_GROW = True

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.archive: list[str] = []
        self.fetched: list[str] = []
        self.failing: dict[str, TransportError] = {}
        self.has_archive = True
        self.cursors: list[Mapping[str, Any]] = []

    def look(self, connection: Connection, awaited: Sequence[Awaited], cursor: Mapping[str, Any]) -> Look:
        self._fail("look")
        self.cursors.append(cursor)
        there = [RemoteFile(name, len(content), 7) for name, content in self.files.items()]
        return Look(there, cursor={"looks": cursor.get("looks", 0) + 1})

    def fetch(self, connection: Connection, file: RemoteFile) -> bytes | Fetched | None:
        self._fail(file.name)
        self.fetched.append(file.name)
        return self.files[file.name]

    def put_away(self, connection: Connection, file: RemoteFile) -> None:
        self._fail("put_away")
        self.archive.append(file.name)
        if self.has_archive:
            del self.files[file.name]

    def _fail(self, what: str) -> None:
        if what in self.failing:
            raise self.failing[what]


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    folder = Folder()
    monkeypatch.setitem(registry.POLLED, "sftp", folder)
    return folder


@pytest.fixture
def home(db: None) -> Organization:
    return make_organization("Acme")


@pytest.fixture
def partner(home: Organization, folder: Folder) -> TradingPartner:
    with tenant(home.pk):
        return PartnerFactory(transport="sftp")


def look(partner: TradingPartner, times: int = 1) -> list[UUID]:
    kept: list[UUID] = []
    for _ in range(times):
        with tenant(partner.organization_id):
            TradingPartner.objects.update(poll_due_at=timezone.now() - timedelta(hours=1))
        kept += polling.poll(partner.organization_id, partner.pk)[0]
    return kept


def now(partner: TradingPartner) -> TradingPartner:
    with tenant(partner.organization_id):
        return TradingPartner.objects.get(pk=partner.pk)


def test_a_file_is_fetched_at_the_second_look_and_leaves_the_folder_once_it_is_kept(
    folder: Folder, partner: TradingPartner
) -> None:
    folder.files = {"a.271": b"one"}
    assert look(partner) == []
    (kept,) = look(partner)
    assert (folder.files, folder.archive) == ({}, ["a.271"])
    with tenant(partner.organization_id):
        delivery = InboundDelivery.objects.get(pk=kept)
        assert delivery.put_away_at is not None


def test_a_file_that_cannot_be_put_away_is_put_away_at_the_next_look_and_not_fetched_again(
    folder: Folder, partner: TradingPartner
) -> None:
    folder.files = {"a.271": b"one"}
    folder.failing = {"put_away": Unsure("connection_lost")}
    assert len(look(partner, 2)) == 1
    assert now(partner).poll_error == "connection_lost"
    folder.failing = {}
    assert look(partner) == []
    assert (folder.fetched, folder.archive) == (["a.271"], ["a.271"])
    assert now(partner).poll_error == ""


def test_a_poller_killed_between_keeping_and_putting_away_loses_nothing(
    folder: Folder, partner: TradingPartner, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.files = {"a.271": b"one"}
    look(partner)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setitem(folder.failing, "put_away", KeyboardInterrupt())
        look(partner)
    look(partner)
    assert (folder.fetched, folder.archive) == (["a.271"], ["a.271"])


def test_a_folder_that_nothing_leaves_costs_no_more_than_its_names(
    folder: Folder, partner: TradingPartner
) -> None:
    folder.has_archive = False
    folder.files = {f"{number}.271": b"%d" % number for number in range(20)}
    look(partner, 2)
    counts = []
    for more in range(2):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert look(partner) == []
        counts.append(len(queries))
        folder.files |= {f"more-{more}-{number}.271": b"x%d%d" % (more, number) for number in range(20)}
        look(partner, 2)
    assert counts[0] == counts[1]
    assert len(folder.fetched) == 60
    assert len(folder.archive) == 60  # once each, although they stay


def test_a_file_that_still_grows_is_left_alone(folder: Folder, partner: TradingPartner) -> None:
    for size in range(1, 4):
        folder.files = {"a.271": b"x" * size}
        assert look(partner) == []
    assert folder.fetched == []
    assert len(look(partner)) == 1


def test_a_file_that_fails_costs_the_others_nothing(folder: Folder, partner: TradingPartner) -> None:
    folder.files = {"a": b"one", "b": b"two", "c": b"three"}
    folder.failing = {"b": NotSent("file_too_large")}
    assert len(look(partner, 2)) == 2
    assert now(partner).poll_error == "file_too_large"
    with tenant(partner.organization_id):
        errors = TransportLog.objects.exclude(error="").values_list("event", "file_name", "error")
        assert list(errors) == [("fetch", "b", "file_too_large")]


def test_a_look_that_fails_is_noted_until_one_goes_well(folder: Folder, partner: TradingPartner) -> None:
    folder.failing = {"look": NotSent("host_key_changed")}
    look(partner)
    assert (now(partner).poll_error, now(partner).polled_at) == ("host_key_changed", None)
    folder.failing = {}
    look(partner)
    assert now(partner).poll_error == ""
    assert now(partner).polled_at is not None


def test_a_look_goes_on_from_where_the_last_one_ended(folder: Folder, partner: TradingPartner) -> None:
    look(partner)
    folder.failing = {"look": NotSent("connect_timeout")}
    look(partner)
    folder.failing = {}
    look(partner)
    assert folder.cursors == [{}, {"looks": 1}]
    assert now(partner).poll_cursor == {"looks": 2}


def test_a_paused_poller_looks_at_nothing(folder: Folder, partner: TradingPartner) -> None:
    with tenant(partner.organization_id):
        TradingPartner.objects.update(poller_paused=True)
    look(partner)
    assert folder.cursors == []
    assert (partner.organization_id, partner.pk) not in polling.partners_to_poll()


def test_the_next_look_is_due_an_interval_after_the_last(folder: Folder, partner: TradingPartner) -> None:
    look(partner)
    later = now(partner).poll_due_at - timezone.now()
    assert timedelta(seconds=50) < later <= partner.poll_interval


def test_a_look_that_takes_long_is_not_begun_a_second_time(
    folder: Folder, partner: TradingPartner, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tenant(partner.organization_id):
        TradingPartner.objects.update(poll_interval=timedelta(seconds=0))
    seen = folder.look

    def slow(*args: Any) -> Look:
        assert polling.poll(partner.organization_id, partner.pk) == ([], [])
        return seen(*args)

    monkeypatch.setattr(folder, "look", slow)
    look(partner)
    assert len(folder.cursors) == 1


def test_the_same_content_under_another_name_is_a_duplicate(folder: Folder, partner: TradingPartner) -> None:
    folder.files = {"a": b"one", "b": b"one"}
    look(partner, 2)
    with tenant(partner.organization_id):
        flags = InboundDelivery.objects.order_by("file_name").values_list("is_duplicate", flat=True)
        assert list(flags) == [False, True]
