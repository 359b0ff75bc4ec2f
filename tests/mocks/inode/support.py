"""iNode in a world, called in process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vendorlab.mocks.core.journal import Entry
    from vendorlab.mocks.core.world import World
    from vendorlab.mocks.inode.app import INode

TOKEN = "/api/oauth/token/"
LINKS, DEVICES = "/api/v1/links/", "/api/v1/devices/"


class Caller:
    """iNode in a world, called in process."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.http = httpx.Client(transport=world.transport("inode"), base_url="http://inode.example")

    @property
    def vendor(self) -> INode:
        return cast("INode", self.world.vendor("inode"))

    @property
    def known(self) -> Mapping[str, str]:
        return self.vendor.credentials()

    @property
    def last(self) -> Entry:
        """The newest entry of the journal."""
        return self.world.journal.find()[-1]

    def ask(self, form: Mapping[str, str], /, **options: Any) -> httpx.Response:
        """Post a form to the token endpoint."""
        return self.http.post(TOKEN, data=form, **options)

    def password_form(self, **changes: str | None) -> dict[str, str]:
        """The form of a login that works; a change to None leaves the field out."""
        names = ("username", "password", "client_id", "client_secret")
        form = {"grant_type": "password", "scope": "sync", **{name: self.known[name] for name in names}}
        return {name: value for name, value in (form | changes).items() if value is not None}

    def refresh_form(self, refresh_token: str, /, **changes: str | None) -> dict[str, str]:
        """The form of a refresh that works."""
        form = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "client_id": self.known["client_id"],
            "client_secret": self.known["client_secret"],
        }
        return {name: value for name, value in (form | changes).items() if value is not None}

    def login(self, **changes: str | None) -> dict[str, Any]:
        """The token response of a login."""
        answer = self.ask(self.password_form(**changes))
        assert answer.status_code == 200, answer.text
        return cast("dict[str, Any]", answer.json())

    def get(self, path: str, authorization: str | None = None, **options: Any) -> httpx.Response:
        """Read something; by default with the owner's API key."""
        return self.call("GET", path, authorization, **options)

    def call(self, method: str, path: str, authorization: str | None = None, **options: Any) -> httpx.Response:
        """Any request; by default with the owner's API key."""
        headers = {"Authorization": authorization or f"Token {self.known['api_key']}"} | options.pop("headers", {})
        return self.http.request(method, path, headers=headers, **options)

    def links(self) -> list[dict[str, Any]]:
        """Every link as the list has it."""
        return cast("list[dict[str, Any]]", self.get(LINKS).json())

    def devices(self) -> list[dict[str, Any]]:
        """Every device as the list has it."""
        return cast("list[dict[str, Any]]", self.get(DEVICES).json())
