"""How the client proves who it is. What all clients with OAuth share is tested with Scanalytics'."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.clients.django_fake import PASSWORD, URL, USERNAME, FakeClock, answer_lost, status
from tests.clients.inode.conftest import OWNER
from tests.clients.inode.fake_vendor import (
    API_KEY,
    CLIENT_ID,
    CLIENT_SECRET,
    DEVICES,
    LINKS,
    TOKEN_PATH,
    FakeVendor,
)

from vendorlab.clients.core.tokens import TokenKey
from vendorlab.clients.inode import (
    AsyncINodeClient,
    ClientError,
    FileTokenStore,
    INodeClient,
    KeyRefused,
    LoginRefused,
    LoginRequired,
    MemoryTokenStore,
    Secret,
    TokenRefused,
    UsageError,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clients.faces import Face, MakeFace

LOGIN = {"grant_type": "password", "scope": "sync"} | OWNER


def logged_in(make_face: MakeFace, vendor: FakeVendor, **options: Any) -> Face:
    """A client that has its first token; the vendor's list of requests starts anew."""
    face = make_face(**options)
    face("links")
    vendor.requests.clear()
    return face


def paths(vendor: FakeVendor) -> list[str]:
    return [request.url.path for request in vendor.requests]


def test_login_is_a_form_with_the_secret_and_the_scope(face: Face, vendor: FakeVendor) -> None:
    face("links")
    face("devices")
    assert vendor.forms() == [LOGIN]
    assert vendor.requests[0].headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_refresh_carries_the_secret_and_no_scope(make_face: MakeFace, vendor: FakeVendor) -> None:
    face = logged_in(make_face, vendor)
    (grant,) = vendor.grants.values()
    refresh = grant.refresh
    vendor.revoke_access()
    face("links")
    form = {"grant_type": "refresh_token", "refresh_token": refresh}
    assert vendor.forms() == [form | {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}]


def test_bearer_token_is_sent_with_every_request(make_face: MakeFace, vendor: FakeVendor) -> None:
    face = logged_in(make_face, vendor)
    face("links")
    face("device", 311)
    assert {request.headers["Authorization"] for request in vendor.requests} == {f"Bearer {next(iter(vendor.grants))}"}


def test_401_is_answered_by_one_refresh_and_the_call_again(make_face: MakeFace, vendor: FakeVendor) -> None:
    face = logged_in(make_face, vendor)
    vendor.revoke_access()
    assert len(face("links")) == 2
    assert paths(vendor) == [LINKS, TOKEN_PATH, LINKS]
    assert vendor.grant_types() == ["refresh_token"]


def test_401_after_a_refresh_is_believed(make_face: MakeFace, vendor: FakeVendor) -> None:
    face = logged_in(make_face, vendor)
    vendor.faults.extend([status(401), None, status(401)])
    with pytest.raises(TokenRefused, match="GET /api/v1/links/"):
        face("links")
    assert paths(vendor) == [LINKS, TOKEN_PATH, LINKS]


def test_vendor_that_refuses_every_token_is_asked_for_few(make_face: MakeFace, vendor: FakeVendor) -> None:
    face = logged_in(make_face, vendor)
    vendor.bodies[LINKS] = None
    original = vendor.live
    vendor.live = lambda token: False  # type: ignore[method-assign]
    for _ in range(3):
        with pytest.raises(TokenRefused):
            face("links")
    vendor.live = original  # type: ignore[method-assign]
    assert len(vendor.asked(TOKEN_PATH)) == 3  # one for each call


def test_token_is_renewed_shortly_before_its_five_days_end(
    make_face: MakeFace, vendor: FakeVendor, clock: FakeClock
) -> None:
    face = logged_in(make_face, vendor)
    clock.now += 5 * 86_400 - 61
    face("links")
    assert vendor.grant_types() == []
    clock.now += 2
    face("links")
    assert paths(vendor) == [LINKS, TOKEN_PATH, LINKS]


