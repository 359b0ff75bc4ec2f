"""Passwords, secrets and tokens stay out of URLs, reprs, errors and logs."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.clients.django_fake import PASSWORD, URL, USERNAME, Handler, answer_lost, status
from tests.clients.scanalytics.fake_vendor import CLIENT_SECRET, CONFIDENTIAL_ID, FakeVendor

from vendorlab.clients.core.oauth import Application
from vendorlab.clients.core.secret import Credential
from vendorlab.clients.core.steps import Call
from vendorlab.clients.core.tokens import TokenKey
from vendorlab.clients.scanalytics import ClientError, FileTokenStore, MemoryTokenStore, Secret

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clients.faces import MakeFace


def secrets_of(vendor: FakeVendor) -> list[str]:
    assert vendor.issued
    return [PASSWORD, CLIENT_SECRET, *vendor.issued]


def leaks(text: str, vendor: FakeVendor) -> list[str]:
    return [secret for secret in secrets_of(vendor) if secret in text]


CONFIDENTIAL: dict[str, Any] = {"client_id": CONFIDENTIAL_ID, "client_secret": CLIENT_SECRET}


def test_no_secret_is_ever_in_a_url(make_face: MakeFace, vendor: FakeVendor) -> None:
    face = make_face(**CONFIDENTIAL)
    face("deployments")
    vendor.revoke_access()
    face("whoami")
    assert leaks(" ".join(str(request.url) for request in vendor.requests), vendor) == []


def test_no_secret_is_in_the_log_of_any_library(
    make_face: MakeFace, vendor: FakeVendor, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    face = make_face(store=FileTokenStore(tmp_path / "tokens.json"), **CONFIDENTIAL)
    face("whoami")
    vendor.revoke_access()
    vendor.faults.extend([None, answer_lost])
    face("whoami")
    assert "/o/token/" in caplog.text
    assert leaks(caplog.text, vendor) == []


def echo(request: httpx.Request, handler: Handler) -> httpx.Response:
    return httpx.Response(200, text=request.headers["Authorization"])


def cut(request: httpx.Request, handler: Handler) -> httpx.Response:
    return httpx.Response(200, content=handler(request).content[:-9])


def other_type(request: httpx.Request, handler: Handler) -> httpx.Response:
    return httpx.Response(200, json=handler(request).json() | {"token_type": "mac"})


@pytest.mark.parametrize(
    "faults",
    [
        [None, *[answer_lost] * 4],
        [None, status(401), status(404)],
        [None, status(401), status(400)],
        [None, echo],
        [cut],
        [other_type],
    ],
    ids=["lost", "404", "400", "echo", "cut", "mac"],
)  # fmt: skip
def test_no_secret_is_in_an_error_or_its_trace(make_face: MakeFace, vendor: FakeVendor, faults: list[Any]) -> None:
    vendor.faults.extend(faults)
    with pytest.raises(ClientError) as caught:
        make_face(**CONFIDENTIAL)("whoami")
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(vars(caught.value))
    assert leaks(told, vendor) == []


def test_no_secret_is_in_a_repr(make_face: MakeFace, vendor: FakeVendor) -> None:
    store = MemoryTokenStore()
    face = make_face(store=store, **CONFIDENTIAL)
    face("whoami")
    pair = store.load(TokenKey(URL, CONFIDENTIAL_ID, USERNAME))
    assert pair is not None
    call = Call(
        "POST",
        "/o/token/",
        form={"password": PASSWORD},
        json=CLIENT_SECRET,
        credential=Credential("Bearer", pair.access),
    )
    application = Application(CONFIDENTIAL_ID, Secret(CLIENT_SECRET), USERNAME, Secret(PASSWORD))
    text = " ".join(map(repr, (face.client, store, pair, call, application, face.client.__dict__)))
    assert "ada@example.com" in repr(face.client)
    assert leaks(text, vendor) == []


def test_secret_shows_a_mask_wherever_it_is_printed() -> None:
    secret = Secret("swordfish")
    for shown in (f"{secret}", f"{secret!r}", str(secret), str([secret]), "%s" % secret):  # noqa: UP031
        assert "****" in shown
        assert "swordfish" not in shown
    assert secret.reveal() == "swordfish"


def test_secrets_are_compared_by_their_text() -> None:
    assert Secret("a") == Secret("a")
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert Secret("a") != "a"
