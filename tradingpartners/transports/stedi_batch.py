"""Stedi's batches: one POST takes up to 10,000 checks, finished ones are polled for hours.

Settings: `url` and `max_retry_hours` (8 to 24: how long Stedi goes on asking). Credentials: `api_key`.

A batch goes by a name of ours that nobody else's has, so a repeated POST is refused with 409 instead
of asking everybody twice. Stedi takes all of a batch or, over one bad check, nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

from practice.outbound.http import GuardedSession
from tradingpartners.transports import (
    Awaited,
    Connection,
    Fetched,
    Look,
    NotSent,
    OutgoingFile,
    Receipt,
    Refused,
    RemoteFile,
    Step,
    Unsure,
    rest,
    stedi,
)

FILES_GROW = False
MANAGER = "https://manager.us.stedi.com/2024-04-01"
# Stedi's upper bound; what we send at once is the partner's max_st_per_interchange.
LARGEST_BATCH = 10_000
_BATCHES = "/eligibility-manager/batch-eligibility"
_BATCH = "/eligibility-manager/batch/"
_POLL = "/eligibility-manager/polling/batch-eligibility"
# More than 20 want gzip, which is always asked for.
_PAGE_SIZE = 200
_LARGEST_PAGE = 128 * 1024 * 1024
_MOST_PAGES = 1_000
_READ_SECONDS = 60.0
_FINISHED = frozenset({"COMPLETED", "COMPLETED_WITH_ERRORS"})
_LONGEST_RETRY_HOURS = 24
_BY_NAME = "name:"
_ITEM = re.compile(r"^/?items/([0-9]{1,5})/(.+)$", re.DOTALL)


def check(connection: Connection) -> None:
    rest.check_base(connection, MANAGER)
    stedi.authorization(connection)


def try_out(connection: Connection) -> list[Step]:
    return stedi.try_out(connection)


# --- submitting -------------------------------------------------------------------------------------


def upload(connection: Connection, file: OutgoingFile) -> bool:
    """There is no place before the batch itself."""
    return False


def publish(connection: Connection, file: OutgoingFile) -> Receipt:
    """A repeat finds its own name taken: then the batch is there, and its id is found by polling."""
    name = batch_name(file)
    response = rest.call(
        _session(connection),
        "POST",
        _address(connection, _BATCHES),
        deadline=connection.patience,
        headers={**stedi.authorization(connection), "Content-Type": file.content_type},
        body=b'{"name":"' + name.encode() + b'",' + file.content[1:],
    )
    if response.status == 200:
        batch_id = rest.json_object(response).get("batchId")
        if not isinstance(batch_id, str) or not 0 < len(batch_id) <= 200:
            raise Unsure("no_batch_id", http_status=200)
        return Receipt(batch_id, is_taken=True)
    if response.status == 409:
        return Receipt(_BY_NAME + name, is_taken=True)
    if response.status == 400:
        raise Refused("batch_refused", http_status=400, faults=_faults(rest.json_object(response)))
    raise rest.refuse(response)


def batch_name(file: OutgoingFile) -> str:
    """The file's name, for people, and its message id, so that it is nobody else's."""
    return f"{_plain(file.name.rsplit('.', 1)[0])[:60]}-{file.message_id.hex}"


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "-", name)


def _faults(refusal: Mapping[str, Any]) -> dict[int, str]:
    """By place of the check; the first fault of each."""
    listed = refusal.get("fieldList")
    found: dict[int, str] = {}
    for each in listed if isinstance(listed, list) else []:
        path = each.get("path") if isinstance(each, dict) else None
        named = _ITEM.match(path) if isinstance(path, str) else None
        if named:
            found.setdefault(int(named[1]), named[2])
    return found


# --- polling ----------------------------------------------------------------------------------------


class _Entry(NamedTuple):
    """What the cursor knows of a batch: its id where only its name was known, up to when and to how
    many finished checks it was walked, and whether a walk after its end was of all of it."""

    batch: str = ""
    since: str = ""
    finished: int = 0
    ended: bool = False
    walked_all: bool = False


class _Page(NamedTuple):
    """What the token of a page holds: where it lies, and what is known once the walk is over."""

    interchange: str
    batch: str
    since: str
    page: str
    number: int
    after: dict[str, Any]


def look(connection: Connection, awaited: Sequence[Awaited], cursor: Mapping[str, Any]) -> Look:
    """Ask for the status of each batch, and list the first page of those with something new.

    A batch is walked from where the last walk began, by Stedi's clock; once more when it is over,
    and if something is missing even then, from its beginning. What is missing after that is not to
    be had.
    """
    files, over, entries = [], set(), {}
    for each in awaited:
        key = str(each.interchange_id)
        entry = _Entry(**cursor[key]) if key in cursor else _Entry()
        entries[key], page, is_over = _follow(connection, each, entry)
        if page is not None:
            files.append(page)
        if is_over:
            over.add(each.interchange_id)
    return Look(files, cursor={key: entry._asdict() for key, entry in entries.items()}, over=frozenset(over))


def _follow(
    connection: Connection, awaited: Awaited, entry: _Entry
) -> tuple[_Entry, RemoteFile | None, bool]:
    """What is known of a batch now, its first page to fetch, and whether nothing more will come."""
    batch = entry.batch or _batch_id(connection, awaited)
    longest = timedelta(hours=_LONGEST_RETRY_HOURS + 1)
    if not batch:
        return entry, None, datetime.now(UTC) > awaited.started_at + longest
    response = _get(connection, _BATCH + quote(batch, safe=""), {})
    if response.status in {400, 404}:  # one that Stedi does not know stops no other
        return entry._replace(batch=batch), None, response.date > awaited.started_at + longest
    if response.status != 200:
        raise rest.refuse(response)
    status = rest.json_object(response)
    entry = entry._replace(batch=batch)
    finished = _count(status, "successCount") + _count(status, "errorCount")
    has_ended = status.get("status") in _FINISHED or response.date > _last_moment(status, awaited)
    if status.get("status") == "VALIDATION_FAILED" or (has_ended and entry.walked_all):
        return entry, None, True
    if not has_ended and finished <= entry.finished:
        return entry, None, False
    since = "" if entry.ended else entry.since
    stamp = int(response.date.timestamp())
    after = _Entry(batch, f"{response.date.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", finished)
    after = after._replace(ended=has_ended, walked_all=has_ended and not since)
    key = str(awaited.interchange_id)
    return entry, _file(_Page(key, batch, since, "", 1, after._asdict()), stamp), False


def _count(status: Mapping[str, Any], name: str) -> int:
    value = status.get(name)
    return value if isinstance(value, int) else 0


def _last_moment(status: Mapping[str, Any], awaited: Awaited) -> datetime:
    """Stedi stops asking after `maxRetryHours`; an hour later nothing comes any more."""
    hours = _count(status, "maxRetryHours") or _LONGEST_RETRY_HOURS
    try:
        begun = datetime.fromisoformat(str(status.get("createdAt")))
    except ValueError:
        begun = awaited.started_at
    begun = begun if begun.tzinfo else begun.replace(tzinfo=UTC)
    return begun + timedelta(hours=hours + 1)


def _batch_id(connection: Connection, awaited: Awaited) -> str:
    """From the receipt; else by the batch's name, from the first check of it that is finished.

    Others' checks on the way are looked at for their batch's name and nothing else.
    """
    if not awaited.reference.startswith(_BY_NAME):
        return awaited.reference
    name = awaited.reference.removeprefix(_BY_NAME)
    since = awaited.started_at.astimezone(UTC) - timedelta(minutes=10)
    params = {"startDateTime": f"{since:%Y-%m-%dT%H:%M:%SZ}", "pageSize": str(_PAGE_SIZE)}
    for _ in range(_MOST_PAGES):
        found = _page(connection, params)
        items = found.get("items")
        for item in items if isinstance(items, list) else []:
            if isinstance(item, dict) and item.get("batchName") == name:
                return str(item.get("batchId") or "")
        if not (token := found.get("nextPageToken")):
            break
        params["pageToken"] = str(token)
    return ""


def fetch(connection: Connection, file: RemoteFile) -> Fetched:
    """One page as it came, and what follows it. An expired token is NotSent: the next look begins the
    walk anew."""
    at = _Page(**json.loads(file.token))
    params = {"batchId": at.batch, "pageSize": str(_PAGE_SIZE)}
    if at.since:
        params["startDateTime"] = at.since
    if at.page:
        params["pageToken"] = at.page
    response = _get(connection, _POLL, params)
    if response.status == 400 and at.page:
        raise NotSent("page_token_expired", http_status=400)
    if response.status != 200:
        raise rest.refuse(response)
    found = rest.json_object(response)
    if not isinstance(found.get("items"), list):
        raise Unsure("bad_reply", http_status=200)
    content = response.body if found["items"] else b""
    token = found.get("nextPageToken")
    if not token:
        return Fetched(content, cursor={at.interchange: at.after})
    if at.number >= _MOST_PAGES:
        raise Unsure("too_many_pages")
    return Fetched(content, _file(at._replace(page=str(token), number=at.number + 1), file.modified))


def put_away(connection: Connection, file: RemoteFile) -> None:
    """Pages stay where they are."""


def _file(page: _Page, stamp: int) -> RemoteFile:
    """Each walk's pages have names of their own: the next walk may find other checks on them."""
    name = f"batch-{_plain(page.batch)}-{stamp}-{page.number:04d}.json"
    return RemoteFile(name, 0, stamp, token=json.dumps(page._asdict()))


def _page(connection: Connection, params: Mapping[str, str]) -> dict[str, Any]:
    response = _get(connection, _POLL, params)
    if response.status != 200:
        raise rest.refuse(response)
    return rest.json_object(response)


def _get(connection: Connection, path: str, params: Mapping[str, str]) -> rest.Response:
    return rest.call(
        _session(connection),
        "GET",
        _address(connection, path),
        deadline=_READ_SECONDS,
        headers=stedi.authorization(connection),
        params=params,
        largest=_LARGEST_PAGE,
    )


def _session(connection: Connection) -> GuardedSession:
    return rest.session(connection.partner_id, 2)


def _address(connection: Connection, path: str) -> str:
    return rest.base_address(connection, MANAGER) + path
