"""The public face of the client, and what both of its classes share."""

from __future__ import annotations

import inspect
import pickle

from tests.clients.itron.fake_vendor import at

from vendorlab.clients import itron
from vendorlab.clients.core import errors
from vendorlab.clients.itron import AsyncDataPlatformClient, DataPlatformClient, Device, Observation


def public(kind: type) -> dict[str, list[str]]:
    return {
        name: list(inspect.signature(member).parameters)
        for name, member in inspect.getmembers(kind, callable)
        if not name.startswith("_")
    }


def test_both_faces_have_the_same_methods_and_parameters() -> None:
    sync, asynchronous = public(DataPlatformClient), public(AsyncDataPlatformClient)
    assert sync.pop("close") == asynchronous.pop("aclose")
    assert sync == asynchronous
    assert set(sync) == {
        "change_device", "change_template", "create_device", "create_template", "delete_device", "device", "devices",
        "from_env", "latest", "observations", "post", "static_templates", "tail", "templates",
    }  # fmt: skip


def test_every_error_is_exported() -> None:
    tree = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert tree <= set(itron.__all__)


def test_everything_exported_is_there() -> None:
    assert all(hasattr(itron, name) for name in itron.__all__)


def test_results_are_values() -> None:
    observation = Observation("d", at(0), {"t": 1}, '{"t":1}')
    assert pickle.loads(pickle.dumps(observation)) == observation == Observation("d", at(0), {"t": 1}, '{"t": 1}')
    assert hash(observation) == hash(Observation("d", at(0), {"t": 2}, ""))
    assert hash(Device("d", "MILLI", {"a": []})) == hash(Device("d", "MILLI"))
