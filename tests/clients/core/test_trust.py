"""https with a certificate of one's own: every client can be told whom to trust, by an option or the environment."""

from __future__ import annotations

import asyncio
import random
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import trustme

from vendorlab.clients.control import ControlClient
from vendorlab.clients.control.errors import ControlUnreachable
from vendorlab.clients.core.errors import NetworkError, UsageError
from vendorlab.clients.core.retry import RetryPolicy
from vendorlab.clients.core.trust import shared, trusted
from vendorlab.clients.inode import AsyncINodeClient, INodeClient
from vendorlab.clients.itron import AsyncDataPlatformClient, DataPlatformClient
from vendorlab.clients.scanalytics import ScanalyticsClient
from vendorlab.clients.slv import AsyncSlvClient, SlvClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY: dict[str, Any] = {"api_key": "0123456789abcdef"}
ACCOUNT: dict[str, Any] = {"username": "ada", "password": "p", "login": "basic"}
LOGIN: dict[str, Any] = {"client_id": "app", "client_secret": "s", "username": "ada@example.com", "password": "p"}
IMPATIENT = RetryPolicy(attempts=1, chance=random.Random(7))


class Edge(BaseHTTPRequestHandler):
    """Answers anything that any client asks first."""

    def do_GET(self) -> None:
        body = b'{"status":"ok","listeners":[]}' if self.path == "/health" else b"[]"
        self._answer(b'{"devices":[]}' if self.path.startswith("/api/solutions/") else body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(b'{"access_token":"a","token_type":"Bearer","expires_in":9}')

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        pass


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def vendor(authority: trustme.CA) -> Iterator[str]:
    """Serves on https with a certificate that nobody trusts unasked; gives the URL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)  # pyright: ignore[reportUnknownMemberType]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Edge)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.handle_error = lambda *args: None  # type: ignore[method-assign] # a handshake that fails is the point
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def ca(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def test_sync_clients_trust_the_file(vendor: str, ca: Path) -> None:
    with (
        INodeClient(vendor, ca=ca, **KEY) as inode,
        ScanalyticsClient(vendor, ca=str(ca), **LOGIN) as scanalytics,
        DataPlatformClient(vendor, token="t", ca=ca) as itron,
        SlvClient(vendor, ca=ca, **ACCOUNT) as slv,
        ControlClient(vendor, ca=ca) as control,
    ):
        assert (inode.links(), scanalytics.deployments(), itron.devices(), slv.geozones()) == ([], [], [], [])
        assert control.health().listeners == ()


def test_async_clients_trust_the_file(vendor: str, ca: Path) -> None:
    async def story() -> None:
        async with (
            AsyncINodeClient(vendor, ca=ca, **KEY) as inode,
            AsyncDataPlatformClient(vendor, token="t", ca=ca) as itron,
            AsyncSlvClient(vendor, ca=ca, **ACCOUNT) as slv,
        ):
            assert (await inode.links(), await itron.devices(), await slv.geozones()) == ([], [], [])

    asyncio.run(story())


def test_file_can_be_named_in_the_environment(vendor: str, ca: Path) -> None:
    def environment(prefix: str) -> dict[str, str]:
        names = {"url": vendor, "ca": str(ca), **LOGIN}
        return {f"VENDORLAB_{prefix}_{name.upper()}": value for name, value in names.items()}

    with (
        INodeClient.from_env(environment("INODE")) as inode,
        ScanalyticsClient.from_env(environment("SCANALYTICS")) as scanalytics,
        DataPlatformClient.from_env(environment("ITRON_PLATFORM"), token="t") as itron,
        SlvClient.from_env(environment("SLV"), login="basic") as slv,
        ControlClient.from_env(environment("CONTROL")) as control,
    ):
        assert (inode.links(), scanalytics.deployments(), itron.devices(), slv.geozones()) == ([], [], [], [])
        assert control.health().listeners == ()


def test_option_wins_over_the_environment(vendor: str, ca: Path) -> None:
    environment = {"VENDORLAB_INODE_URL": vendor, "VENDORLAB_INODE_CA": "nowhere.pem"}
    with INodeClient.from_env(environment, ca=ca, **KEY) as inode:
        assert inode.links() == []


def test_stranger_is_not_trusted_without_the_file_or_with_another(vendor: str, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    for path in (None, other):
        with (
            INodeClient(vendor, ca=path, retry=IMPATIENT, **KEY) as inode,
            pytest.raises(NetworkError, match="CERTIFICATE"),
        ):
            inode.links()
        with ControlClient(vendor, ca=path) as control, pytest.raises(ControlUnreachable):
            control.health()


def test_name_is_checked(vendor: str, ca: Path) -> None:
    url = vendor.replace("127.0.0.1", "localhost")
    with INodeClient(url, ca=ca, retry=IMPATIENT, **KEY) as inode, pytest.raises(NetworkError):
        inode.links()


@pytest.mark.parametrize("content", [None, "", "no certificate", "-----BEGIN CERTIFICATE-----\nAA==\n"])
def test_file_that_is_none_is_refused_at_once(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    for make in (
        lambda: INodeClient("https://vendor.test", ca=path, **KEY),
        lambda: ControlClient("https://x.test", ca=path),
    ):
        with pytest.raises(UsageError, match=r"cannot use the CA file .*ca\.pem: "):
            make()


def test_folder_is_refused_too(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="CA file"):
        trusted(tmp_path)


def test_transport_of_ones_own_is_left_alone(ca: Path) -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=[]))
    with INodeClient("https://vendor.test", ca=ca, transport=transport, **KEY) as inode:
        assert inode.links() == []


def test_those_that_are_trusted_anyway_are_read_once_until_the_environment_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    public = shared(verify=True)
    assert shared(verify=True) is public
    assert isinstance(public, ssl.SSLContext)
    assert public.verify_mode is ssl.CERT_REQUIRED
    file = tmp_path / "ca.pem"
    authorities = [trustme.CA(), trustme.CA()]
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    found: list[bytes] = []
    for authority in authorities:
        authority.cert_pem.write_to_path(file)
        context = shared(verify=True)
        assert isinstance(context, ssl.SSLContext)
        found += context.get_ca_certs(binary_form=True)
    assert found == [ssl.PEM_cert_to_DER_cert(one.cert_pem.bytes().decode()) for one in authorities]
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    assert (shared(verify=True), shared(verify=False)) == (True, False)
