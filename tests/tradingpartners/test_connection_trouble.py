"""A connection that somebody must mend is told once, for as long as it stays so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncssh
import pytest
from django.utils import timezone

from practice.models import Alert
from practice.tenancy import tenant
from tests import payers
from tests.factories import PartnerFactory, make_organization
from tests.gateway import bring_forward, work
from tests.payers import ScriptedPayer
from tests.sweeps.conftest import Acme
from tests.tradingpartners.conftest import FileAcme, SftpServer
from tests.tradingpartners.test_files import leave, look, questions, send
from tradingpartners.alert_words import words
from tradingpartners.models import Interchange, TradingPartner, Transaction
from tradingpartners.services import telling, trying
from tradingpartners.services.telling import Way
from tradingpartners.transports import Step

pytestmark = pytest.mark.django_db


def alerts(organization_id: UUID) -> list[tuple[str, str, str]]:
    """Of connections: way, code and state, in order."""
    with tenant(organization_id):
        found = Alert.objects.filter(kind="connection_trouble").order_by("pk")
        return [(each.facts["way"], each.facts["code"], each.state) for each in found]


def show_another_key(acme: FileAcme, sftp: SftpServer) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    acme.limit(settings={**sftp.settings, "host_keys": [other]})


def test_fault_61_a_changed_host_key_gets_no_byte_and_is_told_until_it_is_known(
    acme: FileAcme, sftp: SftpServer
) -> None:
    acme.visit()
    run = acme.sweep()
    show_another_key(acme, sftp)
    send(3)
    look(acme)
    assert sftp.files() == []
    home = acme.organization.pk
    assert sorted(alerts(home)) == [
        ("fetching", "host_key_changed", "open"),
        ("sending", "host_key_changed", "open"),
    ]
    with acme.inside():
        alert = Alert.objects.filter(kind="connection_trouble").first()
        assert "another key" in words(alert).what
    acme.limit(settings=sftp.settings)
    send()
    look(acme)
    assert len(sftp.files()) == 1
    assert {state for _, _, state in alerts(home)} == {"resolved"}
    assert acme.outcome(run) == (0, 0, 0)


# --- an identity that X12 cannot carry ---------------------------------------------------------------

# Of old, or put there by a program: every door refuses it.
UNWRITABLE = "A~B*"


def test_a_file_that_no_envelope_fits_waits_and_is_told_until_the_ids_are_right(
    acme: FileAcme, sftp: SftpServer
) -> None:
    acme.visit()
    run = acme.sweep()
    acme.limit(receiver_id=UNWRITABLE)
    send(3)
    home = acme.organization.pk
    assert sftp.files() == [] and acme.outcome(run) == (0, 0, 0)
    assert alerts(home) == [("sending", "settings:identity", "open")]
    with acme.inside():
        assert Transaction.objects.get().state == "prepared"
        assert not Interchange.objects.exists()
        assert "IDs under Identity" in words(Alert.objects.get(kind="connection_trouble")).todo
    acme.limit(receiver_id="RIGHT")
    bring_forward()
    send()
    assert len(sftp.files()) == 1
    assert alerts(home) == [("sending", "settings:identity", "resolved")]


def test_a_live_question_that_no_envelope_fits_waits_as_well(live: Acme, payer_server: ScriptedPayer) -> None:
    live.visit()
    live.sweep()
    with live.inside():
        TradingPartner.objects.update(sender_id=UNWRITABLE)
    work()
    with live.inside():
        assert Transaction.objects.get().state == "prepared"
        TradingPartner.objects.update(sender_id="RIGHT")
    assert alerts(live.organization.pk) == [("asking", "settings:identity", "open")]
    bring_forward()
    work()
    with live.inside():
        assert Transaction.objects.attempts().get().state == "answered"


def test_what_comes_is_used_although_no_receipt_for_it_can_be_written(
    acme: FileAcme, sftp: SftpServer
) -> None:
    acme.visit()
    run = acme.sweep()
    send()
    (file,) = sftp.files()
    acme.limit(receiver_id=UNWRITABLE, send_999="always")
    leave(sftp, "a.271", payers.answer(questions(file)[0]))
    look(acme)
    assert acme.outcome(run) == (1, 0, 0)
    assert ("sending", "settings:identity", "open") in alerts(acme.organization.pk)


@pytest.fixture
def live(db: None, payer_server: ScriptedPayer) -> Acme:
    return Acme(payer_server)


@pytest.fixture
def partner(db: None) -> TradingPartner:
    home = make_organization("Acme")
    with tenant(home.pk):
        return PartnerFactory(transport="sftp")


def said(partner: TradingPartner, way: Way, *codes: str) -> list[tuple[str, str, str]]:
    with tenant(partner.organization_id):
        for code in codes:
            telling.connection_said(partner.pk, way, code)
    return alerts(partner.organization_id)


@pytest.mark.parametrize(
    "code",
    [
        *("tls", "host_key_changed", "login_refused", "http_401", "http_403", "token_http_401"),
        *("address_refused", "settings:credentials", "settings:certificate_expired"),
        *("permission_denied", "no_such_file", "disk_full"),
    ],
)
def test_what_a_person_must_mend_is_one_alert_until_it_works(partner: TradingPartner, code: str) -> None:
    assert said(partner, Way.SENDING, code, code) == [("sending", code, "open")]
    assert said(partner, Way.SENDING, "") == [("sending", code, "resolved")]


@pytest.mark.parametrize("code", ["timeout", "connection_refused", "http_503", "throttled", "http_500"])
def test_what_passes_by_itself_is_told_to_nobody_and_ends_nothing(partner: TradingPartner, code: str) -> None:
    assert said(partner, Way.SENDING, code) == []
    assert said(partner, Way.SENDING, "tls", code) == [("sending", "tls", "open")]


def test_another_trouble_takes_the_place_of_the_first(partner: TradingPartner) -> None:
    assert said(partner, Way.SENDING, "tls", "login_refused") == [
        ("sending", "tls", "resolved"),
        ("sending", "login_refused", "open"),
    ]


def test_fetching_may_fail_while_sending_works(partner: TradingPartner) -> None:
    said(partner, Way.FETCHING, "permission_denied")
    assert said(partner, Way.SENDING, "") == [("fetching", "permission_denied", "open")]


def test_one_payers_answer_does_not_end_what_the_next_ones_failure_would_raise_again(
    partner: TradingPartner,
) -> None:
    said(partner, Way.ASKING, "http_403", "", "http_403", "")
    assert alerts(partner.organization_id) == [("asking", "http_403", "open")]
    with tenant(partner.organization_id):
        Alert.objects.update(last_seen_at=timezone.now() - timedelta(hours=1))
    assert said(partner, Way.ASKING, "") == [("asking", "http_403", "resolved")]


@pytest.mark.parametrize(("steps", "state"), [(["", ""], "resolved"), (["", "tls"], "open")])
def test_a_trial_that_goes_well_ends_it(partner: TradingPartner, steps: list[str], state: Any) -> None:
    said(partner, Way.ASKING, "tls")
    with tenant(partner.organization_id):
        trying.keep_result(partner, [Step(f"step {place}", code) for place, code in enumerate(steps)])
    assert alerts(partner.organization_id) == [("asking", "tls", state)]


@pytest.mark.parametrize("code", ["not_resolved", "connection_refused", "connect_timeout"])
def test_settings_are_no_trouble_any_more_once_something_else_is(partner: TradingPartner, code: str) -> None:
    assert said(partner, Way.SENDING, "settings:port", code) == [("sending", "settings:port", "resolved")]
    assert said(partner, Way.SENDING, "host_key_changed", code)[-1][2] == "open"
