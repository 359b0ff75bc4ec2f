"""A geozone of the suite's own, with a controller of its own, in which a test may make what it likes; all of it goes
when the test is over.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from vendorlab.contracts.core import expect
from vendorlab.contracts.slv import forms
from vendorlab.contracts.slv.cleaning import deleted
from vendorlab.contracts.slv.estate import CATEGORY, LAMP, key_of, last_values

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from vendorlab.contracts.core.access import Access
    from vendorlab.contracts.slv.api import Api, Session

LAT, LNG = 40.7128, -74.006
_MARGIN = 0.01


def new_name() -> str:
    """Return a name that nothing has, in lower-case letters and digits as the vendor asks for."""
    return f"vendorlab{secrets.token_hex(4)}"


class Workshop:
    """What a test makes.

    Args:
        api: The target.
        access: What may be done to it.
        log_in: Gives a session.
        root: The geozone to make one's own under.

    Attributes:
        session: Who makes it.
    """

    def __init__(self, api: Api, access: Access, log_in: Callable[[], Session], root: int) -> None:
        self.session = log_in()
        self._log_in = log_in
        self._api = api
        self._access = access
        self._root = root
        self._made: list[tuple[str, dict[str, object]]] = []
        self._zone: int | None = None
        self._controller = ""

    def call(self, method: str, **params: object) -> httpx.Response:
        """Call a method."""
        return self._api.call(self.session, method, params)

    def owe(self, method: str, **params: object) -> None:
        """Remember what takes something away again."""
        self._made.append((method, params))

    # --- things to make

    @property
    def zone(self) -> int:
        """A geozone."""
        if self._zone is None:
            self._zone = int(self.make_zone(new_name())["id"])
        return self._zone

    @property
    def controller(self) -> str:
        """A controller in the geozone."""
        if not self._controller:
            name = new_name()
            self.make_device(forms.CONTROLLER, controller=name, category=forms.CONTROLLER)
            self._controller = name
        return self._controller

    def make_zone(self, name: str, parent: int | None = None) -> dict[str, Any]:
        """Make a geozone and return it."""
        __tracebackhide__ = True
        response = self.call(
            "createGeozone",
            name=name,
            parentId=self._root if parent is None else parent,
            latMin=LAT - _MARGIN,
            latMax=LAT + _MARGIN,
            lngMin=LNG - _MARGIN,
            lngMax=LNG + _MARGIN,
        )
        made = forms.one_zone(response)
        self.owe("deleteGeozone", geozoneId=made["id"], pullUpContent=False)
        return made

    def make_device(
        self, identity: str | None = None, *, controller: str | None = None, category: str = LAMP, zone: int = 0
    ) -> dict[str, Any]:
        """Make a device, a street light on the workshop's controller unless said otherwise, and return it."""
        __tracebackhide__ = True
        params = self.device_form(identity or new_name(), controller or self.controller, category, zone or self.zone)
        response = self.call("createCategoryDevice", **params)
        made = forms.one_device(response)
        self.owe("deleteDevice", controllerStrId=params["controllerStrId"], idOnController=params["idOnController"])
        return made

    @staticmethod
    def device_form(identity: str, controller: str, category: str, zone: int) -> dict[str, object]:
        """Return the parameters that make a device."""
        return {
            "userName": f"Suite {identity}",
            "categoryStrId": category,
            "controllerStrId": controller,
            "idOnController": identity,
            "geoZoneId": zone,
            "lat": LAT,
            "lng": LNG,
        }

    def make_schedule(self, timeline: str = "T_12_12") -> str:
        """Make a schedule and return its id."""
        __tracebackhide__ = True
        response = self.call(
            "createSchedule",
            name=new_name(),
            category=CATEGORY,
            timeline=timeline,
            color="#ff336699",
            description="of a suite",
            template="",
        )
        return self._remembered(response, "deleteSchedule", "scheduleId")

    def make_scheduler(self) -> str:
        """Make a scheduler, a calendar of schedules, and return its id."""
        __tracebackhide__ = True
        response = self.call("createScheduler", name=new_name(), category=CATEGORY, description="of a suite")
        return self._remembered(response, "deleteScheduler", "schedulerId")

    def _remembered(self, response: httpx.Response, method: str, parameter: str) -> str:
        __tracebackhide__ = True
        identity = str(forms.succeeded(response))
        expect.check(identity.isascii() and identity.isdecimal(), response, "a number as value: the id")
        self.owe(method, **{parameter: identity})
        return identity

    # --- values

    @property
    def noon(self) -> datetime:
        """Noon of the day before yesterday, in whatever zone the server is: no clock is changed at noon."""
        now = self._access.clock.now() if "clock" in self._access.capabilities else datetime.now(UTC)
        return (now - timedelta(days=2)).replace(hour=12, minute=0, second=0, microsecond=0, tzinfo=None)

    def set(self, device: dict[str, Any], at: datetime | str, /, **values: object) -> None:
        """Set values of a device at a time, in the server's zone, and expect that they are taken and logged."""
        __tracebackhide__ = True
        when = at if isinstance(at, str) else at.strftime(forms.TIME)
        forms.succeeded(self.set_raw(device, valueName=[*values], value=[*values.values()], eventTime=when))

    def set_raw(self, device: dict[str, Any], **params: object) -> httpx.Response:
        """Ask for values to be set."""
        key = key_of(device)
        return self.call("setDeviceValues", **({**key, "doLog": True} | params))

    def log(self, device: dict[str, Any] | list[dict[str, Any]], names: str | list[str], start: datetime, end: datetime,
            form: str = forms.TIME) -> list[dict[str, Any]]:  # fmt: skip
        """Read a window of the log."""
        __tracebackhide__ = True
        wanted = device if isinstance(device, list) else [device]
        window = {"from": start.strftime(form), "to": end.strftime(form)}
        response = self.call("getDevicesLogValues", deviceId=[each["id"] for each in wanted], name=names, **window)
        return forms.logged(response)

    def last(self, device: dict[str, Any], name: str) -> Any:
        """Return a device's last value of a name; None if it has none."""
        __tracebackhide__ = True
        response = self.call("getDeviceLastValues", **last_values(device, (name,)))
        found = [row.get("value") for row in forms.rows(response) if row.get("name") == name]
        return found[0] if found else None

    # --- the end

    def close(self) -> None:
        """Take away all that was made, the last first, be the budget spent and the session over."""
        with self._access.exchange.owed():
            if self._made:
                self.session = self._log_in()
            for method, params in reversed(self._made):
                deleted(self.call(method, **params), method)
        self._made.clear()
        self._api.making.gone()
