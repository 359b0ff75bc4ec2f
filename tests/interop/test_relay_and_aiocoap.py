"""aiocoap's client and server with the relay between: whatever becomes of one datagram, RFC 7252 makes up for it."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import pytest

from vendorlab.mocks.core.edges.relay import UdpRelay
from vendorlab.mocks.core.faults import FaultPlan

aiocoap: Any = pytest.importorskip("aiocoap", reason="needs aiocoap: pip install 'vendorlab[coap]'")
resource: Any = pytest.importorskip("aiocoap.resource")
simple6: Any = pytest.importorskip("aiocoap.transports.simple6")

PATIENCE = 20.0


class Quick(aiocoap.numbers.constants.TransportTuning):  # type: ignore[misc]  # aiocoap has no types
    """Repeats soon, so that a lost datagram costs a test milliseconds."""

    ACK_TIMEOUT = 0.05
    ACK_RANDOM_FACTOR = 1.0


class Counter(resource.Resource):  # type: ignore[misc]
    """Counts what is executed."""

    def __init__(self, pause: float) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]
        self.executed = 0
        self._pause = pause

    async def render_post(self, request: Any) -> Any:
        self.executed += 1
        number = self.executed
        await asyncio.sleep(self._pause)
        return aiocoap.Message(
            code=aiocoap.CHANGED, payload=b"%d:%s" % (number, request.payload), transport_tuning=Quick()
        )


async def posted(rule: dict[str, Any] | None, *, pause: float = 0.0, times: int = 3) -> tuple[list[bytes], int, Any]:
    """What the client got for some POSTs, how many were executed, and what the relay saw."""
    plan = FaultPlan(7)
    if rule is not None:
        plan.add(rule)
    counter = Counter(pause)
    site = resource.Site()
    site.add_resource(["count"], counter)
    server = await aiocoap.Context.create_server_context(site, bind=("127.0.0.1", 0), transports=["simplesocketserver"])
    (interface,) = server.request_interfaces
    address = interface.token_interface.message_interface._pool  # aiocoap tells its port nowhere else
    relay = UdpRelay(plan, ("127.0.0.1", 0), address._transport.get_extra_info("sockname"), protocol="coap")
    await relay.start()
    client = await aiocoap.Context.create_client_context(transports=["simple6"])
    try:
        answers: list[bytes] = []
        for number in range(times):
            message = aiocoap.Message(
                code=aiocoap.POST, uri=f"{relay.url}/count", payload=b"%d" % number, transport_tuning=Quick()
            )
            answer = await asyncio.wait_for(client.request(message).response, PATIENCE)
            answers.append(bytes(answer.payload))
        return answers, counter.executed, relay.statistics()
    finally:
        await client.shutdown()
        await relay.stop()
        await server.shutdown()


@pytest.mark.parametrize("direction", ["in", "out"])
@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize(
    "action",
    [{"kind": "drop"}, {"kind": "duplicate"}, {"kind": "duplicate", "gap": 0.02}, {"kind": "reorder", "timeout": 0.2}],
    ids=str,
)
def test_each_post_is_executed_once_and_answered_right(
    direction: Literal["in", "out"], nth: int, action: dict[str, Any]
) -> None:
    rule = {"action": action, "match": {"direction": direction}, "when": {"nth": nth}}
    answers, executed, seen = asyncio.run(posted(rule))
    assert (answers, executed) == ([b"1:0", b"2:1", b"3:2"], 3)
    assert seen["faults"][0]["struck"] == 1


def test_every_exchange_may_lose_its_first_answer() -> None:
    rule = {"action": {"kind": "drop"}, "match": {"direction": "out"}, "when": {"nth": 1, "per": "exchange"}}
    answers, executed, seen = asyncio.run(posted(rule))
    assert (answers, executed) == ([b"1:0", b"2:1", b"3:2"], 3)
    assert seen["faults"][0]["struck"] == 3
    assert seen["out"]["received"] >= 6, "each answer was asked for again"


def test_separate_answer_that_is_lost_comes_again() -> None:
    rule = {"action": {"kind": "drop"}, "match": {"type": "CON", "code": "2.04"}, "when": {"nth": 1, "per": "exchange"}}
    answers, executed, seen = asyncio.run(posted(rule, pause=0.3, times=2))
    assert (answers, executed) == ([b"1:0", b"2:1"], 2)
    assert seen["faults"][0]["struck"] == 2


def test_spoiled_version_is_ignored_and_the_request_comes_again() -> None:
    rule = {"action": {"kind": "corrupt", "offset": 0, "bit": 7}, "match": {"method": "POST"}, "when": {"nth": 1}}
    answers, executed, _ = asyncio.run(posted(rule, times=1))
    assert (answers, executed) == ([b"1:0"], 1)
