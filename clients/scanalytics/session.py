"""What both faces of the client are made of: Scanalytics' own settings over the shared ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, Unpack

from ..core.errors import UsageError
from ..core.oauth import Application
from ..core.pacing import Limit, Pacer
from ..core.secret import Secret
from ..core.session import Environment, SharedOptions, Vendor, VendorSession
from .operations import Operations

if TYPE_CHECKING:
    from collections.abc import Mapping

LIMITS: Final = (Limit(180, 60), Limit(1_200, 3_600))
"""Requests a minute and an hour, both counted by user, as the vendor publishes them."""

SCANALYTICS: Final = Vendor("scanalytics", token_path="/o/token/")  # noqa: S106 - a path
ENVIRONMENT: Final = "VENDORLAB_SCANALYTICS_"


class Options(SharedOptions, total=False):
    """Keyword arguments of both clients, beside those of `SharedOptions`.

    Attributes:
        client_secret: None for a public application. With a secret and no username the application logs in as
            itself (`client_credentials`).
        username: The account's e-mail address.
        password: Its password; without one, only stored tokens can be used.
        scope: What to ask for, such as "read"; "" leaves it to the vendor.
        pace: "published" to stay under the vendor's limits, None to go unpaced, or a `Pacer` that all clients of
            one user share.
        version: "v1", which the vendor's examples use, or "v2".
    """

    client_secret: str | Secret | None
    username: str | None
    password: str | Secret | None
    scope: str
    pace: Pacer | Literal["published"] | None
    version: Literal["v1", "v2"]


class Session(VendorSession):
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
        pace: Pacer | Literal["published"] | None = "published",
        version: Literal["v1", "v2"] = "v1",
        **shared: Unpack[SharedOptions],
    ) -> None:
        self.operations = Operations(version)
        if not client_id:
            raise UsageError("client_id is empty")
        if username is None and client_secret is None:
            raise UsageError("neither a username nor a client_secret is given: whose tokens should be used?")
        application = Application(client_id, Secret.of(client_secret), username, Secret.of(password), scope)
        pacer = Pacer(*LIMITS) if pace == "published" else pace
        super().__init__(SCANALYTICS, base_url, application, pacer=pacer, **shared)


def from_environment(variables: Mapping[str, str] | None = None) -> tuple[str, str, Options]:
    """Read the base URL, the client id and the credentials from `VENDORLAB_SCANALYTICS_URL`, `_USERNAME` and so on.

    Raises:
        UsageError: The URL or the client id is missing.
    """
    environment = Environment(ENVIRONMENT, variables)
    url, client_id = environment.require("URL", "CLIENT_ID")
    return (
        url,
        client_id,
        Options(
            client_secret=environment.read("CLIENT_SECRET"),
            username=environment.read("USERNAME"),
            password=environment.read("PASSWORD"),
            ca=environment.read("CA"),
        ),
    )
