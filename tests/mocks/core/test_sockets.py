"""By which name the listeners of a world are told."""

from __future__ import annotations

import pytest

from vendorlab.mocks.core.sockets import Told


@pytest.mark.parametrize(
    ("host", "known_as", "url", "told"),
    [
        ("127.0.0.1", (), "http://127.0.0.1:7071", "http://127.0.0.1:7071"),
        ("0.0.0.0", (), "http://0.0.0.0:7071", "http://127.0.0.1:7071"),
        ("::", (), "coap://[::]:5683", "coap://[::1]:5683"),
        ("0.0.0.0", ("vendorlab", "localhost"), "mqtts://0.0.0.0:8883", "mqtts://vendorlab:8883"),
        ("0.0.0.0", ("2001:db8::7",), "http://0.0.0.0:7071", "http://[2001:db8::7]:7071"),
        ("::1", ("lab.example",), "https://[::1]:7071", "https://lab.example:7071"),
        ("0.0.0.0", ("vendorlab",), "wss://0.0.0.0:8884/mqtt", "wss://vendorlab:8884/mqtt"),
        # somebody else's broker stays where it is
        ("0.0.0.0", ("vendorlab",), "mqtt://broker.example:1883", "mqtt://broker.example:1883"),
    ],
)
def test_first_name_stands_in_place_of_where_it_listens(
    host: str, known_as: tuple[str, ...], url: str, told: str
) -> None:
    assert Told(host, known_as).url(url) == told


def test_certificate_is_for_every_name_but_not_for_everywhere() -> None:
    assert Told("0.0.0.0", ("vendorlab", "localhost")).names == ["vendorlab", "localhost"]
    assert Told("192.0.2.7").names == ["192.0.2.7"]
