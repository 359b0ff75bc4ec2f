"""Scanalytics' error catalogue: what it refuses beyond what every site of its framework refuses.

::

    core.django.drf.ApiError
    ├── NotFound
    │   └── NoSuchThing      404: an unknown key, or one that the caller may not see
    └── BadRequest
        ├── InvalidBucket    400: a bucket that is none
        ├── InvalidWindow    400: a window that is empty, runs backward, or holds too many buckets
        └── InvalidFields    400: parameters, in DRF's form for fields
"""

from __future__ import annotations

from typing import Any

from ..core.django.drf import BadRequest, NotFound


class NoSuchThing(NotFound):
    """404; the same for an unknown key and for a forbidden one, so that nothing is given away (inferred).

    Args:
        model: named by newer stacks, by older ones not.
    """

    def __init__(self, model: str | None) -> None:
        super().__init__(f"No {model} matches the given query." if model else None)


class InvalidBucket(BadRequest):
    """400 for a bucket that does not parse (inferred)."""

    cause, detail = "invalid-bucket", "Invalid bucket."


class InvalidWindow(BadRequest):
    """400 for a window that cannot be aggregated (inferred)."""

    cause = "invalid-window"


class InvalidFields(BadRequest):
    """400 in DRF's form: a list of messages for each field that is wrong."""

    cause = "invalid-fields"

    def __init__(self, fields: dict[str, list[str]]) -> None:
        super().__init__()
        self.fields = fields

    def data(self) -> Any:
        """The messages by field."""
        return self.fields
