"""The adapter for requests: what a socket would do, as requests would have raised it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
import requests

from vendorlab.mocks.core.edges.adapter import InProcessAdapter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vendorlab.mocks.core.world import World

BASE = "http://scanalytics.vendorlab.test"


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def session(world: World, slept: list[float]) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.mount(BASE, InProcessAdapter(world.app("scanalytics"), world.clock, slept.append))
        yield session


def login(world: World) -> dict[str, str]:
    known = next(face for face in world.faces() if face.name == "scanalytics").credentials()
    return {"grant_type": "password", **{key: known[key] for key in ("username", "password", "client_id")}}


def encoded(form: dict[str, str]) -> bytes:
    return str(requests.Request("POST", BASE, data=form).prepare().body).encode()


@pytest.mark.parametrize("form", ["dict", "text", "bytes", "file", "pieces"])
def test_a_body_arrives_however_it_is_given(world: World, session: requests.Session, form: str) -> None:
    plain = login(world)
    whole = encoded(plain)
    data: Any = {
        "dict": plain,
        "text": whole.decode(),
        "bytes": whole,
        "file": io.BytesIO(whole),
        "pieces": iter([whole[:9], whole[9:]]),
    }[form]
    head = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = session.post(f"{BASE}/o/token/", data=data, headers=head)
    assert answer.status_code == 200
    token = answer.json()["access_token"]
    assert session.get(f"{BASE}/v1/whoami", headers={"Authorization": f"Bearer {token}"}).ok


@pytest.mark.parametrize(
    ("action", "raised"),
    [
        ({"kind": "reset"}, requests.ConnectionError),
        ({"kind": "empty"}, requests.ConnectionError),
        ({"kind": "reset", "after": 5}, requests.exceptions.ChunkedEncodingError),
        ({"kind": "truncate", "after": 5}, requests.exceptions.ChunkedEncodingError),
        ({"kind": "delay", "seconds": 5}, requests.ReadTimeout),
        ({"kind": "drip", "chunk": 1, "interval": 5}, requests.ReadTimeout),
    ],
    ids=str,
)
@pytest.mark.parametrize("timeout", [4.9, (0.1, 4.9)], ids=str)
def test_a_fault_on_the_wire_is_requests_own_error(
    world: World, session: requests.Session, action: dict[str, Any], raised: type[Exception], timeout: Any
) -> None:
    world.faults.add({"action": action})
    with pytest.raises(raised):
        session.get(f"{BASE}/v1/whoami", timeout=timeout)
    assert world.journal.find()[0].status == 401


def test_a_wait_within_the_callers_patience_is_waited_out(
    world: World, session: requests.Session, slept: list[float]
) -> None:
    world.faults.add({"action": {"kind": "delay", "seconds": 3}})
    assert session.get(f"{BASE}/v1/whoami", timeout=None).status_code == 401
    assert session.head(f"{BASE}/v1/whoami", timeout=4).content == b""
    assert slept == [3, 3]


def test_answers_have_the_date_headers_and_reason_of_a_socket(world: World, session: requests.Session) -> None:
    answer, other = (session.get(f"{base}/v1/whoami") for base in (BASE, world.listen("scanalytics")))
    heads = [{k.lower(): v for k, v in one.headers.items() if k.lower() != "date"} for one in (answer, other)]
    assert heads[0] == heads[1]
    assert (answer.reason, answer.content) == (other.reason, other.content)
    assert answer.headers["Date"] == "Sat, 21 Nov 2026 05:00:00 GMT"


def test_cookies_are_kept(session: requests.Session, world: World) -> None:
    site_world_cookie = ("Set-Cookie", "sessionid=abc; Path=/")
    app = world.app("scanalytics")

    def add(response: Any) -> Any:
        response.headers.add(*site_world_cookie)
        return response

    app.after_request_funcs.setdefault(None, []).append(add)
    session.get(f"{BASE}/v1/whoami")
    assert session.cookies.get("sessionid") == "abc"


def test_query_path_and_host_arrive_as_they_were_sent(world: World, session: requests.Session) -> None:
    session.get(f"{BASE}/v1/nowhere%20else/?q=a%2Bb&q=c")
    (entry,) = world.journal.find()
    assert (entry.path, entry.query) == ("/v1/nowhere else/", "q=a%2Bb&q=c")
