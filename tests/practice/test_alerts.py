"""One open alert a key, however often it is seen."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from practice.alerts import raise_alert, resolve_alert
from practice.models import Alert, Organization
from practice.tenancy import tenant
from tests.factories import make_organization

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme(db: None) -> Organization:
    return make_organization("Acme Family Medicine")


def see(organization: Organization, key: str = "file:a.271", **facts: Any) -> UUID:
    with tenant(organization.pk):
        return raise_alert(kind="held_file", key=key, severity=Alert.Severity.PROBLEM, facts=facts)


def test_what_is_seen_again_counts_up_and_tells_the_newest_facts(acme: Organization) -> None:
    assert see(acme, count=1) == see(acme, count=2)
    with tenant(acme.pk):
        alert = Alert.objects.get()
    assert (alert.times, alert.facts, alert.state) == (2, {"count": 2}, "open")


def test_an_alert_a_person_has_acknowledged_stays_acknowledged(acme: Organization) -> None:
    see(acme)
    with tenant(acme.pk):
        Alert.objects.update(state="acknowledged")
    see(acme)
    with tenant(acme.pk):
        assert list(Alert.objects.values_list("state", "times")) == [("acknowledged", 2)]


def test_what_comes_again_after_it_was_over_is_a_new_alert(acme: Organization) -> None:
    first = see(acme)
    with tenant(acme.pk):
        assert resolve_alert("file:a.271")
        assert not resolve_alert("file:a.271")
    assert see(acme) != first
    with tenant(acme.pk):
        assert sorted(Alert.objects.values_list("state", flat=True)) == ["open", "resolved"]


def test_other_keys_and_other_organizations_have_alerts_of_their_own(acme: Organization) -> None:
    elsewhere = make_organization("Elsewhere")
    assert len({see(acme), see(acme, "file:b.271"), see(elsewhere)}) == 3
