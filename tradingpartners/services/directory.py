"""Payers as clearinghouses list them: read a directory, preview what it changes, apply what is chosen.

A preview changes nothing. Applying it writes the listings as a whole; a Payer, which all practices
share, is made or renamed only where a person chose so.
"""

from __future__ import annotations

import re
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Now

from practice.models import User
from practice.tenancy import tenant
from tradingpartners import x12
from tradingpartners.messages.directories import READERS, DirectoryError, DirectoryFault, Entry
from tradingpartners.models import DirectoryImport, Payer, PayerListing, TradingPartner
from tradingpartners.services.wire import connection_of, log_wire, on_the_wire
from tradingpartners.transports import TransportError
from tradingpartners.transports.registry import DIRECTORIES

_AT_ONCE = 2_000
_NOT_LETTERS = re.compile(r"[^a-z0-9]")
_LONGEST_PAYER_ID = 40
_LONGEST_PAYER_NAME = 100


# --- reading ----------------------------------------------------------------------------------------


def fetch_directory(organization_id: UUID, partner_id: UUID, *, read_by: User) -> DirectoryImport:
    """Ask a partner's clearinghouse for its directory, with the partner's credentials; outside of any
    transaction.

    Raises `KeyError` for a kind of partner that has none, TransportError or DirectoryError; the transport
    log tells either, under the event `payers`.
    """
    with tenant(organization_id):
        partner = TradingPartner.objects.get(pk=partner_id)
    form, list_payers = DIRECTORIES[partner.transport]
    started = time.monotonic()
    content, error = b"", ""
    try:
        content = on_the_wire(list_payers, connection_of(partner))
        return read_directory(partner.code, content, form=form, read_by=read_by)
    except TransportError as failure:
        error = failure.code
        raise
    except DirectoryError as failure:
        error = f"directory:{failure.fault}"
        raise
    finally:
        with tenant(organization_id):
            size = len(content) if content else None
            log_wire("payers", partner_id=partner_id, started=started, size=size, error=error)


def read_directory(clearinghouse: str, content: bytes, *, form: str, read_by: User) -> DirectoryImport:
    """A preview of what a directory changes. `form`: stedi, availity or csv. Raises DirectoryError."""
    entries = READERS[form](content)
    with transaction.atomic():
        found = _compare(clearinghouse, entries)
        return DirectoryImport.objects.create(
            clearinghouse=clearinghouse,
            read_by=read_by,
            entries=found,
            counts=dict(Counter(each["change"] for each in found))
            | {
                "unmatched": sum(not each["payer"] for each in found if each["change"] != "gone"),
                "payer_names": sum(bool(each["payer_name"]) for each in found),
            },
        )


