"""Topic names and filters: which are valid, and what matches what; trees agree with the plain reading."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vendorlab.mocks.core.mqtt.messages import make_message
from vendorlab.mocks.core.mqtt.profiles import BOUNDS, HIVEMQ4
from vendorlab.mocks.core.mqtt.retained import Retained
from vendorlab.mocks.core.mqtt.routing import Routes
from vendorlab.mocks.core.mqtt.session import Held, Session
from vendorlab.mocks.core.mqtt.topics import is_filter, is_name, matches, split_share

LEVEL = st.sampled_from(["", "a", "b", "c", "$x", "é"])
NAMES = st.lists(LEVEL, min_size=1, max_size=4).map("/".join).filter(bool)
FILTERS = st.tuples(st.lists(LEVEL | st.just("+"), max_size=4), st.booleans()).map(
    lambda parts: "/".join([*parts[0], "#"] if parts[1] else parts[0])
)


@pytest.mark.parametrize("name", ["a", "/", "a/b", "//", " ", "$SYS/x", "a b/é", "a" * 65_535])
def test_name_is_valid(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize("name", ["", "+", "a/+", "#", "a/#", "a+b", "a#"])
def test_name_without_a_character_or_with_a_wildcard_is_none(name: str) -> None:
    """MQTT-4.7.1-1, MQTT-4.7.3-1."""
    assert not is_name(name)


@pytest.mark.parametrize(
    "text", ["a", "/", "#", "+", "+/+", "a/+/b", "a/#", "/#", "+/#", "//+", "$share/g/a", "$share/g/#", "$share/g//"]
)
def test_filter_is_valid(text: str) -> None:
    assert is_filter(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "a#", "#/a", "a/#/b", "a+", "+a", "a/b+/c", "##", "a/##", "++", "$share/", "$share/g", "$share/g/",
        "$share//a", "$share/+/a", "$share/#/a", "$share/g#/a", "$share/g/a#",
    ],
)  # fmt: skip
def test_filter_with_a_wildcard_in_the_wrong_place_is_none(text: str) -> None:
    """MQTT-4.7.1-2, MQTT-4.7.1-3, MQTT-4.7.3-1; MQTT-4.8.2-1 and MQTT-4.8.2-2 of 5.0."""
    assert not is_filter(text)


@pytest.mark.parametrize(
    ("text", "topic", "expected"),
    [
        # The standard's own examples, 4.7.1 and 4.7.2.
        ("sport/tennis/player1/#", "sport/tennis/player1", True),
        ("sport/tennis/player1/#", "sport/tennis/player1/ranking", True),
        ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", True),
        ("sport/#", "sport", True),
        ("sport/tennis/+", "sport/tennis/player1", True),
        ("sport/tennis/+", "sport/tennis/player1/ranking", False),
        ("sport/+", "sport", False),
        ("sport/+", "sport/", True),
        ("+/+", "/finance", True),
        ("/+", "/finance", True),
        ("+", "/finance", False),
        ("#", "$SYS/a", False),
        ("+/monitor/Clients", "$SYS/monitor/Clients", False),
        ("$SYS/#", "$SYS/a", True),
        ("$SYS/monitor/+", "$SYS/monitor/Clients", True),
        ("ACCOUNTS", "Accounts", False),
        ("a/b", "a/b", True),
        ("a/b", "a", False),
    ],
)
def test_filter_matches_as_the_standard_shows(text: str, topic: str, expected: bool) -> None:
    assert matches(text, topic) is expected


def test_share_name_is_split_off() -> None:
    assert split_share("$share/group/a/#") == ("group", "a/#")
    assert split_share("a/$share") == ("", "a/$share")


def naive(text: str, topic: str) -> bool:
    """Match by trying every way, level by level, straight from the standard's words."""

    def rest(wanted: list[str], levels: list[str]) -> bool:
        if wanted == ["#"]:
            return True
        if not wanted or not levels:
            return wanted == levels
        return wanted[0] in ("+", levels[0]) and rest(wanted[1:], levels[1:])

    if topic[0] == "$" and text[0] in "+#":
        return False
    return rest(text.split("/"), topic.split("/"))


@given(FILTERS.filter(bool), NAMES)
@example("a/#", "a")
@example("+/#", "$x/a")
def test_filter_matches_as_the_plain_reading_has_it(text: str, topic: str) -> None:
    assert matches(text, topic) is naive(text, topic)


@given(st.lists(FILTERS.filter(bool), max_size=12, unique=True), st.data())
def test_routes_agree_with_the_plain_reading(texts: list[str], data: st.DataObject) -> None:
    """Adding and removing filters in any order, a topic goes exactly to those whose filter matches."""
    routes = Routes(1_000, 3)
    retained = Retained(10, 1_000)
    session = Session("c", HIVEMQ4, BOUNDS, retained)
    there: set[str] = set()
    for text in texts:
        assert routes.add(session, Held(text, 0))
        there.add(text)
        gone = data.draw(st.sampled_from(sorted(there)) | st.none())
        if gone is not None:
            routes.remove(session, gone)
            there.discard(gone)
        topic = data.draw(NAMES)
        found = [held.filter for _, several in routes.route(topic).targets for held in several]
        assert sorted(found) == sorted(text for text in there if naive(text, topic))
    for text in list(there):
        routes.remove(session, text)
    assert routes.nodes == 0


@given(st.lists(st.tuples(NAMES, st.booleans()), max_size=20), FILTERS.filter(bool))
def test_retained_messages_are_found_as_the_plain_reading_has_it(steps: list[tuple[str, bool]], text: str) -> None:
    retained = Retained(100, 100_000)
    there: set[str] = set()
    for topic, kept in steps:
        retained.put(make_message(topic, b"x" if kept else b"", retain=True), 0)
        there = there | {topic} if kept else there - {topic}
    found = retained.topics(text)
    assert sorted(found) == sorted(topic for topic in there if naive(text, topic))
    for topic in list(there):
        retained.drop(topic)
    assert (len(retained), retained.bytes, retained.topics("#")) == (0, 0, [])


def test_routes_refuse_more_levels_than_there_is_room_for() -> None:
    routes = Routes(10, 10)
    session = Session("c", HIVEMQ4, BOUNDS, Retained(10, 1_000))
    assert routes.add(session, Held("a/b/c/d/e", 0))
    assert not routes.add(session, Held("b/b/c/d/e/f", 0))
    assert routes.add(session, Held("b/b/c/d/e", 0))


def test_routes_remember_a_bounded_number_of_topics() -> None:
    routes = Routes(10, 5)
    for number in range(100):
        routes.route(f"t/{number}")
        assert len(routes.known) <= 5
