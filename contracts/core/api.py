"""What a suite's own ``Api`` stands on: the line to the target, its credentials, and logins that are not repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from vendorlab.contracts.core.access import Access

_Login = TypeVar("_Login")


class TargetApi:
    """One target, as a suite asks it.

    Args:
        access: What may be done to the target.

    Attributes:
        http: Sends the requests.
    """

    def __init__(self, access: Access) -> None:
        self.http: httpx.Client = access.exchange
        self._access = access

    def credential(self, name: str) -> str:
        """Return one of the target's credentials; skips the test if it was not given."""
        if missing := self._access.target.missing((name,)):
            pytest.skip(f"no credentials: set {missing[0]}")
        return self._access.target.credentials[name]

    def given(self, name: str) -> str | None:
        """Return one of the target's credentials if it was given."""
        return self._access.target.credentials.get(name)


def once(login: Callable[[], _Login]) -> Callable[[], _Login]:
    """Make a login that is tried once, be it in vain: a real account may be locked after a few failures."""
    found: list[_Login] = []
    failures: list[str] = []

    def first() -> _Login:
        __tracebackhide__ = True
        if not found and not failures:
            try:
                found.append(login())
            except AssertionError as error:
                failures.append(str(error))
        if failures:
            raise AssertionError(failures[0])
        return found[0]

    return first
