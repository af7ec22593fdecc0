"""Logging in with a password, asked for as such or as a question; OpenSSH's own server needs PAM for it."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncssh
import pytest

from practice.tenancy import tenant
from tests.factories import PartnerFactory, make_organization
from tradingpartners.services.wire import connection_of
from tradingpartners.transports import Connection, NotSent, sftp


class Questioner(asyncssh.SSHServer):
    """Asks one question, and takes the password for the answer."""

    def begin_auth(self, username: str) -> bool:
        return True

    def kbdint_auth_supported(self) -> bool:
        return True

    def get_kbdint_challenge(self, username: str, lang: str, submethods: str) -> Any:
        return "", "", "", [("Password: ", False)]

    def validate_kbdint_response(self, username: str, responses: Any) -> bool:
        return (username, list(responses)) == ("u", ["p"])


class Doorkeeper(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("u", "p")


@pytest.fixture(params=[Doorkeeper, Questioner])
def partner(request: Any, tmp_path: Path) -> Iterator[Connection]:
    key = asyncssh.generate_private_key("ssh-ed25519")
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()

    async def listen() -> Any:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=request.param,
            server_host_keys=[key],
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=os.fsencode(tmp_path)),
        )

    server = asyncio.run_coroutine_threadsafe(listen(), loop).result(10)
    settings = {"host": "127.0.0.1", "port": server.get_port(), "inbox": "/", "outbox": "/"}
    known = key.export_public_key().decode()
    yield Connection(uuid4(), {**settings, "host_keys": [known]}, {"username": "u", "password": "p"})
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)


def test_a_password_opens_the_door(partner: Connection) -> None:
    assert list(sftp.look(partner, (), {}).files) == []


def test_a_wrong_password_is_surely_not_sent(partner: Connection) -> None:
    with pytest.raises(NotSent) as error:
        sftp.look(partner._replace(credentials={"username": "u", "password": "wrong"}), (), {})
    assert error.value.code == "login_refused"


@pytest.mark.django_db
def test_handing_over_may_take_less_than_the_lease() -> None:
    with tenant(make_organization("Acme").pk):
        partner = PartnerFactory.build(lease=timedelta(seconds=120))
        assert 0 < connection_of(partner).patience < 120 * 0.75
