"""Files over OpenSSH's own server: what is put, what is fetched, and what nobody may overwrite."""

from __future__ import annotations

import os
import resource
import socket
from typing import Any
from uuid import uuid4

import asyncssh
import pytest

from tests.transports.openssh import OpenSshServer
from tradingpartners.transports import Connection, Held, NotSent, OutgoingFile, RemoteFile, Unsure, sftp, ssh

NAME, CONTENT = "ACME_270_1_000000007.edi", b"ISA*00*~IEA*1*000000007~"
FILE = OutgoingFile(NAME, CONTENT, "application/edi-x12", uuid4())


def put(connection: Connection, file: OutgoingFile = FILE) -> None:
    sftp.upload(connection, file)
    sftp.publish(connection, file)


def there(openssh: OpenSshServer) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in openssh.inbox.iterdir()}


def seen(connection: Connection) -> list[RemoteFile]:
    return list(sftp.look(connection, (), {}).files)


def one(connection: Connection) -> RemoteFile:
    (file,) = seen(connection)
    return file


# --- handing over --------------------------------------------------------------------------------


def test_a_file_is_put_with_a_key_and_gets_its_name_last(openssh: OpenSshServer) -> None:
    connection = openssh.connection()
    sftp.upload(connection, FILE)
    assert there(openssh) == {f"{NAME}.tmp": CONTENT}
    sftp.publish(connection, FILE)
    assert there(openssh) == {NAME: CONTENT}
    assert sftp.look(connection, (), {}).dropped == {NAME}


def test_a_key_under_a_passphrase_opens_the_door(openssh: OpenSshServer) -> None:
    put(openssh.connection(passphrase="correct horse"))
    assert there(openssh) == {NAME: CONTENT}


def test_a_large_file_arrives_whole(openssh: OpenSshServer) -> None:
    content = os.urandom(5_000_000)
    put(openssh.connection(), FILE._replace(content=content))
    assert there(openssh) == {NAME: content}


def test_another_key_is_surely_not_sent(openssh: OpenSshServer) -> None:
    connection = openssh.connection()
    stranger = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    wrong = {**connection.credentials, "private_key": stranger}
    with pytest.raises(NotSent) as error:
        sftp.upload(connection._replace(credentials=wrong), FILE)
    assert error.value.code == "login_refused"
    assert there(openssh) == {}


def test_fault_07_killed_after_the_put_leaves_one_file_of_that_name(openssh: OpenSshServer) -> None:
    connection = openssh.connection()
    sftp.upload(connection, FILE)  # killed here: that it was put is not noted, so it is put again
    put(connection)
    assert there(openssh) == {NAME: CONTENT}


def test_fault_07_put_killed_half_way_is_put_again_whole(openssh: OpenSshServer) -> None:
    connection = openssh.connection()
    sftp.upload(connection, FILE._replace(content=CONTENT[:9] + b"more than there is of the file"))
    put(connection)
    assert there(openssh) == {NAME: CONTENT}


def test_fault_08_killed_after_the_rename_changes_nothing_more(openssh: OpenSshServer) -> None:
    connection = openssh.connection()
    put(connection)
    before = (openssh.inbox / NAME).stat()
    sftp.publish(connection, FILE)
    put(connection)  # nor where not even the put was noted
    after = (openssh.inbox / NAME).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert there(openssh) == {NAME: CONTENT}


def test_fault_08_temporary_file_beside_the_renamed_one_is_swept(openssh: OpenSshServer) -> None:
    connection = openssh.connection()
    sftp.upload(connection, FILE)
    (openssh.inbox / NAME).write_bytes(CONTENT)
    sftp.publish(connection, FILE)
    assert there(openssh) == {NAME: CONTENT}


def test_fault_08_file_the_partner_took_is_not_put_again(openssh: OpenSshServer) -> None:
    connection = openssh.connection()
    put(connection)
    (openssh.inbox / NAME).unlink()
    sftp.publish(connection, FILE)
    assert there(openssh) == {}


