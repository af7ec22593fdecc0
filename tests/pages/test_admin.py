"""The administration: every row is there, and shows nothing that names a patient."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from practice.access import allowed
from practice.admin_site import EvidenceAdmin
from practice.history import Change
from practice.models import ApiToken, Level, Membership, Organization, User
from practice.tenancy import tenant
from tests.factories import (
    CoverageFactory,
    FacilityFactory,
    PartnerFactory,
    PatientFactory,
    PayerFactory,
    make_member,
)
from tests.pages.conftest import CaseMaker, make_check
from tradingpartners.models import Dispatch, Payer, PayerPause, Route, TradingPartner
from tradingpartners.services import pausing

OURS = {"practice", "tradingpartners", "coverage", "eligibility", "sweeps"}
MODELS = [
    model
    for model in apps.get_models()
    if model._meta.app_label in OURS
    and not issubclass(model, Change)
    and model.__name__ != "PayloadChunk"  # content only; its payload is there
]
CANARY = "Zzcanary"


@pytest.fixture
def operator(acme: Organization) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("operator"))
    client.post("/organization/", {"organization": str(acme.pk)})
    return client


def address(model: Any, action: str) -> str:
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/{action}"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_model_has_a_list(model: Any, operator: Client) -> None:
    assert model in admin.site._registry
    assert operator.get(address(model, "")).status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_without_a_practice_nothing_breaks_and_nothing_shows(model: Any, db: None) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("fresh"))
    reply = client.get(address(model, ""))
    assert reply.status_code == 200 and "No practice is chosen" in reply.content.decode()
    assert client.get(address(model, "add/")).status_code in {200, 403}


def test_lists_and_forms_name_no_patient(
    operator: Client, acme: Organization, make_case: CaseMaker, facility: Any
) -> None:
    with tenant(acme.pk):
        patient = PatientFactory(first_name=CANARY, last_name=CANARY, mrn=CANARY)
        coverage = CoverageFactory(patient=patient, subscriber_id=CANARY)
        check = make_check(coverage, facility, raw_request=CANARY, raw_response=CANARY)
    case = make_case()
    for row in (patient, coverage, check, case):
        for path in ("", f"{row.pk}/change/"):
            reply = operator.get(address(row, path))
            assert reply.status_code == 200 and CANARY not in reply.content.decode(), row


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_nothing_is_deleted_here(model: Any, operator: Client, rf: Any) -> None:
    request = rf.get("/")
    request.user = User(is_superuser=True, is_active=True)
    assert not admin.site._registry[model].has_delete_permission(request)


def test_evidence_is_not_edited(operator: Client, make_case: CaseMaker, acme: Organization) -> None:
    case = make_case()
    evidence = [model for model, shown in admin.site._registry.items() if isinstance(shown, EvidenceAdmin)]
    assert len(evidence) >= 15
    assert operator.post(address(case, f"{case.pk}/change/"), {"state": "cleared"}).status_code == 403
    assert operator.get(address(case, "add/")).status_code == 403


def test_trading_partners_have_a_short_address(operator: Client) -> None:
    for path in ("/admin/trading-partners", "/admin/trading-partners/"):
        assert operator.get(path).headers["Location"] == "/admin/tradingpartners/tradingpartner/"


def partner_data(partner: TradingPartner, **changes: Any) -> dict[str, Any]:
    return {
        "name": partner.name,
        "code": partner.code,
        "transport": partner.transport,
        "is_active": "on",
        "is_test": "on",
        "settings": '{"url": "https://edi.example.com/x12"}',
        "new_credentials": "",
        "taken_sign": "gone",
        "taken_timeout": "00:30:00",
        "max_st_per_interchange": "1000",
        "max_interchanges_per_minute": "",
        "max_concurrent_files": "1",
        "sender_qualifier": "ZZ",
        "sender_id": "ACME",
        "receiver_qualifier": "ZZ",
        "receiver_id": "EXAMPLE",
        "trace_originator": "9ACME00001",
        "response_sla": "24:00:00",
        "lease": "00:02:00",
        "poll_interval": "00:01:00",
        "send_ta1": "never",
        "send_999": "never",
        "damaged_files": "sets",
        **changes,
    }


def wrong_fields(reply: Any) -> set[str]:
    """What the admin's form refuses; nothing, where it took all of it."""
    return set() if reply.context is None else set(reply.context["adminform"].form.errors)


