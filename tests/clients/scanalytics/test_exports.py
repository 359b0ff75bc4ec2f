"""The public face of the client, and what both of its classes share."""

from __future__ import annotations

import inspect

from vendorlab.clients import scanalytics
from vendorlab.clients.core import errors
from vendorlab.clients.scanalytics import AsyncScanalyticsClient, ScanalyticsClient


def public(kind: type) -> dict[str, list[str]]:
    return {
        name: list(inspect.signature(member).parameters)
        for name, member in inspect.getmembers(kind, callable)
        if not name.startswith("_")
    }


def test_both_faces_have_the_same_methods_and_parameters() -> None:
    sync, asynchronous = public(ScanalyticsClient), public(AsyncScanalyticsClient)
    assert sync.pop("close") == asynchronous.pop("aclose")
    assert sync == asynchronous


def test_every_error_is_exported() -> None:
    tree = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert tree <= set(scanalytics.__all__)


def test_everything_exported_is_there() -> None:
    assert all(hasattr(scanalytics, name) for name in scanalytics.__all__)
