"""The demo begins in an empty database, and never in one that holds somebody's practice."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from practice.database import forget_demo, holds_real_organization
from practice.models import Organization, User
from practice.tenancy import tenant
from sweeps.demo import practice
from tests.factories import PatientFactory, make_organization
from tradingpartners.models import TradingPartner
from tradingpartners.setup.rules import PARTNER_RANGES, out_of_range
from tradingpartners.simulator.population import make_population

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch) -> None:
    options = dict(settings.DATABASES["default"]["OPTIONS"])
    options.pop("options", None)
    monkeypatch.setitem(settings.DATABASES["default"], "OPTIONS", options)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")


def test_a_practice_the_demo_did_not_make_is_not_forgotten(owner: None) -> None:
    acme = make_organization("Acme Family Medicine")
    make_organization("A demo", is_demo=True)
    with pytest.raises(CommandError, match="stays as it is"):
        call_command("database", "forget-demo")
    with tenant(acme.pk):
        assert Organization.objects.filter(pk=acme.pk).exists()


def test_demos_are_forgotten_whole_but_for_the_system_account(owner: None) -> None:
    demo = make_organization("A demo", is_demo=True)
    User.objects.create_user(username="sam")
    with tenant(demo.pk):
        PatientFactory()
    assert not holds_real_organization()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # the test's own transaction still holds them
        forget_demo()
        cursor.execute("SELECT (SELECT count(*) FROM practice_patient), (SELECT count(*) FROM practice_user)")
        assert cursor.fetchone() == (0, 1)


def test_the_app_role_may_neither_prepare_nor_forget() -> None:
    with pytest.raises(CommandError, match="DATABASE_ROLE=owner"):
        call_command("database", "forget-demo")


def test_a_scenario_is_to_practise_with_and_has_no_summary() -> None:
    with pytest.raises(CommandError, match="no summary"):
        call_command("demo", "--scenario", "scenarios/wrong_cards.toml", "--exit")


def test_a_scenario_that_cannot_be_played_is_refused_with_its_line(tmp_path: Path) -> None:
    scenario = tmp_path / "mine.toml"
    scenario.write_text('[[fault]]\nname = "slwo"\n')
    with pytest.raises(CommandError, match="line 2: name is no fault .“slwo”; the nearest: slow"):
        call_command("demo", "--scenario", str(scenario))
    assert not Organization.objects.exists()


def test_the_connections_of_the_demo_could_be_saved_on_their_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(practice, "_logins", lambda organization: {})
    told = make_population(members=4, seed=7, today=timezone.now().date(), window_days=7)
    door = {"host": "127.0.0.1", "port": 2222, "host_key": "ssh-ed25519 AAAA"}
    folders = {"inbox": "/in", "outbox": "/out"}
    login = {"username": "u", "password": "p"}
    ready = {
        "sftp": {**door, **folders, **login},
        "stedi": {"url": "http://127.0.0.1:1", "key": "k"},
        "http": {"url": "http://127.0.0.1:2", **login},
    }
    home, _ = practice.load(told, ready)
    with tenant(home.pk):
        partners = list(TradingPartner.objects.all())
    assert len(partners) > 2
    for partner in partners:
        given = {name: getattr(partner, name) for name in PARTNER_RANGES}
        assert list(out_of_range(PARTNER_RANGES, given)) == [], partner.name
