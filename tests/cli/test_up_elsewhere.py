"""``vendorlab up`` where arguments cannot be passed and others have names of their own for it: containers, CI."""

from __future__ import annotations

import json
import signal
import socket
import ssl
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest
from tests.cli.conftest import Up, start_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Result

TOKEN = "a-token-of-my-own"


def stop(up: Up) -> str:
    """End it as a container's engine does; return what it printed."""
    up.process.send_signal(signal.SIGTERM)
    out, _ = up.process.communicate(timeout=5)
    assert up.process.returncode == 0
    return out


def test_environment_says_what_arguments_would(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {
        "VENDORS": "scanalytics slv", "HOST": "0.0.0.0", "KNOWN_AS": "vendorlab localhost", "SEED": "7",
        "START": "2018-03-08T22:45:00Z", "PROFILES": "scanalytics=modern",
        "SETTINGS": "scanalytics.minute_limit=2 scanalytics.refresh_grace=60",
        "LOG_FORMAT": "json", "STATE": str(tmp_path / "state"), "CONTROL_TOKEN": TOKEN,
    }  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setenv(f"VENDORLAB_{name}", value)
    up = start_up(tmp_path)
    assert set(up.ready["vendors"]) == {"scanalytics", "slv"}
    assert up.ready["control"]["token"] == TOKEN
    assert {urlsplit(str(found["url"])).hostname for found in up.ready["vendors"].values()} == {"vendorlab"}
    control = up.ready["control"]["url"].replace("vendorlab", "127.0.0.1")
    clock = httpx.get(f"{control}/clock", headers={"Authorization": f"Bearer {TOKEN}", "Host": "vendorlab"})
    assert clock.json()["now"].startswith("2018-03-08T22:45")
    assert httpx.get(f"{control}/clock", headers={"Host": "vendorlab"}).status_code == 401
    form = {"grant_type": "password", "username": up.credentials["username"], "password": "wrong"}
    port = urlsplit(up.url).port
    refused = httpx.post(f"http://127.0.0.1:{port}/o/token/", data=form | {"client_id": up.credentials["client_id"]})
    assert refused.status_code == 400  # modern
    assert httpx.get(f"{control}/health", headers={"Host": "elsewhere.example"}).status_code == 403
    assert json.loads(stop(up))["event"] == "up"
    assert (tmp_path / "state" / "world.sqlite3").exists()


def test_empty_variables_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VENDORS", "HOST", "KNOWN_AS", "SEED", "START", "PROFILES", "SETTINGS", "STATE", "CONTROL_TOKEN"):
        monkeypatch.setenv(f"VENDORLAB_{name}", "")
    up = start_up(tmp_path, "scanalytics")
    assert len(up.ready["control"]["token"]) > 20
    assert urlsplit(up.url).hostname == "127.0.0.1"
    stop(up)


@pytest.mark.parametrize("token", ["short", "with a space", "käse-und-brot", "=========", "a,b,c,d,e,f"])
def test_token_that_a_header_cannot_carry_is_refused(command: Callable[..., Result], token: str) -> None:
    refused = command("up", "scanalytics", "--port", "0", "--control-token", token)
    assert (refused.code, "control token" in refused.err) == (2, True)
    assert token not in refused.err


def test_brokers_certificate_is_kept_with_the_state_and_is_for_its_names(tmp_path: Path) -> None:
    state = ("itron-mqtt", "--state", str(tmp_path / "state"), "--known-as", "broker.example")
    first = start_up(tmp_path, *state)
    found = first.ready["vendors"]["itron-mqtt"]
    ca = Path(found["ca"]).read_bytes()
    place = urlsplit(str(found["url"]))
    assert place.hostname == "broker.example"
    context = ssl.create_default_context(cadata=ca.decode())
    with (
        socket.create_connection(("127.0.0.1", place.port or 0)) as plain,
        context.wrap_socket(plain, server_hostname="broker.example") as secured,
    ):
        assert secured.version() == "TLSv1.3"
    stop(first)
    again = start_up(tmp_path, *state)
    assert Path(again.ready["vendors"]["itron-mqtt"]["ca"]).read_bytes() == ca
    stop(again)
