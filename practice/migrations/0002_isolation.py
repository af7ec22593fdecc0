from django.db import migrations

from practice.isolation import OWN_MEMBERSHIPS, OWN_ORGANIZATIONS, THIS_ORGANIZATION, Isolate


class Migration(migrations.Migration):
    dependencies = [("practice", "0001_initial")]

    operations = [
        Isolate("Organization", own=THIS_ORGANIZATION, seen=OWN_ORGANIZATIONS, dispatched=True),
        Isolate("Membership", seen=OWN_MEMBERSHIPS),
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
