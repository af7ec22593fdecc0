"""What a database needs besides migrations: roles before them, grants and partitions after.

Three roles. The owner migrates. The app role reads and writes under row-level security and owns
nothing. The dispatcher role sees due units, schedules and leases of all organizations, by column,
and no patient data: each app lists its columns in `dispatcher_reads` and `dispatcher_writes`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction

from practice.models import Organization
from practice.tenancy import SYSTEM_USER_ID, dispatcher

# Any number that other programs on the same server will hardly use.
_LOCK = 7_405_926_270_271


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two programs that start at once on an empty database must not migrate it twice."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def prepare_roles() -> None:
    """Make the roles once, however many programs start at the same time."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        for role in (settings.APP_ROLE, settings.DISPATCHER_ROLE):
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
            if cursor.fetchone() is None:
                # NOINHERIT: being a member of the dispatcher must not bring its policies along.
                cursor.execute(f"CREATE ROLE {role} NOLOGIN NOINHERIT NOBYPASSRLS")
            cursor.execute("SELECT pg_has_role(current_user, %s, 'MEMBER')", [role])
            if not cursor.fetchone()[0]:
                cursor.execute(f"GRANT {role} TO current_user")


def grant_rights() -> None:
    """Give both roles exactly what they need on the tables that exist now."""
    app, dispatcher = settings.APP_ROLE, settings.DISPATCHER_ROLE
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {app}, {dispatcher}")
        cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {app}, {dispatcher}")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {app}")
        cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {app}")
        for table in _partitions():
            cursor.execute(f'REVOKE ALL ON "{table}" FROM {app}')  # only through their parent
        for table in _append_only():
            cursor.execute(f'REVOKE UPDATE, DELETE ON "{table}" FROM {app}')
        for config in apps.get_app_configs():
            for right in ("SELECT", "UPDATE"):
                wanted = getattr(
                    config, {"SELECT": "dispatcher_reads", "UPDATE": "dispatcher_writes"}[right], {}
                )
                for model, columns in wanted.items():
                    table = config.get_model(model)._meta.db_table
                    names = ", ".join(f'"{column}"' for column in columns)
                    cursor.execute(f'GRANT {right} ({names}) ON "{table}" TO {dispatcher}')


def _partitions() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relispartition AND c.relkind = 'r' AND n.nspname = 'public'"
        )
        return [name for (name,) in cursor.fetchall()]


def _append_only() -> list[str]:
    """History and logs: written once, by nobody changed."""
    from practice.history import Change

    logs = {"practice.ReadLog", "tradingpartners.TransportLog"}
    return [
        model._meta.db_table
        for model in apps.get_models()
        if issubclass(model, Change) or model._meta.label in logs
    ]


def holds_real_organization() -> bool:
    """Whether any practice here was not made by a demo, crash or bench run."""
    with dispatcher():
        return Organization.objects.filter(is_demo=False).exists()


# What migrations put there and no demo touches.
_KEPT = {"django_migrations", "django_content_type", "auth_permission", "practice_user"}


def forget_demo() -> None:
    """Empty every table of a database that held nothing but demos; the system account stays."""
    with transaction.atomic(), connection.cursor() as cursor:
        tables = [f'"{name}"' for name in connection.introspection.table_names() if name not in _KEPT]
        cursor.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")
        cursor.execute("DELETE FROM practice_user WHERE id <> %s", [SYSTEM_USER_ID])
