"""`manage.py api_token make|list|revoke`: a program's way in. The token is shown once, when made."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from practice.api_authentication import make_token
from practice.models import ApiToken, Membership, Organization, User
from practice.tenancy import dispatcher, tenant


class Command(BaseCommand):
    help = "Make, list and revoke API tokens. A token may do what its user may do in one organization."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        make = actions.add_parser("make", help="print a new token, once")
        make.add_argument("--user", required=True, help="user name")
        make.add_argument("--organization", required=True, help="id or name")
        make.add_argument("--name", required=True, help="what the token is for")
        make.add_argument("--days", type=int, default=90, help="how long it is valid (90)")
        actions.add_parser("list", help="all tokens, never their secrets")
        revoke = actions.add_parser("revoke", help="end a token at once")
        revoke.add_argument("id", type=_identifier)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "make":
            self.make(options["user"], options["organization"], options["name"], options["days"])
        elif options["action"] == "list":
            self.list_all()
        else:
            self.revoke(options["id"])

    def make(self, username: str, organization: str, name: str, days: int) -> None:
        if not 1 <= days <= 3650:
            raise CommandError("--days is between 1 and 3650.")
        if not 1 <= len(name.strip()) <= 60:
            raise CommandError("--name has 1 to 60 characters.")
        user = User.objects.filter(username=username, is_active=True).first()
        if user is None:
            raise CommandError("There is no active user of this name.")
        organization_id = find_organization(organization)
        with tenant(organization_id):
            if not Membership.objects.filter(user=user).exists():
                raise CommandError("This user does not belong to the organization.")
            expires_at = timezone.now() + timedelta(days=days)
            secret = make_token(user=user, name=name.strip(), expires_at=expires_at)
        self.stderr.write("Keep it now: it is not shown again.")
        self.stdout.write(secret)

    def list_all(self) -> None:
        with dispatcher():
            names = dict(Organization.objects.order_by("name", "id").values_list("id", "name"))
        now = timezone.now()
        for organization_id, organization in names.items():
            with tenant(organization_id):
                tokens = list(ApiToken.objects.select_related("user").order_by("id"))
            for token in tokens:
                words = [str(token.pk), organization, token.user.username, token.name, state_of(token, now)]
                self.stdout.write("\t".join(words))

    def revoke(self, token_id: UUID) -> None:
        with dispatcher():
            found = ApiToken.objects.filter(pk=token_id).values_list("organization_id", flat=True).first()
        if found is None:
            raise CommandError("There is no such token.")
        with tenant(found):
            ApiToken.objects.filter(pk=token_id, revoked_at=None).update(revoked_at=timezone.now())
        self.stdout.write("Revoked.")


def _identifier(text: str) -> UUID:
    return UUID(text)


def find_organization(text: str) -> UUID:
    with dispatcher():
        rows = list(Organization.objects.values_list("id", "name"))
    ids = [pk for pk, name in rows if text in {str(pk), name}]
    if not ids:
        raise CommandError("There is no such organization.")
    if len(ids) > 1:
        raise CommandError("Several organizations have this name: give the id.")
    return ids[0]


def state_of(token: ApiToken, now: datetime) -> str:
    if token.revoked_at:
        return f"revoked {token.revoked_at:%Y-%m-%d}"
    return f"{'expired' if token.expires_at < now else 'until'} {token.expires_at:%Y-%m-%d}"
