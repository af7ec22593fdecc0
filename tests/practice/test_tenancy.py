"""Row-level security holds by itself, whatever the code above it forgets."""

from __future__ import annotations

from datetime import date

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.utils import IntegrityError, ProgrammingError

from practice.access import set_level
from practice.isolation import tenant_models
from practice.models import Level, Membership, Organization, Patient
from practice.sealing import SealError
from practice.tenancy import SYSTEM_USER_ID, TenancyError, acting_as, dispatcher, tenant
from tests.factories import PatientFactory, make_member, make_organization

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Organization:
    return make_organization("Acme Family Medicine")


@pytest.fixture
def elsewhere() -> Organization:
    return make_organization("Elsewhere Clinic")


def test_tests_run_as_the_app_role() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone() == (settings.APP_ROLE, False, False)


@pytest.mark.parametrize("model", tenant_models(), ids=lambda model: model._meta.label)
def test_row_level_security_is_forced_on_every_tenant_table(model: type) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass",
            [model._meta.db_table],
        )
        assert cursor.fetchone() == (True, True)


def test_another_organizations_rows_are_not_there(acme: Organization, elsewhere: Organization) -> None:
    with tenant(acme.pk):
        patient = PatientFactory()
    with tenant(elsewhere.pk):
        assert not Patient.all_objects.filter(pk=patient.pk).exists()
    with tenant(acme.pk):
        assert Patient.objects.get(pk=patient.pk).last_name == patient.last_name


def test_a_row_cannot_be_written_into_another_organization(
    acme: Organization, elsewhere: Organization
) -> None:
    with tenant(acme.pk), pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        PatientFactory(organization_id=elsewhere.pk)


def test_a_member_of_two_practices_cannot_write_into_the_other(
    acme: Organization, elsewhere: Organization
) -> None:
    both = make_member(acme, Level.PRACTICE_MANAGER, "both")
    with tenant(elsewhere.pk):
        set_level(Membership(organization=elsewhere, user=both), Level.FRONT_DESK)
    refused = pytest.raises(ProgrammingError, match="row-level security")
    with tenant(acme.pk, actor=both.pk):
        assert list(Membership.objects.values_list("organization", flat=True)) == [acme.pk]
        assert Organization.objects.update(name="Renamed") == 1
        with refused, transaction.atomic():
            Membership.objects.create(organization=elsewhere, user_id=SYSTEM_USER_ID, level=70)
    with acting_as(both.pk):
        assert Membership.objects.count() == 2
        assert Membership.objects.update(level=90) == 0
        assert Organization.objects.update(name="Renamed") == 0


def test_nothing_is_written_outside_a_context() -> None:
    with pytest.raises(TenancyError):
        PatientFactory()


def test_one_piece_of_work_may_not_cross_organizations(acme: Organization, elsewhere: Organization) -> None:
    with tenant(acme.pk), pytest.raises(TenancyError), tenant(elsewhere.pk):
        pass


def test_the_context_ends_with_its_block(acme: Organization) -> None:
    with tenant(acme.pk):
        PatientFactory()
    assert not Patient.all_objects.exists()


def test_the_dispatcher_sees_no_patient_column() -> None:
    with dispatcher(), pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        list(Patient.all_objects.values_list("id"))


def test_partitions_cannot_be_reached_beside_their_parent() -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        connection.cursor().execute("SELECT * FROM tradingpartners_transportlog_default")


def test_history_cannot_be_rewritten(acme: Organization) -> None:
    history = apps.get_model("practice", "PatientHistory")
    refused = pytest.raises(ProgrammingError, match="permission denied")
    with tenant(acme.pk), refused, transaction.atomic():
        history.objects.update(gender="F")


def test_a_change_leaves_its_prior_value_actor_and_reason(acme: Organization) -> None:
    with tenant(acme.pk):
        patient = PatientFactory(gender="F")
    with tenant(acme.pk, actor=patient.created_by_id, reason="typing error"):
        Patient.objects.filter(pk=patient.pk).update(gender="M")
        change = patient.history.get()
    assert (change.gender, change.pgh_actor, change.pgh_reason) == (
        "F",
        patient.created_by_id,
        "typing error",
    )


def test_sealed_columns_hold_no_plain_text(acme: Organization) -> None:
    with tenant(acme.pk):
        patient = PatientFactory(last_name="Zzcanary", birth_date=date(1980, 2, 29))
        with connection.cursor() as cursor:
            cursor.execute("SELECT row_to_json(p)::text FROM practice_patient p WHERE id = %s", [patient.pk])
            (stored,) = cursor.fetchone()
        assert "canary" not in stored.lower()
        assert "1980-02-29" not in stored
        assert Patient.objects.get(last_name_index="zzcanary").birth_date == date(1980, 2, 29)


def test_plain_text_in_a_sealed_column_is_refused(acme: Organization) -> None:
    with tenant(acme.pk):
        patient = PatientFactory()
        with pytest.raises(IntegrityError, match="sealed"), transaction.atomic():
            connection.cursor().execute(
                "UPDATE practice_patient SET last_name = 'PLAIN' WHERE id = %s", [patient.pk]
            )


def test_a_value_moved_to_another_column_does_not_open(acme: Organization) -> None:
    with tenant(acme.pk):
        patient = PatientFactory()
        connection.cursor().execute(
            "UPDATE practice_patient SET first_name = last_name WHERE id = %s", [patient.pk]
        )
        with pytest.raises(SealError):
            Patient.objects.get(pk=patient.pk)


def test_equal_values_of_two_organizations_do_not_look_alike(
    acme: Organization, elsewhere: Organization
) -> None:
    digests = set()
    for organization in (acme, elsewhere):
        with tenant(organization.pk):
            digests.add(bytes(PatientFactory(mrn="A-100").mrn_index))
    assert len(digests) == 2


def test_an_empty_sealed_text_stays_empty(acme: Organization) -> None:
    with tenant(acme.pk):
        patient = PatientFactory(first_name="")
        assert Patient.objects.get(pk=patient.pk).first_name == ""
