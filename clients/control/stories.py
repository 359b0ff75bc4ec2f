"""What the control API answers about stories that it plays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .models import Vendor, read_vendors

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ..core.reading import Node


@dataclass(frozen=True, slots=True)
class StagedStory:
    """The world of a story that has not begun.

    Attributes:
        world: Its name.
        vendors: Where they are.
        authorities: Of those that are reached over TLS, the certificate authority to trust, as PEM.
    """

    world: str
    vendors: Mapping[str, Vendor]
    authorities: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StoryProgress:
    """How far a story is.

    Attributes:
        story: Its name.
        begun: Whether what happens is written down.
        over: Whether it has come to its end.
        activity: How many exchanges there were.
        now: The world's time.
    """

    story: str
    begun: bool
    over: bool
    activity: int
    now: datetime


def read_staged_story(node: Node) -> StagedStory:
    """Read `POST /stories`."""
    return StagedStory(
        world=node.member("name").text(),
        vendors=read_vendors(node.member("vendors")),
        authorities={name: found.text() for name, found in node.member("authorities").members()},
    )


def read_story_progress(node: Node) -> StoryProgress:
    """Read `GET /story`."""
    return StoryProgress(
        story=node.member("story").text(),
        begun=node.member("begun").boolean(),
        over=node.member("over").boolean(),
        activity=node.member("activity").count(),
        now=node.member("now").moment(),
    )
