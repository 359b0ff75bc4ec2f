"""All state and rules of Scanalytics; knows no transport.

Lists and single things are what a user may see; what he may not see does not exist for him.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..core.clock import SECOND
from ..core.django.accounts import Accounts
from ..core.django.refusals import NoSuchObject, PermissionDenied
from ..core.django.tokens import TokenStore
from ..core.throttle import Throttle
from .buckets import WindowError
from .errors import InvalidWindow
from .models import Array, Deployment, Device, Estate, Permission, User
from .seed import make_estate
from .settings import Settings, anonymous_rates, oauth, user_rates
from .traffic import ArrayProfile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from ..core.clock import Clock
    from ..core.django.stack import Stack
    from ..core.ids import Ids
    from .buckets import Bucket
    from .readings import Aggregate, Readings

MOST_BUCKETS = 1_000_000
"""Buckets in one answer; a request for more is refused."""

REPORT_SECONDS = 60
"""How often a device reports."""


INSTALLED = 1_451_606_400
"""2016-01-01T00:00Z, from when on arrays count: before the tutorial's window."""


class Backend:
    """One world's Scanalytics."""

    def __init__(self, clock: Clock, ids: Ids, stack: Stack, settings: Settings) -> None:
        self._clock = clock
        self._ids = ids
        self._settings = settings
        self._stack = stack
        self.tokens = TokenStore("scanalytics", clock, ids, oauth(settings).lifetime)
        self.user_throttle = Throttle(user_rates(settings), consult_all=stack.consult_all_rates)
        self.anonymous_throttle = Throttle(anonymous_rates(settings), consult_all=stack.consult_all_rates)
        self.edition = 0
        """Counts the changes of deployments and arrays, so that their lists can be kept encoded."""
        self.estate: Estate = self._seed()
        self.accounts = Accounts(lambda: self.estate, self.tokens)
        self._readings: dict[str, Readings] = {}
        self.silent: dict[str, int] = {}
        """Arrays whose readings do not come in, and since when, in seconds since 1970."""

    def _seed(self) -> Estate:
        return make_estate(self._ids, self._settings.deployments, self._clock.micros())

    # --- people --------------------------------------------------------------------------------------------------

    def user(self, name: str) -> User:
        """A user by name; tokens are issued to existing users only."""
        return self.estate.users[name]

    # --- what a user may see -------------------------------------------------------------------------------------

    def deployments(self, user: User) -> list[tuple[Deployment, Permission]]:
        """The deployments that the user may view or edit, with which of the two."""
        return [(self.estate.deployments[key], permission) for key, permission in user.deployments.items()]

    def deployment(self, user: User, key: str) -> tuple[Deployment, Permission]:
        """One deployment."""
        if key not in user.deployments:
            raise self._missing("Deployment")
        return self.estate.deployments[key], user.deployments[key]

    def arrays(self, user: User) -> list[Array]:
        """The arrays of the user's deployments."""
        return [self.estate.arrays[key] for deployment, _ in self.deployments(user) for key in deployment.arrays]

    def array(self, user: User, key: str) -> Array:
        """One array."""
        array = self.estate.arrays.get(key)
        if array is None or array.deployment not in user.deployments:
            raise self._missing("Array")
        return array

    def devices(self, user: User) -> list[Device]:
        """The devices of the user's arrays."""
        return [self.estate.devices[key] for array in self.arrays(user) for key in array.devices]

    def device(self, user: User, key: str) -> Device:
        """One device."""
        device = self.estate.devices.get(key)
        if device is None or device.deployment not in user.deployments:
            raise self._missing("Device")
        return device

    def last_seen(self, device: Device) -> int:
        """When a device last reported, in whole seconds since 1970."""
        if device.offline_since is not None:
            return device.offline_since // SECOND
        now = self._known_until(device.array)
        return now - (now - device.phase) % REPORT_SECONDS

    # --- readings ------------------------------------------------------------------------------------------------

    def aggregate(
        self, user: User, key: str, metric: str, bucket: Bucket, start: int, end: int, zone: ZoneInfo
    ) -> Aggregate | None:
        """A metric of an array by bucket over [start, end), seconds since 1970, grouped by the wall clock of ``zone``.

        Returns:
            The buckets in ascending order; None where there are none.
        """
        array = self.array(user, key)
        if end < start or (end == start and not self._settings.empty_window):
            raise InvalidWindow("end must be later than start.")
        now = self._known_until(key)
        if start >= min(end, now):
            return None
        try:
            count = bucket.count(start, min(end, now))
        except WindowError:
            raise InvalidWindow("The window begins too early.") from None
        if count > MOST_BUCKETS:
            raise InvalidWindow(f"The window holds more than {MOST_BUCKETS} buckets.")
        return self._readings_of(array).aggregate(metric, bucket, start, end, zone, now)

    def _known_until(self, key: str) -> int:
        """Up to when an array's readings came in, in seconds since 1970."""
        now = self._clock.micros() // SECOND
        return min(now, self.silent.get(key, now))

    def _readings_of(self, array: Array) -> Readings:
        readings = self._readings.get(array.key)
        if readings is None:
            from .readings import Readings  # noqa: PLC0415  numpy is not needed to start

            place = self.estate.deployments[array.deployment]
            hours = zip(place.opens, place.closes, strict=True)
            profile = ArrayProfile(
                key=array.key,
                timezone=place.timezone,
                hours=tuple((opens * 60, closes * 60) if opens < closes else None for opens, closes in hours),
                daily_visits=array.visits_per_day,
                mean_stay=array.stay,
                since=INSTALLED,
            )
            readings = self._readings[array.key] = Readings(self._ids.seed, profile)
        return readings

    # --- editing (an extension) ----------------------------------------------------------------------------------

    def rename_deployment(self, user: User, key: str, name: str) -> tuple[Deployment, Permission]:
        """Give a deployment another name."""
        deployment, permission = self._editable(user, key)
        self.estate.deployments[key] = replace(deployment, name=name)
        self.edition += 1
        return self.estate.deployments[key], permission

    def rename_array(self, user: User, key: str, name: str) -> Array:
        """Give an array another name."""
        array = self.array(user, key)
        self._editable(user, array.deployment)
        self.estate.arrays[key] = replace(array, name=name)
        self.edition += 1
        return self.estate.arrays[key]

    # --- the whole state -----------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Return to the start."""
        self.tokens.clear()
        self.clear_limits()
        self._readings.clear()
        self.silent.clear()
        self.estate = self._seed()
        self.edition += 1

    def clear_limits(self) -> None:
        """Forget what was counted against the limits."""
        self.user_throttle.clear()
        self.anonymous_throttle.clear()

    def snapshot(self) -> dict[str, Any]:
        """All that can change; the rest of the estate follows from the seed."""
        estate = self.estate
        return {
            "tokens": self.tokens.snapshot(),
            "throttles": [self.user_throttle.snapshot(), self.anonymous_throttle.snapshot()],
            "names": {one.key: one.name for one in self._named()},
            "offline": {key: device.offline_since for key, device in estate.devices.items()},
            "silent": dict(self.silent),
        }

    def restore(self, document: dict[str, Any]) -> None:
        """Take up the state from ``snapshot``, on an estate of the same seed and size."""
        if document["offline"].keys() != self.estate.devices.keys():
            raise ValueError("it is of another estate: the setting `deployments` must be the same")
        self.tokens.restore(document["tokens"])
        self.user_throttle.restore(document["throttles"][0])
        self.anonymous_throttle.restore(document["throttles"][1])
        self.silent = dict(document.get("silent", {}))
        estate, names, offline = self.estate, document["names"], document["offline"]
        for key, deployment in estate.deployments.items():
            estate.deployments[key] = replace(deployment, name=names[key])
        for key, array in estate.arrays.items():
            estate.arrays[key] = replace(array, name=names[key])
        for key, device in estate.devices.items():
            estate.devices[key] = replace(device, offline_since=offline[key])
        self.edition += 1

    # --- inside --------------------------------------------------------------------------------------------------

    def _editable(self, user: User, key: str) -> tuple[Deployment, Permission]:
        deployment, permission = self.deployment(user, key)
        if permission is not Permission.EDIT:
            raise PermissionDenied
        return deployment, permission

    def _named(self) -> Iterator[Deployment | Array]:
        yield from self.estate.deployments.values()
        yield from self.estate.arrays.values()

    def _missing(self, model: str) -> NoSuchObject:
        return NoSuchObject(self._stack, model)
