"""Passwords, cookies and CSRF tokens stay out of URLs, reprs, errors and logs."""

from __future__ import annotations

import logging
import traceback
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.clients.django_fake import Handler, answer_lost, page, status
from tests.clients.slv.fake_vendor import LOGIN_PAGE, OTHER_PAGE, PASSWORD, USERNAME, FakeVendor

from vendorlab.clients.core.secret import Credential, Secret
from vendorlab.clients.core.steps import Call
from vendorlab.clients.slv import ClientError
from vendorlab.clients.slv.login import Account, Entry

if TYPE_CHECKING:
    from tests.clients.faces import Face, MakeFace

BASIC = b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
LAMP = ("C1", "L7")


def leaks(text: str, vendor: FakeVendor) -> list[str]:
    return [secret for secret in (PASSWORD, BASIC, *vendor.secrets) if secret in text]


def live_fully(face: Face, vendor: FakeVendor) -> None:
    face("devices", 4)
    vendor.end_sessions()
    face("switch_on", LAMP)
    vendor.change_tokens()
    vendor.faults.extend([None, None, status(503)])
    face("geozones")


@pytest.mark.parametrize("login", ["auto", "form"])
@pytest.mark.parametrize("style", ["path", "servlet"])
def test_no_secret_is_in_a_url_a_body_or_a_log(
    make_face: MakeFace, vendor: FakeVendor, caplog: pytest.LogCaptureFixture, login: str, style: str
) -> None:
    caplog.set_level(logging.DEBUG)
    live_fully(make_face(login=login, style=style), vendor)
    assert "getCurrentUser" in caplog.text
    assert vendor.secrets
    assert leaks(caplog.text, vendor) == []
    assert leaks(" ".join(str(request.url) for request in vendor.requests), vendor) == []
    assert leaks(" ".join(request.content.decode() for request in vendor.calls()), vendor) == []


def echo(request: httpx.Request, handler: Handler) -> httpx.Response:
    return httpx.Response(200, text=str(dict(request.headers)))


def cut(request: httpx.Request, handler: Handler) -> httpx.Response:
    return httpx.Response(200, content=handler(request).content[:-2], headers={"Content-Type": "text/xml"})


@pytest.mark.parametrize(
    "faults",
    [
        [*[answer_lost] * 4], [status(401)], [status(403)], [page(OTHER_PAGE)], [page(LOGIN_PAGE)], [echo],
        [None, *[answer_lost] * 4], [None, page(LOGIN_PAGE), None, page(LOGIN_PAGE)], [None, echo], [None, cut],
        [None, status(500)], [None, status(404)],
    ],
    ids=["no-login", "401", "403", "page", "login-page", "echo", "lost", "out", "call-echo", "cut", "500", "404"],
)  # fmt: skip
@pytest.mark.parametrize("login", ["csrf", "form"])
def test_no_secret_is_in_an_error_or_its_trace(
    make_face: MakeFace, vendor: FakeVendor, faults: list[Any], login: str
) -> None:
    vendor.faults.extend([None, None, *faults] if login == "form" else faults)
    with pytest.raises(ClientError) as caught:
        make_face(login=login)("call", "asset", "getGeoZoneRoot")
    error = caught.value
    told = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error)) + str(error)
    assert leaks(told, vendor) == []


def test_no_secret_is_in_a_repr(face: Face, vendor: FakeVendor) -> None:
    face("geozones")
    ((cookie, token),) = vendor.sessions.items()
    entry = Entry(Credential("Basic", Secret(BASIC)), (("JSESSIONID", Secret(cookie)),), Secret(str(token)))
    call = entry.applied(Call("POST", "/reports/j_security_check", form={"j_password": PASSWORD}))
    account = Account(USERNAME, Secret(PASSWORD))
    session: Any = face.client._session
    authority: dict[str, Any] = session._authority.__dict__
    shown = (face.client, face.client.__dict__, entry, call, account, account.basic(), authority)
    assert leaks(" ".join(map(repr, shown)), vendor) == []
