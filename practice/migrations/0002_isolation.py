from django.db import migrations

from practice.isolation import OWN_MEMBERSHIPS, OWN_ORGANIZATIONS, Isolate


class Migration(migrations.Migration):
    dependencies = [("practice", "0001_initial")]

    operations = [
        Isolate("Organization", rows=OWN_ORGANIZATIONS, dispatched=True),
        Isolate("Membership", rows=OWN_MEMBERSHIPS),
        Isolate("Facility"),
        Isolate("Provider"),
        Isolate("Patient"),
        Isolate("Appointment"),
        Isolate("Outbox"),
        Isolate("IdempotencyKey"),
        Isolate("ApiToken", dispatched=True),
        Isolate("ReadLog"),
        Isolate("MembershipHistory"),
        Isolate("PatientHistory"),
        Isolate("AppointmentHistory"),
    ]
