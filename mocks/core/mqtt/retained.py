"""Retained messages: the newest of each topic, found again by filter; bounded in number and bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .messages import Message

MOST_NODES = 400_000
"""Levels that all topics make together: a topic of 64 kB may have as many as it has bytes, at 250 bytes each."""

MOST_BEFORE = 1_000
"""Topics of which the message before is remembered too, so that it can be sent as stale data."""

LARGEST_BEFORE = 16 << 10
"""Bytes of such a message: with ``MOST_BEFORE``, 16 MiB in all."""


class _Node:
    """One level of the topics that have a message below."""

    __slots__ = ("below", "topic")

    def __init__(self) -> None:
        self.below: dict[str, _Node] = {}
        self.topic: str | None = None


class Retained:
    """The retained messages of a broker.

    Args:
        most: topics.
        most_bytes: of payload and topic, together.
    """

    def __init__(self, most: int, most_bytes: int) -> None:
        self.most = most
        self.most_bytes = most_bytes
        self.bytes = 0
        self.refused = 0
        self._messages: dict[str, Message] = {}
        self._before: dict[str, Message] = {}
        self._root = _Node()
        self._nodes = 0

    def __len__(self) -> int:
        return len(self._messages)

    def __iter__(self) -> Iterator[Message]:
        return iter(self._messages.values())

    def put(self, message: Message, now: int) -> bool:
        """Keep a message; an empty one forgets what the topic had (MQTT-3.3.1-10). False when there is no room."""
        topic = message.topic
        if not message.payload:
            self.drop(topic)
            return True
        old = self._messages.get(topic)
        grown = self.bytes + _size(message) - (_size(old) if old else 0)
        levels = topic.split("/")
        full = old is None and (len(self._messages) >= self.most or self._nodes + len(levels) > MOST_NODES)
        if full or grown > self.most_bytes:
            if self._drop_expired(now):
                return self.put(message, now)
            self.refused += 1
            return False
        if old is None:
            node = self._root
            for level in levels:
                below = node.below.get(level)
                if below is None:
                    below = node.below[level] = _Node()
                    self._nodes += 1
                node = below
            node.topic = topic
        self.bytes = grown
        self._messages[topic] = message
        if old is not None and len(old.payload) <= LARGEST_BEFORE:
            self._before.pop(topic, None)
            self._before[topic] = old
            if len(self._before) > MOST_BEFORE:
                del self._before[next(iter(self._before))]
        return True

    def all_topics(self) -> Iterator[str]:
        """Every topic that has a message."""
        return iter(self._messages)

    def get(self, topic: str, now: int, *, stale: bool = False) -> Message | None:
        """The message of a topic, unless it has expired by the vendor time ``now``.

        Args:
            topic: whose.
            now: vendor time in microseconds.
            stale: the one before instead, as long as it is remembered.
        """
        if stale and topic in self._before:
            return self._before[topic]
        message = self._messages.get(topic)
        if message is not None and message.expires is not None and message.expires <= now:
            self.drop(topic)
            return None
        return message

    def drop(self, topic: str) -> None:
        """Forget the message of a topic."""
        message = self._messages.pop(topic, None)
        if message is None:
            return
        self.bytes -= _size(message)
        self._before.pop(topic, None)
        path: list[tuple[_Node, str]] = []
        node = self._root
        for level in topic.split("/"):
            path.append((node, level))
            node = node.below[level]
        node.topic = None
        while path and node.topic is None and not node.below:
            node, level = path.pop()
            del node.below[level]
            self._nodes -= 1

    def clear(self) -> None:
        """Forget all."""
        self._messages.clear()
        self._before.clear()
        self._root = _Node()
        self._nodes = self.bytes = 0

    def topics(self, topic_filter: str) -> list[str]:
        """The topics with a message that a filter matches, in the order of a walk through the tree."""
        levels = topic_filter.split("/")
        found: list[str] = []
        stack = [(self._root, 0)]
        while stack:
            node, depth = stack.pop()
            if depth == len(levels):
                if node.topic is not None:
                    found.append(node.topic)
                continue
            level = levels[depth]
            if level not in ("#", "+"):
                if (below := node.below.get(level)) is not None:
                    stack.append((below, depth + 1))
                continue
            if level == "#" and node.topic is not None:
                found.append(node.topic)
            step = depth + (level == "+")
            root = node is self._root
            # A wildcard in front leaves out what begins with $ (MQTT-4.7.2-1).
            stack += [(n, step) for name, n in reversed(node.below.items()) if not (root and name.startswith("$"))]
        return found

    def _drop_expired(self, now: int) -> bool:
        gone = [m.topic for m in self._messages.values() if m.expires is not None and m.expires <= now]
        for topic in gone:
            self.drop(topic)
        return bool(gone)


def _size(message: Message) -> int:
    return len(message.payload) + len(message.head)
