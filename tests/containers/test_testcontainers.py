"""The container of testcontainers, against an engine in small that runs `vendorlab up` for real."""

from __future__ import annotations

import re
import socket
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from testcontainers.core.config import ConnectionMode, testcontainers_config
from tests.containers.engine_api import Engine

import vendorlab
from vendorlab.clients.scanalytics import ScanalyticsClient
from vendorlab.testcontainers import Healthy, VendorlabContainer

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = datetime(2018, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Give an engine that testcontainers finds, without its reaper, which is a container of another image."""
    monkeypatch.setattr(testcontainers_config, "_ryuk_disabled", True)
    monkeypatch.setattr(testcontainers_config, "tc_host_override", None)
    monkeypatch.setattr(testcontainers_config, "hub_image_name_prefix", "")
    for name in ("DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_AUTH_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(testcontainers_config, "tc_properties", {})
    monkeypatch.setattr(testcontainers_config, "connection_mode_override", ConnectionMode.docker_host)
    with tempfile.TemporaryDirectory(prefix="engine-") as folder:
        made = Engine(Path(folder))
        monkeypatch.setenv("DOCKER_HOST", made.host)
        yield made
        made.stop()


def test_container_serves_a_world_of_its_own(engine: Engine) -> None:
    with VendorlabContainer("scanalytics", seed=7, start=NOON) as fakes:
        known = fakes.credentials("scanalytics")
        login = {name: known[name] for name in ("username", "password", "client_id")}
        with ScanalyticsClient(base_url=fakes.url("scanalytics"), **login) as client:
            assert client.whoami().email == known["username"]
        assert fakes.control.advance(86_401).clock.now > NOON + timedelta(days=1)
        assert {token.state for token in fakes.control.tokens(kind="access")} == {"expired"}
        with vendorlab.world("scanalytics", seed=7) as lab:
            assert lab.scanalytics.credentials == known
    assert engine.pulled == []


def test_container_takes_settings_and_environment(engine: Engine) -> None:
    settings = {"scanalytics": {"minute_limit": 1, "editing": True}}
    container = VendorlabContainer("scanalytics", profiles={"scanalytics": "modern"}, settings=settings)
    container.with_env("VENDORLAB_CONTROL_TOKEN", "a-token-of-my-own").with_env("VENDORLAB_LOG_FORMAT", "json")
    with container as fakes:
        answer = httpx.get(
            f"{fakes.control.url}/version", headers={"Authorization": "Bearer a-token-of-my-own"}, trust_env=False
        )
        assert answer.status_code == 200
        known = fakes.credentials("scanalytics")
        form = {name: known[name] for name in ("username", "password", "client_id")} | {"grant_type": "password"}
        token = httpx.post(f"{fakes.url('scanalytics')}/o/token/", data=form, trust_env=False).json()["access_token"]
        asked = [
            httpx.get(f"{fakes.url('scanalytics')}/v1/whoami", params={"access_token": token}, trust_env=False)
            for _ in range(2)
        ]
        assert [answer.status_code for answer in asked] == [200, 429]
        assert fakes.get_logs()[0].startswith(b'{"event": "up"')
    assert {"VENDORLAB_PROFILES=scanalytics=modern"} < set(engine.created[0].asked["Env"])


def test_container_reaches_every_kind_of_address(engine: Engine) -> None:
    with VendorlabContainer("itron") as fakes:
        assert fakes.url("itron") == fakes.url("itron-platform")
        assert fakes.url("itron-platform").startswith("http://localhost:")
        assert fakes.ca("itron-platform") is None
        authority = fakes.ca("itron-mqtt")
        assert authority is not None
        host, _, port = fakes.url("itron-mqtt").rpartition("//")[2].partition(":")
        with (
            socket.create_connection((host, int(port))) as plain,
            ssl.create_default_context(cadata=authority).wrap_socket(plain, server_hostname=host) as secure,
        ):
            assert secure.version() == "TLSv1.3"
        base = engine.created[0].base
        assert fakes.url("itron-coap") == f"{fakes.url('itron-coap').partition('://')[0]}://localhost:{base + 4}"


def test_container_publishes_only_what_is_in_it(engine: Engine) -> None:
    with VendorlabContainer("itron-platform", "slv", image="ours:1") as fakes:
        assert set(engine.created[0].asked["ExposedPorts"]) == {"7070/tcp", "7073/tcp", "7074/tcp"}
        with pytest.raises(
            ValueError, match="no vendor 'scanalytics' in this container; there are: itron-platform, slv"
        ):
            fakes.url("scanalytics")
    assert engine.pulled == ["ours:1"]


def test_container_ends_with_its_state(engine: Engine) -> None:
    with VendorlabContainer("slv"):
        (running,) = engine.containers.values()
        assert (running.home / "state").is_dir()
    assert (engine.containers, running.status, running.home.exists()) == ({}, "exited", False)


def test_container_that_cannot_start_says_why_and_is_removed(engine: Engine) -> None:
    with (
        pytest.raises(RuntimeError, match="there is no setting 'minute_limt' \\(did you mean 'minute_limit'"),
        VendorlabContainer("scanalytics", settings={"scanalytics": {"minute_limt": 1}}),
    ):
        pass
    assert engine.containers == {}


def test_container_that_does_not_become_healthy_is_told_of(engine: Engine) -> None:
    engine.astray = 5_000
    container = VendorlabContainer("slv").waiting_for(Healthy().with_startup_timeout(0))
    with pytest.raises(TimeoutError, match="nothing answers at http://localhost:"), container:
        pass
    assert engine.containers == {}


def test_example_of_the_documents_runs(engine: Engine, tree: Path) -> None:
    page = (tree / "docs" / "containers.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?VendorlabContainer.*?)^```$", page, re.MULTILINE | re.DOTALL)
    exec(example, {})
    (asked,) = (one.asked for one in engine.created)
    assert "VENDORLAB_START=2018-03-01T00:00:00+00:00" in asked["Env"]
    assert engine.containers == {}


def test_vendor_that_does_not_exist_is_an_error(engine: Engine) -> None:
    with pytest.raises(ValueError, match="there is no vendor 'scanalitics'; there are: scanalytics"):
        VendorlabContainer("scanalitics")


def test_setting_that_the_environment_cannot_carry_is_an_error(engine: Engine) -> None:
    with pytest.raises(ValueError, match="has a space in it"):
        VendorlabContainer("slv", settings={"slv": {"zone": "two words"}})
