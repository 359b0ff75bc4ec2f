"""Client secrets and tokens stay out of URLs, reprs, errors and logs."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.clients.django_fake import Handler, answer_lost, status
from tests.clients.itron.fake_vendor import CLIENT_SECRET, DEVICE_ID, FakeVendor, at

from vendorlab.clients.core.secret import Credential, Secret
from vendorlab.clients.core.steps import Call
from vendorlab.clients.itron import ClientError, FileTokenStore
from vendorlab.clients.itron.tokens import Application, BareToken

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clients.faces import Face, MakeFace


POSTED = {"timestamp": at(0)}


def leaks(text: str, vendor: FakeVendor) -> list[str]:
    assert vendor.issued
    return [secret for secret in (CLIENT_SECRET, *vendor.issued) if secret in text]


def live_fully(face: Face, vendor: FakeVendor) -> None:
    for number in range(5):
        vendor.arrive(at(number))
    vendor.page_size = 2
    face("observations", DEVICE_ID)
    vendor.revoke()
    vendor.faults.extend([None, None, answer_lost, status(503)])
    face("post", DEVICE_ID, [{"timestamp": at(9)}])


def test_no_secret_is_ever_in_a_url_or_a_body_but_the_one_that_asks_for_a_token(face: Face, vendor: FakeVendor) -> None:
    live_fully(face, vendor)
    assert leaks(" ".join(str(request.url) for request in vendor.requests), vendor) == []
    assert leaks(" ".join(request.content.decode() for request in vendor.asked()), vendor) == []


def test_no_secret_is_in_the_log_of_any_library(
    make_face: MakeFace, vendor: FakeVendor, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    live_fully(make_face(store=FileTokenStore(tmp_path / "tokens.json")), vendor)
    assert "/api/tokens" in caplog.text
    assert leaks(caplog.text, vendor) == []


def echo(request: httpx.Request, handler: Handler) -> httpx.Response:
    return httpx.Response(200, text=request.headers["Authorization"])


def cut(request: httpx.Request, handler: Handler) -> httpx.Response:
    return httpx.Response(200, content=handler(request).content[:-2])


@pytest.mark.parametrize(
    "faults",
    [
        [None, *[answer_lost] * 4],
        [None, status(401), status(404)],
        [None, status(401), status(400)],
        [None, echo],
        [cut],
    ],
    ids=["lost", "404", "400", "echo", "cut"],
)
@pytest.mark.parametrize(
    "ask", [("devices",), ("observations", DEVICE_ID), ("post", DEVICE_ID, [{"timestamp": at(0)}])]
)
def test_no_secret_is_in_an_error_or_its_trace(
    face: Face, vendor: FakeVendor, faults: list[Any], ask: tuple[Any, ...]
) -> None:
    vendor.faults.extend(faults)
    try:
        face(*ask)
    except ClientError as error:
        told = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
        assert leaks(told, vendor) == []
    else:
        assert (ask[0], faults[-1]) == ("post", echo)


def test_no_secret_is_in_a_repr(face: Face, vendor: FakeVendor) -> None:
    face("devices")
    token = Secret(next(iter(vendor.issued)))
    call = Call("POST", "/api/tokens", json={"clientSecret": CLIENT_SECRET}, credential=Credential("", token), url="u")
    shown = (face.client, face.client.__dict__, call, Application("id", Secret(CLIENT_SECRET)), BareToken(token))
    assert leaks(" ".join(map(repr, shown)), vendor) == []
