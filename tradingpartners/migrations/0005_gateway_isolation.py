from django.db import migrations

from practice.isolation import Isolate


class Migration(migrations.Migration):
    dependencies = [("tradingpartners", "0004_gateway")]

    operations = [
        Isolate("PayerPause", dispatched=True),
        Isolate("PayerPauseHistory"),
        Isolate("ProviderIdentity"),
        Isolate("ProviderIdentityHistory"),
        Isolate("Enrolment"),
        Isolate("EnrolmentHistory"),
    ]
