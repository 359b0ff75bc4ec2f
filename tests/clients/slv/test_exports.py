"""The public face of the client, and what both of its classes share."""

from __future__ import annotations

import inspect
import pickle
from datetime import UTC, datetime

from vendorlab.clients import slv
from vendorlab.clients.core import errors
from vendorlab.clients.slv import AsyncBatch, AsyncSlvClient, Batch, Device, LogValue, SlvClient


def public(kind: type) -> dict[str, list[str]]:
    return {
        name: list(inspect.signature(member).parameters)
        for name, member in inspect.getmembers(kind, callable)
        if not name.startswith("_")
    }


def test_both_faces_have_the_same_methods_and_parameters() -> None:
    sync, asynchronous = public(SlvClient), public(AsyncSlvClient)
    assert sync.pop("close") == asynchronous.pop("aclose")
    assert sync == asynchronous
    assert public(Batch) == public(AsyncBatch)
    assert set(sync) == {
        "add_sun_event", "add_time_event", "add_yearly", "alarm_definitions", "batch", "call", "commission",
        "commission_devices", "commission_scheduler", "controller_devices", "controllers", "create_device",
        "create_geozone", "create_schedule", "create_scheduler", "delete_device", "delete_geozone", "delete_schedule",
        "delete_scheduler",
        "descriptors", "device", "devices", "devices_in_bounds", "exit_manual", "from_env", "geozone_children",
        "geozone_root", "geozones", "import_csv", "last_values", "log", "replace_node", "report", "schedulers",
        "schedules",
        "search_devices",
        "search_geozones", "server_properties", "set_dimming", "set_values", "switch_off", "switch_on", "user",
    }  # fmt: skip


def test_every_error_is_exported() -> None:
    tree = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert tree <= set(slv.__all__)


def test_everything_exported_is_there() -> None:
    assert all(hasattr(slv, name) for name in slv.__all__)


def test_results_are_values() -> None:
    value = LogValue(7, "Energy", "1", datetime(2026, 7, 1, tzinfo=UTC))
    lamp = Device(7, "Main St 7", "C1", "L7", "streetlight", properties={"power": "100"})
    assert pickle.loads(pickle.dumps((value, lamp))) == (value, lamp)
    assert len({value, lamp, pickle.loads(pickle.dumps(lamp))}) == 2
