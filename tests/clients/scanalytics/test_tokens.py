"""How the client logs in, renews, and gives up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.clients.django_fake import (
    PASSWORD,
    URL,
    USERNAME,
    FakeClock,
    Grant,
    answer_lost,
    no_connection,
    page,
    request_lost,
    status,
)
from tests.clients.scanalytics.fake_vendor import CLIENT_ID, CLIENT_SECRET, CONFIDENTIAL_ID, FakeVendor

from vendorlab.clients.core.tokens import TokenKey, TokenPair
from vendorlab.clients.scanalytics import (
    LoginRefused,
    LoginRequired,
    MemoryTokenStore,
    NetworkError,
    ScanalyticsClient,
    ServerError,
    StoreError,
    TokenRefused,
    UnexpectedResponse,
    UsageError,
)

if TYPE_CHECKING:
    from tests.clients.faces import Face, MakeFace

    from vendorlab.clients.core.steps import Lock

ADA: dict[str, Any] = {"client_id": CLIENT_ID, "username": USERNAME, "password": PASSWORD}
KEY = TokenKey(URL, CLIENT_ID, USERNAME)


def logged_in(make_face: MakeFace, vendor: FakeVendor, **options: Any) -> Face:
    """A client that has its first token; the vendor's list of requests starts anew."""
    face = make_face(**options)
    face("whoami")
    vendor.requests.clear()
    return face


def test_first_call_logs_in_by_password_without_a_secret(face: Face, vendor: FakeVendor) -> None:
    face("whoami")
    face("whoami")
    form = {"grant_type": "password", "username": USERNAME, "password": PASSWORD, "client_id": CLIENT_ID}
    assert vendor.forms() == [form]


def test_scope_is_asked_for_when_given(make_face: MakeFace, vendor: FakeVendor) -> None:
    make_face(scope="read write")("whoami")
    assert vendor.forms()[0]["scope"] == "read write"


def test_secret_without_username_means_client_credentials(make_face: MakeFace, vendor: FakeVendor) -> None:
    face = make_face(client_id=CONFIDENTIAL_ID, client_secret=CLIENT_SECRET, username=None, password=None)
    face("whoami")
    vendor.revoke_access()
    face("whoami")  # there is no refresh token, so it logs in again
    form = {"grant_type": "client_credentials", "client_id": CONFIDENTIAL_ID, "client_secret": CLIENT_SECRET}
    assert vendor.forms() == [form, form]


def test_secret_with_username_goes_along_with_login_and_refresh(make_face: MakeFace, vendor: FakeVendor) -> None:
    face = make_face(client_id=CONFIDENTIAL_ID, client_secret=CLIENT_SECRET)
    face("whoami")
    vendor.revoke_access()
    face("whoami")
    assert vendor.grant_types() == ["password", "refresh_token"]
    assert {form["client_secret"] for form in vendor.forms()} == {CLIENT_SECRET}


def test_token_is_renewed_shortly_before_it_expires(make_face: MakeFace, vendor: FakeVendor, clock: FakeClock) -> None:
    face = logged_in(make_face, vendor)
    clock.now += 86_400 - 61
    face("whoami")
    assert vendor.grant_types() == []
    clock.now += 2
    face("whoami")
    assert vendor.grant_types() == ["refresh_token"]
    assert len(vendor.asked("/v1/whoami")) == 2  # no 401 on the way


def test_short_lived_token_is_renewed_in_its_last_tenth(
    make_face: MakeFace, vendor: FakeVendor, clock: FakeClock
) -> None:
    vendor.lifetime = 10
    face = logged_in(make_face, vendor)
    clock.now += 8.9
    face("whoami")
    assert vendor.grant_types() == []
    clock.now += 0.2
    face("whoami")
    assert vendor.grant_types() == ["refresh_token"]


def test_token_of_unknown_lifetime_is_renewed_on_401(make_face: MakeFace, vendor: FakeVendor, clock: FakeClock) -> None:
    body = {"access_token": "x" * 30, "token_type": "bearer"}
    vendor.faults.append(lambda request, handler: httpx.Response(200, json=body))
    vendor.grants["x" * 30] = Grant(USERNAME, CLIENT_ID, clock() + 500, None)
    face = make_face()
    face("whoami")
    clock.now += 499
    face("whoami")
    clock.now += 2
    face("whoami")
    paths = [request.url.path for request in vendor.requests]
    assert paths == ["/o/token/", "/v1/whoami", "/v1/whoami", "/v1/whoami", "/o/token/", "/v1/whoami"]


