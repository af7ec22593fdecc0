"""The administration: every row is there, and shows nothing that names a patient."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client

from practice.access import allowed
from practice.admin_site import EvidenceAdmin
from practice.history import Change
from practice.models import ApiToken, Membership, Organization, User
from practice.tenancy import tenant
from tests.factories import CoverageFactory, FacilityFactory, PartnerFactory, PatientFactory, PayerFactory
from tests.pages.conftest import CaseMaker, make_check
from tradingpartners.models import TradingPartner

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
        "settings": "{}",
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
        **changes,
    }


def test_batch_limits_are_edited_under_their_own_heading(operator: Client, acme: Organization) -> None:
    with tenant(acme.pk):
        partner = PartnerFactory()
    path = address(partner, f"{partner.pk}/change/")
    assert "Batch limits" in operator.get(path).content.decode()
    assert operator.post(path, partner_data(partner, max_st_per_interchange="200")).status_code == 302
    refused = operator.post(path, partner_data(partner, max_st_per_interchange="0"))
    assert refused.status_code == 200 and "greater than or equal to 1" in refused.content.decode()
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
    operator.post(path, partner_data(partner, new_credentials='{"username": "new"}'))
    refused = operator.post(path, partner_data(partner, new_credentials='["x"]'))
    assert "must be a JSON object" in refused.content.decode()
    with tenant(acme.pk):
        partner.refresh_from_db()
        assert partner.credentials == {"username": "new"}


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
