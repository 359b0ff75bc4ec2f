"""The requests that suites of such vendors share: raw httpx with the target's credentials filled in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from vendorlab.contracts.core import expect
from vendorlab.contracts.core.api import TargetApi
from vendorlab.contracts.core.capabilities import RESUMED
from vendorlab.contracts.core.chain import Chain
from vendorlab.contracts.core.errors import UsageError
from vendorlab.contracts.core.keeping import state_home

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

    from vendorlab.contracts.core.access import Access

NO_CREDENTIALS = "Authentication credentials were not provided."
NO_PERMISSION = "You do not have permission to perform this action."
BOGUS = "0" * 30
"""Looks like a token and is none."""
NOBODY = "nobodys-application"
"""A client_id that is nobody's."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A token response that has been checked for its form.

    Attributes:
        access: The access token.
        refresh: The refresh token; empty if there was none.
        scope: The scope granted.
        response: The answer it came in.
    """

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    scope: str
    response: httpx.Response = field(repr=False)


class DjangoApi(TargetApi, ABC):
    """One target, as a suite asks it. A vendor's own class says where things are.

    Args:
        access: What may be done to the target.

    Attributes:
        TOKEN: The path of the token endpoint, with its slash.
        REVOKE: The path at which a token is given up.
        RESOURCES: Paths that anybody with a token may read; the first is asked where one is enough.
        NO_OBJECT: A path below a resource, of an object that does not exist.
        SCOPE: The scope that a login gets.
        LIFETIME: How long an access token lives, in seconds.
    """

    TOKEN: ClassVar[str]
    REVOKE: ClassVar[str]
    RESOURCES: ClassVar[tuple[str, ...]]
    NO_OBJECT: ClassVar[str]
    SCOPE: ClassVar[str]
    LIFETIME: ClassVar[int]

    @abstractmethod
    def application(self) -> dict[str, str]:
        """Return the fields by which the application that people log in through shows itself."""

    @abstractmethod
    def confidential(self) -> dict[str, str]:
        """Return the fields by which a confidential application shows itself: client_id and client_secret."""

    def __init__(self, access: Access) -> None:
        super().__init__(access)
        self._resumption: Grant | None = None
        self._refusal: UsageError | None = None

    @property
    def resource(self) -> str:
        """A path that anybody with a token may read."""
        return self.RESOURCES[0]

    def password_form(self, **changes: str | None) -> dict[str, str]:
        """Return the form of a login; a field that is changed to None is left out."""
        form = {
            "grant_type": "password",
            "username": self.credential("username"),
            "password": self.credential("password"),
            **self.application(),
        }
        return changed(form, changes)

    def token(self, form: Mapping[str, str], **options: Any) -> httpx.Response:
        """Ask the token endpoint with a form."""
        return self.http.post(self.TOKEN, data=dict(form), **options)

    def login(self, **changes: str | None) -> Grant:
        """Log in with a password and expect a token; with a refresh token, once, where that is all there is."""
        if self.resumes and not changes:
            return self._resumed()
        return granted(self.token(self.password_form(**changes)))

    @property
    def resumes(self) -> bool:
        """Whether a refresh token, which is its user's only one, is all that there is to log in with."""
        return RESUMED in self._access.target.credentials and self.given("password") is None

    def _resumed(self) -> Grant:
        __tracebackhide__ = True
        if self._refusal is not None:
            raise self._refusal
        if self._resumption is None:
            try:
                Chain(state_home(), self._access.target).spend(self._resume)
            except UsageError as error:
                self._refusal = error
                raise
        assert self._resumption is not None
        return self._resumption

    def _resume(self, token: str, heard: Callable[[Any], None]) -> bool:
        """Spend a refresh token; its successor is kept before the answer is even looked at."""
        __tracebackhide__ = True
        self._access.secrets.add(token)
        with self._access.exchange.first(lambda response: heard(_json(response))):
            response = self.refresh(token)
        expect.status(response, 200, *expect.ERA)
        if response.status_code != 200:
            return False
        self._resumption = replace(granted(response), refresh="")  # nobody may spend it: it is the user's
        return True

    def refresh(self, refresh_token: str, /, **changes: str | None) -> httpx.Response:
        """Refresh through the application of the login, or whichever the changes name."""
        form = {"grant_type": "refresh_token", **self.application(), "refresh_token": refresh_token}
        return self.token(changed(form, changes))

    def revoke(self, token: str) -> httpx.Response:
        """Give a token up."""
        return self.http.post(self.REVOKE, data={**self.application(), "token": token})

    def get(
        self, path: str, token: str | None, params: Mapping[str, str] | None = None, **headers: str
    ) -> httpx.Response:
        """GET a path with a token in the header. A header's underscores stand for hyphens."""
        return self.http.get(path, params=params, headers=authorization(token) | named(headers))

    def is_good(self, token: str) -> bool:
        """Whether a token is accepted; expects either 200 or 401."""
        response = self.get(self.resource, token)
        expect.status(response, 200, 401)
        return response.status_code == 200


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def authorization(token: str | None) -> dict[str, str]:
    """Return the header that carries a token, or none."""
    return {"Authorization": f"Bearer {token}"} if token else {}


def named(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers given as keyword arguments under their real names."""
    return {name.replace("_", "-"): value for name, value in headers.items()}


def changed(form: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """Return a form with some fields set and those changed to None left out."""
    return {name: value for name, value in {**form, **changes}.items() if value is not None}


def granted(response: httpx.Response, *, refreshable: bool = True) -> Grant:
    """Expect a token response."""
    __tracebackhide__ = True
    body = expect.json_object(response)
    strings = ("access_token", "token_type", "scope", *(["refresh_token"] if refreshable else []))
    expect.fields(response, body, {**dict.fromkeys(strings, str), "expires_in": int})
    return Grant(body["access_token"], str(body.get("refresh_token", "")), body["scope"], response)


def refused(response: httpx.Response, *texts: str) -> None:
    """Expect the refusal of a request without good credentials: 401, a challenge of any kind, and one of some texts.

    The challenge is that of the authenticator that happens to come first, so nothing is said about which.
    """
    __tracebackhide__ = True
    expect.detail(response, 401, *(texts or (NO_CREDENTIALS,)))
    expect.check(response.headers.get("WWW-Authenticate"), response, "a WWW-Authenticate header")