def test_batch_limits_are_edited_under_their_own_heading(operator: Client, acme: Organization) -> None:
    with tenant(acme.pk):
        partner = PartnerFactory()
    path = address(partner, f"{partner.pk}/change/")
    assert "Batch limits" in operator.get(path).content.decode()
    assert operator.post(path, partner_data(partner, max_st_per_interchange="200")).status_code == 302
    refused = operator.post(path, partner_data(partner, max_st_per_interchange="0"))
    assert wrong_fields(refused) == {"max_st_per_interchange"}
    with tenant(acme.pk):
        partner.refresh_from_db()
        assert partner.max_st_per_interchange == 200


def test_an_identity_no_file_could_be_written_under_is_refused(operator: Client, acme: Organization) -> None:
    with tenant(acme.pk):
        partner = PartnerFactory()
    path = address(partner, f"{partner.pk}/change/")
    refused = operator.post(path, partner_data(partner, sender_qualifier="QQ"))
    assert refused.status_code == 200 and "One of 01, 14, 20" in refused.content.decode()


def test_credentials_are_written_and_never_shown(operator: Client, acme: Organization) -> None:
    with tenant(acme.pk):
        partner = PartnerFactory(credentials={"username": CANARY, "password": CANARY})
    path = address(partner, f"{partner.pk}/change/")
    assert CANARY not in operator.get(path).content.decode()
    operator.post(path, partner_data(partner))
    with tenant(acme.pk):
        partner.refresh_from_db()
        assert partner.credentials == {"username": CANARY, "password": CANARY}
        TradingPartner.objects.update(refusal="http_401")
    operator.post(path, partner_data(partner, new_credentials='{"token": "new"}'))
    refused = operator.post(path, partner_data(partner, new_credentials='["x"]'))
    assert "must be a JSON object" in refused.content.decode()
    with tenant(acme.pk):
        partner.refresh_from_db()
        assert (partner.credentials, partner.refusal) == ({"token": "new"}, "")


def test_a_membership_brings_its_rights(operator: Client, acme: Organization) -> None:
    user = User.objects.create_user("bill")
    reply = operator.post(address(Membership, "add/"), {"user": str(user.pk), "level": "51"})
    assert reply.status_code == 302
    assert allowed(user, "eligibility.triage", acme) and not allowed(user, "eligibility.update", acme)


def test_a_token_is_shown_once_and_revoked(operator: Client, acme: Organization) -> None:
    user = User.objects.create_user("program")
    data = {
        "user": str(user.pk),
        "name": "nightly",
        "expires_at_0": "2027-01-01",
        "expires_at_1": "00:00:00",
    }
    page = operator.post(address(ApiToken, "add/"), data, follow=True).content.decode()
    assert "not shown again: pf_" in page
    assert "pf_" not in operator.get(address(ApiToken, "")).content.decode()
    with tenant(acme.pk):
        token = ApiToken.objects.get()
    operator.post(address(ApiToken, ""), {"action": "revoke", "_selected_action": str(token.pk)})
    with tenant(acme.pk):
        token.refresh_from_db()
        assert token.revoked_at


def test_payers_are_the_operators(operator: Client, acme: Organization) -> None:
    payer = PayerFactory()
    assert operator.get(address(payer, f"{payer.pk}/change/")).status_code == 200
    with tenant(acme.pk):
        facility = FacilityFactory()
    assert operator.get(address(facility, f"{facility.pk}/change/")).status_code == 200


