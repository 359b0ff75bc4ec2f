"""libcoap's client and server with the relay between: what the page on the relay shows."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATIENCE = 30.0


@pytest.mark.slow
def test_client_asks_twice_when_the_first_answer_of_each_exchange_is_lost(
    tool: Callable[[str], str], tmp_path: Path
) -> None:
    client, server = tool("coap-client-notls"), tool("coap-server-notls")
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    ready = tmp_path / "ready.json"
    command = [
        sys.executable,
        "-m",
        "vendorlab",
        "relay",
        "udp",
        "--to",
        f"127.0.0.1:{port}",
        "--ready-file",
        str(ready),
    ]
    fault = ["--direction", "out", "--nth", "1", "--per", "exchange", "--drop", "--log-format", "json"]
    with ExitStack() as stack:
        serving = stack.enter_context(
            subprocess.Popen(
                [server, "-A", "127.0.0.1", "-p", port], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        )
        stack.callback(serving.kill)
        relay = stack.enter_context(subprocess.Popen([*command, *fault], stdout=subprocess.PIPE, text=True))
        stack.callback(relay.kill)
        assert relay.stdout is not None
        assert relay.stdout.readline()
        url = f"{json.loads(ready.read_text())['url']}/"
        answer = subprocess.run([client, url], capture_output=True, text=True, timeout=PATIENCE, check=True)
        relay.terminate()
        seen = json.loads(relay.communicate(timeout=PATIENCE)[0])
    assert "libcoap" in answer.stdout
    assert (seen["in"]["received"], seen["out"]["received"], seen["out"]["sent"]) == (2, 2, 1)
    assert seen["faults"][0]["struck"] == 1
