"""A request must be gone with its answer: what knows each other in a ring waits for the collector, who then has to look
at thousands of them at once.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest
from tests.mocks.itron.coap_support import TEMP, Desk, proxied

from vendorlab.mocks.core.coap.codes import Code, Type
from vendorlab.mocks.core.coap.options import Option

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mocks.conftest import MakeWorld


def read(desk: Desk) -> None:
    desk.request(Code.GET, proxied(desk.uri()))


def read_without_acknowledgement(desk: Desk) -> None:
    desk.request(Code.GET, proxied(desk.uri()), type_=Type.NON)


def ask_for_what_is_not_there(desk: Desk) -> None:
    desk.request(Code.GET, proxied(desk.uri("/snsr/nothing")))


def ask_nobody(desk: Desk) -> None:
    desk.request(Code.GET, proxied("coap://nobody/"))


def wait_for_a_slow_device(desk: Desk) -> None:
    desk.mesh.set_conditions(desk.mac(), latency=20)
    desk.request(Code.GET, proxied(desk.uri()))
    desk.advance(300)


def wait_in_vain(desk: Desk) -> None:
    desk.mesh.set_conditions(desk.mac(), latency=20, loss_in=1)
    desk.request(Code.GET, proxied(desk.uri()))
    desk.advance(400)


def observe_and_cancel(desk: Desk) -> None:
    desk.request(Code.GET, proxied(desk.uri(f"{TEMP}?sens"), (Option.OBSERVE, 0)), token=b"ob")
    desk.advance(130)
    desk.request(Code.GET, proxied(desk.uri(f"{TEMP}?sens"), (Option.OBSERVE, 1)), token=b"ob")


@pytest.mark.parametrize(
    "act",
    [
        read, read_without_acknowledgement, ask_for_what_is_not_there, ask_nobody, wait_for_a_slow_device, wait_in_vain,
        observe_and_cancel,
    ],
)  # fmt: skip
def test_request_leaves_nothing_for_the_collector(world_of: MakeWorld, act: Callable[[Desk], None]) -> None:
    desk = Desk(world_of("itron"))
    desk.open()
    act(desk)
    gc.collect()
    gc.disable()
    try:
        for _ in range(5):
            act(desk)
        found = gc.collect()
    finally:
        gc.enable()
    assert not found
