"""Topic names and topic filters: what is valid, and what matches what (MQTT 3.1.1 and 5.0, section 4.7)."""

from __future__ import annotations

DEEPEST = 200
"""Levels of a filter: each is a node of the tree of subscriptions, and 65,535 of them would fit into one packet."""

SHARE = "$share/"


def is_name(topic: str) -> bool:
    """Whether it may be published to: not empty, and without a wildcard (MQTT-4.7.1-1, MQTT-4.7.3-1)."""
    return bool(topic) and "+" not in topic and "#" not in topic


def is_filter(text: str) -> bool:
    """Whether it may be subscribed to (MQTT-4.7.1-2, MQTT-4.7.1-3, MQTT-4.7.3-1).

    A shared subscription (MQTT 5, 4.8.2) must have a share name without wildcards and a valid filter behind it.
    """
    if text.startswith(SHARE):
        name, _, text = text[len(SHARE) :].partition("/")
        if not name or "+" in name or "#" in name:
            return False
    if not text:
        return False
    if "+" not in text and "#" not in text:
        return True
    levels = text.split("/")
    for level in levels[:-1]:
        if "#" in level or ("+" in level and level != "+"):
            return False
    last = levels[-1]
    return last in ("#", "+") or ("#" not in last and "+" not in last)


def split_share(text: str) -> tuple[str, str]:
    """The share name of a valid filter, empty if it is not shared, and the filter that topics are matched with."""
    if not text.startswith(SHARE):
        return "", text
    name, _, rest = text[len(SHARE) :].partition("/")
    return name, rest


def matches(text: str, topic: str) -> bool:
    """Whether a valid filter, not shared, matches a topic.

    A wildcard at the beginning does not match a topic that begins with ``$`` (MQTT-4.7.2-1).
    """
    if topic.startswith("$") and text[:1] in ("+", "#"):
        return False
    wanted, levels = text.split("/"), topic.split("/")
    for number, level in enumerate(wanted):
        if level == "#":
            return True
        if number >= len(levels) or level not in ("+", levels[number]):
            return False
    return len(wanted) == len(levels)
