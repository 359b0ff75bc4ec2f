"""The listener over TLS: what it accepts, whom it turns away, and that no handshake, begun or broken, holds it up.

Faults over TLS are with the other faults on the wire.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import subprocess
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.mocks.support import Wire, eventually, http_listener, make_world, request

from vendorlab.mocks.core.edges import certificates
from vendorlab.mocks.core.edges import loop as loop_module
from vendorlab.mocks.core.edges import server as server_module
from vendorlab.mocks.core.edges.tls import TlsError, server_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.mocks.conftest import Connect, MakeWorld

    from vendorlab.mocks.core.edges.certificates import TlsFiles
    from vendorlab.mocks.core.world import World

GET = request("GET", "/v1/whoami")


@pytest.fixture(params=["installed", "asyncio"], autouse=True)
def event_loop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop that is installed, which may be uvloop, and asyncio's own."""
    if request.param == "asyncio":
        monkeypatch.setattr(loop_module, "_new_loop", asyncio.new_event_loop)


@pytest.fixture
def world(world_of: MakeWorld, tls_files: TlsFiles) -> World:
    """A world that speaks https, and stands still."""
    return world_of(tls=tls_files)


@pytest.fixture
def url(world: World) -> str:
    return world.listen("scanalytics")


def raw(url: str) -> socket.socket:
    """A bare connection that has said nothing yet."""
    place = urlsplit(url)
    return socket.create_connection((place.hostname or "", place.port or 0), 10)


def ended(connection: socket.socket) -> bytes:
    """What comes up to the end of a connection."""
    data = b""
    try:
        while piece := connection.recv(65_536):
            data += piece
    except ConnectionResetError:
        pass
    return data


def hello(context: ssl.SSLContext) -> bytes:
    """What a client says first."""
    out = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), out, server_hostname="localhost").do_handshake()
    return out.read()


# --- who is served ---------------------------------------------------------------------------------------------------


def test_it_answers_over_https_what_it_answers_over_http(world_of: MakeWorld, url: str, connect: Connect) -> None:
    assert url.startswith("https://127.0.0.1:")
    secure, plain = connect(url).ask(GET), connect(world_of().listen("scanalytics")).ask(GET)
    assert (secure.head, secure.body) == (plain.head, plain.body)


@pytest.mark.parametrize("direct", [True, False])
def test_addresses_in_answers_say_https(world_of: MakeWorld, tls_files: TlsFiles, direct: bool) -> None:
    world = world_of("inode", tls=tls_files, direct=direct, settings={"pagination": 5})
    url = world.listen("inode")
    key = world.vendor("inode").faces[0].credentials()["api_key"]
    context = ssl.create_default_context(cafile=tls_files.ca)
    with httpx.Client(verify=context, headers={"Authorization": f"Token {key}"}) as http:
        page = http.get(f"{url}/api/v1/links/?page=2").json()
    assert (page["previous"], page["next"]) == (f"{url}/api/v1/links/", f"{url}/api/v1/links/?page=3")


def test_a_certificate_lives_in_real_time_wherever_the_worlds_clock_stands(
    world_of: MakeWorld, tls_files: TlsFiles, connect: Connect
) -> None:
    world = world_of(tls=tls_files, start=datetime(1999, 1, 1, tzinfo=UTC))
    url = world.listen("scanalytics")
    assert connect(url).ask(GET).header("date") == "Fri, 01 Jan 1999 00:00:00 GMT"
    world.clock.advance(40 * 365 * 86_400)
    assert connect(url).ask(GET).status == 401


def test_the_key_and_where_it_lies_are_in_no_snapshot_and_in_no_journal(
    world: World, url: str, connect: Connect, tls_files: TlsFiles
) -> None:
    connect(url).ask(GET)
    told = json.dumps([world.snapshot(), world.vendor("scanalytics").state()]) + str(world.journal.find())
    assert "PRIVATE KEY" not in told
    assert str(tls_files.folder) not in told
    assert tls_files.key.read_text().splitlines()[1] not in told


def test_many_connections_are_served_at_once(url: str, connect: Connect) -> None:
    wires = [connect(url) for _ in range(200)]
    for wire in wires:
        wire.send(GET)
    assert {wire.answer().status for wire in wires} == {401}


def test_a_connection_is_kept_for_many_requests(url: str, connect: Connect) -> None:
    wire = connect(url)
    assert {wire.ask(GET).status for _ in range(50)} == {401}


def test_a_large_body_goes_both_ways(world_of: MakeWorld, tls_files: TlsFiles, connect: Connect) -> None:
    wire = connect(world_of(tls=tls_files).listen("scanalytics"))
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert wire.ask(request("POST", "/o/token/", form, b"a" * 2_621_440)).status == 400
    wire.send(request("POST", "/o/token/", form, b"a" * (10 << 20)))
    assert wire.answer().status == 413
    assert wire.rest() == b""