@pytest.mark.parametrize("deed", [sftp.upload, sftp.publish])
def test_fault_08_file_of_that_name_and_other_size_is_never_overwritten(
    openssh: OpenSshServer, deed: Any
) -> None:
    (openssh.inbox / f"{NAME}.tmp").write_bytes(CONTENT)
    (openssh.inbox / NAME).write_bytes(b"something else")
    with pytest.raises(Held) as error:
        deed(openssh.connection(), FILE)
    assert error.value.code == "name_taken"
    assert there(openssh)[NAME] == b"something else"


# --- host keys -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp256"])
def test_fault_61_changed_host_key_gets_no_byte(openssh: OpenSshServer, kind: str) -> None:
    before = openssh.connection()
    openssh.stop()
    openssh.start(kind)
    for deed in (sftp.upload, sftp.publish):
        with pytest.raises(NotSent) as error:
            deed(before, FILE)
        assert error.value.code == "host_key_changed"
    assert there(openssh) == {}


def test_fault_61_planned_roll_pins_two_keys(openssh: OpenSshServer) -> None:
    old, first = openssh.pinned, openssh.connection()
    put(first)
    openssh.stop()
    openssh.start("ssh-ed25519")
    both = openssh.connection(host_keys=[old, f"sftp.payer.example {openssh.pinned}"])
    put(both, FILE._replace(name="next.edi"))
    assert sorted(there(openssh)) == [NAME, "next.edi"]


# --- a server in trouble -------------------------------------------------------------------------


def test_fault_62_full_disk_is_refused_and_the_file_goes_when_there_is_room(openssh: OpenSshServer) -> None:
    full = openssh.inbox / f"{NAME}.tmp"
    full.symlink_to("/dev/full")
    with pytest.raises(NotSent) as error:
        sftp.upload(openssh.connection(), FILE)
    assert error.value.code == "sftp_failure"
    full.unlink()
    put(openssh.connection())
    assert there(openssh) == {NAME: CONTENT}


def test_fault_62_folder_that_may_not_be_written_is_refused(openssh: OpenSshServer) -> None:
    openssh.inbox.chmod(0o555)
    with pytest.raises(NotSent) as error:
        sftp.upload(openssh.connection(), FILE)
    assert error.value.code == "permission_denied"
    openssh.inbox.chmod(0o755)
    put(openssh.connection())
    assert there(openssh) == {NAME: CONTENT}


def test_fault_62_rename_that_is_refused_is_tried_again(openssh: OpenSshServer) -> None:
    connection = openssh.connection()
    sftp.upload(connection, FILE)
    openssh.inbox.chmod(0o555)
    with pytest.raises(NotSent) as error:
        sftp.publish(connection, FILE)
    assert error.value.code == "permission_denied"
    openssh.inbox.chmod(0o755)
    sftp.publish(connection, FILE)
    assert there(openssh) == {NAME: CONTENT}


def test_fault_62_rename_onto_a_folder_never_replaces_it(openssh: OpenSshServer) -> None:
    (openssh.inbox / NAME).mkdir()
    with pytest.raises(Held) as error:
        put(openssh.connection())
    assert error.value.code == "name_taken"
    assert (openssh.inbox / NAME).is_dir()


def test_fault_62_missing_folder_is_named(openssh: OpenSshServer) -> None:
    with pytest.raises(NotSent) as error:
        sftp.upload(openssh.connection(inbox="/no/such/folder"), FILE)
    assert error.value.code == "no_such_file"


def test_a_server_that_says_nothing_ends_with_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        key = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
        settings = {
            **{"host": "127.0.0.1", "port": silent.getsockname()[1], "host_keys": [key]},
            **{"inbox": "/in", "outbox": "/out"},
        }
        connection = Connection(uuid4(), settings, {"username": "u", "password": "p"}, 0.5)
        with pytest.raises(NotSent) as error:
            sftp.publish(connection, FILE)
    assert error.value.code == "timeout"


