"""Which organization a piece of work belongs to, and on whose behalf it runs.

`with tenant(organization_id, actor=…)` opens a transaction and tells PostgreSQL both; row-level
security, the change history and the sealed fields read them from there. Outside of it a tenant
table shows no row and takes none.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

# The account that transcribes what payers say (seed 002, tier 2). Its id never changes.
SYSTEM_USER_ID = UUID("00000000-0000-7000-8000-000000000001")


class TenancyError(RuntimeError):
    """Tenant data was touched without, or across, an organization's context."""


class Context(NamedTuple):
    organization_id: UUID | None
    actor_id: UUID
    reason: str


_current: ContextVar[Context | None] = ContextVar("preflight_tenant", default=None)


def current() -> Context:
    """The context of the running work; `TenancyError` outside of one."""
    context = _current.get()
    if context is None:
        raise TenancyError("no organization in context")
    return context


def inside() -> bool:
    """Whether a context, and with it a transaction, is open."""
    return _current.get() is not None


def current_organization_id() -> UUID:
    organization_id = current().organization_id
    if organization_id is None:
        raise TenancyError("no organization in context")
    return organization_id


def current_actor_id() -> UUID:
    context = _current.get()
    return context.actor_id if context else SYSTEM_USER_ID


def _tell_database(context: Context | None) -> None:
    organization, actor, reason = context or (None, "", "")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('preflight.organization', %s, true),"
            " set_config('preflight.actor', %s, true), set_config('preflight.reason', %s, true)",
            [str(organization or ""), str(actor), reason],
        )


@contextmanager
def _context(new: Context) -> Iterator[None]:
    outer = _current.get()
    nested = connection.in_atomic_block
    with transaction.atomic():
        _tell_database(new)
        token = _current.set(new)
        try:
            yield
        finally:
            _current.reset(token)
        if nested:  # a rollback restores the settings by itself, a released savepoint does not
            _tell_database(outer)


@contextmanager
def tenant(organization_id: UUID, *, actor: UUID | None = None, reason: str = "") -> Iterator[None]:
    """A transaction in which this organization's rows exist.

    Nests within the same organization; another one raises `TenancyError`. Without `actor` the
    outer context's actor, else the system account, is the one the history names.
    """
    outer = _current.get()
    if outer and outer.organization_id not in {None, organization_id}:
        raise TenancyError("one piece of work may not cross organizations")
    actor_id = actor or (outer.actor_id if outer else SYSTEM_USER_ID)
    with _context(Context(organization_id, actor_id, reason or (outer.reason if outer else ""))):
        yield


@contextmanager
def acting_as(user_id: UUID) -> Iterator[None]:
    """A transaction in which a person sees their own memberships, before one is chosen."""
    if _current.get():
        raise TenancyError("already inside an organization")
    with _context(Context(None, user_id, "")):
        yield


@contextmanager
def dispatcher() -> Iterator[None]:
    """A transaction under the dispatcher role: due units and leases of all organizations.

    It sees no column that holds patient data; `practice.database` grants it what it reads.
    """
    if _current.get():
        raise TenancyError("the dispatcher works outside of organizations")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {settings.DISPATCHER_ROLE}")
        yield
        # In a test's outer transaction the role would otherwise stay.
        cursor.execute(f"SET LOCAL ROLE {settings.APP_ROLE}")
