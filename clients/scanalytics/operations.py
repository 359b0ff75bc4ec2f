"""What can be asked of Scanalytics: each operation is a call and the reader of its answer, without I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from ..core.errors import UsageError
from ..core.operations import Get
from ..core.steps import Call
from .models import (
    Array,
    Bucket,
    Deployment,
    Device,
    Metric,
    User,
    read_array,
    read_buckets,
    read_deployment,
    read_device,
    read_user,
)
from .windows import query_time

if TYPE_CHECKING:
    from collections.abc import Callable
    from zoneinfo import ZoneInfo

    from ..core.operations import Operation
    from ..core.reading import Node
    from .windows import Window

T = TypeVar("T")
V = TypeVar("V")


class Operations:
    """The operations of one API version; resources have no trailing slash.

    Args:
        version: "v1" (what the vendor's examples use) or "v2".
    """

    def __init__(self, version: str) -> None:
        if version not in ("v1", "v2"):
            raise UsageError(f"the API has versions v1 and v2, not {version!r}")
        self._version = version

    def whoami(self) -> Operation[User]:
        """Who the token stands for."""
        return Get(self._get("whoami"), read_user)

    def deployments(self) -> Operation[list[Deployment]]:
        """All deployments that the user may view."""
        return Get(self._get("deployment", "list"), _list_of(read_deployment))

    def deployment(self, key: str) -> Operation[Deployment]:
        """One deployment."""
        return Get(self._get("deployment", key), read_deployment)

    def arrays(self) -> Operation[list[Array]]:
        """All arrays that the user may view."""
        return Get(self._get("array", "list"), _list_of(read_array))

    def array(self, key: str) -> Operation[Array]:
        """One array."""
        return Get(self._get("array", key), read_array)

    def devices(self) -> Operation[list[Device]]:
        """All devices that the user may view."""
        return Get(self._get("device", "list"), _list_of(read_device))

    def device(self, key: str) -> Operation[Device]:
        """One device."""
        return Get(self._get("device", key), read_device)

    def aggregate(
        self, array_key: str, metric: Metric[V], bucket: str, window: Window, timezone: str | ZoneInfo | None
    ) -> Operation[list[Bucket[V]]]:
        """One array's metric, in buckets."""
        params = {"start": query_time(window.start), "end": query_time(window.end)}
        if timezone is not None:
            params["timezone"] = _zone_name(timezone)
        call = self._get("aggregate", array_key, metric.name, bucket, params=params)
        return Get(call, lambda node: read_buckets(node, metric))

    def _get(self, *segments: str, params: dict[str, str] | None = None) -> Call:
        if any(segment in ("", ".", "..") for segment in segments):
            raise UsageError(f"a key, metric or bucket is empty: {'/'.join(segments)}")
        return Call("GET", "/".join(["", self._version, *(quote(segment, safe="") for segment in segments)]), params)


def _list_of(read: Callable[[Node], T]) -> Callable[[Node], list[T]]:
    return lambda node: [read(item) for item in node.items()]


def _zone_name(timezone: str | ZoneInfo) -> str:
    if isinstance(timezone, str):
        return timezone
    if not timezone.key:
        raise UsageError("a zone read from a file has no IANA name")
    return timezone.key
