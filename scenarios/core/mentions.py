"""Of which vendors a story speaks: those who live in it exist, and nothing happens to anybody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from vendorlab.scenarios.core.source import hint
from vendorlab.scenarios.core.story import ClearLimits, Pace, Where

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from vendorlab.scenarios.core.story import Spec, Story


def check_vendors(story: Story, known: Iterable[str]) -> None:
    """See that those who live in a story exist, and then that all others of whom it speaks live in it.

    In this order: a vendor that is misspelt where it is introduced is no mistake wherever it is spoken of.

    Args:
        story: which.
        known: the vendors that there are, and their addresses.

    Raises:
        StoryError: one does not.
    """
    names, lives_here = list(known), story.spec.vendors
    for number, vendor in enumerate(lives_here):
        if vendor not in names:
            raise story.error(("vendors", number), f"there is no vendor {vendor!r}; {hint(vendor, names)}")
    for path, vendor in _mentioned(story.spec):
        if not _lives(vendor, story.spec):
            what = f"{vendor!r} does not live in this story; {hint(vendor, lives_here)}"
            raise story.source.error(path, what, key=path[0] == "world")


def _mentioned(spec: Spec) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every vendor of whom a story speaks, and where; but not where it says who lives in it."""
    for key, named in (("profiles", spec.world.profiles), ("settings", spec.world.settings)):
        for vendor in named:
            yield ("world", key, vendor), vendor
    for number, entry in enumerate(spec.timeline):
        places: list[tuple[tuple[str, ...], str | None]] = [
            (("after", "vendor"), entry.after.vendor if entry.after else None),
            (("tokens", "vendor"), entry.tokens.vendor if entry.tokens else None),
            (("clear", "limits"), entry.clear.limits if isinstance(entry.clear, ClearLimits) else None),
            (("event", "vendor"), str(entry.event["vendor"]) if entry.event else None),
            (("fault", "match", "vendor"), _vendor_of(entry.fault)),
        ]
        for where, spoken_of in places:
            if spoken_of is not None:
                yield ("timeline", number, *where), spoken_of
    if isinstance(spec.until, Where) and spec.until.vendor is not None:
        yield ("until", "vendor"), spec.until.vendor
    if isinstance(spec.pace, Pace) and spec.pace.of is not None and spec.pace.of.vendor is not None:
        yield ("pace", "of", "vendor"), spec.pace.of.vendor


def _lives(vendor: str, spec: Spec) -> bool:
    """Whether a vendor lives in a story, which may name one address of it only, as ``itron-platform`` for ``itron``."""
    return any(vendor == one or vendor.startswith(f"{one}-") or one.startswith(f"{vendor}-") for one in spec.vendors)


def _vendor_of(fault: Mapping[str, Any] | None) -> str | None:
    match: Any = (fault or {}).get("match")
    if not isinstance(match, dict):
        return None
    known = cast("dict[str, Any]", match)
    return str(known["vendor"]) if "vendor" in known else None