def test_a_handshake_may_come_byte_by_byte_and_a_request_with_its_end(url: str, tls_files: TlsFiles) -> None:
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context(cafile=tls_files.ca).wrap_bio(into, out, server_hostname="localhost")
    with raw(url) as connection:
        with pytest.raises(ssl.SSLWantReadError):
            client.do_handshake()
        for byte in out.read():
            connection.sendall(bytes([byte]))
        while True:
            try:
                client.do_handshake()
                break
            except ssl.SSLWantReadError:
                into.write(connection.recv(65_536))
        client.write(GET)
        connection.sendall(out.read())  # the handshake's last message and the request in one
        answer = b""
        while b"credentials" not in answer:
            try:
                answer += client.read(65_536)
            except ssl.SSLWantReadError:
                into.write(connection.recv(65_536))
    assert answer.startswith(b"HTTP/1.1 401")


def test_connection_close_ends_with_notice(url: str, connect: Connect) -> None:
    wire = connect(url)
    assert wire.ask(request("GET", "/v1/whoami", {"Connection": "close"})).status == 401
    assert wire.rest() == b""  # without notice it would raise


def test_it_closes_when_the_client_says_that_nothing_more_comes(world: World, url: str, tls_files: TlsFiles) -> None:
    context = ssl.create_default_context(cafile=tls_files.ca)
    with context.wrap_socket(raw(url), server_hostname="localhost", suppress_ragged_eofs=False) as client:
        client.unwrap().close()
    assert eventually(lambda: not http_listener(world).state.connections)


def test_a_stopped_world_may_speak_https_again(world: World, url: str, connect: Connect) -> None:
    assert connect(url).ask(GET).status == 401
    world.stop()
    assert world.ca("scanalytics") is None
    assert connect(world.listen("scanalytics")).ask(GET).status == 401


# --- who is turned away ----------------------------------------------------------------------------------------------


def test_a_client_that_does_not_trust_the_authority_goes_away(
    world: World, url: str, connect: Connect, tmp_path: Path
) -> None:
    other = certificates.kept(tmp_path / "other", (), datetime.now(UTC))
    for context in (ssl.create_default_context(), ssl.create_default_context(cafile=other.ca)):
        with raw(url) as connection, pytest.raises(ssl.SSLCertVerificationError):
            context.wrap_socket(connection, server_hostname="localhost")
    assert connect(url).ask(GET).status == 401
    assert world.journal.last == 1


def test_a_certificate_is_not_for_other_names(url: str, tls_files: TlsFiles) -> None:
    context = ssl.create_default_context(cafile=tls_files.ca)
    for host in ("localhost", "127.0.0.1", "::1"):
        with raw(url) as connection:
            context.wrap_socket(connection, server_hostname=host).close()
    with raw(url) as connection, pytest.raises(ssl.SSLCertVerificationError, match=r"example\.com"):
        context.wrap_socket(connection, server_hostname="example.com")


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "1.3"])
def test_old_versions_of_tls_are_refused_with_an_alert(
    url: str, tls_files: TlsFiles, tool: Callable[[str], str], version: str
) -> None:
    options = ["--tlsv1.0", "--tls-max", version, "--ciphers", "DEFAULT@SECLEVEL=0", "--cacert", str(tls_files.ca)]
    done = subprocess.run(
        [tool("curl"), "-sS", *options, f"{url}/v1/whoami"], check=False, capture_output=True, text=True
    )
    if version in ("1.2", "1.3"):
        assert (done.returncode, "credentials were not provided" in done.stdout) == (0, True)
    else:
        assert done.returncode == 35
        assert "alert protocol version" in done.stderr


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PATCH"])
def test_plain_http_is_told_so_in_plain_http(world: World, url: str, method: str) -> None:
    with raw(url) as connection:
        connection.sendall(request(method, "/v1/whoami"))
        answer = ended(connection)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.endswith(b"\r\n\r\nThis port speaks https, and the request was sent in http")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert f"content-length: {len(body)}".encode() in head
    assert world.journal.last == 0


def test_a_broken_handshake_is_answered_with_an_alert_and_the_end(url: str) -> None:
    with raw(url) as connection:
        connection.sendall(b"\x16\x03\x01\x00\x04nope" + b"x" * 50)
        assert ended(connection)[:1] == b"\x15"  # an alert


