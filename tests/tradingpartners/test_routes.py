"""Through whom a payer is asked: the walk down its routes, and why one is passed over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings

from eligibility.models import EligibilityCheck
from sweeps.models import SweepRun, SweepRunMember
from tests import payers
from tests.factories import FacilityFactory, PartnerFactory, RouteFactory
from tests.gateway import bring_forward, work, work_until_quiet
from tests.payers import ScriptedPayer, scripted_payer
from tests.sweeps.conftest import Acme
from tests.tradingpartners.conftest import FileAcme, SftpServer
from tests.tradingpartners.test_files import send
from tradingpartners.models import (
    BreakerChange,
    Dispatch,
    Enrolment,
    Interchange,
    ProviderIdentity,
    Route,
    Transaction,
)
from tradingpartners.services import pausing
from tradingpartners.services.clock import database_now
from tradingpartners.services.routing import explain
from tradingpartners.transports import Held, NotSent
from tradingpartners.transports import sftp as transport

pytestmark = pytest.mark.django_db


@pytest.fixture
def live(db: None, payer_server: ScriptedPayer) -> Acme:
    return Acme(payer_server)


def second_route(acme: Acme, url: str, **fields: Any) -> Route:
    with acme.inside():
        partner = PartnerFactory(name="Second", code="Second", settings={"url": url})
        route: Route = RouteFactory(
            **{"payer": acme.payer, "partner": partner, "preference": 2, "payer_identifier": "B2", **fields}
        )
        return route


def swept(acme: Acme) -> SweepRun:
    acme.visit()
    run = acme.sweep()
    work_until_quiet()
    return run


def attempts(acme: Acme) -> list[tuple[str, str, str]]:
    """Partner, state and reason of each attempt, oldest first."""
    with acme.inside():
        rows = Transaction.objects.attempts().order_by("id").values_list("partner__code", "state", "error")
        return list(rows)


def test_a_partner_that_refuses_us_is_passed_over_at_once(live: Acme, payer_server: ScriptedPayer) -> None:
    payer_server.script = lambda question: (403, b"")
    with scripted_payer() as other:
        second_route(live, other.url)
        run = swept(live)
    assert attempts(live) == [("Example", "failed", "http_403"), ("Second", "answered", "")]
    assert live.read(run).active == 1
    assert (len(payer_server.questions), len(other.questions)) == (1, 1)
    with live.inside():  # the payer's budget was not used up by that
        assert set(Transaction.objects.attempts().values_list("attempt", flat=True)) == {1}


def test_at_the_end_of_the_list_the_first_partners_reason_is_told(
    live: Acme, payer_server: ScriptedPayer
) -> None:
    payer_server.script = lambda question: (403, b"")
    with scripted_payer() as other:
        other.script = lambda question: (401, b"")
        second_route(live, other.url)
        run = swept(live)
    assert [code for code, _, _ in attempts(live)] == ["Example", "Second"]
    with live.inside():
        assert SweepRunMember.objects.get().failure_reason == "http_403"
    assert live.read(run).state == "completed"


def test_a_wrongly_filled_partner_is_passed_over(live: Acme) -> None:
    with live.inside():
        live.partner.settings = {}
        live.partner.save()
    with scripted_payer() as other:
        second_route(live, other.url)
        swept(live)
    assert attempts(live) == [("Example", "never_sent", "settings:url"), ("Second", "answered", "")]


def test_what_may_have_been_read_goes_another_way_only_after_the_resend_gap(
    live: Acme, payer_server: ScriptedPayer
) -> None:
    live.payer.resend_gap = timedelta(seconds=90)
    live.payer.save()
    payer_server.script = lambda question: None
    live.visit()
    with scripted_payer() as other:
        second_route(live, other.url)
        live.sweep()
        work()
        with live.inside():
            waiting = Dispatch.objects.get(state="ready")
            sent_at = Transaction.objects.get(state="unknown").closed_at
            assert waiting.due_at >= sent_at + timedelta(seconds=89)
        assert other.questions == []
        bring_forward()
        work()
        assert len(other.questions) == 1


def test_a_partner_out_of_use_before_its_units_went_is_passed_over(live: Acme) -> None:
    with scripted_payer() as other:
        second_route(live, other.url)
        live.visit()
        run = live.sweep()
        with live.inside():
            live.partner.is_active = False
            live.partner.save()
        work_until_quiet()
    assert live.read(run).active == 1
    assert attempts(live)[0] == ("Example", "never_sent", "partner_inactive")


def test_a_paused_partner_is_not_chosen_where_there_is_another(live: Acme) -> None:
    with live.inside():
        pausing.pause_partner(live.partner, reason="Their maintenance")
    with scripted_payer() as other:
        second_route(live, other.url)
        swept(live)
    assert attempts(live) == [("Second", "answered", "")]


def test_what_waits_long_for_a_paused_partner_goes_another_way(live: Acme) -> None:
    with scripted_payer() as other:
        second_route(live, other.url)
        live.visit()
        live.sweep()
        with live.inside():
            pausing.pause_partner(live.partner, reason="Their maintenance")
        bring_forward()
        work()
        assert attempts(live) == [("Example", "prepared", "")]
        with live.inside():
            Dispatch.objects.update(created_at=database_now() - timedelta(hours=2))
        work_until_quiet()
    assert attempts(live)[1:] == [("Second", "answered", "")]


@pytest.mark.parametrize("retries", [0, 1])
def test_a_question_whose_route_is_taken_away_before_it_goes_takes_the_next_one(
    live: Acme, payer_server: ScriptedPayer, retries: int
) -> None:
    live.payer.retries = retries
    live.payer.save()
    with scripted_payer() as other:
        second_route(live, other.url)
        live.visit()
        run = live.sweep()
        with live.inside():
            Route.objects.filter(partner=live.partner).update(is_deleted=True)
        work_until_quiet()
    assert attempts(live) == [("Example", "never_sent", "no_route"), ("Second", "answered", "")]
    assert live.read(run).active == 1
    assert payer_server.questions == []


def test_without_another_route_a_question_whose_route_is_taken_away_ends_and_says_so(live: Acme) -> None:
    live.visit()
    run = live.sweep()
    with live.inside():
        Route.objects.update(is_deleted=True)
    work_until_quiet()
    assert attempts(live) == [("Example", "never_sent", "no_route")]
    with live.inside():
        assert SweepRunMember.objects.get().failure_reason == "no_route"
    assert live.read(run).state == "completed"


def test_only_routes_of_this_environment_and_lane_are_taken(live: Acme) -> None:
    with live.inside():
        first = Route.objects.get()
        first.lane = "live"
        first.save()
    with scripted_payer() as other:
        second_route(live, other.url, environment="qa")
        run = swept(live)
        assert live.read(run).skipped == 1
        with override_settings(ENVIRONMENT="qa"):
            swept(live)
        assert len(other.questions) == 2


# --- enrolment -------------------------------------------------------------------------------------


def enrol(acme: Acme, state: str, **fields: Any) -> None:
    with acme.inside():
        Enrolment.objects.create(partner=acme.partner, payer=acme.payer, state=state, **fields)


def test_a_provider_that_is_not_enrolled_is_not_asked_for_and_the_run_says_so(live: Acme) -> None:
    enrol(live, "needed")
    live.visit()
    run = live.sweep()
    assert live.read(run).skipped == 1
    with live.inside():
        assert run.members.get().failure_reason == "Provider not enrolled with this payer"
        assert not EligibilityCheck.objects.exists()


def test_one_facilitys_enrolment_counts_before_the_practices(live: Acme) -> None:
    enrol(live, "needed")
    enrol(live, "approved", facility=live.facility)
    run = swept(live)
    assert live.read(run).active == 1


def test_a_route_without_enrolment_is_passed_over(live: Acme) -> None:
    enrol(live, "rejected")
    with scripted_payer() as other:
        second_route(live, other.url)
        swept(live)
    assert attempts(live) == [("Second", "answered", "")]


def test_why_a_payer_cannot_be_checked_is_told_route_by_route(live: Acme) -> None:
    enrol(live, "submitted")
    route = second_route(live, "http://127.0.0.1:9/", environment="uat")
    with live.inside():
        route.partner.settings = {}
        route.partner.is_active = False
        route.partner.save()
        pausing.pause_payer(live.payer, reason="Until they answer again")
        found = explain(live.payer, live.facility)
    assert [(each.route.preference, each.reasons, each.waits_for) for each in found] == [
        (1, ("not_enrolled",), "payer_paused"),
        (2, ("other_environment", "partner_inactive", "settings:url"), "payer_paused"),
    ]


def test_a_payer_that_is_cut_off_says_so_until_it_answers_again(live: Acme) -> None:
    told = []
    for state in ("open", "half_open", "closed"):
        BreakerChange.objects.create(payer=live.payer, state=state)
        with live.inside():
            told.append(explain(live.payer, live.facility)[0].waits_for)
    assert told == ["breaker", "", ""]


# --- who asks --------------------------------------------------------------------------------------


def asked_by(server: ScriptedPayer) -> tuple[str, str]:
    """2100B of the last question."""
    segment = next(s for s in server.questions[-1].all("NM1") if s[1] == "1P")
    return segment[3], segment[9]


def test_the_payer_is_told_the_name_and_npi_it_knows_the_provider_by(
    live: Acme, payer_server: ScriptedPayer
) -> None:
    steps = [
        ({}, "WHOLE PRACTICE"),
        ({"facility": live.facility}, "MAIN STREET CLINIC"),
        ({"payer": live.payer}, "AS THE PAYER KNOWS US"),
        ({"payer": live.payer, "facility": live.facility}, "CLINIC AS THE PAYER KNOWS IT"),
    ]
    swept(live)
    assert asked_by(payer_server) == ("MAIN STREET", "1234567893")
    with live.inside():
        elsewhere = FacilityFactory(name="Elsewhere")
        ProviderIdentity.objects.create(facility=elsewhere, name="Elsewhere Clinic", npi="1992999825")
    for days, (whom, name) in enumerate(steps, 2):
        with live.inside():
            ProviderIdentity.objects.create(name=name.title(), npi="1992999825", **whom)
        live.visit(days=days)
        swept(live)
        assert asked_by(payer_server) == (name, "1992999825")


def test_a_route_is_held_against_the_name_that_is_asked_under(live: Acme) -> None:
    whom: list[dict[str, object]] = [
        {"payer": live.payer, "facility": live.facility},
        {"payer": live.payer},
        {"facility": live.facility},
        {},
    ]

    def is_in_the_way() -> bool:
        return any("unwritable:provider_name" in each.reasons for each in explain(live.payer, live.facility))

    with live.inside():
        rows = [ProviderIdentity.objects.create(name="Fine", npi="1992999825", **each) for each in whom]
        for place, asking in enumerate(rows):
            others = ProviderIdentity.objects.exclude(pk=asking.pk)
            others.update(name="A~B*")
            assert not is_in_the_way(), whom[place]
            others.update(name="Fine")
            ProviderIdentity.objects.filter(pk=asking.pk).update(name="A~B*")
            assert is_in_the_way(), whom[place]
            asking.delete()
        assert not is_in_the_way()
        live.facility.name = "A~B*"
        assert is_in_the_way()


# --- files -----------------------------------------------------------------------------------------


def refuse(monkeypatch: pytest.MonkeyPatch, failure: Exception) -> None:
    def upload(*_: object) -> None:
        raise failure

    monkeypatch.setattr(transport, "upload", upload)


def test_a_file_its_partner_refuses_goes_another_way_and_gives_its_place_back(
    acme: FileAcme, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.visit()
    with scripted_payer() as other:
        second_route(acme, other.url)
        run = acme.sweep()
        refuse(monkeypatch, NotSent("login_refused"))
        send()
        work_until_quiet()
    assert acme.outcome(run) == (1, 0, 0)
    assert attempts(acme) == [("Example", "failed", "login_refused"), ("Second", "answered", "")]
    with acme.inside():
        assert Interchange.objects.get(partner=acme.partner).state == "overdue"
    assert sftp.files() == []


def test_a_refused_file_without_another_way_waits_and_goes_with_the_same_bytes(
    acme: FileAcme, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.visit()
    acme.sweep()
    refuse(monkeypatch, NotSent("login_refused"))
    send()
    assert attempts(acme) == [("Example", "sent", "")]
    monkeypatch.undo()
    with acme.inside():
        pausing.resume_partner(acme.partner, reason="They know our key now")
    send()
    (file,) = sftp.files()
    with acme.inside():
        assert file.name == Interchange.objects.get().file_name


def test_a_file_the_partner_says_is_not_ours_waits_for_a_person(
    acme: FileAcme, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def publish(*_: object) -> None:
        raise Held("mic_differs")

    acme.visit()
    acme.sweep()
    monkeypatch.setattr(transport, "publish", publish)
    work()
    monkeypatch.undo()
    with acme.inside():
        unit = Dispatch.objects.get()
        assert (unit.state, unit.waits_for) == ("ready", "held")
        assert unit.due_at > database_now() + timedelta(days=365)
    work()
    assert [file.suffix for file in sftp.files()] == [".tmp"]
    with acme.inside():
        assert pausing.release(unit, reason="They looked: it was their key") == [unit.queue]
    send()
    (file,) = sftp.files()
    assert file.suffix == ".edi"
    assert payers.Question(file.read_bytes()).trace
