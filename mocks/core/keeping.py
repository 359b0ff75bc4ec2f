"""How a world's state gets into its store, and out of it again when the next process begins.

A vendor that keeps itself in tables needs nothing from here but the commit. Of every other one the whole state is saved
after each exchange that may have changed it: they are small, and to write a document is quicker than to find out what
changed. The clock is saved when it is turned by hand; between two processes it goes on as if nothing had been.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from .snapshots import SavedVendor, SnapshotError
from .store import StoreError
from .wall import real_micros

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .clock import Clock
    from .ids import Ids
    from .store import Store
    from .vendor import Vendor

_WORLD = "world"


class _SavedWorld(msgspec.Struct):
    """What is kept of the world itself.

    Attributes:
        seed: its chance.
        run: how many processes it has lived in before.
        clock: as ``Clock.snapshot`` gives it, without timers.
        real: what the real time was then, in microseconds since 1970.
    """

    seed: int
    run: int
    clock: dict[str, Any]
    real: int


class Keeper:
    """Keeps one vendor.

    Args:
        store: where.
        vendor: whose state is kept.
    """

    def __init__(self, store: Store, vendor: Vendor) -> None:
        self._store = store
        self._vendor = vendor
        self._saves = store.kept and not vendor.keeps_itself

    def done(self, *, changed: bool = True) -> None:
        """An exchange is over: make what it changed durable."""
        if changed and self._saves:
            document = SavedVendor(self._vendor.profile, self._vendor.snapshot())
            self._store.save(f"vendor/{self._vendor.name}", document)
        self._store.commit()

    def undo(self) -> None:
        """An exchange broke off by a mistake of ours: of what it wrote to tables, nothing stays."""
        self._store.rollback()

    def resume(self) -> None:
        """Take up what an earlier process kept, if it kept anything; the clock has been set to it."""
        if self._vendor.keeps_itself:
            self._vendor.resume()
            return
        found = self._store.saved(f"vendor/{self._vendor.name}")
        if found is None:
            return
        saved = msgspec.convert(found, SavedVendor)
        if saved.profile != self._vendor.profile:
            raise StoreError(
                f"the state holds {self._vendor.name} in profile {saved.profile!r}, not {self._vendor.profile!r}; "
                f"start it with --profile {self._vendor.name}={saved.profile}, or give another folder"
            )
        try:
            self._vendor.restore(saved.state)
        except Exception as error:
            raise SnapshotError(f"the state of {self._vendor.name} cannot be taken up: {error!r}") from error


def save_world(store: Store, clock: Clock, ids: Ids) -> None:
    """Keep the clock and where chance stands."""
    document: dict[str, Any] = clock.snapshot() | {"timers": []}
    store.save(_WORLD, _SavedWorld(ids.seed, ids.run, document, real_micros()))


def kept_seed(store: Store) -> int | None:
    """The seed of the world in a store; None when there is none yet."""
    found = store.saved(_WORLD)
    return None if found is None else msgspec.convert(found, _SavedWorld).seed


def resume_world(store: Store, clock: Clock, ids: Ids, keepers: Iterable[Keeper]) -> None:
    """Go on where an earlier process stopped: the clock has run on meanwhile, unless it was frozen.

    The vendors have been made from the kept seed already. From here on chance is fresh, so that no id comes twice.
    """
    saved = msgspec.convert(store.saved(_WORLD), _SavedWorld)
    away = 0 if saved.clock["frozen"] else max(0, real_micros() - saved.real) * saved.clock["rate"]
    clock.restore(saved.clock | {"now": saved.clock["now"] + int(away)})
    for keeper in keepers:
        keeper.resume()
    ids.begin_run(saved.run + 1)
