"""Rules and subscriptions of the extension: off unless asked for, strict, and every tenant's own."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.mocks.itron.extension_support import NOWHERE, STUDIO, history, hot, made, make_event, refused, subscribe
from tests.mocks.itron.support import Caller, at, solution

from vendorlab.mocks.itron import extension_wire
from vendorlab.mocks.itron.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mocks.itron.conftest import MakeCaller

EVENTS, SUBSCRIPTIONS = solution("lab", "events"), solution("lab", "subscriptions")


@pytest.fixture
def caller(caller_of: MakeCaller) -> Caller:
    return caller_of(events=True)


def ask_subscription(caller: Caller, **changes: Any) -> Any:
    """A subscription that works, but for the changes; ``...`` leaves a member out."""
    parts = {"eventId": make_event(caller), "url": NOWHERE} | changes
    body = {"subscription": {name: value for name, value in parts.items() if value is not ...}}
    return caller.call("POST", SUBSCRIPTIONS, json=body)


# --- off -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{}, {"simulation": True}])
@pytest.mark.parametrize(
    "path", ["events", "events/x", "subscriptions", "subscriptions/x", "subscriptions/x/deliveries"]
)
def test_extension_is_off_unless_asked_for(caller_of: MakeCaller, settings: dict[str, Any], path: str) -> None:
    answer = caller_of(**settings).get(solution("lab", path))
    assert (answer.status_code, answer.json()) == (403, {"message": "Missing Authentication Token"})


@pytest.mark.parametrize("settings", [{}, {"events": True}])
def test_simulation_is_off_unless_asked_for(caller_of: MakeCaller, settings: dict[str, Any]) -> None:
    assert caller_of(**settings).get(solution(STUDIO, "simulations")).status_code == 403


def test_extension_asks_for_a_token_like_all_the_rest(caller: Caller) -> None:
    assert caller.http.get(EVENTS).status_code == 401
    assert caller.http.post(EVENTS, json=hot()).status_code == 401


def test_browser_may_ask(caller: Caller) -> None:
    answer = caller.http.options(EVENTS)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")


# --- rules -----------------------------------------------------------------------------------------------------------


def test_event_is_made_listed_and_deleted(caller: Caller) -> None:
    first = made(caller.call("POST", EVENTS, json=hot(deviceType="MILLI")), "events")
    assert first == {"id": first["id"], "deviceType": "MILLI", **hot()["event"]}
    second = made(caller.call("POST", EVENTS, json=hot(value="x", operator="eq")), "events")
    assert caller.get(EVENTS).json() == {"events": [first, second]}
    assert caller.call("DELETE", f"{EVENTS}/{first['id']}").json() == {}
    assert refused(caller.call("DELETE", f"{EVENTS}/{first['id']}"), 404) == "Event not found."
    assert caller.get(EVENTS).json() == {"events": [second]}


def test_value_comes_back_as_it_was_written(caller: Caller) -> None:
    body = b'{"event":{"name":"n","sensor":"s","operator":"gt","value":1.10e+400}}'
    assert b'"value":1.10e+400' in caller.call("POST", EVENTS, content=body).content
    assert b'"value":1.10e+400' in caller.get(EVENTS).content


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"name": ...}, "event lacks name."),
        ({"name": ..., "value": ...}, "event lacks name and value."),
        ({"name": ""}, "name must be a string of 1 to 200 characters."),
        ({"name": "x" * 201}, "name must be a string of 1 to 200 characters."),
        ({"sensor": 3}, "sensor must be a string"),
        ({"deviceType": []}, "deviceType must be a string"),
        ({"operator": ">"}, "operator must be one of gt, gte, lt, lte, eq, ne."),
        ({"operator": ["gt"]}, "operator must be one of"),
        ({"value": "warm"}, "value must be a number, as operator is gt."),
        ({"value": True}, "value must be a number, as operator is gt."),
        ({"value": None}, "value must be a number, a string or a boolean."),
        ({"value": {}}, "value must be a number, a string or a boolean."),
        ({"value": [1]}, "value must be a number, a string or a boolean."),
        ({"value": "x" * 201, "operator": "eq"}, "value must be a number, a string or a boolean."),
        ({"treshold": 3}, "event has no member 'treshold'; there are deviceType, name, operator, sensor, value."),
    ],
    ids=str,
)
def test_rule_that_makes_no_sense_is_refused_in_words(caller: Caller, changes: dict[str, Any], says: str) -> None:
    assert says in refused(caller.call("POST", EVENTS, json=hot(**changes)))
    assert caller.get(EVENTS).json() == {"events": []}


BROKEN = [b"", b"{", b"[]", b"{}", b'{"event": null}', b'{"event": []}', b'{"event": NaN}', b'{"event":{"a":1,"a":2}}']


@pytest.mark.parametrize("body", BROKEN)
@pytest.mark.parametrize("path", [EVENTS, SUBSCRIPTIONS])
def test_broken_body_is_refused(caller: Caller, path: str, body: bytes) -> None:
    assert refused(caller.call("POST", path, content=body))


def test_number_beyond_all_bounds_is_no_value(caller: Caller) -> None:
    body = b'{"event":{"name":"n","sensor":"s","operator":"gt","value":1e99999999999999999999}}'
    assert "must be a number" in refused(caller.call("POST", EVENTS, content=body))


@pytest.mark.parametrize("value", ["30", " -1.5e3 "])
def test_number_in_a_string_is_a_number(caller: Caller, value: str) -> None:
    assert made(caller.call("POST", EVENTS, json=hot(value=value)), "events")["value"] == value


# --- subscriptions ---------------------------------------------------------------------------------------------------


def test_subscription_is_made_listed_and_deleted(caller: Caller) -> None:
    event = make_event(caller)
    first = made(ask_subscription(caller, eventId=event, headers={"X-Key": "k v"}), "subscriptions")
    assert first == {"id": first["id"], "eventId": event, "url": NOWHERE, "headers": {"X-Key": "k v"}}
    second = made(ask_subscription(caller, eventId=event), "subscriptions")
    assert second["headers"] == {}
    assert caller.get(SUBSCRIPTIONS).json() == {"subscriptions": [first, second]}
    path = f"{SUBSCRIPTIONS}/{first['id']}"
    assert history(caller, first["id"]) == []
    assert caller.call("DELETE", path).json() == {}
    assert refused(caller.call("DELETE", path), 404) == "Subscription not found."
    assert refused(caller.get(f"{path}/deliveries"), 404) == "Subscription not found."
    assert caller.get(SUBSCRIPTIONS).json() == {"subscriptions": [second]}


def test_subscriptions_go_with_their_event(caller: Caller) -> None:
    event, other = make_event(caller), subscribe(caller)
    subscribe(caller, event=event)
    caller.call("DELETE", f"{EVENTS}/{event}")
    assert [one["id"] for one in caller.get(SUBSCRIPTIONS).json()["subscriptions"]] == [other]


LOOPBACK = [
    "http://127.0.0.1:9/hook?x=1",
    "https://127.8.8.8/",
    "http://localhost",
    "HTTP://LOCALHOST:80/",
    "http://a.localhost/",
    "http://[::1]:8080/",
]


@pytest.mark.parametrize("url", LOOPBACK)
def test_receiver_on_this_machine_is_taken(caller: Caller, url: str) -> None:
    assert made(ask_subscription(caller, url=url), "subscriptions")["url"] == url


ELSEWHERE = [
    "http://192.0.2.1/hook",
    "https://hooks.example.com/",
    "http://[2001:db8::1]/",
    "http://0.0.0.0/",
    "http://127.0.0.1.example.com/",
    "http://localhost.example.com/",
    "http://2130706433/",
    "http://127.1/",
    "http://[::ffff:192.0.2.1]/",
]


@pytest.mark.parametrize("url", ELSEWHERE)
def test_receiver_elsewhere_is_refused_with_the_remedy(caller: Caller, caller_of: MakeCaller, url: str) -> None:
    assert "webhooks_anywhere=true" in refused(ask_subscription(caller, url=url))
    assert caller.last.cause == "not-loopback"
    anywhere = caller_of(events=True, webhooks_anywhere=True)
    assert made(ask_subscription(anywhere, url=url), "subscriptions")["url"] == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/hook",
        "127.0.0.1:80",
        "ftp://127.0.0.1/",
        "http://",
        "http:///x",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:x/",
        "http://[::1/",
        "http://127.0.0.1/a b",
        "http://127.0.0.1/\r\nX: y",
        "http://127.0.0.1/\u00e9",
        "http://127.0.0.1/" + "x" * 2_048,
        "javascript:alert(1)",
        "http://user:word@127.0.0.1/",
        "http://127.0.0.1/#part",
        3,
        None,
        ["http://127.0.0.1/"],
    ],
)
@pytest.mark.parametrize("anywhere", [False, True])
def test_address_that_is_none_is_refused(caller_of: MakeCaller, url: Any, anywhere: bool) -> None:
    caller = caller_of(events=True, webhooks_anywhere=anywhere)
    assert refused(ask_subscription(caller, url=url)).startswith("url must")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": "b\r\nX-C: d"},
        {"X-A": "b\n"},
        {"X-A": "\x00"},
        {"X-A": "é"},
        {"X-A": 3},
        {"X-A": None},
        {"X-A": "x" * 4_097},
        {"X-A\r\nX-B": "c"},
        {"X A": "b"},
        {"": "b"},
        {"Hé": "b"},
        {"Host": "elsewhere"},
        {"content-LENGTH": "0"},
        {"Transfer-Encoding": "chunked"},
        {"User-Agent": "me"},
        {f"X-{number}": "a" for number in range(21)},
        ["X-A"],
        "X-A: b",
    ],
    ids=lambda value: str(value)[:40],
)
def test_header_that_would_break_a_request_is_refused(caller: Caller, headers: Any) -> None:
    assert "header" in refused(ask_subscription(caller, headers=headers))
    assert caller.last.cause == "bad-headers"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"url": ...}, "subscription lacks url."),
        ({"eventId": ...}, "subscription lacks eventId."),
        ({"eventId": 3}, "eventId must be a string"),
        ({"eventId": "nobody"}, "There is no event with this eventId in the solution."),
        ({"secret": "x"}, "subscription has no member 'secret'"),
    ],
)
def test_subscription_that_makes_no_sense_is_refused_in_words(
    caller: Caller, changes: dict[str, Any], says: str
) -> None:
    assert says in refused(ask_subscription(caller, **changes))


def test_one_event_too_many_is_refused(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vendorlab.mocks.itron.events.MOST_EVENTS", 2)
    first, _ = make_event(caller), make_event(caller, "other")
    assert refused(caller.call("POST", EVENTS, json=hot()), 429) == "Limit Exceeded"
    caller.call("DELETE", f"{EVENTS}/{first}")
    make_event(caller)


def test_one_subscription_too_many_is_refused(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vendorlab.mocks.itron.events.MOST_SUBSCRIPTIONS", 2)
    event = make_event(caller)
    first, _ = subscribe(caller, event=event), subscribe(caller, event=event)
    assert refused(ask_subscription(caller, eventId=event), 429) == "Limit Exceeded"
    caller.call("DELETE", f"{SUBSCRIPTIONS}/{first}")
    subscribe(caller, event=event)


# --- whose -----------------------------------------------------------------------------------------------------------


def test_other_tenant_and_other_solution_see_nothing(caller: Caller) -> None:
    event = make_event(caller)
    subscription = subscribe(caller, event=event)
    for place, which in (("lab", "second_"), ("other", "")):
        paths = solution(place, "events"), solution(place, "subscriptions")
        assert caller.get(paths[0], which=which).json() == {"events": []}
        assert caller.get(paths[1], which=which).json() == {"subscriptions": []}
        body = {"subscription": {"eventId": event, "url": NOWHERE}}
        assert caller.call("POST", paths[1], which=which, json=body).status_code == 400
        for path in (f"{paths[0]}/{event}", f"{paths[1]}/{subscription}"):
            assert caller.call("DELETE", path, which=which).status_code == 404
        assert caller.get(f"{paths[1]}/{subscription}/deliveries", which=which).status_code == 404
    assert len(caller.get(SUBSCRIPTIONS).json()["subscriptions"]) == 1


def test_rule_alone_brings_no_delivery(caller: Caller) -> None:
    make_event(caller)
    caller.post(caller.make_device(), at(0, temperature=40))
    assert caller.backend.counts()["deliveries"] == 0


# --- parsers ---------------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=5,
)
MEMBERS = st.dictionaries(
    st.sampled_from(
        [
            *("name", "sensor", "operator", "value", "deviceType", "eventId", "url", "headers", "templateId"),
            *("devices", "interval", "steps", "seed"),
        ]
    ),
    JSON | st.sampled_from(["gt", "eq", NOWHERE, 30, {"X": "y"}]),
)


def read_event(body: bytes) -> object:
    return extension_wire.event(body, "id")


def read_subscription(body: bytes) -> object:
    return extension_wire.subscription(body, "id", "client", anywhere=False)


@pytest.mark.parametrize(
    ("name", "read"),
    [("event", read_event), ("subscription", read_subscription), ("simulation", extension_wire.plan)],
)
@given(members=MEMBERS, data=st.binary(max_size=30))
def test_parser_reads_or_refuses_whatever_comes(
    name: str, read: Callable[[bytes], object], members: dict[str, Any], data: bytes
) -> None:
    for body in (json.dumps({name: members}).encode(), data, b'{"%s":%s}' % (name.encode(), data)):
        with suppress(BadRequest):
            read(body)
