from django.db import migrations

from practice.isolation import Isolate


class Migration(migrations.Migration):
    dependencies = [("coverage", "0002_initial")]

    operations = [
        Isolate("InsurancePlan"),
        Isolate("Coverage"),
        Isolate("InsurancePlanHistory"),
        Isolate("CoverageHistory"),
    ]