def test_spent_refresh_token_leads_to_one_new_login(make_face: MakeFace, vendor: FakeVendor, profile: str) -> None:
    vendor.profile = profile
    face = logged_in(make_face, vendor)
    vendor.spend_refresh()
    face("links")
    assert vendor.grant_types() == ["refresh_token", "password"]


def test_wrong_password_is_refused_with_the_vendors_reason(
    make_face: MakeFace, vendor: FakeVendor, profile: str
) -> None:
    vendor.profile = profile
    code = 401 if profile == "legacy" else 400
    with pytest.raises(LoginRefused, match=rf"{code} invalid_grant: Invalid credentials given\.") as caught:
        make_face(password="wrong")("links")
    assert (caught.value.error, caught.value.path) == ("invalid_grant", TOKEN_PATH)
    assert len(vendor.requests) == 1


@pytest.mark.parametrize(
    ("options", "error"), [({"client_secret": "wrong"}, "invalid_client"), ({"scope": "read"}, "invalid_scope")]
)
def test_other_refusals_carry_their_code(
    make_face: MakeFace, vendor: FakeVendor, profile: str, options: dict[str, str], error: str
) -> None:
    vendor.profile = profile
    with pytest.raises(LoginRefused) as caught:
        make_face(**options)("links")
    assert caught.value.error == error


def test_account_without_a_password_lives_on_stored_tokens(make_face: MakeFace, vendor: FakeVendor) -> None:
    store = MemoryTokenStore()
    logged_in(make_face, vendor, store=store)
    face = make_face(store=store, password=None)
    face("links")
    assert vendor.grant_types() == []
    vendor.spend_refresh()
    with pytest.raises(LoginRequired, match="log in again"):
        face("links")


def test_token_is_kept_for_the_vendor_application_user_and_scope(make_face: MakeFace, vendor: FakeVendor) -> None:
    store = MemoryTokenStore()
    make_face(store=store, base_url=f"{URL}/api/")("links")
    assert store.load(TokenKey(URL, CLIENT_ID, USERNAME, "sync")) is not None


def test_api_key_needs_no_login(make_face: MakeFace, vendor: FakeVendor) -> None:
    face = make_face(api_key=API_KEY)
    assert (len(face("links")), len(face("devices"))) == (2, 2)
    assert paths(vendor) == [LINKS, DEVICES]
    assert {request.headers["Authorization"] for request in vendor.requests} == {f"Token {API_KEY}"}


def test_refused_api_key_is_not_tried_again(make_face: MakeFace, vendor: FakeVendor) -> None:
    face = make_face(api_key=Secret("withdrawn"))
    with pytest.raises(KeyRefused, match=r"GET /api/v1/links/: 401 Invalid token\."):
        face("links")
    assert len(vendor.requests) == 1


@pytest.mark.parametrize("key", ["", "with blank", "schlüssel", "line\nbreak"])
def test_text_that_cannot_be_a_key_is_refused_at_once(key: str) -> None:
    with pytest.raises(UsageError, match="API key") as caught:
        INodeClient(URL, api_key=key)
    assert key == "" or key not in str(caught.value)


@pytest.mark.parametrize("client", [INodeClient, AsyncINodeClient])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"username": USERNAME, "password": PASSWORD},
        OWNER | {"client_secret": None},
        OWNER | {"client_id": ""},
        {name: value for name, value in OWNER.items() if name != "username"},
        OWNER | {"api_key": API_KEY},
        {"api_key": API_KEY, "password": PASSWORD},
    ],
)
def test_account_that_is_incomplete_or_not_alone_is_refused_at_once(client: Any, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"API key|api_key"):
        client(URL, **options)


ENVIRONMENT = {f"VENDORLAB_INODE_{name.upper()}": value for name, value in OWNER.items()} | {
    "VENDORLAB_INODE_URL": URL,
    "VENDORLAB_INODE_API_KEY": API_KEY,
}


def schemes(vendor: FakeVendor) -> set[str]:
    return {request.headers["Authorization"].split()[0] for request in vendor.asked(LINKS)}


