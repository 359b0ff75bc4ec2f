"""Twenty-five tests for each of eight ways in: each expects a world as new, and leaves one that is anything but."""

from __future__ import annotations

import socket
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import requests

if TYPE_CHECKING:
    from vendorlab.lab import Lab

pytestmark = pytest.mark.parametrize("number", range(25))


@pytest.fixture(autouse=True)
def untouched(vendorlab: Lab) -> Any:
    """Nothing of an earlier test is there; afterwards, plenty of this one is."""
    assert (vendorlab.journal.last, vendorlab.faults.rules(), vendorlab.world.ids.seed) == (0, [], 0)
    assert vendorlab.clock.rate == 1.0
    yield
    vendorlab.faults.add({"action": {"kind": "status", "status": 503}})
    vendorlab.clock.advance(timedelta(days=40))
    vendorlab.clock.freeze()


def test_scanalytics_client(scanalytics: Any, number: int) -> None:
    with scanalytics.client() as client:
        assert client.whoami().email == scanalytics.credentials["username"]
    assert scanalytics.journal.count(operation="token") == 1


def test_scanalytics_limit_is_ones_own(scanalytics: Any, number: int) -> None:
    with httpx.Client(base_url=scanalytics.url) as http:
        statuses = [http.get("/v1/whoami").status_code for _ in range(5 + number % 3)]
    assert set(statuses) == {401}
    assert scanalytics.journal.count() == len(statuses)


def test_inode_client(inode: Any, number: int) -> None:
    with inode.client() as client:
        assert client.links()
    inode.clock.advance(3_600 * number)


def test_itron_platform_client(itron: Any, number: int) -> None:
    with itron.client() as client:
        assert client.devices()
    assert itron.journal.count(cause="ok") >= 2


def test_itron_gateway_answers_a_ping(vendorlab: Lab, number: int) -> None:
    place = httpx.URL(vendorlab.vendor("itron-coap").url)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.settimeout(5)
        line.sendto(bytes((0x40, 0, 0x12, number)), (place.host, place.port or 0))
        assert line.recv(64) == bytes((0x70, 0, 0x12, number))


def test_itron_broker_listens_with_tls(vendorlab: Lab, number: int) -> None:
    import ssl

    broker = vendorlab.vendor("itron-mqtt")
    place = httpx.URL(broker.url)
    context = ssl.create_default_context(cafile=broker.ca)
    with (
        socket.create_connection((place.host, place.port), 5) as raw,
        context.wrap_socket(raw, server_hostname=place.host) as line,
    ):
        assert line.version()


def test_slv_client(slv: Any, number: int) -> None:
    with slv.client() as client:
        assert client.geozone_root()
    assert slv.journal.last >= 1


def test_all_by_http_without_a_socket(vendorlab: Lab, number: int) -> None:
    with requests.Session() as session:
        vendorlab.mount(session)
        for handle in (vendorlab.scanalytics, vendorlab.inode, vendorlab.itron, vendorlab.slv):
            assert session.get(f"{handle.in_process_url}/nowhere").status_code >= 400
    assert vendorlab.journal.last == 4
