"""`manage.py database prepare | forget-demo`, run as the owner of the database."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from practice.database import (
    forget_demo,
    grant_rights,
    holds_real_organization,
    one_at_a_time,
    prepare_roles,
)
from practice.partitions import make_partitions


class Command(BaseCommand):
    help = (
        "prepare: bring the database up to date (roles, migrations, partitions of the coming months,"
        " grants). forget-demo: empty a database that only ever held the demo."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["prepare", "forget-demo"])

    def handle(self, *args: Any, **options: Any) -> None:
        if "options" in settings.DATABASES["default"]["OPTIONS"]:
            raise CommandError("Set DATABASE_ROLE=owner: the app role may not change tables.")
        if options["action"] == "prepare":
            self.prepare(options["verbosity"])
            return
        if holds_real_organization():
            raise CommandError("This database holds a practice the demo did not make; it stays as it is.")
        forget_demo()

    def prepare(self, verbosity: int) -> None:
        with one_at_a_time():
            prepare_roles()
            call_command("migrate", verbosity=max(0, verbosity - 1), interactive=False)
            made = make_partitions(timezone.now())
            grant_rights()
        if verbosity:
            self.stdout.write(f"Database ready ({made} new partitions).")
