from django.apps import AppConfig


class SweepsConfig(AppConfig):
    name = "sweeps"
    dispatcher_reads = {
        "SweepSchedule": ["id", "organization_id", "next_fire_at", "is_paused", "is_deleted"],
        "SweepRun": ["id", "organization_id", "state", "is_deleted"],
    }

    def ready(self) -> None:
        from sweeps import services  # noqa: F401  connects the one receiver of checks_moved
