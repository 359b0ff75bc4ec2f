"""The transport in process: what a socket would do, as httpx would have raised it, without waiting where one can."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.mocks.support import Caller

from vendorlab.mocks.core.edges.inprocess import InProcessTransport

if TYPE_CHECKING:
    from tests.mocks.conftest import MakeWorld

    from vendorlab.mocks.core.world import World

BASE = "http://scanalytics.example"


def fault(world: World, kind: str, **parts: Any) -> None:
    world.faults.add({"action": {"kind": kind, **parts}})


@pytest.fixture
def http(world: World) -> httpx.Client:
    return httpx.Client(transport=world.transport("scanalytics"), base_url=BASE)


@pytest.mark.parametrize(
    ("action", "raised"),
    [
        ({"kind": "reset"}, httpx.ReadError),
        ({"kind": "reset", "after": 5}, httpx.ReadError),
        ({"kind": "empty"}, httpx.RemoteProtocolError),
        ({"kind": "truncate", "after": 0}, httpx.RemoteProtocolError),
        ({"kind": "truncate", "after": 5}, httpx.RemoteProtocolError),
    ],
    ids=str,
)
@pytest.mark.parametrize("face", ["sync", "async"])
def test_a_fault_on_the_wire_is_httpx_own_error(
    world: World, action: dict[str, Any], raised: type[Exception], face: str
) -> None:
    world.faults.add({"action": action})

    def ask() -> None:
        httpx.Client(transport=world.transport("scanalytics"), base_url=BASE).get("/v1/whoami")

    async def ask_async() -> None:
        async with httpx.AsyncClient(transport=world.transport("scanalytics"), base_url=BASE) as client:
            await client.get("/v1/whoami")

    with pytest.raises(raised) as caught:
        ask() if face == "sync" else asyncio.run(ask_async())
    assert isinstance(caught.value, httpx.RequestError)
    assert caught.value.request.url.path == "/v1/whoami"
    assert world.journal.find()[0].status == 401


@pytest.mark.parametrize("action", [{"kind": "reset", "after": 10_000}, {"kind": "truncate", "after": 10_000}], ids=str)
def test_an_answer_that_arrived_whole_is_one(world: World, http: httpx.Client, action: dict[str, Any]) -> None:
    world.faults.add({"action": action})
    assert http.get("/v1/whoami").status_code == 401
    assert http.head("/v1/whoami").status_code == 401


def test_the_same_errors_come_over_a_socket(world: World) -> None:
    expected = {"reset": httpx.ReadError, "empty": httpx.RemoteProtocolError, "truncate": httpx.RemoteProtocolError}
    with httpx.Client(base_url=world.listen("scanalytics")) as client:
        for kind, error in expected.items():
            world.faults.add({"action": {"kind": kind} | ({"after": 5} if kind == "truncate" else {}), "times": 1})
            with pytest.raises(error):
                client.get("/v1/whoami")


@pytest.mark.parametrize(
    "action", [{"kind": "delay", "seconds": 5}, {"kind": "drip", "chunk": 1, "interval": 5}], ids=str
)
def test_a_wait_beyond_the_callers_patience_raises_at_once(
    world: World, http: httpx.Client, action: dict[str, Any]
) -> None:
    world.faults.add({"action": action})
    with pytest.raises(httpx.ReadTimeout):
        http.get("/v1/whoami", timeout=4.9)


def test_a_wait_within_the_callers_patience_is_waited_out(world: World) -> None:
    slept: list[float] = []
    transport = InProcessTransport(world.app("scanalytics"), world.clock, slept.append)
    with httpx.Client(transport=transport, base_url=BASE) as client:
        fault(world, "delay", seconds=3)
        assert client.get("/v1/whoami", timeout=None).status_code == 401
        world.faults.clear()
        fault(world, "drip", chunk=30, interval=2)
        body = client.get("/v1/whoami", timeout=3).content
    pauses = -(-len(body) // 30) - 1
    assert slept == [3, 2 * pauses]


def test_an_async_wait_does_not_block_others(world: World) -> None:
    fault(world, "delay", seconds=0.01)

    async def ask() -> list[int]:
        async with httpx.AsyncClient(transport=world.transport("scanalytics"), base_url=BASE) as client:
            answers = await asyncio.gather(*(client.get("/v1/whoami") for _ in range(20)))
        return [answer.status_code for answer in answers]

    assert asyncio.run(ask()) == [401] * 20


def test_date_tells_the_worlds_time(world: World, http: httpx.Client) -> None:
    assert http.get("/nowhere").headers["date"] == "Sat, 21 Nov 2026 05:00:00 GMT"


def test_threads_may_share_it(world: World) -> None:
    import threading

    caller = Caller(world)
    token = caller.login()["access_token"]
    statuses: list[int] = []

    def ask() -> None:
        statuses.extend([caller.get("/v1/whoami", token).status_code for _ in range(15)])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 120
    assert [entry.seq for entry in world.journal.find()] == list(range(1, 122))


def test_worlds_find_their_routes_by_one_table_and_answer_apart(world_of: MakeWorld) -> None:
    one, other = Caller(world_of()), Caller(world_of(seed=8))
    assert one.world.app("scanalytics").url_map is other.world.app("scanalytics").url_map  # else each takes 8 ms
    assert one.world.app("scanalytics").url_map is not world_of("inode").app("inode").url_map
    token = one.login()["access_token"]
    assert [each.get("/v1/whoami", token).status_code for each in (one, other)] == [200, 401]
    assert [len(each.world.journal.find()) for each in (one, other)] == [2, 1]


def test_flask_app_is_the_same_fake_for_any_wsgi_server(world: World) -> None:
    """Read from a WSGI environment, as another server would hand it over."""
    client = world.app("scanalytics").test_client()
    known = Caller(world).password_form()
    answer = client.post("/o/token/", data=known)
    assert answer.status_code == 200
    assert answer.json is not None
    token = answer.json["access_token"]
    assert client.get("/v1/whoami", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert client.post("/o/token/", data=b"x" * 3_000_000).status_code == 413
    assert client.get("/o/token").headers["Location"] == "/o/token/"
    assert client.open("/v1/whoami", method="HEAD").data == b""
    assert world.journal.find()[-1].status == 401
