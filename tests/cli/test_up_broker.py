"""``vendorlab up`` with Itron's MQTT broker: its authority, its doors, and another's broker in its place."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.cli.conftest import Up, start_up

from vendorlab.cli.common import environment_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Result

PREFIX = "VENDORLAB_ITRON_MQTT_"


def end(up: Up, number: int = signal.SIGTERM) -> tuple[str, str]:
    up.process.send_signal(number)
    return up.process.communicate(timeout=10)


def test_ready_file_has_what_a_client_needs(served: Up) -> None:
    found = served.ready["vendors"]["itron-mqtt"]
    platform = served.ready["vendors"]["itron-platform"]
    assert found["url"].startswith("mqtts://127.0.0.1:")
    assert platform["url"].startswith("http://")
    assert "ca" not in platform
    known = found["credentials"]
    names = ("client_id", "client_secret", "second_client_id", "second_client_secret")
    assert {name: known[name] for name in names} == platform["credentials"]
    assert known.keys() == {*names, "username", "tenant", "caas_username", "caas_password"}
    assert known["username"] == "notused"
    assert environment_of(served.ready)[f"{PREFIX}CA"] == found["ca"]
    assert list(served.ready["vendors"])[-2:] == ["itron-mqtt", "slv"]


def test_environment_names_the_authority(served: Up, remote: Callable[..., Result]) -> None:
    found = served.ready["vendors"]["itron-mqtt"]
    told = remote("env", "itron-mqtt").out.splitlines()
    assert f"export {PREFIX}CA={found['ca']}" in told
    assert f"export {PREFIX}URL={found['url']}" in told
    assert f"export {PREFIX}TENANT={found['credentials']['tenant']}" in told


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_certificate_is_shown_and_goes_with_the_signal(tmp_path: Path, number: int, code: int) -> None:
    up = start_up(tmp_path, "itron-mqtt")
    ca = Path(up.ready["vendors"]["itron-mqtt"]["ca"])
    assert ca.exists()
    out, err = end(up, number)
    assert (up.process.returncode, err) == (code, "")
    assert f"  ca: {ca}" in out.splitlines()
    assert "REQUESTS_CA_BUNDLE" not in out, "that is for https"
    assert not ca.parent.exists()


def test_other_doors_are_shown_with_the_credentials(tmp_path: Path) -> None:
    settings = ("--set", "itron.mqtt_plain=true", "--set", "itron.mqtt_websocket=true")
    up = start_up(tmp_path, "itron-mqtt", *settings)
    known = up.ready["vendors"]["itron-mqtt"]["credentials"]
    out, _ = end(up)
    for name, scheme in (("plain_url", "mqtt"), ("websocket_url", "wss")):
        assert known[name].startswith(f"{scheme}://127.0.0.1:")
        assert f"  {name}: {known[name]}" in out.splitlines()


def test_another_broker_takes_its_place_and_no_password_is_shown(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        up = start_up(tmp_path, "itron-mqtt", "--broker", f"mqtt://me:hidden-word@{place}")
        found = up.ready["vendors"]["itron-mqtt"]
        assert found["url"] == f"mqtt://{place}"
        time.sleep(0.2)
        out, err = end(up)
    assert "hidden-word" not in out + err + str(up.ready)


def test_address_that_is_none_is_refused_in_one_line(command: Callable[..., Result]) -> None:
    refused = command("up", "itron-mqtt", "--port", "0", "--broker", "http://me:hidden-word@x")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "`mqtt_broker` is an address such as" in refused.err
    assert "hidden-word" not in refused.err


def test_first_line_listens_to_whoever_reports_next(
    served: Up, remote: Callable[..., Result], tool: Callable[[str], str]
) -> None:
    from vendorlab.cli.banner import _try

    tool("mosquitto_sub")
    line = _try("itron-mqtt", served.ready["vendors"]["itron-mqtt"])
    with subprocess.Popen(["sh", "-c", f"{line} -C 1"], stdout=subprocess.PIPE) as listening:
        end_at = time.monotonic() + 20
        while '"operation": "subscribe"' not in remote("journal", "--json").out.replace('":"', '": "'):
            assert time.monotonic() < end_at
        remote("clock", "advance", "1h")
        heard, _ = listening.communicate(timeout=20)
    assert heard.startswith(b"ssni/alert/00135005")
