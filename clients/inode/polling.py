"""Looking again and again at one account, and telling what has changed. When to look is the cadence's business."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .changes import compare

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..core.cadence import Cadence
    from ..core.steps import Steps
    from .changes import Change, Snapshot


class Poll:
    """One polling of one account.

    Args:
        look: Makes one look.
        cadence: Says when.
    """

    def __init__(self, look: Callable[[], Steps[Snapshot]], cadence: Cadence) -> None:
        self._look = look
        self._cadence = cadence
        self._last: Snapshot | None = None

    def next(self) -> Steps[Change | None]:
        """Look, as often as it takes, until something is different.

        Returns:
            The change; None when the cadence has come to its end.

        Raises:
            ClientError: What no waiting will mend.
        """
        while (look := (yield from self._cadence.next(self._look))) is not None:
            change = compare(self._last, look.seen, look.failures)
            is_first, self._last = self._last is None, look.seen
            if change or is_first:
                return change
        return None
