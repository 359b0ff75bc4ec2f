"""The requests of this suite, and what it reads of the answers. Worlds are its own; the main one is only looked at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from vendorlab.contracts.core import expect

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from vendorlab.contracts.core.access import Access

PROBLEM = "application/problem+json"
START = "2026-11-21T05:00:00.000000Z"
VENDOR = "scanalytics"
"""The vendor in whose world something happens: one with OAuth tokens, so that there are secrets to keep."""
WHOAMI = "/v1/whoami"

_PROBLEM_MEMBERS = {"type": str, "title": str, "status": int, "detail": str}
_CLOCK_MEMBERS: dict[str, type | tuple[type, ...]] = {"now": str, "rate": (int, float), "frozen": bool, "timers": int}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Clock:
    """What the clock said."""

    now: datetime
    rate: float
    frozen: bool
    timers: int


class Api:
    """One target, as this suite asks it.

    Args:
        access: What may be done to the target.

    Attributes:
        http: Sends the requests.
        token: The target's token.
        secrets: What must not be printed.
    """

    def __init__(self, access: Access) -> None:
        self.http: httpx.Client = access.exchange
        self.token = access.target.credentials["token"]
        self.secrets = access.secrets

    def ask(self, method: str, path: str, body: Any = None, /, **options: Any) -> httpx.Response:
        """Ask with the token; a body that is not None goes as JSON."""
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        if body is not None:
            options["json"] = body
        return self.http.request(method, path, headers=headers, **options)

    def get(self, path: str, **params: str | float) -> httpx.Response:
        """GET with the token and a query."""
        return self.ask("GET", path, params=params)

    def send(self, method: str, path: str, content: bytes, kind: str | None = "application/json") -> httpx.Response:
        """Send bytes with the token, and a media type unless it is None."""
        headers = {"Content-Type": kind} if kind is not None else {}
        return self.ask(method, path, content=content, headers=headers)

    def worlds(self) -> list[str]:
        """Return the names of all worlds."""
        response = self.get("/worlds")
        rows = expect.json_objects(response)
        for row in rows:
            expect.fields(response, row, {"name": str, "vendors": dict})
        return [row["name"] for row in rows]


class World:
    """A world of the suite's own.

    Args:
        api: The target.
        response: The answer that told of it.
        below: The path that its calls are below.

    Attributes:
        told: The answer that told of it.
    """

    def __init__(self, api: Api, response: httpx.Response, below: str | None = None) -> None:
        body = expect.json_object(response, 201)
        expect.fields(response, body, {"name": str, "vendors": dict})
        self.api = api
        self.told = response
        self.name: str = body["name"]
        self.below = f"/worlds/{quote(self.name)}" if below is None else below
        vendor = body["vendors"].get(VENDOR)
        expect.check(isinstance(vendor, dict), response, f"the vendor {VENDOR}")
        expect.fields(response, vendor, {"url": str, "credentials": dict})
        self.url: str = vendor["url"]
        self.credentials: Mapping[str, str] = vendor["credentials"]
        names = ("username", "password", "client_id", "confidential_client_secret")
        expect.fields(response, vendor["credentials"], dict.fromkeys(names, str))
        for name in names:
            if name.endswith(("password", "secret")):
                api.secrets.add(self.credentials[name])

    def ask(self, method: str, path: str, body: Any = None, /, **options: Any) -> httpx.Response:
        """Ask about this world, with the token."""
        return self.api.ask(method, self.below + path, body, **options)

    def get(self, path: str, **params: str | float) -> httpx.Response:
        """GET something of this world, with the token and a query."""
        return self.api.get(self.below + path, **params)

    # --- its vendor ----------------------------------------------------------------------------------------------

    def login(self) -> dict[str, str]:
        """Log in at the vendor: return the access and the refresh token."""
        form = {
            "grant_type": "password",
            **{key: self.credentials[key] for key in ("username", "password", "client_id")},
        }
        response = self.api.http.post(f"{self.url}/o/token/", data=form)
        body = expect.json_object(response)
        expect.fields(response, body, {"access_token": str, "refresh_token": str})
        return {"access": body["access_token"], "refresh": body["refresh_token"]}

    def whoami(self, token: str | None = None, query: str = "") -> int:
        """Ask the vendor who a token speaks for: return the status."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self.api.http.get(f"{self.url}{WHOAMI}{query}", headers=headers).status_code

    # --- what the control API says of it -------------------------------------------------------------------------

    def clock(self, response: httpx.Response | None = None) -> Clock:
        """Read a clock out of an answer; ask for it if there is none."""
        response = response or self.get("/clock")
        body = expect.json_object(response)
        expect.fields(response, body, _CLOCK_MEMBERS)
        return Clock(moment(response, body["now"]), body["rate"], body["frozen"], body["timers"])

    def entries(self, response: httpx.Response | None = None, **query: str | int) -> list[dict[str, Any]]:
        """Read the entries out of an answer of the journal; ask for them if there is none."""
        response = response or self.get("/journal", **query)
        body = expect.json_object(response)
        expect.fields(response, body, {"entries": list, "next": int, "dropped": int})
        for entry in body["entries"]:
            expect.check(isinstance(entry, dict), response, "objects as entries")
            expect.fields(response, entry, {"seq": int, "status": int, "operation": str, "fault": (str, type(None))})
        return list(body["entries"])

    def faults(self) -> list[dict[str, Any]]:
        """Return the faults in force."""
        response = self.get("/faults")
        rows = expect.json_objects(response)
        for row in rows:
            expect.fields(response, row, {"name": str, "action": dict, "matched": int, "struck": int})
        return rows

    def add_fault(self, **rule: Any) -> str:
        """Add a fault: return its name."""
        response = self.ask("POST", "/faults", rule)
        body = expect.json_object(response, 201)
        expect.fields(response, body, {"name": str})
        return str(body["name"])

    def tokens(self, **query: str) -> list[dict[str, Any]]:
        """Return the tokens."""
        response = self.get("/tokens", **query)
        rows = expect.json_objects(response)
        kinds = dict.fromkeys(("vendor", "id", "kind", "client", "scope", "state"), str)
        for row in rows:
            expect.fields(response, row, {**kinds, "user": (str, type(None)), "expires": (str, type(None))})
        return rows

    def changed(self, verb: str, **which: str) -> int:
        """Revoke or expire tokens: return how many changed."""
        response = self.ask("POST", f"/tokens/{verb}", {"vendor": VENDOR, **which})
        body = expect.json_object(response)
        expect.fields(response, body, {"changed": int})
        return int(body["changed"])

    def seed(self, response: httpx.Response) -> int:
        """Read the seed out of an answer."""
        body = expect.json_object(response)
        expect.fields(response, body, {"seed": int})
        return int(body["seed"])


