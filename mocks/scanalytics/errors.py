"""Scanalytics' error catalogue: what it refuses beyond what every site of its framework refuses.

::

    core.django.refusals.ApiError
    └── BadRequest
        ├── InvalidBucket    400: a bucket that is none
        └── InvalidWindow    400: a window that is empty, runs backward, or holds too many buckets
"""

from __future__ import annotations

from ..core.django.refusals import BadRequest


class InvalidBucket(BadRequest):
    """400 for a bucket that does not parse (inferred)."""

    cause, detail = "invalid-bucket", "Invalid bucket."


class InvalidWindow(BadRequest):
    """400 for a window that cannot be aggregated (inferred)."""

    cause = "invalid-window"