def test_the_practices_own_people_do_not_come_in(manager: Client) -> None:
    assert manager.get("/admin/").status_code == 302


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"settings": "{}"}, "settings"),
        ({"settings": "[]"}, "settings"),
        ({"settings": '{"url": "https://169.254.169.254/latest"}'}, "settings"),
        ({"settings": '{"url": "https://edi.example.com", "password": "x"}'}, "settings"),
        ({"transport": "stedi", "settings": "{}", "new_credentials": '{"api": "x"}'}, "new_credentials"),
        ({"max_st_per_interchange": "100001"}, "max_st_per_interchange"),
        ({"max_interchanges_per_minute": "0"}, "max_interchanges_per_minute"),
        ({"max_concurrent_files": "0"}, "max_concurrent_files"),
        ({"lease": "00:00:59"}, "lease"),
        ({"response_sla": "-1 00:00:00"}, "response_sla"),
        ({"poll_interval": "00:00:01"}, "poll_interval"),
        ({"acknowledgement_due": "90 00:00:00"}, "acknowledgement_due"),
        ({"sending_paused": "on"}, "paused_reason"),
        ({"send_ta1": "sometimes"}, "send_ta1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_a_connection_that_could_not_work_is_refused_with_its_field(
    operator: Client, acme: Organization, changes: dict[str, str], field: str, settings: Any
) -> None:
    settings.PRIVATE_PARTNERS = []
    with tenant(acme.pk):
        partner = PartnerFactory()
    reply = operator.post(address(partner, f"{partner.pk}/change/"), partner_data(partner, **changes))
    assert wrong_fields(reply) == {field}
    with tenant(acme.pk):
        assert TradingPartner.objects.get(pk=partner.pk).settings == {}


def test_what_a_connection_sends_back_and_who_is_told_is_set_here(
    operator: Client, acme: Organization
) -> None:
    biller = make_member(acme, Level.BILLER, "bill")
    stranger = User.objects.create_user("stranger")
    with tenant(acme.pk):
        partner = PartnerFactory()
    path = address(partner, f"{partner.pk}/change/")
    given = {
        "send_ta1": "errors",
        "send_999": "always",
        "is_strict": "on",
        "damaged_files": "hold",
        "acknowledgement_due": "01:00:00",
        "owner": str(biller.pk),
    }
    assert operator.post(path, partner_data(partner, **given)).status_code == 302
    with tenant(acme.pk):
        kept = TradingPartner.objects.get(pk=partner.pk)
    assert (kept.send_ta1, kept.send_999, kept.is_strict, kept.damaged_files) == (
        "errors",
        "always",
        True,
        "hold",
    )
    assert (kept.acknowledgement_due, kept.owner) == (timedelta(hours=1), biller)
    refused = operator.post(path, partner_data(partner, owner=str(stranger.pk)))
    assert wrong_fields(refused) == {"owner"}


def test_resuming_a_connection_lets_go_what_it_held(operator: Client, acme: Organization) -> None:
    with tenant(acme.pk):
        partner = PartnerFactory()
        later = timezone.now() + timedelta(hours=1)
        unit = Dispatch.objects.create(
            partner=partner,
            correlation_id=partner.pk,
            lane="batch",
            queue="q",
            due_at=later,
            waits_for="partner_paused",
        )
    path = address(partner, f"{partner.pk}/change/")
    operator.post(path, partner_data(partner, sending_paused="on", paused_reason="they move house"))
    with tenant(acme.pk):
        assert TradingPartner.objects.get(pk=partner.pk).sending_paused
    operator.post(path, partner_data(partner))
    with tenant(acme.pk):
        unit.refresh_from_db()
        assert not TradingPartner.objects.get(pk=partner.pk).sending_paused
    assert unit.waits_for == "" and unit.due_at < later


def test_an_operator_lets_a_held_file_go_once_more(operator: Client, acme: Organization) -> None:
    with tenant(acme.pk):
        later = timezone.now() + timedelta(days=365)
        held, paused = (
            Dispatch.objects.create(
                partner=PartnerFactory(),
                correlation_id=acme.pk,
                lane="batch",
                queue="q",
                due_at=later,
                waits_for=code,
            )
            for code in ("held", "partner_paused")
        )
    chosen = {"action": "release", "_selected_action": [str(held.pk), str(paused.pk)]}
    reply = operator.post(address(Dispatch, ""), chosen, follow=True)
    assert "1 go once more." in reply.content.decode()
    with tenant(acme.pk):
        held.refresh_from_db()
        paused.refresh_from_db()
    assert (held.waits_for, paused.waits_for) == ("", "partner_paused")
    assert held.due_at < later == paused.due_at