@pytest.mark.parametrize(
    ("absent", "given", "scheme"),
    [
        ((), {}, "Bearer"),
        (("API_KEY",), {}, "Bearer"),
        (("USERNAME", "PASSWORD", "CLIENT_ID", "CLIENT_SECRET"), {}, "Token"),
        (("PASSWORD", "CLIENT_ID", "CLIENT_SECRET"), {}, "Token"),
        ((), {"api_key": API_KEY}, "Token"),
        (("USERNAME", "API_KEY"), {"username": USERNAME}, "Bearer"),
        (("USERNAME", "PASSWORD"), {"username": USERNAME, "password": Secret(PASSWORD)}, "Bearer"),
        (("USERNAME", "PASSWORD", "CLIENT_ID", "CLIENT_SECRET", "API_KEY"), OWNER, "Bearer"),
    ],
)
def test_environment_and_options_together_say_who_asks(
    vendor: FakeVendor, absent: tuple[str, ...], given: dict[str, Any], scheme: str
) -> None:
    variables = ENVIRONMENT | {f"VENDORLAB_INODE_{name}": "" for name in absent}  # empty is as good as absent
    with INodeClient.from_env(variables, transport=httpx.MockTransport(vendor), **given) as client:
        client.links()
    assert schemes(vendor) == {scheme}


def test_process_environment_is_the_default(vendor: FakeVendor, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with INodeClient.from_env(transport=httpx.MockTransport(vendor)) as client:
        assert len(client.links()) == 2


@pytest.mark.parametrize(
    ("variables", "missing"),
    [
        ({}, "VENDORLAB_INODE_URL"),
        (
            {"VENDORLAB_INODE_URL": URL},
            "VENDORLAB_INODE_USERNAME, VENDORLAB_INODE_CLIENT_ID, VENDORLAB_INODE_CLIENT_SECRET",
        ),
        (
            {"VENDORLAB_INODE_URL": URL, "VENDORLAB_INODE_USERNAME": "a", "VENDORLAB_INODE_CLIENT_ID": "b"},
            "VENDORLAB_INODE_CLIENT_SECRET",
        ),
    ],
)
@pytest.mark.parametrize("client", [INodeClient, AsyncINodeClient])
def test_missing_variables_are_named(client: Any, variables: dict[str, str], missing: str) -> None:
    with pytest.raises(UsageError, match=f": {missing}$"):
        client.from_env(variables)


def leaks(text: str, vendor: FakeVendor) -> list[str]:
    return [secret for secret in (PASSWORD, CLIENT_SECRET, API_KEY, *vendor.issued) if secret in text]


def test_no_secret_is_in_a_url_a_log_line_or_a_repr(
    make_face: MakeFace, vendor: FakeVendor, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level("DEBUG")
    holder, owner = make_face(api_key=API_KEY), make_face(store=FileTokenStore(tmp_path / "tokens.json"))
    for face in (holder, owner):
        face("links")
    vendor.revoke_access()
    owner("links")
    assert vendor.issued
    assert leaks(" ".join(str(request.url) for request in vendor.requests), vendor) == []
    assert LINKS in caplog.text
    assert leaks(caplog.text, vendor) == []
    assert leaks(" ".join(repr(face.client) + repr(face.client.__dict__) for face in (holder, owner)), vendor) == []
    assert repr(holder.client).endswith("Client for holder of an API key at http://vendor.test>")
    assert f"for {USERNAME} at" in repr(owner.client)


@pytest.mark.parametrize(
    "options", [{"api_key": API_KEY}, {}, {"password": "wrong" + PASSWORD}], ids=["key", "account", "refused"]
)
def test_no_secret_is_in_an_error_or_its_trace(
    make_face: MakeFace, vendor: FakeVendor, options: dict[str, Any]
) -> None:
    vendor.keys.clear()
    vendor.faults.extend([None, answer_lost, status(403)])
    with pytest.raises(ClientError) as caught:
        make_face(**options)("links")
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(vars(caught.value))
    assert leaks(told, vendor) == []