def test_revoked_token_is_renewed_once_and_the_call_repeated(make_face: MakeFace, vendor: FakeVendor) -> None:
    face = logged_in(make_face, vendor)
    vendor.revoke_access()
    assert face("whoami").email == USERNAME
    assert [request.url.path for request in vendor.requests] == ["/v1/whoami", "/o/token/", "/v1/whoami"]
    assert vendor.grant_types() == ["refresh_token"]


def test_each_refresh_spends_the_newest_refresh_token(make_face: MakeFace, vendor: FakeVendor) -> None:
    face = logged_in(make_face, vendor)
    for _ in range(3):
        vendor.revoke_access()
        face("whoami")
    spent = [form["refresh_token"] for form in vendor.forms()]
    assert len(set(spent)) == 3
    assert vendor.grant_types() == ["refresh_token"] * 3


def test_401_after_a_renewal_is_believed(make_face: MakeFace, vendor: FakeVendor) -> None:
    face = logged_in(make_face, vendor)
    vendor.faults.extend([status(401), None, status(401)])
    with pytest.raises(TokenRefused, match="GET /v1/whoami"):
        face("whoami")
    assert len(vendor.requests) == 3


def test_client_that_others_outran_takes_their_token_before_making_one(make_face: MakeFace, vendor: FakeVendor) -> None:
    store = MemoryTokenStore()
    slow, quick = logged_in(make_face, vendor, store=store), make_face(store=store)
    vendor.revoke_access()
    quick("whoami")
    vendor.requests.clear()
    slow("whoami")
    assert [request.url.path for request in vendor.requests] == ["/v1/whoami", "/v1/whoami"]


def test_client_whose_adopted_token_fails_too_makes_one(make_face: MakeFace, vendor: FakeVendor) -> None:
    store = MemoryTokenStore()
    slow, quick = logged_in(make_face, vendor, store=store), make_face(store=store)
    vendor.revoke_access()
    quick("whoami")
    vendor.revoke_access()
    vendor.requests.clear()
    slow("whoami")
    paths = [request.url.path for request in vendor.requests]
    assert paths == ["/v1/whoami", "/v1/whoami", "/o/token/", "/v1/whoami"]


def test_spent_refresh_token_leads_to_one_new_login(make_face: MakeFace, vendor: FakeVendor, profile: str) -> None:
    vendor.profile = profile
    face = logged_in(make_face, vendor)
    vendor.spend_refresh()
    assert face("whoami").email == USERNAME
    assert vendor.grant_types() == ["refresh_token", "password"]


def test_spent_refresh_token_without_a_password_asks_for_a_login(
    make_face: MakeFace, vendor: FakeVendor, profile: str
) -> None:
    vendor.profile = profile
    store = MemoryTokenStore()
    logged_in(make_face, vendor, store=store)
    vendor.spend_refresh()
    face = make_face(store=store, password=None)
    for _ in range(2):
        with pytest.raises(LoginRequired, match="log in again"):
            face("whoami")
    assert vendor.grant_types() == ["refresh_token"]  # the dead token is not tried again
    assert store.load(KEY) is None


def test_client_without_password_lives_on_a_stored_token(make_face: MakeFace, vendor: FakeVendor) -> None:
    store = MemoryTokenStore()
    logged_in(make_face, vendor, store=store)
    make_face(store=store, password=None)("whoami")
    assert vendor.grant_types() == []


def test_wrong_password_is_refused_with_the_vendors_reason(
    make_face: MakeFace, vendor: FakeVendor, profile: str
) -> None:
    vendor.profile = profile
    with pytest.raises(
        LoginRefused, match=r"POST /o/token/: 40[01] invalid_grant: Invalid credentials given\."
    ) as caught:
        make_face(password="wrong")("whoami")
    assert isinstance(caught.value, LoginRequired)
    assert len(vendor.requests) == 1


def test_unknown_application_is_told_from_wrong_password(make_face: MakeFace) -> None:
    with pytest.raises(LoginRefused) as caught:
        make_face(client_id="nobody")("whoami")
    assert caught.value.error == "invalid_client"


def test_refused_application_does_not_cost_the_refresh_token(make_face: MakeFace, vendor: FakeVendor) -> None:
    store = MemoryTokenStore()
    face = logged_in(make_face, vendor, store=store)
    vendor.revoke_access()
    vendor.faults.extend([None, lambda request, handler: httpx.Response(401, json={"error": "invalid_client"})])
    with pytest.raises(LoginRefused, match="invalid_client"):
        face("whoami")
    face("whoami")
    assert vendor.grant_types() == ["refresh_token", "refresh_token"]


