"""What a target has, as far as tests that only read need to know it; found once in a run."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.slv import forms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

    from vendorlab.contracts.slv.api import Api, Session

CATEGORY = "STREETLIGHT_DIMMING"
CARD = "adminEquipmentsDeviceCardConfigs.xml"
"""The configuration that lists what a device's card shows; descriptors need it on some servers."""
LAMP = "streetlight"
VALUE_NAMES = ("MeteredPower", "Energy", "LampLevel", "LampCommandLevel", "MainVoltage", "Temperature", "LampFailure")
_MOST_CONTROLLERS = 5
_WINDOW = timedelta(hours=6)


class Estate:
    """What a target has.

    Args:
        api: The target.
        log_in: Gives a session.
    """

    def __init__(self, api: Api, log_in: Callable[[], Session]) -> None:
        self._api = api
        self._log_in = log_in

    @cached_property
    def root(self) -> int:
        """The id of the geozone above all others that the user may see."""
        response = self._call("getProfilProperties")
        text = str(forms.key_values(response).get("geoZoneRootId"))
        expect.check(text.isascii() and text.isdecimal(), response, "a number under the key geoZoneRootId")
        return int(text)

    @cached_property
    def controllers(self) -> list[str]:
        """The strIds of the controllers; skips the test if there is none."""
        response = self._call("getAllControllers")
        found = forms.rows(response)
        for row in found:
            expect.fields(response, row, {"strId": str, "name": str})
        if not found:
            pytest.skip("the account has no controllers")
        return [row["strId"] for row in found]

    @cached_property
    def lamp(self) -> dict[str, Any]:
        """A street light; skips the test if the first controllers have none."""
        for controller in self.controllers[:_MOST_CONTROLLERS]:
            for row in forms.devices(self._call("getControllerDevices", controllerStrId=controller)):
                if row["categoryStrId"] == LAMP:
                    return row
        pytest.skip("the account's first controllers have no street lights")

    @property
    def key(self) -> dict[str, object]:
        """What the light is called by in most methods."""
        return key_of(self.lamp)

    @property
    def controller(self) -> str:
        """The light's controller."""
        return str(self.lamp["controllerStrId"])

    @property
    def zone(self) -> int:
        """The geozone that the light is in."""
        return int(self.lamp["geoZoneId"])

    @cached_property
    def logged(self) -> dict[str, Any]:
        """A value that the light has logged; skips the test if it has none."""
        response = self._call("getDeviceLastValues", **last_values(self.lamp, VALUE_NAMES))
        for row in forms.rows(response):
            expect.fields(response, row, {"name": str})
            if row.get("value") is not None and row.get("eventTime"):
                forms.moment(response, str(row["eventTime"]))
                return row
        pytest.skip("the light has logged nothing")

    def window(self) -> dict[str, object]:
        """Return the parameters of a window of the log with something in it."""
        at = datetime.strptime(self.logged["eventTime"], forms.TIME)  # noqa: DTZ007 - the server's zone
        return {
            "deviceId": self.lamp["id"],
            "name": self.logged["name"],
            "from": (at - _WINDOW).strftime(forms.TIME),
            "to": (at + timedelta(seconds=1)).strftime(forms.TIME),
        }

    def sample(self, method: str) -> dict[str, object]:
        """Return parameters with which a method that reads has something to say."""
        return self._samples()[method]() if method in self._samples() else {}

    def _samples(self) -> dict[str, Callable[[], dict[str, object]]]:
        zone = "geozoneId"
        return {
            "getControllerDevices": lambda: {"controllerStrId": self.controller},
            "getGeozoneDevices": lambda: {zone: self.zone, "recurse": False},
            "getDevicesInBounds": self.bounds,
            "getDevice": lambda: self.key,
            "searchDevicesExt": lambda: self.search("eq", str(self.lamp["name"])),
            "searchGeozones": lambda: {"name": str(self.lamp["geoZoneNamesPath"]).split("/")[-1]},
            "getGeozoneChildrenGeozones": lambda: {zone: self.root},
            "getDevicesLogValues": self.window,
            "getDeviceLastValues": lambda: last_values(self.lamp, VALUE_NAMES),
            "getGeoZoneDevicesLastValuesAsArray": lambda: zone_values(self.zone, VALUE_NAMES[:2]),
            "getDeviceValueDescriptors": lambda: self.key,
            "getVirtualDeviceValueDescriptors": lambda: {
                "propertyName": "categoryStrId",
                "propertyValue": LAMP,
                "configFilePath": CARD,
            },
            "getBatchResult": lambda: {"batchId": "0", "batch": "0"},
            "getDeviceFormattedMeteringValues": lambda: self.key,
            "getSchedules": lambda: {"category": CATEGORY},
            "getSchedulers": lambda: {"category": CATEGORY},
            "getSystemTimeStringInLocalTime": lambda: {"controllerStrId": self.controller},
            "getAllAlarmDefinitions": lambda: {"propertyDescriptors": False},
            "getReport": self.report,
            "getServerProperties": lambda: {"name": ["version", "build"]},
        }

    def bounds(self, margin: float = 0.0005) -> dict[str, object]:
        """Return a rectangle around the light, some degrees wide to each side."""
        lat, lng = self.lamp["lat"], self.lamp["lng"]
        edges = {"latMin": lat - margin, "latMax": lat + margin, "lngMin": lng - margin, "lngMax": lng + margin}
        return {name: f"{edge:.7f}" for name, edge in edges.items()}

    def report(self) -> dict[str, object]:
        """Return the parameters of a report: of the one that the target's owner names, if any."""
        times = {name: self.window()[name] for name in ("from", "to")}
        name = self._api.given("report") or "energy"
        return {"name": name, "geozoneId": self.zone, "geoZoneId": self.zone, **times}

    def search(self, operator: str, name: str) -> dict[str, object]:
        """Return the parameters of a search for the light's name."""
        return {
            "geozoneId": self.zone,
            "recurse": True,
            "maxResults": 10,
            "returnedInfo": "devicesList",
            "attributeName": "name",
            "attributeOperator": operator,
            "attributeValue": name,
        }

    def _call(self, method: str, **params: object) -> httpx.Response:
        return self._api.call(self._log_in(), method, params)


def key_of(device: Mapping[str, Any]) -> dict[str, object]:
    """Return what a device is called by in most methods."""
    return {name: device[name] for name in ("controllerStrId", "idOnController")}


def last_values(device: dict[str, Any], names: tuple[str, ...]) -> dict[str, object]:
    """Return the parameters that ask for a device's last values, under every name that is told of them."""
    both = {"param0": device["id"], "deviceId": device["id"]}
    return {**both, **key_of(device), "valueName": [*names], "valueNames": [*names]}


def zone_values(zone: int, names: tuple[str, ...]) -> dict[str, object]:
    """Return the parameters that ask for the last values of a geozone's devices."""
    return {"geozoneId": zone, "geoZoneId": zone, "valueNames": [*names]}
