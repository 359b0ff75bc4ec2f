"""The face for Python programs: ``vendorlab.world()`` and the fixtures made of it."""

from __future__ import annotations

import asyncio
import json
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import vendorlab as package
from vendorlab.mocks.core.errors import WorldError

if TYPE_CHECKING:
    from collections.abc import Callable

    from vendorlab.lab import Lab, VendorHandle

START = datetime(2026, 11, 21, 5, tzinfo=UTC)


def make(*vendors: str, **options: Any) -> Lab:
    seed: int = options.pop("seed", 7)
    return package.world(*vendors, seed=seed, start=START, rate=0.0, **options)


def loops() -> int:
    """Threads of ours that serve listeners."""
    return sum(thread.name == "vendorlab" for thread in threading.enumerate())


def test_the_example_of_the_interface_works() -> None:
    with package.world("scanalytics", seed=7) as w:
        assert w.scanalytics.url.startswith("http://127.0.0.1:")
        client = w.scanalytics.client()
        assert client.whoami().email == w.scanalytics.credentials["username"]
        w.clock.advance(86_401)
        answer = httpx.get(f"{w.scanalytics.url}/v1/whoami")
        assert answer.status_code == 401
        assert [entry.cause for entry in w.journal.find(vendor="scanalytics", status=401)] == ["no-credentials"]
        client.close()


def test_it_listens_only_once_an_address_is_asked_for_and_ends_with_the_block() -> None:
    before = loops()
    with make() as lab:
        handle = lab.scanalytics
        assert handle.credentials["client_id"]
        with httpx.Client(transport=handle.transport(), base_url="http://scanalytics.example") as http:
            assert http.get("/v1/whoami").status_code == 401
        assert handle.app.test_client().get("/v1/whoami").status_code == 401
        assert (loops(), lab.world.listeners()) == (before, [])
        url = handle.url
        assert url == handle.url == lab.scanalytics.url
        assert loops() == before + 1
    assert loops() == before
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/v1/whoami")


def test_an_error_in_the_block_ends_the_world_too() -> None:
    before = loops()
    with pytest.raises(ZeroDivisionError), make() as lab:
        _ = len(lab.scanalytics.url) / 0
    assert loops() == before


def test_unknown_vendors_are_told_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"'scanalitics'.*scanalytics"):
        make("scanalitics")
    with make() as lab, pytest.raises(WorldError, match="'nobody'"):
        lab.vendor("nobody")


def test_options_for_other_vendors_are_refused() -> None:
    with pytest.raises(WorldError, match="'inode'"):
        make("scanalytics", profiles={"inode": "modern"})
    with pytest.raises(WorldError, match="'inode'"):
        make("scanalytics", settings={"inode": {}})


def test_options_reach_the_world() -> None:
    with make(profiles={"scanalytics": "modern"}, settings={"scanalytics": {"deployments": 3}}) as lab:
        assert lab.scanalytics.backend.profile == "modern"
        assert (lab.clock.now(), lab.clock.frozen) == (START, True)
        with lab.scanalytics.client() as client:
            assert len(list(client.deployments())) == 3


def test_credentials_go_by_the_names_of_the_ready_file() -> None:
    with make() as lab:
        assert {
            "username",
            "password",
            "client_id",
            "confidential_client_id",
            "confidential_client_secret",
        } <= set(lab.scanalytics.credentials)


def test_the_same_seed_gives_the_same_world() -> None:
    with make() as one, make() as same, make(seed=8) as other:
        assert one.scanalytics.credentials == same.scanalytics.credentials != other.scanalytics.credentials


def test_handles_share_the_worlds_clock_faults_and_journal() -> None:
    with make() as lab:
        handle = lab.scanalytics
        assert handle.clock is lab.clock is lab.world.clock
        assert handle.faults is lab.faults is lab.world.faults
        assert handle.journal is lab.journal is lab.world.journal
        assert handle.backend is lab.world.vendor("scanalytics")


def test_the_async_client_works() -> None:
    async def ask(handle: VendorHandle) -> str:
        async with handle.async_client() as client:
            return str((await client.whoami()).email)

    with make() as lab:
        assert asyncio.run(ask(lab.scanalytics)) == lab.scanalytics.credentials["username"]


def test_the_client_renews_by_itself_when_the_day_is_over() -> None:
    with make() as lab, lab.scanalytics.client() as client:
        client.whoami()
        lab.clock.advance(timedelta(days=2))
        client.whoami()
        entries = lab.journal.find(operation="token")
        assert [entry.detail["grant_type"] for entry in entries] == ["password", "refresh_token"]


def test_reset_snapshot_and_restore() -> None:
    with make() as lab:
        with lab.scanalytics.client() as client:
            client.whoami()
        document = json.loads(json.dumps(lab.snapshot()))
        lab.clock.advance(1_000)
        lab.restore(document)
        assert lab.clock.now() == START
        assert lab.clock.timers == 1
        lab.reset()
        assert (lab.clock.timers, lab.journal.last) == (0, 0)
        first = dict(lab.scanalytics.credentials)
        lab.reset(8)
        assert dict(lab.scanalytics.credentials) != first


def test_the_fixture_is_a_clean_world(vendorlab: Lab, scanalytics: VendorHandle) -> None:
    assert vendorlab.journal.last == 0
    assert scanalytics.clock is vendorlab.clock
    assert httpx.get(f"{scanalytics.url}/v1/whoami").status_code == 401
    assert vendorlab.journal.last == 1


def test_the_fixture_that_makes_worlds_ends_them(make_world: Callable[..., Lab]) -> None:
    one, other = make_world(seed=1), make_world("scanalytics", seed=2)
    assert one.scanalytics.url != other.scanalytics.url


def test_the_packages_face_is_small_and_loaded_late() -> None:
    assert package.__all__ == ["Lab", "__version__", "story", "world"]
    with pytest.raises(AttributeError, match="'nothing'"):
        _ = package.nothing