def test_a_connection_that_breaks_under_way_may_have_done_it(openssh: OpenSshServer) -> None:
    async def work(client: asyncssh.SFTPClient) -> None:
        openssh.kill()
        await client.rename("a", "b")

    with pytest.raises(Unsure) as error:
        ssh.talk(openssh.connection(), work, deadline=5.0)
    assert error.value.code == "connection_lost"


# --- fetching ------------------------------------------------------------------------------------


def test_what_lies_in_the_outbox_is_seen_and_fetched(openssh: OpenSshServer) -> None:
    (openssh.outbox / "answers.271").write_bytes(CONTENT)
    connection = openssh.connection()
    file = one(connection)
    assert (file.name, file.size) == ("answers.271", len(CONTENT))
    assert file.modified == int((openssh.outbox / "answers.271").stat().st_mtime)
    assert sftp.fetch(connection, file) == CONTENT


def test_a_folder_one_may_only_write_to_says_nothing_of_what_was_taken(openssh: OpenSshServer) -> None:
    connection = openssh.connection()
    openssh.inbox.chmod(0o333)
    put(connection)
    (openssh.outbox / "answers.271").write_bytes(CONTENT)
    look = sftp.look(connection, (), {})
    assert ([file.name for file in look.files], look.dropped) == (["answers.271"], None)
    openssh.inbox.chmod(0o755)
    assert there(openssh) == {NAME: CONTENT}


def test_fault_60_file_under_a_temporary_name_is_not_seen(openssh: OpenSshServer) -> None:
    for name in (".a.271", "a.271.tmp", "a.part", "A.FILEPART", "a.uploading"):
        (openssh.outbox / name).write_bytes(b"ISA")
    assert seen(openssh.connection()) == []


def test_fault_60_file_that_grew_since_it_was_seen_shows_it(openssh: OpenSshServer) -> None:
    path, connection = openssh.outbox / "answers.271", openssh.connection()
    path.write_bytes(CONTENT[:10])
    file = one(connection)
    path.write_bytes(CONTENT)
    assert len(sftp.fetch(connection, file)) == file.size + 1


def test_fault_47_file_too_large_is_refused_before_it_is_read(openssh: OpenSshServer) -> None:
    path, connection = openssh.outbox / "huge.271", openssh.connection()
    with path.open("wb") as sparse:
        sparse.truncate(10 * 1024**3)
    file, before = one(connection), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for claimed in (file, file._replace(size=10)):  # nor if it grew since
        with pytest.raises(NotSent) as error:
            sftp.fetch(connection, claimed)
        assert error.value.code == "file_too_large"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024


def test_fault_48_links_and_folders_are_not_followed(openssh: OpenSshServer) -> None:
    (openssh.outbox / "link.271").symlink_to("/etc/passwd")
    (openssh.outbox / "folder.271").mkdir()
    connection = openssh.connection()
    assert seen(connection) == []
    with pytest.raises(NotSent) as error:
        sftp.fetch(connection, RemoteFile("link.271", 10, 0))
    assert error.value.code == "not_a_file"


def test_names_nobody_can_write_down_hide_no_other(openssh: OpenSshServer) -> None:
    for name in (b"line\nbreak.271", b"\xff\xfe.271", b"\xe2\x80\xaeright.271"):
        (openssh.outbox / os.fsdecode(name)).write_bytes(b"ISA")
    (openssh.outbox / "M\u00fcller 271.txt").write_bytes(b"ISA")
    assert [file.name for file in seen(openssh.connection())] == ["M\u00fcller 271.txt"]


def test_only_files_of_the_patterns_are_taken(openssh: OpenSshServer) -> None:
    for name in ("a.271", "B.999", "report.pdf", "copy_a.271"):
        (openssh.outbox / name).write_bytes(b"ISA")
    files = seen(openssh.connection(pattern="*.271 *.999", leave="copy_*"))
    assert sorted(file.name for file in files) == ["B.999", "a.271"]


# --- archive -------------------------------------------------------------------------------------


