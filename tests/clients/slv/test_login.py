"""How the client gets in, stays in, and gets in again."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.clients.django_fake import FakeClock, Handler, Instead, answer_lost, no_connection, page, status
from tests.clients.slv.conftest import ACCOUNT
from tests.clients.slv.fake_vendor import LOGIN_PAGE, ORIGIN, OTHER_PAGE, PASSWORD, USERNAME, FakeVendor

from vendorlab.clients.slv import (
    AsyncSlvClient,
    ClientError,
    LoginRefused,
    NotJson,
    OperationFailed,
    PermissionDenied,
    ServerError,
    SlvClient,
    TokenRefused,
    UnexpectedResponse,
    UsageError,
)

if TYPE_CHECKING:
    from tests.clients.faces import Face, MakeFace

USER = "/userprofile/getCurrentUser"
ROOT = "/asset/getGeoZoneRoot"
LAMP = ("C1", "L7")


def test_fetch_shows_basic_once_and_calls_show_cookie_and_token(face: Face, vendor: FakeVendor) -> None:
    face("geozone_root")
    face("geozone_root")
    fetch, *calls = vendor.requests
    assert vendor.paths() == [USER, ROOT, ROOT]
    assert fetch.headers["Authorization"].startswith("Basic ")
    assert (fetch.headers["X-CSRF-Token"], fetch.headers["X-Requested-With"]) == ("Fetch", "XMLHttpRequest")
    ((session, token),) = vendor.sessions.items()
    for call in calls:
        assert "Authorization" not in call.headers
        assert (call.headers["Cookie"], call.headers["X-CSRF-Token"]) == (f"JSESSIONID={session}", token)


@pytest.mark.parametrize("login", ["auto", "basic"])
def test_old_server_is_shown_basic_on_each_call(make_face: MakeFace, vendor: FakeVendor, login: str) -> None:
    vendor.version = "7.7"
    face = make_face(login=login)
    face("geozone_root")
    face("geozone_root")
    assert vendor.paths() == ([USER] if login == "auto" else []) + [ROOT, ROOT]
    assert all(request.headers["Authorization"].startswith("Basic ") for request in vendor.requests)
    assert not any("Cookie" in request.headers for request in vendor.requests)


@pytest.mark.parametrize("version", ["7.7", "7.12"])
def test_form_login_takes_the_cookie_that_the_login_gave_and_a_token_if_there_is_one(
    make_face: MakeFace, vendor: FakeVendor, version: str
) -> None:
    vendor.version = version
    make_face(login="form")("geozone_root")
    assert vendor.paths() == ["/auth.json", "/j_security_check", USER, ROOT]
    ((session, token),) = vendor.sessions.items()
    last = vendor.requests[-1]
    assert (last.headers["Cookie"], last.headers.get("X-CSRF-Token")) == (f"JSESSIONID={session}", token)
    assert (token is None) is (version == "7.7")
    assert not any("Authorization" in request.headers for request in vendor.requests)


def test_server_that_answers_basic_with_its_login_page_is_filled_in(face: Face, vendor: FakeVendor) -> None:
    vendor.takes_basic = False
    face("geozone_root")
    assert vendor.paths() == [USER, "/auth.json", "/j_security_check", USER, ROOT]


def test_server_that_does_not_take_basic_refuses_csrf_login(make_face: MakeFace, vendor: FakeVendor) -> None:
    vendor.takes_basic = False
    with pytest.raises(LoginRefused, match="a login page in place of an answer: 'ada' is not let in"):
        make_face(login="csrf")("geozone_root")
    assert vendor.paths() == [USER]


def test_server_without_tokens_is_reported_to_csrf_login(make_face: MakeFace, vendor: FakeVendor) -> None:
    vendor.version = "7.7"
    with pytest.raises(UnexpectedResponse, match="login='basic'"):
        make_face(login="csrf")("geozone_root")


def test_server_that_wants_tokens_refuses_basic_login_once(make_face: MakeFace, vendor: FakeVendor) -> None:
    with pytest.raises(LoginRefused, match="a CSRF token is required; login='auto' fetches one"):
        make_face(login="basic")("geozones")
    assert len(vendor.requests) == 1


@pytest.mark.parametrize(
    ("options", "requests"), [({}, 1), ({"login": "csrf"}, 1), ({"login": "form"}, 3), ({"login": "basic"}, 1)]
)
def test_wrong_password_is_refused_and_not_tried_again(
    make_face: MakeFace, vendor: FakeVendor, options: dict[str, Any], requests: int
) -> None:
    vendor.version = "7.7" if options.get("login") == "basic" else "7.12"
    with pytest.raises(LoginRefused, match="'ada' is not let in"):
        make_face(password="wrong", **options)("geozone_root")
    assert len(vendor.requests) == requests


def out(name: str, vendor: FakeVendor) -> None:
    """Be logged out one way or another."""
    match name:
        case "session":
            vendor.end_sessions()
        case "token":
            vendor.change_tokens()
        case "401":
            vendor.faults.append(status(401))
        case "redirect":
            vendor.faults.append(Instead("302", lambda: httpx.Response(302, headers={"Location": "/reports/login"})))
        case _:
            vendor.faults.append(page(LOGIN_PAGE))


OUT = ["session", "token", "401", "redirect", "page"]


@pytest.mark.parametrize("login", ["auto", "form"])
@pytest.mark.parametrize("way", OUT)
@pytest.mark.parametrize("ask", [("geozone_root",), ("switch_on", LAMP)], ids=["read", "write"])
def test_call_that_is_not_let_in_is_sent_again_after_one_login(
    make_face: MakeFace, vendor: FakeVendor, way: str, ask: tuple[Any, ...], login: str
) -> None:
    face = make_face(login=login)
    face("user")
    vendor.requests.clear()
    out(way, vendor)
    face(*ask)
    assert vendor.logins() == 1
    assert [request.url.path for request in vendor.calls()] == [vendor.requests[0].url.path] * 2


@pytest.mark.parametrize("way", ["401", "redirect", "page"])
def test_vendor_that_lets_in_and_then_refuses_is_asked_for_few(face: Face, vendor: FakeVendor, way: str) -> None:
    face("user")
    vendor.requests.clear()
    answers = {
        "401": httpx.Response(401),
        "redirect": httpx.Response(302, headers={"Location": "/"}),
        "page": httpx.Response(200, html=LOGIN_PAGE),
    }
    vendor.answers["getGeoZoneRoot"] = answers[way]
    for _ in range(3):
        with pytest.raises(TokenRefused, match="also in a new session"):
            face("geozone_root")
    assert (vendor.logins(), len(vendor.calls())) == (3, 6)


def test_forbidden_that_does_not_speak_of_a_token_is_no_reason_to_log_in(face: Face, vendor: FakeVendor) -> None:
    vendor.answers["switchOn"] = httpx.Response(403)
    with pytest.raises(PermissionDenied, match="POST /reports/api/dimming/switchOn"):
        face("switch_on", LAMP)
    assert (vendor.logins(), len(vendor.calls())) == (1, 1)


def test_some_page_is_taken_for_a_login_page_once_and_then_for_what_it_is(face: Face, vendor: FakeVendor) -> None:
    vendor.answers["getGeoZoneRoot"] = httpx.Response(200, html=OTHER_PAGE)
    with pytest.raises(NotJson, match="a web page in place of an answer"):
        face("geozone_root")
    assert (vendor.logins(), len(vendor.calls())) == (2, 2)


def test_write_is_not_sent_again_after_some_page(face: Face, vendor: FakeVendor) -> None:
    vendor.answers["switchOn"] = httpx.Response(200, html=OTHER_PAGE)
    with pytest.raises(NotJson):
        face("switch_on", LAMP)
    assert (vendor.logins(), len(vendor.calls())) == (1, 1)


def test_page_in_place_of_the_fetch_is_no_refusal(face: Face, vendor: FakeVendor) -> None:
    vendor.faults.append(page(OTHER_PAGE))
    with pytest.raises(NotJson, match="no login page"):
        face("geozone_root")
    assert len(face("geozones")) == 2


@pytest.mark.parametrize("login", ["auto", "form"])
def test_server_in_trouble_is_tried_again_and_then_reported(
    make_face: MakeFace, vendor: FakeVendor, login: str
) -> None:
    vendor.faults.extend([status(503), None])
    face = make_face(login=login)
    assert face("user").login == USERNAME
    vendor.end_sessions()
    vendor.faults.extend([None, status(500)])
    with pytest.raises(ServerError):
        face("geozones")


def test_redirected_fetch_is_reported(face: Face, vendor: FakeVendor) -> None:
    vendor.faults.append(Instead("308", lambda: httpx.Response(308, headers={"Location": "https://vendor.test/"})))
    with pytest.raises(UnexpectedResponse, match="redirected; not followed"):
        face("geozones")
    assert len(vendor.requests) == 1


@pytest.mark.parametrize("fault", [answer_lost, status(503), status(500)], ids=["lost", "503", "500"])
def test_write_is_never_sent_again_when_it_may_have_been_done(face: Face, vendor: FakeVendor, fault: Any) -> None:
    face("user")
    vendor.faults.append(fault)
    with pytest.raises(ClientError):
        face("set_values", LAMP, {"power": 90})
    assert len(vendor.calls()) == 2  # the user, and the write


def test_write_that_was_surely_not_sent_is_tried_again(face: Face, vendor: FakeVendor) -> None:
    face("user")
    vendor.faults.append(no_connection)
    face("switch_off", LAMP)
    assert [request.method for request in vendor.calls()[1:]] == ["POST", "POST"]


def test_read_is_sent_again_when_its_answer_was_lost(face: Face, vendor: FakeVendor) -> None:
    vendor.faults.extend([None, answer_lost])
    assert face("geozone_root").name == "North"


def test_failed_operation_is_no_reason_to_log_in(face: Face, vendor: FakeVendor) -> None:
    vendor.answers["switchOn"] = httpx.Response(200, json={"errorCode": 5, "status": "ERROR"})
    with pytest.raises(OperationFailed):
        face("switch_on", LAMP)
    assert vendor.logins() == 1


def test_cookie_of_a_session_that_has_ended_is_not_shown_to_the_next_login(face: Face, vendor: FakeVendor) -> None:
    face("user")
    vendor.end_sessions()
    face("user")
    fetches = [request for request in vendor.requests if request.headers["X-CSRF-Token"] == "Fetch"]
    assert len(fetches) == 2
    assert not any("Cookie" in request.headers for request in fetches)


def test_fetch_without_a_cookie_goes_on_with_basic_and_the_token(face: Face, vendor: FakeVendor) -> None:
    def without_cookie(request: httpx.Request, handler: Handler) -> httpx.Response:
        return httpx.Response(200, json={"login": USERNAME}, headers={"X-CSRF-Token": "abc"})

    vendor.faults.extend([without_cookie, Instead("ok", lambda: httpx.Response(200, json=[]))])
    assert face("geozones") == []
    call = vendor.requests[-1]
    assert call.headers["X-CSRF-Token"] == "abc"
    assert call.headers["Authorization"].startswith("Basic ")


def test_many_threads_log_in_once_and_again_once(vendor: FakeVendor, clock: FakeClock) -> None:
    barrier = threading.Barrier(8)
    with SlvClient(ORIGIN, clock=clock, transport=httpx.MockTransport(vendor), **ACCOUNT) as client:

        def work() -> None:
            barrier.wait()
            client.geozone_root()

        for logins in (1, 2):
            threads = [threading.Thread(target=work) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert vendor.logins() == logins
            vendor.end_sessions()


def test_many_tasks_log_in_once_and_a_refusal_holds_for_all_who_wait(vendor: FakeVendor, clock: FakeClock) -> None:
    async def slowly(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.01)
        return vendor(request)

    async def main(password: str) -> list[Any]:
        account: dict[str, Any] = ACCOUNT | {"password": password}
        async with AsyncSlvClient(ORIGIN, clock=clock, transport=httpx.MockTransport(slowly), **account) as client:
            return await asyncio.gather(*(client.geozone_root() for _ in range(8)), return_exceptions=True)

    assert {found.id for found in asyncio.run(main(PASSWORD))} == {4}
    assert vendor.logins() == 1
    assert {type(found) for found in asyncio.run(main("wrong"))} == {LoginRefused}
    assert vendor.logins() == 2


def test_cancelled_task_leaves_the_login_to_end_by_itself(vendor: FakeVendor, clock: FakeClock) -> None:
    async def slowly(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.02)
        return vendor(request)

    async def main() -> None:
        async with AsyncSlvClient(ORIGIN, clock=clock, transport=httpx.MockTransport(slowly), **ACCOUNT) as client:
            task = asyncio.create_task(client.user())
            await asyncio.sleep(0.005)
            task.cancel()
            await client.geozone_root()

    asyncio.run(main())
    assert (vendor.logins(), vendor.paths()) == (1, [USER, ROOT])


@pytest.mark.parametrize(
    "options",
    [
        {"username": ""}, {"username": None}, {"password": None}, {"username": "a:b"}, {"login": "token"},
        {"style": "rest"}, {"ser": "yaml"}, {"zone": "Mars/Olympus"}, {"zone": "../etc"}, {"base_url": "vendor.test"},
    ],
    ids=str,
)  # fmt: skip
def test_wrong_option_is_refused_at_once(make_face: MakeFace, vendor: FakeVendor, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        make_face(**options)
    assert vendor.requests == []


@pytest.mark.parametrize("base_url", [ORIGIN, ORIGIN + "/", ORIGIN + "/reports", ORIGIN + "/reports/"])
def test_base_url_may_end_with_reports(make_face: MakeFace, vendor: FakeVendor, base_url: str) -> None:
    make_face(base_url=base_url)("geozone_root")
    assert vendor.paths() == [USER, ROOT]


ENVIRONMENT = {
    "VENDORLAB_SLV_URL": ORIGIN,
    "VENDORLAB_SLV_USERNAME": USERNAME,
    "VENDORLAB_SLV_PASSWORD": PASSWORD,
    "VENDORLAB_SLV_CA": "",
}


def test_environment_makes_a_client(vendor: FakeVendor) -> None:
    with SlvClient.from_env(ENVIRONMENT, transport=httpx.MockTransport(vendor)) as client:
        assert client.user().login == USERNAME
        assert str(client) == "<SlvClient for ada at http://vendor.test>"


@pytest.mark.parametrize("name", ["URL", "USERNAME", "PASSWORD"])
@pytest.mark.parametrize("kind", [SlvClient, AsyncSlvClient])
def test_environment_that_lacks_something_is_named(kind: Any, name: str) -> None:
    with pytest.raises(UsageError, match=f"VENDORLAB_SLV_{name}"):
        kind.from_env(ENVIRONMENT | {f"VENDORLAB_SLV_{name}": ""})


def test_option_wins_over_the_environment(vendor: FakeVendor) -> None:
    environment = ENVIRONMENT | {"VENDORLAB_SLV_PASSWORD": ""}
    with SlvClient.from_env(environment, transport=httpx.MockTransport(vendor), password=PASSWORD) as client:
        assert client.user().profile == "operators"


def test_environment_names_the_certificates_to_trust() -> None:
    with pytest.raises(UsageError, match=r"cannot use the CA file /nowhere\.pem"):
        SlvClient.from_env(ENVIRONMENT | {"VENDORLAB_SLV_CA": "/nowhere.pem"})
