"""In the administration the same rules hold as on the pages; and its words are English."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib import admin
from django.test import Client
from django.utils import timezone

from practice.models import Organization, User
from practice.tenancy import tenant
from tests.factories import PartnerFactory, PayerFactory, RouteFactory
from tests.pages.conftest import signed_in
from tests.pages.test_admin import address, partner_data, wrong_fields
from tradingpartners.models import Dispatch, Enrolment, ProviderIdentity, Route, TradingPartner

KEY = '{"api_key": "k"}'


@pytest.fixture
def operator(acme: Organization) -> Client:
    client = signed_in(User.objects.create_superuser("operator"))
    client.post("/organization/", {"organization": str(acme.pk)})
    return client


def test_no_list_has_a_plural_that_is_none() -> None:
    plurals = [str(model._meta.verbose_name_plural) for model in admin.site._registry]
    assert [each for each in plurals if re.search(r"([^aeiou]y|ch|sh|x|ss)s$", each)] == []


def test_the_list_of_dispatches_says_so(operator: Client) -> None:
    html = operator.get(address(Dispatch, "")).content.decode()
    assert "Dispatches" in html and "ispatchs" not in html


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"settings": '{"url": "https://a.example", "scope": "x"}'}, "settings", "no such setting"),
        ({"settings": '{"url": "https://a.example", "envelope": "box"}'}, "settings", "Envelope (envelope)"),
        (
            {"transport": "stedi_batch", "settings": '{"max_retry_hours": 48}', "new_credentials": KEY},
            "settings",
            "Between 8 and 24.",
        ),
        ({"new_credentials": '{"token": "a b"}'}, "new_credentials", "Bearer token (token)"),
        ({"sender_id": "AC*ME"}, "sender_id", "2 to 15 letters"),
        ({"name": "Taken"}, "name", "is here already"),
    ],
    ids=["unknown", "choice", "number", "credential", "identity", "name"],
)
def test_what_a_page_refuses_is_refused_here_at_its_field(
    operator: Client, acme: Organization, changes: dict[str, str], field: str, words: str
) -> None:
    with tenant(acme.pk):
        PartnerFactory(name="Taken")
        partner = PartnerFactory()
    reply = operator.post(address(partner, f"{partner.pk}/change/"), partner_data(partner, **changes))
    assert wrong_fields(reply) == {field} and words in reply.content.decode()
    with tenant(acme.pk):
        assert TradingPartner.objects.get(pk=partner.pk).settings == {}


def test_digits_become_a_number_where_one_is_meant(operator: Client, acme: Organization) -> None:
    with tenant(acme.pk):
        partner = PartnerFactory(transport="stedi_batch", credentials={"api_key": "k"})
    given = partner_data(partner, settings='{"max_retry_hours": "12"}')
    assert operator.post(address(partner, f"{partner.pk}/change/"), given).status_code == 302
    with tenant(acme.pk):
        assert TradingPartner.objects.get(pk=partner.pk).settings == {"max_retry_hours": 12}


@pytest.mark.parametrize("preference", ["0", "1", "100"])
def test_a_route_has_a_sensible_place_of_its_own(
    operator: Client, acme: Organization, preference: str
) -> None:
    payer = PayerFactory()
    with tenant(acme.pk):
        partner = RouteFactory(payer=payer).partner
    given = {
        "payer": str(payer.pk),
        "transaction_set": "270",
        "partner": str(partner.pk),
        "preference": preference,
        "payer_identifier": "12345",
        "payer_name": "HARBOR",
        "environment": "prod",
        "lane": "",
    }
    assert wrong_fields(operator.post(address(Route, "add/"), given)) == {"preference"}
    assert operator.post(address(Route, "add/"), {**given, "preference": "2"}).status_code == 302


def test_an_enrolment_is_not_decided_on_in_the_future(operator: Client, acme: Organization) -> None:
    with tenant(acme.pk):
        row = Enrolment.objects.create(partner=PartnerFactory(), payer=PayerFactory(), state="approved")
    given = {"partner": str(row.partner_id), "payer": str(row.payer_id), "transaction_set": "270"}
    later = (timezone.localdate() + timedelta(days=2)).isoformat()
    path = address(row, f"{row.pk}/change/")
    assert wrong_fields(operator.post(path, {**given, "decided_on": later})) == {"decided_on"}
    assert operator.post(path, {**given, "decided_on": "2026-01-02"}).status_code == 302


def test_new_credentials_begin_empty_and_not_as_null(operator: Client, acme: Organization) -> None:
    with tenant(acme.pk):
        partner = PartnerFactory()
    html = operator.get(address(partner, f"{partner.pk}/change/")).content.decode()
    field = html[html.index('name="new_credentials"') :].partition("</textarea>")[0]
    assert field.partition(">")[2].strip() == ""


def test_who_asks_is_checked_here_as_on_its_page(operator: Client, acme: Organization) -> None:
    given = {"facility": "", "payer": "", "name": "A~B*", "npi": "1234567893", "tax_id": "12-3456789"}
    assert wrong_fields(operator.post(address(ProviderIdentity, "add/"), given)) == {"name"}
    assert operator.post(address(ProviderIdentity, "add/"), {**given, "name": "Acme"}).status_code == 302
    with tenant(acme.pk):
        assert ProviderIdentity.objects.get().tax_id == "123456789"


def test_rows_are_called_by_their_names(operator: Client, acme: Organization) -> None:
    with tenant(acme.pk):
        partner = PartnerFactory(name="Quietwater")
    assert "trading partner 0" not in operator.get(address(partner, f"{partner.pk}/change/")).content.decode()