def test_what_was_kept_goes_into_the_archive_over_no_other(openssh: OpenSshServer) -> None:
    path, connection = openssh.outbox / "answers.271", openssh.connection()
    for content in (b"first", b"second"):
        path.write_bytes(content)
        file = one(connection)
        sftp.put_away(connection, file)
        sftp.put_away(connection, file)  # killed before it was noted
    assert seen(connection) == []
    archived = {path.name: path.read_bytes() for path in openssh.archive.iterdir()}
    assert archived == {"answers.271": b"first", "answers.271.1": b"second"}


def test_a_file_that_changed_since_it_was_fetched_stays(openssh: OpenSshServer) -> None:
    path, connection = openssh.outbox / "answers.271", openssh.connection()
    path.write_bytes(b"first")
    file = one(connection)
    path.write_bytes(b"another")
    sftp.put_away(connection, file)
    assert [each.name for each in seen(connection)] == ["answers.271"]
    assert list(openssh.archive.iterdir()) == []


def test_without_an_archive_files_stay(openssh: OpenSshServer) -> None:
    (openssh.outbox / "answers.271").write_bytes(b"first")
    connection = openssh.connection(archive="")
    sftp.put_away(connection, one(connection))
    assert [file.name for file in seen(connection)] == ["answers.271"]


# --- set up and tried out ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "credentials", "at_fault"),
    [
        ({"host": ""}, {}, "host"),
        ({"host": "10.0.0.1"}, {}, "host"),
        ({"host": "sftp.payer.example/x"}, {}, "host"),
        ({"port": ""}, {}, "port"),
        ({"port": 25}, {}, "port"),
        ({"inbox": ""}, {}, "inbox"),
        ({"outbox": ""}, {}, "outbox"),
        ({"host_keys": []}, {}, "host_keys"),
        ({"host_keys": ["ssh-ed25519 nonsense"]}, {}, "host_keys"),
        ({}, {"username": ""}, "credentials"),
        ({}, {"password": ""}, "credentials"),
        ({}, {"private_key": "nonsense"}, "private_key"),
    ],
)
def test_check_names_the_setting_at_fault(
    settings: dict[str, Any], credentials: dict[str, str], at_fault: str
) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    usual = {"host": "sftp.payer.example", "port": 22, "inbox": "/in", "outbox": "/out", "host_keys": [key]}
    account = {"username": "u", "password": "p"}
    with pytest.raises(NotSent) as error:
        sftp.check(Connection(uuid4(), {**usual, **settings}, {**account, **credentials}))
    assert error.value.code == f"settings:{at_fault}"


def steps(connection: Connection) -> list[tuple[str, str]]:
    return [(step.name, step.code) for step in sftp.try_out(connection)]


ALL = ["settings", "resolve", "connect", "host_key", "login", "inbox", "outbox", "archive"]


def test_trying_out_goes_step_by_step_and_leaves_nothing(openssh: OpenSshServer) -> None:
    assert steps(openssh.connection()) == [(name, "") for name in ALL]
    assert there(openssh) == {}


def test_trying_out_shows_the_host_key_to_pin(openssh: OpenSshServer) -> None:
    found = sftp.try_out(openssh.connection(host_keys=[]))[-1]
    assert (found.name, found.code) == ("host_key", "settings:host_keys")
    assert found.note == f"{openssh.pinned} {openssh.host_key.get_fingerprint()}"


def test_trying_out_ends_at_the_first_step_that_fails(openssh: OpenSshServer) -> None:
    other = asyncssh.generate_private_key("ssh-rsa").export_public_key().decode()
    stranger = {"username": openssh.user, "password": "wrong"}
    assert steps(openssh.connection(host_keys=[other]))[-1] == ("host_key", "host_key_changed")
    assert steps(openssh.connection()._replace(credentials=stranger))[-1] == ("login", "login_refused")
    assert steps(openssh.connection(port=9999))[-1] == ("connect", "connection_refused")
    assert steps(openssh.connection(outbox="/no/such"))[-1] == ("outbox", "no_such_file")
    openssh.inbox.chmod(0o555)
    assert steps(openssh.connection())[-1] == ("inbox", "permission_denied")