def test_saving_a_connection_leaves_the_pollers_columns_alone(operator: Client, acme: Organization) -> None:
    with tenant(acme.pk):
        partner = PartnerFactory(settings={"url": "https://edi.example.com/x12"})
    path = address(partner, f"{partner.pk}/change/")
    with CaptureQueriesContext(connection) as asked:
        operator.post(path, partner_data(partner, max_concurrent_files="3"))
    updates = [
        each["sql"] for each in asked if each["sql"].startswith('UPDATE "tradingpartners_tradingpartner"')
    ]
    assert '"max_concurrent_files" = 3' in updates[0]
    assert not [each for each in updates if "poll_cursor" in each or "credentials" in each]


PAYER = {
    "name": "Example Blue",
    "payer_id": "BLUE1",
    "is_active": "on",
    "answers_270": "on",
    "furthest_date": "month",
    "timeout": "00:00:08",
    "live_connections": "20",
    "batch_connections": "4",
    "breaker_failures": "5",
    "breaker_failure_rate": "50",
    "breaker_window": "00:00:30",
    "breaker_minimum_calls": "10",
    "breaker_open_time": "00:00:30",
    "retries": "3",
    "retry_backoff": "00:02:00",
    "resend_gap": "00:01:30",
    "cached_answer_hours": "24",
    "quiet_zone": "America/New_York",
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("timeout", "00:00:00"),
        ("timeout", "-1"),
        ("timeout", "01:00:00"),
        ("live_connections", "0"),
        ("batch_connections", "0"),
        ("breaker_failures", "0"),
        ("breaker_failure_rate", "101"),
        ("breaker_window", "00:00:00"),
        ("breaker_open_time", "-30"),
        ("retries", "99"),
        ("retry_backoff", "-60"),
        ("resend_gap", "-1"),
        ("cached_answer_hours", "9000"),
        ("daily_cap", "0"),
        ("quiet_zone", "Mars/Base"),
    ],
)
def test_a_payers_nonsense_is_refused_with_its_field(operator: Client, field: str, value: str) -> None:
    assert wrong_fields(operator.post(address(Payer, "add/"), {**PAYER, field: value})) == {field}
    assert not Payer.objects.filter(payer_id="BLUE1").exists()


@pytest.mark.parametrize(
    ("begin", "end", "field"),
    [("22:00", "", "quiet_until"), ("", "05:00", "quiet_from"), ("05:00", "05:00", "quiet_until")],
)
def test_quiet_hours_have_two_ends(operator: Client, begin: str, end: str, field: str) -> None:
    given = {**PAYER, "quiet_from": begin, "quiet_until": end}
    assert wrong_fields(operator.post(address(Payer, "add/"), given)) == {field}


def test_a_payer_with_sense_is_kept(operator: Client) -> None:
    given = {**PAYER, "quiet_from": "22:00", "quiet_until": "05:00", "daily_cap": "1"}
    assert operator.post(address(Payer, "add/"), given).status_code == 302
    assert Payer.objects.get(payer_id="BLUE1").daily_cap == 1


def test_a_route_begins_in_this_environment(operator: Client, settings: Any) -> None:
    settings.ENVIRONMENT = "uat"
    form = operator.get(address(Route, "add/")).context["adminform"].form
    assert form.get_initial_for_field(form.fields["environment"], "environment") == "uat"


def test_pauses_show_who_paused_which_payer_and_why(operator: Client, acme: Organization) -> None:
    with tenant(acme.pk):
        pausing.pause_payer(PayerFactory(name="Quietwater"), reason="they renumber everybody")
    html = operator.get(address(PayerPause, "")).content.decode()
    assert "Quietwater" in html and "they renumber everybody" in html