def _compare(clearinghouse: str, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """One object a payer: what the directory says, what it changes, and whose listing it is.

    `change`: new, renamed, support (of eligibility), details, back (it was gone), gone or same.
    `payer`: the id of its Payer, with `matched_by`; `suggested` where only the name is the same.
    `payer_name`: the Payer's name, where the directory has another.
    """
    known = {each.identifier: each for each in PayerListing.objects.filter(clearinghouse=clearinghouse)}
    matcher = _Matcher(Payer.objects.values_list("pk", "payer_id", "name"))
    found = []
    for entry in entries:
        listing = known.pop(entry.identifier, None)
        match = matcher.match(entry, listing)
        said = {**entry._asdict(), "change": _change(entry, listing), **match._asdict()}
        if listing is not None and listing.name != entry.name:
            said["was"] = listing.name
        found.append(said)
    found += [_gone(listing) for listing in known.values() if listing.gone_at is None]
    return found


def _change(entry: Entry, listing: PayerListing | None) -> str:
    if listing is None:
        return "new"
    if listing.gone_at is not None:
        return "back"
    if listing.eligibility != entry.eligibility:
        return "support"
    if listing.name != entry.name:
        return "renamed"
    same = (listing.aliases, listing.details) == (list(entry.aliases), _details(entry))
    return "same" if same else "details"


def _details(entry: Entry) -> dict[str, Any]:
    return entry.details | ({"names": list(entry.names)} if entry.names else {})


def _gone(listing: PayerListing) -> dict[str, Any]:
    entry = Entry(listing.identifier, listing.name, listing.eligibility, tuple(listing.aliases))
    match = _Match(str(listing.payer_id) if listing.payer_id else "", "listing" if listing.payer_id else "")
    return {**entry._asdict(), "change": "gone", **match._asdict()}


class _Match(NamedTuple):
    payer: str = ""
    matched_by: str = ""
    suggested: str = ""
    payer_name: str = ""


class _Matcher:
    """Finds an entry's Payer: by its listing, its identifier, one alias; the name only suggests."""

    def __init__(self, payers: Iterable[tuple[UUID, str, str]]) -> None:
        self.names: dict[UUID, str] = {}
        self.by_id: dict[str, UUID] = {}
        self.by_name: dict[str, list[UUID]] = defaultdict(list)
        for pk, payer_id, name in payers:
            self.names[pk] = name
            self.by_id[payer_id.casefold()] = pk
            self.by_name[normalize(name)].append(pk)

    def match(self, entry: Entry, listing: PayerListing | None) -> _Match:
        if listing is not None and listing.payer_id:
            return self._matched(listing.payer_id, "listing", entry)
        if (own := self.by_id.get(entry.identifier.casefold())) is not None:
            return self._matched(own, "identifier", entry)
        others = {pk for alias in entry.aliases if (pk := self.by_id.get(alias.casefold()))}
        if len(others) == 1:
            return self._matched(others.pop(), "alias", entry)
        names = {normalize(name) for name in (entry.name, *entry.names)} - {""}
        alike = {pk for name in names for pk in self.by_name.get(name, ())}
        return _Match(suggested=str(alike.pop())) if len(alike) == 1 else _Match()

    def _matched(self, pk: UUID, how: str, entry: Entry) -> _Match:
        name = self.names.get(pk, "")
        return _Match(str(pk), how, payer_name=name if name != entry.name[:_LONGEST_PAYER_NAME] else "")


def normalize(name: str) -> str:
    """Letters and digits, without accents: Blue Cross & Blue Shield as bluecrossandblueshield."""
    return _NOT_LETTERS.sub("", x12.fold_accents(name).casefold().replace("&", "and"))


# --- applying ---------------------------------------------------------------------------------------


class _Choices(NamedTuple):
    """By identifier: entries to make a Payer of, whose Payer takes their name, and whose Payer is this."""

    create: Collection[str]
    rename: Collection[str]
    link: Mapping[str, UUID]


@transaction.atomic
def apply_import(
    import_id: UUID,
    *,
    create: Collection[str] = (),
    rename: Collection[str] = (),
    link: Mapping[str, UUID] | None = None,
) -> DirectoryImport:
    """Write the listings of a preview, and of the Payers what is chosen, by identifier: `create` for
    entries that match none, `rename` for matched ones, `link` to a Payer by its id.

    Applied twice it changes nothing. Raises DirectoryError for a choice that is none, and for a
    preview that was dropped or is older than what was applied since.
    """
    found = _locked(import_id)
    if found.state == DirectoryImport.State.APPLIED:
        return found
    if found.state == DirectoryImport.State.DROPPED:
        raise DirectoryError(DirectoryFault.DROPPED)
    applied = DirectoryImport.objects.filter(clearinghouse=found.clearinghouse, applied_at__gt=found.read_at)
    if applied.exists():
        raise DirectoryError(DirectoryFault.OUTDATED)
    listed = {each["identifier"]: each for each in found.entries if each["change"] != "gone"}
    choices = _Choices(create, rename, link or {})
    payers = _settled_payers(listed, choices)
    _write_listings(found, listed, payers)
    found.state, found.applied_at = DirectoryImport.State.APPLIED, _now()
    found.save(update_fields=["state", "applied_at"])
    return found


@transaction.atomic
def drop_import(import_id: UUID) -> DirectoryImport:
    """The preview is not wanted; one that was applied stays applied."""
    found = _locked(import_id)
    if found.state == DirectoryImport.State.PREVIEW:
        found.state = DirectoryImport.State.DROPPED
        found.save(update_fields=["state"])
    return found


def _locked(import_id: UUID) -> DirectoryImport:
    """One import of a clearinghouse at a time."""
    found = DirectoryImport.objects.select_for_update().get(pk=import_id)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 271))", [f"directory {found.clearinghouse}"]
        )
    return found