def test_lost_refresh_answer_is_tried_once_more_and_then_logged_in_anew(
    make_face: MakeFace, vendor: FakeVendor, profile: str
) -> None:
    vendor.profile = profile
    face = logged_in(make_face, vendor)
    vendor.revoke_access()
    vendor.faults.extend([None, answer_lost])
    assert face("whoami").email == USERNAME
    forms = vendor.forms()
    assert vendor.grant_types() == ["refresh_token", "refresh_token", "password"]
    assert forms[0] == forms[1]


def test_lost_refresh_answer_without_a_password_asks_for_a_login(make_face: MakeFace, vendor: FakeVendor) -> None:
    store = MemoryTokenStore()
    logged_in(make_face, vendor, store=store)
    vendor.revoke_access()
    face = make_face(store=store, password=None)
    vendor.faults.extend([None, answer_lost])
    with pytest.raises(LoginRequired):
        face("whoami")


def test_lost_refresh_request_costs_nothing(make_face: MakeFace, vendor: FakeVendor) -> None:
    face = logged_in(make_face, vendor)
    vendor.revoke_access()
    vendor.faults.extend([None, request_lost])
    face("whoami")
    assert vendor.grant_types() == ["refresh_token", "refresh_token"]


@pytest.mark.parametrize(
    "fault", [no_connection, request_lost, status(503)], ids=["no-connection", "request-lost", "status-503"]
)
def test_refresh_token_is_kept_through_an_outage(make_face: MakeFace, vendor: FakeVendor, fault: Any) -> None:
    face = logged_in(make_face, vendor)
    vendor.revoke_access()
    vendor.faults.extend([None, fault, fault])
    with pytest.raises((NetworkError, ServerError)):
        face("whoami")
    assert vendor.grant_types() == ["refresh_token"] * 2
    face("whoami")
    assert vendor.grant_types() == ["refresh_token"] * 3


def test_refresh_answer_of_the_wrong_content_type_is_still_taken(make_face: MakeFace, vendor: FakeVendor) -> None:
    def mislabelled(request: httpx.Request, handler: Any) -> httpx.Response:
        return httpx.Response(200, content=handler(request).content, headers={"Content-Type": "text/html"})

    face = logged_in(make_face, vendor)
    vendor.revoke_access()
    vendor.faults.extend([None, mislabelled])
    face("whoami")
    assert vendor.grant_types() == ["refresh_token"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"access_token": 7}, "access_token"),
        ({"access_token": ""}, ""),
        ({"access_token": "line\nbreak"}, ""),
        ({"refresh_token": "ünïcödé"}, ""),
        ({"expires_in": "86400"}, "expires_in"),
        ({"expires_in": 0}, "expires_in"),
        ({"token_type": "mac"}, "token_type"),
        ({"scope": None}, "scope"),
    ],
)
def test_token_answer_of_another_shape_is_unexpected(
    make_face: MakeFace, vendor: FakeVendor, change: dict[str, Any], field: str
) -> None:
    body = {"access_token": "a", "expires_in": 86_400, "token_type": "Bearer", "scope": "read", "refresh_token": "r"}
    vendor.faults.append(lambda request, handler: httpx.Response(200, json=body | change))
    with pytest.raises(UnexpectedResponse) as caught:
        make_face()("whoami")
    assert caught.value.field == field


@pytest.mark.parametrize("fault", [page("<h1>Hello</h1>"), *map(status, (301, 401, 404, 405))], ids=str)
def test_token_endpoint_that_is_not_one_is_unexpected(make_face: MakeFace, vendor: FakeVendor, fault: Any) -> None:
    vendor.faults.append(fault)
    with pytest.raises(UnexpectedResponse, match="POST /o/token/"):
        make_face()("whoami")
    assert len(vendor.requests) == 1


def test_refresh_answer_without_a_refresh_token_leaves_the_old_one(make_face: MakeFace, vendor: FakeVendor) -> None:
    def unrotated(request: httpx.Request, handler: Any) -> httpx.Response:
        body: dict[str, Any] = handler(request).json()
        vendor.grants[body["access_token"]].refresh = "refresh" + "0" * 22 + "1"
        del body["refresh_token"]
        return httpx.Response(200, json=body)

    face = logged_in(make_face, vendor)
    for _ in range(2):
        vendor.revoke_access()
        vendor.faults.extend([None, unrotated])
        face("whoami")
    first, second = vendor.forms()
    assert first["refresh_token"] == second["refresh_token"]


