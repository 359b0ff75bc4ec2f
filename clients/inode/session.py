"""What both faces of the client are made of: iNode's own settings over the shared ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Unpack

from ..core.apikey import ApiKey
from ..core.errors import UsageError
from ..core.oauth import Application
from ..core.secret import Secret
from ..core.session import Environment, SharedOptions, Vendor, VendorSession
from ..core.urls import normal_url
from .changes import Snapshot
from .operations import Operations
from .polling import Poll

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..core.errors import ClientError
    from ..core.pacing import Pacer
    from ..core.steps import Steps

INODE: Final = Vendor("inode", token_path="/api/oauth/token/")  # noqa: S106 - a path
ENVIRONMENT: Final = "VENDORLAB_INODE_"
SCOPE: Final = "sync"
"""The one scope that the vendor's page asks for."""

ACCOUNT: Final = ("username", "password", "client_id", "client_secret")


class Options(SharedOptions, total=False):
    """Keyword arguments of both clients, beside those of `SharedOptions`.

    Either the account and application, or an API key.

    Attributes:
        username: The account of the company's owner.
        password: Its password; without one, only stored tokens can be used.
        client_id: The application, as the vendor's support gave it out.
        client_secret: Its secret.
        api_key: From the owner's profile, in place of all of these.
        scope: What to ask for.
        pace: A `Pacer` to stay under limits of your own; the vendor publishes none.
    """

    username: str | None
    password: str | Secret | None
    client_id: str | None
    client_secret: str | Secret | None
    api_key: str | Secret | None
    scope: str
    pace: Pacer | None


class Session(VendorSession):
    """One user's dealings with iNode, without I/O."""

    def __init__(
        self,
        base_url: str,
        *,
        username: str | None = None,
        password: str | Secret | None = None,
        client_id: str | None = None,
        client_secret: str | Secret | None = None,
        api_key: str | Secret | None = None,
        scope: str = SCOPE,
        pace: Pacer | None = None,
        **shared: Unpack[SharedOptions],
    ) -> None:
        who: Application | ApiKey
        if api_key is not None:
            if not all(value is None for value in (username, password, client_id, client_secret)):
                raise UsageError("both an account and an API key are given: which of them should be used?")
            who = ApiKey(api_key if isinstance(api_key, Secret) else Secret(api_key))
        elif username and client_id and client_secret:
            who = Application(client_id, Secret.of(client_secret), username, Secret.of(password), scope)
        else:
            raise UsageError("give either username, password, client_id and client_secret, or an api_key")
        # The vendor's pages call https://…/api/ the base; its paths begin with /api/ as well.
        base_url = normal_url(base_url).removesuffix("/api")
        super().__init__(INODE, base_url, who, pacer=pace, **shared)
        self.operations = Operations(self.base_url)

    def look(self) -> Steps[Snapshot]:
        """Ask for all links and all devices, as the vendor's own sample does."""
        links = yield from self.perform(self.operations.links())
        devices = yield from self.perform(self.operations.devices())
        return Snapshot(tuple(links), tuple(devices))

    def poll(
        self,
        every: float,
        until: Callable[[], bool] | None,
        on_outage: Callable[[ClientError, float], object] | None,
    ) -> Poll:
        """Begin to poll; nothing is sent yet."""
        return Poll(self.look, self.cadence(every, until, on_outage))


def from_environment(variables: Mapping[str, str] | None, given: Options) -> tuple[str, Options]:
    """Read the base URL and what is needed to log in from `VENDORLAB_INODE_URL`, `_USERNAME` and so on.

    Options that are given win. Where the environment has both an account and a key, the account is used.

    Raises:
        UsageError: The URL is missing, or what is needed to log in.
    """
    environment = Environment(ENVIRONMENT, variables)
    (url,) = environment.require("URL")
    key = environment.read("API_KEY")
    account_is_given = any(given.get(name) is not None for name in ACCOUNT)
    account_is_there = environment.read("USERNAME") is not None and environment.read("CLIENT_ID") is not None
    if given.get("api_key") is not None:
        found = Options()
    elif key is not None and not account_is_given and not account_is_there:
        found = Options(api_key=key)
    else:
        needed = [name.upper() for name in ("username", "client_id", "client_secret") if given.get(name) is None]
        environment.require(*needed)
        found = Options(
            username=environment.read("USERNAME"),
            password=environment.read("PASSWORD"),
            client_id=environment.read("CLIENT_ID"),
            client_secret=environment.read("CLIENT_SECRET"),
        )
    return url, Options(ca=environment.read("CA")) | found | given
