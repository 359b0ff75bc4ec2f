"""The Gateway's suite on targets that talk rubbish: nothing passes, and the suite does not trip over them."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from tests.contracts.alike import serving

from vendorlab.contracts.core.coap.message import MalformedError, Message, Option, Type
from vendorlab.contracts.core.control import ControlAddress
from vendorlab.contracts.core.run import run_suite
from vendorlab.contracts.core.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    Rubbish = Callable[[bytes], bytes]

CONTROL = b'{"now": "2026-11-21T05:00:00.000000Z", "rate": 1.0, "frozen": false, "timers": 0, "name": "fault"}'
TOKEN = b'{"accessToken": "made.up.token"}'
CREDENTIALS = {
    "devices": "001350050000abcd,001350050000abce",
    **dict.fromkeys(("client_id", "client_secret", "second_client_id", "second_client_secret"), "made-up"),
}


@contextmanager
def talking(rubbish: Rubbish) -> Generator[str]:
    """Answer every datagram at once."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def talk() -> None:
            while True:
                datagram, peer = server.recvfrom(65_535)
                if peer == server.getsockname():
                    return
                server.sendto(rubbish(datagram), peer)

        thread = threading.Thread(target=talk)
        thread.start()
        try:
            yield f"coap://127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.sendto(b"", server.getsockname())
            thread.join()


def verdicts(rubbish: Rubbish, folder: Path) -> dict[str, tuple[str, str]]:
    """Run the suite, and return for each test its verdict and the reason."""
    report = folder / "report.json"
    with (
        talking(rubbish) as url,
        serving(200, "application/json", CONTROL) as control,
        serving(200, "application/json", TOKEN) as platform,
    ):
        status = run_suite(
            "itron-coap",
            targets={
                "itron-coap": Target("itron-coap", url, CREDENTIALS),
                "itron-platform": Target("itron-platform", platform),
            },
            control=ControlAddress(control, "made-up"),
            json_path=report,
            extra_args=["-q", "--no-summary", "--tb=no"],
        )
    assert status == 1
    tests = json.loads(report.read_text())["vendors"]["itron-coap"]["tests"]
    return {test["name"]: (test["verdict"], test["reason"]) for test in tests if not test["name"].endswith("own_time")}


def answering(code: str, payload: bytes = b"", *options: tuple[int, bytes]) -> Rubbish:
    """Answer every request alike, in good form."""

    def answer(datagram: bytes) -> bytes:
        try:
            asked = Message.decode(datagram)
        except MalformedError:
            return b""
        kind = Type.ACK if asked.type is Type.CON else Type.NON
        return Message(kind, code, asked.mid, asked.token, options, payload).encode()

    return answer


RUBBISH: dict[str, Rubbish] = {
    "what it heard": lambda datagram: datagram,
    "resets": lambda datagram: b"\x70\x00" + datagram[2:4],
}
"""Two of many: what the line says to others is tested where it stands."""


@pytest.mark.slow
@pytest.mark.parametrize("kind", RUBBISH)
def test_rubbish_passes_nothing(kind: str, tmp_path: Path) -> None:
    found = verdicts(RUBBISH[kind], tmp_path)
    assert {name: told for name, told in found.items() if told[0] != "failed"} == {}


READING = bytes.fromhex("a2006474656d700163302c43")


@pytest.mark.slow
def test_target_that_answers_everything_with_a_reading_fails_and_never_breaks_the_suite(tmp_path: Path) -> None:
    found = verdicts(answering("2.05", READING, (Option.CONTENT_FORMAT, b"\x3c")), tmp_path)
    assert {name: told for name, told in found.items() if told[0] not in ("failed", "passed")} == {}
    failed = [name for name, told in found.items() if told[0] == "failed"]
    assert len(failed) > 0.85 * len(found), sorted(found.keys() - failed)