class FailingStore(MemoryTokenStore):
    """A store that notes what was saved when, and can be told to fail."""

    def __init__(self, vendor: FakeVendor) -> None:
        super().__init__()
        self.vendor = vendor
        self.failures = 0
        self.requests_at_save: list[int] = []

    def save(self, key: TokenKey, pair: TokenPair) -> None:
        if self.failures:
            self.failures -= 1
            raise StoreError("disk full")
        self.requests_at_save.append(len(self.vendor.requests))
        super().save(key, pair)


def test_new_pair_is_saved_before_it_is_used(make_face: MakeFace, vendor: FakeVendor) -> None:
    store = FailingStore(vendor)
    face = make_face(store=store)
    face("whoami")
    vendor.revoke_access()
    face("whoami")
    assert store.requests_at_save == [1, 4]  # login, save, call; call refused, refresh, save, call


def test_pair_that_could_not_be_saved_is_neither_used_nor_lost(make_face: MakeFace, vendor: FakeVendor) -> None:
    store = FailingStore(vendor)
    face = logged_in(make_face, vendor, store=store)
    vendor.revoke_access()
    store.failures = 1
    with pytest.raises(StoreError, match="disk full"):
        face("whoami")
    assert [request.url.path for request in vendor.requests] == ["/v1/whoami", "/o/token/"]
    face("whoami")
    assert [request.url.path for request in vendor.requests] == ["/v1/whoami", "/o/token/", "/v1/whoami"]
    saved = store.load(KEY)
    assert saved is not None
    assert saved.access.reveal() == max(vendor.grants)


class TakenLock:
    def try_acquire(self) -> bool:
        return False

    def release(self) -> None:
        raise AssertionError("was never held")


class LockedStore(MemoryTokenStore):
    def lock(self) -> Lock:
        return TakenLock()


def test_lock_that_never_comes_free_is_an_error(make_face: MakeFace, vendor: FakeVendor) -> None:
    with pytest.raises(StoreError, match="held the lock"):
        make_face(store=LockedStore(), lock_timeout=0)("whoami")
    assert vendor.requests == []


def test_tokens_of_another_vendor_application_user_or_scope_are_not_used(vendor: FakeVendor) -> None:
    store = MemoryTokenStore()
    others: list[dict[str, Any]] = [
        {},
        {"scope": "read"},
        {"client_id": CONFIDENTIAL_ID, "client_secret": CLIENT_SECRET},
    ]
    for base_url in (URL, URL + "/", "http://other.test"):
        for other in others:
            with ScanalyticsClient(
                base_url, transport=httpx.MockTransport(vendor), store=store, **(ADA | other)
            ) as client:
                client.whoami()
    assert len(vendor.asked("/o/token/")) == 2 * len(others)  # a slash more makes no other vendor


@pytest.mark.parametrize(
    ("base_url", "options"),
    [
        ("vendor.test", {}),
        ("ftp://vendor.test", {}),
        ("http://ada:pw@vendor.test", {}),
        ("http://vendor.test/?a=b", {}),
        ("http://vendor.test:port", {}),
        (URL, {"client_id": ""}),
        (URL, {"username": None}),
        (URL, {"version": "v3"}),
    ],
)
def test_wrong_settings_are_refused_at_once(base_url: str, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        ScanalyticsClient(base_url, **(ADA | options))


def test_credentials_come_from_the_environment(vendor: FakeVendor, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"URL": URL, "USERNAME": USERNAME, "PASSWORD": PASSWORD, "CLIENT_ID": CLIENT_ID}.items():
        monkeypatch.setenv(f"VENDORLAB_SCANALYTICS_{name}", value)
    monkeypatch.setenv("VENDORLAB_SCANALYTICS_CLIENT_SECRET", "")  # empty is as good as absent
    with ScanalyticsClient.from_env(transport=httpx.MockTransport(vendor)) as client:
        assert client.whoami().email == USERNAME
    with (
        ScanalyticsClient.from_env(transport=httpx.MockTransport(vendor), password="wrong") as client,
        pytest.raises(LoginRefused),
    ):
        client.whoami()


def test_missing_variables_are_named() -> None:
    with pytest.raises(UsageError, match="VENDORLAB_SCANALYTICS_URL, VENDORLAB_SCANALYTICS_CLIENT_ID"):
        ScanalyticsClient.from_env({})
