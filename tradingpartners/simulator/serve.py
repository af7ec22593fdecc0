"""The running simulator: both servers, the file that says where they are, and a clean end."""

import asyncio
import json
import os
import secrets
import signal
import tempfile
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from tradingpartners.simulator.answering import Answering, read_knowledge
from tradingpartners.simulator.as2_door import As2Door
from tradingpartners.simulator.as2_keys import As2Options
from tradingpartners.simulator.availity_door import AvailityHabits
from tradingpartners.simulator.clearinghouse import Clearinghouse, FileManners
from tradingpartners.simulator.desk import Desk, Pace
from tradingpartners.simulator.folders import Folders
from tradingpartners.simulator.http_doors import doors_ready, open_doors
from tradingpartners.simulator.http_server import HttpServer
from tradingpartners.simulator.journal import Journal
from tradingpartners.simulator.scenarios import Scenario
from tradingpartners.simulator.sftp_server import Hatch, HostKeys, SftpDoor, host_keys, public_key
from tradingpartners.simulator.stedi_door import StediHabits
from tradingpartners.simulator.tls import make_contexts

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Service:
    population: Path
    journal: Path
    ready: Path
    root: Path | None
    today: date | None
    pace: Pace
    files: FileManners
    scenario: Scenario
    stedi: StediHabits = StediHabits()
    availity: AvailityHabits = AvailityHabits()
    as2: As2Options | None = None
    tls: bool = False


@dataclass(frozen=True)
class Addresses:
    http_port: int
    sftp_port: int
    username: str
    password: str | None = field(default=None, repr=False)


def serve(service: Service, addresses: Addresses) -> None:
    """Serve until SIGTERM or SIGINT."""
    knowledge = read_knowledge(service.population)
    with tempfile.TemporaryDirectory(prefix="payers-") as temporary:
        journal = Journal(service.journal)
        today = service.today or knowledge.today
        answering = Answering(knowledge, journal, today=today, scenario=service.scenario)
        root = service.root or Path(temporary)
        asyncio.run(run(service, addresses, answering, root.resolve()))
        journal.close()


async def run(service: Service, addresses: Addresses, answering: Answering, root: Path) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    credentials = (addresses.username, addresses.password or secrets.token_urlsafe(18))
    folders = Folders(root)
    keys = host_keys(root)
    house = Clearinghouse(answering, folders, service.files)
    desk = Desk(answering, pace=service.pace)
    doors = open_doors(desk, credentials=credentials, stedi=service.stedi, availity=service.availity)
    as2 = As2Door(house, root / "as2", service.as2) if service.as2 else None
    if as2 is not None:
        doors = {**doors, "as2": as2}
    server = HttpServer(doors, answering.stage)
    http = await server.start(LOOPBACK, addresses.http_port)
    hatch = Hatch(answering.stage, house.uploads, house.replies.outbox)
    sftp = SftpDoor(folders, hatch, credentials=credentials, keys=keys)
    accepting = sftp.start(LOOPBACK, addresses.sftp_port)
    http_port = port_of(http)
    ready = ready_contents(credentials, http_port, sftp.port, keys)
    if as2 is not None:
        as2.listen_at(f"http://{LOOPBACK}:{http_port}/as2")
        ready["as2"] = as2.ready_contents()
    listeners = [http]
    if service.tls:
        contexts, authority = make_contexts(root / "tls")
        flawed = {flaw: await server.start(LOOPBACK, 0, context) for flaw, context in contexts.items()}
        listeners += flawed.values()
        urls = {flaw: f"https://{LOOPBACK}:{port_of(each)}" for flaw, each in flawed.items()}
        ready["tls"] = {"urls": urls, "ca_certificate": str(authority)}
    write_ready(service.ready, ready)
    watch = asyncio.create_task(house.run())
    stopped = asyncio.create_task(stop.wait())
    try:
        # The watch ends only by an error, and an error in it is an error of the whole.
        await asyncio.wait({watch, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if watch.done():
            watch.result()
    finally:
        service.ready.unlink(missing_ok=True)
        watch.cancel()
        for listener in listeners:
            listener.close()
        accepting.cancel()


def port_of(server: asyncio.Server) -> int:
    return int(server.sockets[0].getsockname()[1])


def ready_contents(
    credentials: tuple[str, str], http_port: int, sftp_port: int, keys: HostKeys
) -> dict[str, Any]:
    username, password = credentials
    signed_in = {"username": username, "password": password}
    return {
        **doors_ready(credentials, f"http://{LOOPBACK}:{http_port}"),
        "sftp": {
            "host": LOOPBACK,
            "port": sftp_port,
            **signed_in,
            "host_key": public_key(keys.current),
            "next_host_key": public_key(keys.coming),
            "inbox": "/inbox",
            "outbox": "/outbox",
        },
        "pid": os.getpid(),
    }


def write_ready(path: Path, contents: dict[str, Any]) -> None:
    """All of it or nothing, for the owner's eyes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.touch(mode=0o600)
    temporary.write_text(json.dumps(contents, indent=1) + "\n", encoding="utf-8")
    temporary.replace(path)
