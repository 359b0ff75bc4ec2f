"""Stories that are played here for somebody elsewhere: what the control API needs of who plays them, and its calls.

What a story is, the kernel does not know: it is a text. Who starts the process hands in ``Stories``, and with it what
turns a text and a world into a performance.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import UNSET

from ..clock import iso
from ..errors import WorldError
from . import models
from .handlers import Call, NoSuchThingError, describe

if TYPE_CHECKING:
    from ..world import World


class StoryRefusedError(WorldError):
    """The story makes no sense, or cannot be played from afar."""


class PlayedAlreadyError(WorldError):
    """The story has begun."""


class Performance(Protocol):
    """A story in a world."""

    @property
    def story(self) -> str:
        """Its name."""
        ...

    @property
    def begun(self) -> bool:
        """Whether what happens is written down."""
        ...

    @property
    def over(self) -> bool:
        """Whether it has come to its end."""
        ...

    @property
    def activity(self) -> int:
        """How many exchanges there were."""
        ...

    def renew(self) -> None:
        """Somebody asked about it, so it is not forsaken."""
        ...

    def begin(self) -> None:
        """Raise the curtain; ``PlayedAlreadyError`` the second time."""
        ...

    def end(self, reason: str, code: int | None) -> list[dict[str, Any]]:
        """Let the curtain fall, unless it has, and give all that was written down."""
        ...


class Stories(Protocol):
    """Plays stories."""

    def stage(self, wanted: models.NewStory) -> World:
        """Make the world of a story, and let it listen.

        Raises:
            StoryRefusedError: the story makes no sense here.
            WorldError: the world cannot be made.
        """
        ...

    def playing(self, world: World) -> Performance | None:
        """What is played in a world."""
        ...


def stage(call: Call) -> models.Staged:
    """Make the world of a story; its clock stands."""
    if call.stories is None:
        raise NoSuchThingError("no stories are played here; `vendorlab up` plays them")
    world = call.stories.stage(call.body)
    vendors = describe(world)
    trusted = {name: Path(one.ca).read_text("ascii") for name, one in vendors.items() if one.ca is not UNSET}
    return models.Staged(call.body.world, vendors, trusted)


def look(call: Call) -> models.Progress:
    """How far it is."""
    found = _performance(call)
    return models.Progress(found.story, found.begun, found.over, found.activity, iso(call.world.clock.micros()))


def begin(call: Call) -> models.Progress:
    """Begin it."""
    _performance(call).begin()
    return look(call)


def end(call: Call) -> models.Evidence:
    """End it, if it has not ended."""
    return models.Evidence(_performance(call).end(call.body.reason, call.body.code))


def _performance(call: Call) -> Performance:
    found = None if call.stories is None else call.stories.playing(call.world)
    if found is None:
        raise NoSuchThingError(f"no story is played in the world {call.world_name!r}")
    found.renew()
    return found
