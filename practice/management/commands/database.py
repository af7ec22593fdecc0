"""`manage.py database prepare`: roles, migrations, partitions, grants. Run as the owner."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from practice.database import grant_rights, prepare_roles
from practice.partitions import make_partitions


class Command(BaseCommand):
    help = "Bring the database up to date: roles, migrations, partitions of the coming months, grants."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["prepare"])

    def handle(self, *args: Any, **options: Any) -> None:
        if "options" in settings.DATABASES["default"]["OPTIONS"]:
            raise CommandError("Set DATABASE_ROLE=owner: the app role may not change tables.")
        prepare_roles()
        call_command("migrate", verbosity=max(0, options["verbosity"] - 1), interactive=False)
        made = make_partitions(timezone.now())
        grant_rights()
        if options["verbosity"]:
            self.stdout.write(f"Database ready ({made} new partitions).")