def test_a_record_that_was_tampered_with_ends_the_connection(world: World, url: str, connect: Connect) -> None:
    wire = connect(url)
    assert wire.ask(GET).status == 401
    wire.socket.raw.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32)  # type: ignore[union-attr]
    with pytest.raises(ssl.SSLError, match=r"(?i)bad record mac"):
        wire.rest()
    assert eventually(lambda: not http_listener(world).state.connections)


@pytest.mark.parametrize("begun", [0, 1, 100])
def test_a_handshake_that_does_not_go_on_is_cut(
    world: World, monkeypatch: pytest.MonkeyPatch, tls_files: TlsFiles, begun: int
) -> None:
    monkeypatch.setattr(server_module, "HEAD_SECONDS", 0.04)
    monkeypatch.setattr(server_module, "HANDSHAKE_SECONDS", 0.02)
    with raw(world.listen("scanalytics")) as connection:
        connection.sendall(hello(ssl.create_default_context())[:begun])
        assert ended(connection) == b""
    assert eventually(lambda: not http_listener(world).handshakes)


def test_a_handshake_without_a_request_after_it_is_cut_and_an_idle_connection_is_not(
    world: World, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "HEAD_SECONDS", 0.04)
    monkeypatch.setattr(server_module, "HANDSHAKE_SECONDS", 0.02)
    url = world.listen("scanalytics")
    idle = connect(url)
    assert idle.ask(GET).status == 401
    with pytest.raises((ssl.SSLEOFError, ConnectionResetError)):
        connect(url).rest()
    assert idle.ask(GET).status == 401


def test_a_client_that_leaves_within_its_handshake_leaves_nothing(world: World, url: str) -> None:
    with raw(url) as connection:
        connection.sendall(hello(ssl.create_default_context())[:50])
        assert eventually(lambda: len(http_listener(world).handshakes) == 1)
    assert eventually(lambda: not http_listener(world).handshakes)


def test_handshakes_that_are_under_way_do_not_hold_up_the_end_of_a_world(
    world: World, url: str, connect: Connect
) -> None:
    begun, said = [raw(url) for _ in range(50)], hello(ssl.create_default_context())
    for number, connection in enumerate(begun):
        connection.sendall(said[: number * 10])
    idle = connect(url)
    assert idle.ask(GET).status == 401
    assert eventually(lambda: len(http_listener(world).handshakes) + len(http_listener(world).state.connections) == 51)
    began = time.monotonic()
    world.stop()
    assert time.monotonic() - began < 2
    for connection in begun:
        with connection:
            assert b"HTTP" not in ended(connection)
    assert idle.rest() == b""


def test_a_connection_more_than_there_is_room_for_is_not_greeted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "MOST_CONNECTIONS", 3)
    url = world.listen("scanalytics")
    begun = [raw(url) for _ in range(3)]
    assert eventually(lambda: len(http_listener(world).handshakes) == 3)
    with raw(url) as connection:
        assert ended(connection) == b""
    for connection in begun:
        connection.close()
    assert eventually(lambda: not http_listener(world).handshakes)


# --- anything at all -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def battered(tls_files: TlsFiles) -> Iterator[World]:
    with make_world(tls=tls_files) as world:
        yield world


@settings(max_examples=150)
@given(data=st.data())
def test_no_bytes_bring_it_down(battered: World, tls_files: TlsFiles, data: st.DataObject) -> None:
    first = bytearray(hello(ssl.create_default_context(cafile=tls_files.ca)))
    for at in data.draw(st.lists(st.integers(0, len(first) - 1), max_size=5)):
        first[at] = data.draw(st.integers(0, 255))
    sent = bytes(first) + data.draw(st.binary(max_size=300)) if data.draw(st.booleans()) else data.draw(st.binary())
    url = battered.listen("scanalytics")
    with raw(url) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        assert b"Traceback" not in ended(connection)
    with Wire(url, ca=tls_files.ca) as wire:
        assert wire.ask(GET).status == 401
    assert eventually(lambda: not http_listener(battered).handshakes)


# --- certificates that do not serve ----------------------------------------------------------------------------------


def test_a_certificate_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(TlsError, match="cannot be used"):
        server_context(certificates.TlsFiles(tmp_path))


def test_a_key_with_a_password_is_refused_rather_than_asked_for(
    tmp_path: Path, tls_files: TlsFiles, tool: Callable[[str], str]
) -> None:
    files = certificates.TlsFiles(tmp_path)
    files.certificate.write_bytes(tls_files.certificate.read_bytes())
    command = [tool("openssl"), "ec", "-in", str(tls_files.key), "-aes128", "-passout", "pass:sesame"]
    subprocess.run([*command, "-out", str(files.key)], check=True, capture_output=True)
    with pytest.raises(TlsError, match="cannot be used"):
        server_context(files)
