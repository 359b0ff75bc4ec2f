"""``vendorlab.world(tls=True)``: a test's world over https, with clients that trust it by themselves."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import vendorlab
from vendorlab.mocks.core.errors import WorldError

if TYPE_CHECKING:
    from collections.abc import Callable

    from vendorlab.lab import Lab


@pytest.mark.parametrize("vendor", ["scanalytics", "inode"])
def test_reference_clients_trust_a_world_of_https(vendor: str) -> None:
    async def ask(handle: Any) -> Any:
        async with handle.async_client() as client:
            return list(await client.devices())

    with vendorlab.world(vendor, seed=7, tls=True) as lab:
        handle = lab.vendor(vendor)
        assert handle.url.startswith("https://127.0.0.1:")
        with handle.client() as client:
            devices = list(client.devices())
        assert devices == asyncio.run(ask(handle))
        assert devices
        assert {entry.status for entry in lab.journal.find()} == {200}


def test_others_trust_it_by_its_ca_and_nobody_trusts_it_without() -> None:
    with vendorlab.world("scanalytics", tls=True) as lab:
        url, ca = lab.scanalytics.url, lab.scanalytics.ca
        assert ca is not None
        answer = httpx.get(f"{url}/v1/whoami", verify=ssl.create_default_context(cafile=ca))
        assert answer.status_code == 401
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(f"{url}/v1/whoami")
        folder = Path(ca).parent
    assert not folder.exists()


def test_a_transport_of_ones_own_comes_first() -> None:
    with vendorlab.world("scanalytics", tls=True) as lab:
        inside = lab.scanalytics.transport()
        with lab.scanalytics.client(transport=inside) as client:
            assert client.whoami().email == lab.scanalytics.credentials["username"]


def test_a_certificate_may_be_kept_for_many_worlds(make_world: Callable[..., Lab], tmp_path: Path) -> None:
    one, other = (make_world("scanalytics", tls=where) for where in (tmp_path / "tls", str(tmp_path / "tls")))
    assert one.scanalytics.ca == other.scanalytics.ca == str(tmp_path / "tls" / "ca.pem")
    for lab in (one, other):
        with lab.scanalytics.client() as client:
            assert client.whoami().email
        lab.stop()
    assert (tmp_path / "tls" / "ca.pem").exists()


def test_a_folder_that_will_not_do_is_told(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear Ada")
    with pytest.raises(WorldError, match="name an empty folder"):
        vendorlab.world("scanalytics", tls=tmp_path)


def test_a_world_of_http_has_no_authority() -> None:
    with vendorlab.world("scanalytics") as lab:
        assert lab.scanalytics.ca is None
        assert lab.scanalytics.url.startswith("http://")


def test_a_world_that_cannot_be_made_leaves_no_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(WorldError):
        vendorlab.world("scanalytics", tls=True, profiles={"nobody": "modern"})
    assert list(tmp_path.iterdir()) == []