def problem(response: httpx.Response, *statuses: int) -> str:
    """Expect a refusal with one of some statuses, as problem+json: return its detail."""
    __tracebackhide__ = True
    expect.status(response, *statuses)
    expect.check(expect.media_type(response) == PROBLEM, response, PROBLEM)
    try:
        body: Any = response.json()
    except ValueError:
        body = None
    expect.check(isinstance(body, dict), response, "an object")
    expect.fields(response, body, _PROBLEM_MEMBERS)
    expect.check(body.keys() == _PROBLEM_MEMBERS.keys(), response, "type, title, status and detail, and no more")
    expect.check(body["status"] == response.status_code, response, "the same status in the body")
    expect.check(body["detail"], response, "a detail that says why")
    return str(body["detail"])


def nothing(response: httpx.Response) -> None:
    """Expect 204 without a body."""
    __tracebackhide__ = True
    expect.status(response, 204)
    expect.check(not response.content, response, "no body")


def moment(response: httpx.Response, text: Any) -> datetime:
    """Read a moment as the control API writes it."""
    __tracebackhide__ = True
    right = isinstance(text, str) and _MOMENT.fullmatch(text)
    expect.check(right, response, f"a moment such as {START}, not {text!r}")
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise AssertionError(f"{text!r} is no moment: {error}") from error
