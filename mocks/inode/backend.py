"""All state and rules of iNode; knows no transport.

What can change is who holds which token and session. Everything measured is a function of the seed and the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ..core.clock import SECOND
from ..core.django.accounts import Accounts
from ..core.django.keys import KeyHolder
from ..core.django.refusals import NoSuchObject, NotFound
from ..core.django.sessions import Sessions
from ..core.django.tokens import TokenStore
from ..core.throttle import Throttle
from .errors import InvalidWindow
from .models import Device, Estate, Link, Role, Status, User
from .seed import make_estate
from .settings import Settings, oauth, rates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..core.clock import Clock
    from ..core.django.stack import Stack
    from ..core.ids import Ids
    from .models import Company, Source
    from .traffic import Report, Traffic, Value

LONGEST_WINDOW = 366 * 86_400
"""Seconds of a link's past in one question; more is refused."""

T = TypeVar("T", Link, Device)


class Backend:
    """One world's iNode."""

    def __init__(self, clock: Clock, ids: Ids, stack: Stack, settings: Settings) -> None:
        self._clock = clock
        self._ids = ids
        self._stack = stack
        self._settings = settings
        self.tokens = TokenStore("inode", clock, ids, oauth(settings).lifetime)
        self.sessions = Sessions("inode", clock, ids)
        self.throttle = Throttle(rates(settings), consult_all=stack.consult_all_rates)
        self.accounts = Accounts(
            lambda: self.estate, self.tokens, is_active=self.is_active, is_secret=self._is_key_or_session
        )
        self._take_seed()

    def _take_seed(self) -> None:
        settings = self._settings
        self.estate: Estate = make_estate(self._ids, settings.links, settings.devices)
        self._keys = {user.api_key: user for user in self.estate.users.values() if user.api_key}
        self._traffic: dict[str, Traffic] = {}

    # --- people --------------------------------------------------------------------------------------------------

    def user(self, name: str) -> User:
        """A user by name; credentials are given to existing users only."""
        return self.estate.users[name]

    def is_active(self, name: str) -> bool:
        """Whether a user may log in and use his key."""
        return self.estate.users[name].active

    def is_owner(self, name: str) -> bool:
        """Whether a user owns his company's account."""
        return self.estate.users[name].role is Role.OWNER

    def key_holder(self, key: str) -> KeyHolder | None:
        """Whose API key a text is."""
        user = self._keys.get(key)
        return None if user is None else KeyHolder(user.email, user.active)

    # --- what a user may see -------------------------------------------------------------------------------------

    def company(self, user: User) -> Company:
        """The user's company: its links and devices, and no others, exist for him."""
        return self.estate.companies[user.company]

    def link(self, user: User, text: str) -> tuple[int, Link]:
        """One link by its id, with its place in the company's list."""
        return self._find("Link", self.company(user).links, text)

    def device(self, user: User, text: str) -> tuple[int, Device]:
        """One device by its id, with its place in the company's list."""
        return self._find("Device", self.company(user).devices, text)

    def _find(self, model: str, things: Sequence[T], text: str) -> tuple[int, T]:
        try:
            number = int(text)  # as Django reads it: blanks, signs and any script's digits pass
        except ValueError:
            raise NotFound from None
        for place, thing in enumerate(things):
            if thing.id == number:
                return place, thing
        raise NoSuchObject(self._stack, model)

    # --- what was measured ---------------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        """Whole seconds since 1970."""
        return self._clock.micros() // SECOND

    def measured(self, company: Company, places: range) -> list[tuple[Link, Status, Value | None]]:
        """Links at these places of the list with their status and last value."""
        import numpy as np  # noqa: PLC0415  not needed to start

        traffic, which = self._traffic_of(company), np.array(places, np.int64)
        found = traffic.statuses(which, self.now), traffic.latest(which, self.now)
        return list(zip(company.links[places.start : places.stop], *found, strict=True))

    def reported(self, company: Company, places: range) -> list[tuple[Device, Report | None]]:
        """Devices at these places of the list with their last report."""
        import numpy as np  # noqa: PLC0415

        found = self._traffic_of(company).reports(np.array(places, np.int64), self.now)
        return list(zip(company.devices[places.start : places.stop], found, strict=True))

    def past(self, company: Company, place: int, start: int, end: int) -> list[tuple[Source, Value]]:
        """What a link measured by each of its sources in [start, end), until now, in order of time."""
        if end <= start:
            raise InvalidWindow("end must be later than start.")
        if end - start > LONGEST_WINDOW:
            raise InvalidWindow("The window is longer than 366 days.")
        traffic, stop = self._traffic_of(company), min(end, self.now + 1)
        found = [
            (source, value)
            for source in company.links[place].sources
            for value in traffic.past(place, source, start, stop)
        ]
        return sorted(found, key=lambda pair: pair[1].updated)

    def _traffic_of(self, company: Company) -> Traffic:
        traffic = self._traffic.get(company.key)
        if traffic is None:
            from .traffic import Traffic  # noqa: PLC0415  numpy is not needed to start

            traffic = self._traffic[company.key] = Traffic(self._ids.seed, company)
        return traffic

    # --- the whole state -----------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Return to the start."""
        self.tokens.clear()
        self.sessions.clear()
        self.clear_limits()
        self._take_seed()

    def clear_limits(self) -> None:
        """Forget what was counted against the limits."""
        self.throttle.clear()

    def snapshot(self) -> dict[str, Any]:
        """All that can change; the estate follows from the seed."""
        return {
            "tokens": self.tokens.snapshot(),
            "sessions": self.sessions.snapshot(),
            "throttle": self.throttle.snapshot(),
        }

    def restore(self, document: dict[str, Any]) -> None:
        """Take up the state from ``snapshot``, on an estate of the same seed."""
        self.tokens.restore(document["tokens"])
        self.sessions.restore(document["sessions"])
        self.throttle.restore(document["throttle"])

    # --- inside --------------------------------------------------------------------------------------------------

    def _is_key_or_session(self, text: str) -> bool:
        return text in self._keys or text in self.sessions
