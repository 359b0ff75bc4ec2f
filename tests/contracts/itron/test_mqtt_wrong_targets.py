"""The broker's suite on targets that are wrong: it must say so, and neither trip over them nor be taken in.

They speak without TLS, which the suite takes from an address mqtt://; the tests of TLS are skipped there.
"""

from __future__ import annotations

import itertools
import json
import socketserver
import threading
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from tests.contracts.alike import CLOCK, serving

from vendorlab.contracts.core.control import ControlAddress
from vendorlab.contracts.core.mqtt import packets
from vendorlab.contracts.core.mqtt.answers import MalformedError, split
from vendorlab.contracts.core.mqtt.packets import Kind
from vendorlab.contracts.core.run import run_suite
from vendorlab.contracts.core.target import Target
from vendorlab.contracts.itron.platform.forms import packed

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

WELCOME, PONG = packets.packet(Kind.CONNACK, b"\0\0"), packets.packet(Kind.PINGRESP)
TENANT = "TN5d0f6c3e-2b7a-4a41-9f58-0c1d2e3f4a5b"
TOKEN = packed({"alg": "HS256"}, {"iat": 0, "exp": 3_600, "sub": TENANT}, "signature-of-nobody")
PLATFORM = (200, "application/json", json.dumps({"accessToken": TOKEN}).encode())
CREDENTIALS = {
    **dict.fromkeys(("client_id", "client_secret", "second_client_id", "second_client_secret"), "made-up"),
    "username": "notused",
    "tenant": TENANT,
    "caas_username": "somebody",
    "caas_password": "made-up",
    "timeout": "0.03",
    "max_packet": "1000",
}


class Handler(socketserver.BaseRequestHandler):
    """Answers whatever comes with what ``answer`` makes of it; None ends the line."""

    answer: ClassVar[Callable[[bytes], bytes | None]]

    def handle(self) -> None:
        try:
            while content := self.request.recv(65_536):
                found = type(self).answer(content)
                if found is None:
                    return
                self.request.sendall(found)
        except OSError:
            return


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64


@contextmanager
def broker(answer: Callable[[bytes], bytes | None]) -> Generator[str]:
    with Server(("127.0.0.1", 0), type("Alike", (Handler,), {"answer": staticmethod(answer)})) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"mqtt://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def judged(answer: Callable[[bytes], bytes | None], folder: Path, *arguments: str) -> list[dict[str, Any]]:
    """Run the suite, and give its tests."""
    with broker(answer) as url, serving(*PLATFORM) as platform, serving(*CLOCK) as control:
        status = run_suite(
            "itron-mqtt",
            targets={
                "itron-mqtt": Target("itron-mqtt", url, CREDENTIALS),
                "itron-platform": Target("itron-platform", platform),
            },
            control=ControlAddress(control, "made-up"),
            json_path=folder / "report.json",
            extra_args=["-q", "--no-summary", "--tb=no", *arguments],
        )
    assert status == 1
    report = json.loads((folder / "report.json").read_text())
    return list(report["vendors"]["itron-mqtt"]["tests"])


class Nonsense:
    """End the line, make noise, echo, welcome everything, and be a web server, in turn."""

    def __init__(self) -> None:
        self._turn = itertools.cycle(range(5))

    def __call__(self, content: bytes) -> bytes | None:
        noise = bytes(each ^ 0x5A for each in content)
        return (None, noise, content, WELCOME, b"HTTP/1.1 400 Bad Request\r\n\r\n")[next(self._turn)]


@pytest.mark.slow
def test_nonsense_passes_no_test_and_breaks_none(tmp_path: Path) -> None:
    tests = judged(Nonsense(), tmp_path)
    assert [(each["name"], each["reason"]) for each in tests if each["verdict"] == "error"] == []
    assert [each["name"] for each in tests if each["verdict"] == "passed"] == []
    verdicts = Counter(each["verdict"] for each in tests)
    assert verdicts["failed"] > 0.95 * len(tests), verdicts


def credulous(content: bytes) -> bytes:
    """Let everybody in, grant everything, and end no line."""
    said = b""
    try:
        while (found := split(content)) is not None:
            packet, content = found
            number = packet.body[:2]
            said += {
                Kind.CONNECT: WELCOME,
                Kind.SUBSCRIBE: packets.packet(Kind.SUBACK, number + b"\0"),
                Kind.UNSUBSCRIBE: packets.packet(Kind.UNSUBACK, number),
                Kind.PINGREQ: PONG,
            }.get(packet.kind, b"")
    except MalformedError:
        pass
    return said


@pytest.mark.slow
def test_broker_that_lets_everybody_do_everything_is_found_out(tmp_path: Path) -> None:
    """Whatever says that something is refused, or ends a line, must fail."""
    tests = judged(credulous, tmp_path, "-k", "test_login or test_publish or test_subscribe or test_connect")
    refusing = ("itron-mqtt.refusal.", "itron-mqtt.publish.", "itron-mqtt.connect.first", "itron-mqtt.connect.twice")
    found = [each for each in tests if any(claim.startswith(refusing) for claim in each["claims"])]
    assert len(found) > 50
    assert [each["name"] for each in found if each["verdict"] != "failed"] == []
