"""What both faces of the client are made of: its settings, and how one operation is carried out."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final, Literal, TypedDict, TypeVar

import httpx

from ..core.errors import UsageError
from ..core.exchange import Exchange
from ..core.oauth import Application, OAuth
from ..core.pacing import Limit, Pacer
from ..core.reading import answer
from ..core.retry import RetryPolicy
from ..core.secret import Secret
from ..core.tokens import MemoryTokenStore, TokenStore
from .operations import Operation, Operations

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..core.steps import Steps

T = TypeVar("T")

LIMITS: Final = (Limit(180, 60), Limit(1_200, 3_600))
"""Requests a minute and an hour, both counted by user, as the vendor publishes them."""

TOKEN_PATH: Final = "/o/token/"  # noqa: S105 - a path; without its last slash the POST is redirected and lost
ENVIRONMENT: Final = "VENDORLAB_SCANALYTICS_"
HEADERS: Final = {"Accept": "application/json", "User-Agent": "vendorlab-scanalytics"}


class Options(TypedDict, total=False):
    """Keyword arguments of both clients.

    Attributes:
        client_secret: None for a public application. With a secret and no username the application logs in as
            itself (`client_credentials`).
        username: The account's e-mail address.
        password: Its password; without one, only stored tokens can be used.
        scope: What to ask for, such as "read"; "" leaves it to the vendor.
        store: Where tokens are kept; in memory by default.
        pace: "published" to stay under the vendor's limits, None to go unpaced, or a `Pacer` that all clients of
            one user share.
        retry: How often and how patiently to try again.
        max_wait: The most seconds that one request may wait for its pace or out of a throttle.
        timeout: Seconds without progress on a connection.
        margin: Seconds before expiry at which a token is renewed (at most a tenth of its life).
        lock_timeout: Seconds to wait while somebody else renews.
        version: "v1", which the vendor's examples use, or "v2".
        clock: Seconds, for expiry and pace alike; by default the system's wall clock for the one and its
            monotonic clock for the other.
    """

    client_secret: str | Secret | None
    username: str | None
    password: str | Secret | None
    scope: str
    store: TokenStore | None
    pace: Pacer | Literal["published"] | None
    retry: RetryPolicy | None
    max_wait: float
    timeout: float
    margin: float
    lock_timeout: float
    version: Literal["v1", "v2"]
    clock: Callable[[], float] | None


class Session:
    """One user's dealings with Scanalytics, without I/O."""

    def __init__(
        self,
        base_url: str,
        *,
        client_id: str,
        client_secret: str | Secret | None = None,
        username: str | None = None,
        password: str | Secret | None = None,
        scope: str = "",
        store: TokenStore | None = None,
        pace: Pacer | Literal["published"] | None = "published",
        retry: RetryPolicy | None = None,
        max_wait: float = 3_700.0,
        timeout: float = 30.0,
        margin: float = 60.0,
        lock_timeout: float = 300.0,
        version: Literal["v1", "v2"] = "v1",
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.base_url = normal_url(base_url)
        self.timeout = timeout
        self.operations = Operations(version)
        if not client_id:
            raise UsageError("client_id is empty")
        if username is None and client_secret is None:
            raise UsageError("neither a username nor a client_secret is given: whose tokens should be used?")
        if pace == "published":
            pace = Pacer(*LIMITS)
        self._username = username
        exchange = Exchange(
            pacer=Pacer() if pace is None else pace,
            retry=retry or RetryPolicy(),
            max_wait=max_wait,
            clock=clock or time.monotonic,
        )
        self._oauth = OAuth(
            Application(client_id, Secret.of(client_secret), username, Secret.of(password), scope),
            base_url=self.base_url,
            token_path=TOKEN_PATH,
            store=MemoryTokenStore() if store is None else store,
            exchange=exchange,
            clock=clock or time.time,
            margin=margin,
            lock_timeout=lock_timeout,
        )

    def perform(self, operation: Operation[T]) -> Steps[T]:
        """Carry out an operation and read its answer."""
        response = yield from self._oauth.authorised(operation.call)
        return operation.read(answer(response, operation.call))

    def __str__(self) -> str:
        return f"{self._username or 'application'} at {self.base_url}"


def normal_url(base_url: str) -> str:
    """Return a base URL in the one form that tokens are kept under.

    Raises:
        UsageError: It is not an http(s) URL, or holds a user, a query or a fragment.
    """
    try:
        url = httpx.URL(base_url)
    except (httpx.InvalidURL, TypeError) as trouble:
        raise UsageError(f"the base URL is not a URL: {trouble}") from None
    if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.query or url.fragment:
        raise UsageError("the base URL must be http(s)://host[:port][/path] and nothing more")
    return str(url).rstrip("/")


def from_environment(environment: Mapping[str, str] | None = None) -> tuple[str, str, Options]:
    """Read the base URL, the client id and the credentials from `VENDORLAB_SCANALYTICS_URL`, `_USERNAME` and so on.

    Raises:
        UsageError: The URL or the client id is missing.
    """
    environment = os.environ if environment is None else environment

    def read(name: str) -> str | None:
        return environment.get(ENVIRONMENT + name) or None

    url, client_id = read("URL"), read("CLIENT_ID")
    if url is None or client_id is None:
        missing = [ENVIRONMENT + name for name, value in (("URL", url), ("CLIENT_ID", client_id)) if value is None]
        raise UsageError(f"not set in the environment: {', '.join(missing)}")
    return (
        url,
        client_id,
        Options(
            client_secret=read("CLIENT_SECRET"),
            username=read("USERNAME"),
            password=read("PASSWORD"),
        ),
    )
