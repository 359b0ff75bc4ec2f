"""A key that stands for a user as it is: nothing renews it, and nobody logs in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from .errors import KeyRefused, UsageError
from .reading import complaint
from .secret import Credential, Secret
from .tokens import is_token

if TYPE_CHECKING:
    import httpx

    from .exchange import Exchange
    from .renewal import Authority, Line
    from .steps import Call, Steps

SCHEME = "Token"
"""Django REST framework's word for it; the vendors' pages use the same."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """The key of one user.

    Raises:
        UsageError: It cannot be one: empty, with blanks, or with characters that no header carries.
    """

    key: Secret

    def __post_init__(self) -> None:
        text = self.key.reveal()
        if not is_token(text) or " " in text:
            raise UsageError("an API key is made of printable ASCII without blanks")

    @property
    def name(self) -> str:
        """Nobody knows whose key it is."""
        return "holder of an API key"

    def authority(self, line: Line) -> Authority:
        """Return what sends calls with the key."""
        return KeyHolder(self, line.exchange)


class KeyHolder:
    """Sends calls with a key."""

    def __init__(self, key: ApiKey, exchange: Exchange) -> None:
        self._credential = Credential(SCHEME, key.key)
        self._exchange = exchange

    def authorised(self, call: Call) -> Steps[httpx.Response]:
        """Send a call with the key.

        Returns:
            The answer; never 401.

        Raises:
            KeyRefused: 401; asking again would tell no more.
            NetworkError, Throttled: As their docstrings say.
        """
        response = yield from self._exchange.send(replace(call, credential=self._credential))
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            raise KeyRefused(complaint(response), method=call.method, path=call.path)
        return response