def _now() -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def _settled_payers(listed: Mapping[str, Mapping[str, Any]], choices: _Choices) -> dict[str, UUID]:
    """By identifier the Payer, after the chosen ones were made and renamed."""
    matched = {name: UUID(each["payer"]) for name, each in listed.items() if each["payer"]}
    unknown = [
        *[each for each in choices.create if each not in listed or each in matched or each in choices.link],
        *[each for each in choices.rename if each not in matched and each not in choices.link],
        *[each for each in choices.link if each not in listed],
    ]
    if unknown:
        raise DirectoryError(DirectoryFault.UNKNOWN_CHOICE, field=unknown[0])
    linked = dict(choices.link)
    if len(set(linked.values())) > Payer.objects.filter(pk__in=set(linked.values())).count():
        raise DirectoryError(DirectoryFault.UNKNOWN_CHOICE, field="link")
    payers = matched | linked | _create([listed[each] for each in dict.fromkeys(choices.create)])
    renamed = [
        Payer(pk=payers[each], name=listed[each]["name"][:_LONGEST_PAYER_NAME]) for each in choices.rename
    ]
    Payer.objects.bulk_update(renamed, ["name"], batch_size=_AT_ONCE)
    return payers


def _create(entries: Sequence[Mapping[str, Any]]) -> dict[str, UUID]:
    """A Payer an entry. One that somebody made meanwhile is taken as it is."""
    for entry in entries:
        if len(entry["identifier"]) > _LONGEST_PAYER_ID:
            raise DirectoryError(DirectoryFault.TOO_LONG, field=entry["identifier"])
    Payer.objects.bulk_create(
        [
            Payer(
                payer_id=entry["identifier"],
                name=entry["name"][:_LONGEST_PAYER_NAME],
                answers_270=entry["eligibility"] != PayerListing.Support.NOT_SUPPORTED,
            )
            for entry in entries
        ],
        batch_size=_AT_ONCE,
        ignore_conflicts=True,
    )
    ids = [entry["identifier"] for entry in entries]
    return dict(Payer.objects.filter(payer_id__in=ids).values_list("payer_id", "pk"))


def _write_listings(
    found: DirectoryImport, listed: Mapping[str, Mapping[str, Any]], payers: Mapping[str, UUID]
) -> None:
    """The listings as the directory has them now; the others are marked as gone.

    A Payer that somebody has given a listing since the preview stays with it.
    """
    now = _now()
    ours = PayerListing.objects.filter(clearinghouse=found.clearinghouse)
    given = dict(ours.exclude(payer=None).values_list("identifier", "payer"))
    PayerListing.objects.bulk_create(
        [
            PayerListing(
                clearinghouse=found.clearinghouse,
                identifier=identifier,
                name=each["name"],
                aliases=each["aliases"],
                eligibility=each["eligibility"],
                details=each["details"] | ({"names": each["names"]} if each["names"] else {}),
                payer_id=payers.get(identifier, given.get(identifier)),
                listed_at=now,
                gone_at=None,
            )
            for identifier, each in listed.items()
        ],
        batch_size=_AT_ONCE,
        update_conflicts=True,
        unique_fields=["clearinghouse", "identifier"],
        update_fields=["name", "aliases", "eligibility", "details", "payer", "listed_at", "gone_at"],
    )
    ours.filter(gone_at=None).exclude(identifier__in=list(listed)).update(gone_at=Now())
