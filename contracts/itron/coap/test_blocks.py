"""Answers in blocks: the boards know nothing of them, so the Gateway cuts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.coap.message import Option, block
from vendorlab.contracts.itron.coap import forms
from vendorlab.contracts.itron.coap.gateway import BAD_REQUEST, FORMS, GET, LINKS, Form

if TYPE_CHECKING:
    from vendorlab.contracts.core.coap.line import Answer
    from vendorlab.contracts.itron.coap.boards import Board
    from vendorlab.contracts.itron.coap.gateway import Gateway

pytestmark = pytest.mark.vendorlab("itron-coap")

_CORE = "/snsr/.well-known/core"


def _part(answer: Answer) -> tuple[int, bool, int]:
    """Return number, whether more follows, and the size of an answer's block."""
    __tracebackhide__ = True
    value = answer.message.uint(Option.BLOCK2)
    answer.check(value is not None, "Block2")
    assert value is not None
    return value >> 4, bool(value & 8), 1 << (value & 7) + 4


def _whole(gateway: Gateway, mac: str, path: str, size: int, form: Form = "Proxy-Uri") -> bytes:
    """Ask for a resource block by block, and return what they make up."""
    __tracebackhide__ = True
    found = b""
    for number in range(64):
        answer = gateway.get(mac, path, (Option.BLOCK2, block(number, size=size)), form=form)
        forms.code(answer, "2.05")
        index, more, given = _part(answer)
        answer.check((index, given) == (number, size), f"block {number} of {size} bytes")
        whole = len(answer.payload) == size if more else 0 < len(answer.payload) <= size
        answer.check(whole, f"a block of {size} bytes" if more else f"a last block of at most {size} bytes")
        found += answer.payload
        if not more:
            return found
    raise AssertionError(f"{path} has no end")


@pytest.mark.claim("itron-coap.block.small")
@pytest.mark.parametrize("form", FORMS)
def test_reading_fits_the_block_that_the_vendors_clients_ask_for(
    gateway: Gateway, thermometer: Board, form: Form
) -> None:
    """128 bytes, the first block; it is the last as well."""
    answer = gateway.get(thermometer.mac, thermometer.sens, (Option.BLOCK2, b"\x03"), form=form)
    forms.temperature(answer)
    value = answer.message.uint(Option.BLOCK2)
    answer.check(value in {None, 3}, "no Block2, or number 0, no more, 128 bytes")


@pytest.mark.claim("itron-coap.block.slices")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [16, 32, 64])
def test_blocks_make_up_what_comes_at_once_without_them(gateway: Gateway, mac: str, size: int, form: Form) -> None:
    """Each as large as was asked for, the last no larger."""
    whole = forms.content(gateway.get(mac, _CORE), LINKS)
    found = _whole(gateway, mac, _CORE, size, form)
    assert found == whole, f"{found!r} in blocks, {whole!r} at once"


@pytest.mark.claim("itron-coap.block.content-format")
def test_every_block_says_what_it_is_of(gateway: Gateway, mac: str) -> None:
    """The Content-Format is that of the whole."""
    for number in range(3):
        answer = gateway.get(mac, _CORE, (Option.BLOCK2, block(number, size=32)))
        forms.content(answer, LINKS)


@pytest.mark.claim("itron-coap.block.reading")
def test_reading_in_blocks_is_one_reading(gateway: Gateway, thermometer: Board) -> None:
    """What is put together makes sense."""
    found = forms.unwrapped(_whole(gateway, thermometer.mac, thermometer.sens, 16))
    assert found is not None, "the blocks do not make up a map in CBOR"
    assert found[0] == "temp"


@pytest.mark.claim("itron-coap.block.beyond")
def test_block_beyond_the_end_is_refused(gateway: Gateway, mac: str) -> None:
    """With an error of the client's."""
    answer = gateway.get(mac, _CORE, (Option.BLOCK2, block(40, size=128)))
    answer.check(answer.code[0] == "4", "an error of the client's")


@pytest.mark.claim("itron-coap.block.reserved")
def test_reserved_size_is_a_bad_request(gateway: Gateway, mac: str) -> None:
    """Seven stands for none."""
    forms.refused(gateway.get(mac, _CORE, (Option.BLOCK2, b"\x07")), BAD_REQUEST)


@pytest.mark.claim("itron-coap.block.own")
def test_gateways_own_resource_comes_in_blocks(stranger: Gateway) -> None:
    """Where one is too small for it."""
    path = ((Option.URI_PATH.value, b".well-known"), (Option.URI_PATH.value, b"core"))
    whole = forms.content(stranger.ask(GET, *path), LINKS)
    answer = stranger.ask(GET, *path, (Option.BLOCK2, block(0, size=16)))
    forms.code(answer, "2.05")
    number, more, size = _part(answer)
    answer.check((number, more, size) == (0, len(whole) > 16, 16), "the first block of 16 bytes")
    answer.check(answer.payload == whole[:16], "the first 16 bytes")
