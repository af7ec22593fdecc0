from django.db import migrations

from practice.tenancy import SYSTEM_USER_ID


def make_system_user(apps, schema_editor):
    """What a payer says is written under this account (seed 002, tier 2); nobody signs in as it."""
    apps.get_model("practice", "User").objects.get_or_create(
        id=SYSTEM_USER_ID,
        defaults={"username": "system", "password": "!", "is_active": False},
    )


class Migration(migrations.Migration):
    dependencies = [("practice", "0002_isolation")]

    operations = [migrations.RunPython(make_system_user, migrations.RunPython.noop)]
