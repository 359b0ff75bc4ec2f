"""The sensor vendors your software depends on, on your own machine.

``vendorlab.world()`` gives a test a world of fake vendors; ``vendorlab up`` gives a person one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vendorlab.lab import Lab, world
    from vendorlab.play import story

__version__ = "0.1.0.dev0"

__all__ = ["Lab", "__version__", "story", "world"]


def __getattr__(name: str) -> Any:
    """Load the face when it is first used: ``import vendorlab`` costs next to nothing."""
    if name in ("Lab", "world"):
        from vendorlab import lab  # noqa: PLC0415

        return getattr(lab, name)
    if name == "story":
        from vendorlab import play  # noqa: PLC0415

        return play.story
    raise AttributeError(f"module 'vendorlab' has no attribute {name!r}")
