"""A world's snapshot as a document that JSON can carry: versioned, sealed with a digest, checked when it comes back."""

from __future__ import annotations

import hashlib
from typing import Any, TypeVar, cast

import msgspec

from .clock import iso
from .errors import WorldError

T = TypeVar("T")

FORMAT = "vendorlab-snapshot"
VERSION = 1


class SnapshotError(WorldError):
    """A snapshot is damaged, or was not made for this world."""


class _Sealed(msgspec.Struct):
    """A snapshot as it comes back; that the content is whole is checked by its digest."""

    format: str
    version: int
    digest: str
    content: dict[str, Any]


class SavedVendor(msgspec.Struct):
    """One vendor in a snapshot."""

    profile: str
    state: dict[str, Any]


class Content(msgspec.Struct):
    """What is in a snapshot, as far as a world itself reads it; anybody can make a digest."""

    seed: int
    clock: dict[str, Any]
    ids: dict[str, Any]
    faults: dict[str, Any]
    vendors: dict[str, SavedVendor]


def sealed(content: dict[str, Any]) -> dict[str, Any]:
    """The document for a content."""
    content = msgspec.json.decode(msgspec.json.encode(content))
    return {
        "format": FORMAT,
        "version": VERSION,
        "at": iso(content["clock"]["now"]),
        "digest": digest(content),
        "content": content,
    }


def opened(document: Any) -> Content:
    """The content of a document, if it is whole and of this version; otherwise ``SnapshotError``."""
    if not isinstance(document, dict) or cast("dict[str, Any]", document).get("format") != FORMAT:
        raise SnapshotError("this is not a snapshot of a vendorlab world; take one with GET /snapshot")
    snapshot = _converted(document, _Sealed)
    if snapshot.version != VERSION:
        raise SnapshotError(
            f"the snapshot is of version {snapshot.version}, and this vendorlab reads version {VERSION}; make a new one"
        )
    if snapshot.digest != digest(snapshot.content):
        raise SnapshotError("the snapshot is damaged: its digest does not match its content")
    return _converted(snapshot.content, Content)


def _converted(document: Any, form: type[T]) -> T:
    try:
        return msgspec.convert(document, form)
    except msgspec.ValidationError as error:
        raise SnapshotError(f"the snapshot is damaged: {error}") from error


def digest(content: Any) -> str:
    """What seals a content."""
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()
