from django.db import migrations

from practice.isolation import Isolate


class Migration(migrations.Migration):
    dependencies = [("sweeps", "0001_initial")]

    operations = [
        Isolate("SweepSchedule", dispatched=True),
        Isolate("SweepRun", dispatched=True),
        Isolate("SweepRunMember"),
        Isolate("SweepScheduleHistory"),
        Isolate("SweepRunHistory"),
        Isolate("SweepRunMemberHistory"),
    ]
