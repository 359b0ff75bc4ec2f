"""Who gets what: all subscriptions in a tree of levels, and for each topic the answer, remembered until they change."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from .topics import split_share

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .messages import Message
    from .session import Held, Session


class Group:
    """The members of a shared subscription (MQTT 5, 4.8.2); each message goes to one of them, in turn."""

    __slots__ = ("_turn", "filter", "members", "name")

    def __init__(self, name: str, topic_filter: str) -> None:
        self.name = name
        self.filter = topic_filter
        self.members: dict[Session, Held] = {}
        self._turn = 0

    def choose(self) -> tuple[Session, Held] | None:
        """Whose turn it is: the next that is connected and has room, else the next that is connected, else the next."""
        members = list(self.members.items())
        if not members:
            return None
        self._turn += 1
        start = self._turn % len(members)
        ordered = members[start:] + members[:start]
        connected = [member for member in ordered if member[0].connection is not None]
        ready = (member for member in connected if member[0].has_room)
        return next(chain(ready, connected, ordered))


class _Node:
    """One level of the filters that go on below, or end here."""

    __slots__ = ("below", "groups", "subscribers")

    def __init__(self) -> None:
        self.below: dict[str, _Node] | None = None
        self.subscribers: dict[Session, Held] | None = None
        self.groups: dict[str, Group] | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing needs it any more."""
        return not (self.below or self.subscribers or self.groups)


class Route:
    """A topic and who gets what is published there.

    Attributes:
        topic: its name.
        head: the name as it stands on the wire.
        own: it begins with ``$``.
        targets: each session once, with the subscriptions that match.
        groups: the shared subscriptions that match.
    """

    __slots__ = ("generation", "groups", "head", "own", "targets", "topic")

    def __init__(self, topic: str, head: bytes) -> None:
        self.topic = topic
        self.head = head
        self.own = topic.startswith("$")
        self.generation = -1
        self.targets: tuple[tuple[Session, tuple[Held, ...]], ...] = ()
        self.groups: tuple[Group, ...] = ()


class Routes:
    """All subscriptions of a broker.

    Args:
        most_nodes: of the tree.
        most_topics: whose routes are remembered.
    """

    def __init__(self, most_nodes: int, most_topics: int) -> None:
        self.most_nodes = most_nodes
        self.most_topics = most_topics
        self.generation = 0
        self.nodes = 0
        self.known: dict[bytes, Route] = {}  # by the name's UTF-8, so that a known topic is not even decoded
        self._root = _Node()

    def add(self, session: Session, held: Held) -> bool:
        """Let a session have what a filter matches; False when there is no room for the filter."""
        name, topic_filter = split_share(held.filter)
        levels = topic_filter.split("/")
        if self.nodes + len(levels) > self.most_nodes:
            return False
        node = self._root
        for level in levels:
            if node.below is None:
                node.below = {}
            below = node.below.get(level)
            if below is None:
                below = node.below[level] = _Node()
                self.nodes += 1
            node = below
        if name:
            if node.groups is None:
                node.groups = {}
            node.groups.setdefault(name, Group(name, topic_filter)).members[session] = held
        else:
            if node.subscribers is None:
                node.subscribers = {}
            node.subscribers[session] = held
        self.generation += 1
        return True

    def remove(self, session: Session, full_filter: str) -> None:
        """Take back what ``add`` did."""
        name, topic_filter = split_share(full_filter)
        path: list[tuple[_Node, str]] = []
        node = self._root
        for level in topic_filter.split("/"):
            below = node.below.get(level) if node.below else None
            if below is None:
                return
            path.append((node, level))
            node = below
        if not name and node.subscribers:
            node.subscribers.pop(session, None)
        elif name and node.groups and name in node.groups:
            node.groups[name].members.pop(session, None)
            if not node.groups[name].members:
                del node.groups[name]
        while path and node.empty:
            node, level = path.pop()
            assert node.below is not None
            del node.below[level]
            self.nodes -= 1
        self.generation += 1

    def route(self, topic: str, raw: bytes | None = None) -> Route:
        """The route of a valid topic; ``raw`` is its UTF-8, if known."""
        raw = topic.encode() if raw is None else raw
        route = self.known.get(raw)
        if route is None:
            if len(self.known) >= self.most_topics:
                self.known.clear()
            route = self.known[raw] = Route(topic, len(raw).to_bytes(2, "big") + raw)
        if route.generation != self.generation:
            self.resolve(route)
        return route

    def resolve(self, route: Route) -> None:
        """Find anew who gets what is published on a route."""
        found: dict[Session, list[Held]] = {}
        groups: list[Group] = []
        for node in self._matching(route.topic):
            for session, held in (node.subscribers or {}).items():
                found.setdefault(session, []).append(held)
            groups += (node.groups or {}).values()
        route.targets = tuple((session, tuple(held)) for session, held in found.items())
        route.groups = tuple(groups)
        route.generation = self.generation

    def _matching(self, topic: str) -> Iterator[_Node]:
        """The nodes where filters end that match."""
        levels = topic.split("/")
        stack = [(self._root, 0)]
        while stack:
            node, depth = stack.pop()
            below = node.below or {}
            # A wildcard in front does not match what begins with $ (MQTT-4.7.2-1).
            wild = depth > 0 or not topic.startswith("$")
            if wild and (every := below.get("#")) is not None:
                yield every
            if depth == len(levels):
                yield node
                continue
            if wild and (one := below.get("+")) is not None:
                stack.append((one, depth + 1))
            level = levels[depth]
            # A name may hold no wildcard, so what is called so is one.
            if (same := below.get(level)) is not None:
                stack.append((same, depth + 1))


def merged(message: Message, held: Sequence[Held]) -> tuple[int, bool, tuple[int, ...]]:
    """What several subscriptions of one session make of a message: QoS, retain flag and identifiers.

    It comes once, with the highest QoS that any allows (MQTT-3.3.5-1), and with the identifiers of all (MQTT-3.3.4-4
    of 5.0).
    """
    qos = min(message.qos, max(item.qos for item in held))
    retain = message.retain and any(item.retain_as_published for item in held)
    return qos, retain, tuple(item.identifier for item in held if item.identifier)
