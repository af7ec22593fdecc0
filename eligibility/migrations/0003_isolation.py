from django.db import migrations

from practice.isolation import Isolate


class Migration(migrations.Migration):
    dependencies = [("eligibility", "0002_initial")]

    operations = [
        Isolate("EligibilityCheck"),
        Isolate("BenefitDetail"),
        Isolate("ExceptionCase"),
        Isolate("EligibilityCheckHistory"),
        Isolate("ExceptionCaseHistory"),
    ]
