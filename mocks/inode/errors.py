"""iNode's error catalogue: what it refuses beyond what every site of its framework refuses.

::

    core.django.refusals.ApiError
    └── BadRequest
        └── InvalidWindow    400: a window that is empty, runs backward, or is too long (of an extension)
"""

from __future__ import annotations

from ..core.django.refusals import BadRequest


class InvalidWindow(BadRequest):
    """400 for a window that cannot be listed (inferred)."""

    cause = "invalid-window"
