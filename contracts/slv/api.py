"""The requests of this suite: who asks, which method, in which style, by which verb, for which serialisation."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.core.api import TargetApi
from vendorlab.contracts.slv import forms
from vendorlab.contracts.slv.making import Making
from vendorlab.contracts.slv.methods import BASE, BY_NAME, Method, as_in_servlets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx

    from vendorlab.contracts.core.access import Access

    Params = Mapping[str, object]

AUTH = f"{BASE}/auth.json"
CHECK = f"{BASE}/j_security_check"
CSRF, FETCH = "X-CSRF-Token", "Fetch"
CSRF_SINCE = (7, 8)
PATH, SERVLET = "path", "servlet"
JSON, XML = "json", "xml"


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is let in.

    Attributes:
        headers: What is sent with each call.
    """

    headers: Mapping[str, str] = field(repr=False)

    @property
    def cookie(self) -> str:
        """The cookies, as they are sent back; empty where Basic goes with each call."""
        return self.headers.get("Cookie", "")

    @property
    def token(self) -> str:
        """The CSRF token; empty where there is none."""
        return self.headers.get(CSRF, "")


NOBODY = Session({})


class Api(TargetApi):
    """One target, as this suite asks it.

    Args:
        access: What may be done to the target.

    Attributes:
        making: Notes what is made.
    """

    def __init__(self, access: Access) -> None:
        super().__init__(access)
        self.making = Making(access.leftovers)

    # --- asking

    def call(
        self,
        session: Session,
        method: Method | str,
        params: Params | None = None,
        *,
        style: str = PATH,
        verb: str = "GET",
        ser: str | None = JSON,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Call a method.

        Args:
            session: Who asks.
            method: The method, or its name in path style.
            params: Its parameters as they are spelt in path style; a list is repeated, True is ``true``.
            style: ``PATH`` or ``SERVLET``, which also spells the parameters.
            verb: GET, or POST for a form.
            ser: The serialisation to ask for; None asks for none.
            headers: What is sent besides, over what the session sends.
        """
        what = BY_NAME[method] if isinstance(method, str) else method
        named = self.named(what, style)
        pairs = [*named, *spread(params or {}, servlet=style == SERVLET), *([("ser", ser)] if ser else [])]
        entry = self.making.begin(what.name, params or {})
        response = self.ask(session, what.path if style == PATH else what.servlet, pairs, verb=verb, headers=headers)
        self.making.end(entry, response)
        return response

    def ask(
        self,
        session: Session,
        path: str,
        pairs: Sequence[tuple[str, str]] = (),
        *,
        verb: str = "GET",
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Ask a path with parameters as they are: in the query of a GET, in the form of a POST."""
        sent = {"Accept": "*/*", **session.headers, **(headers or {})}
        if verb == "GET":
            return self.http.get(path, params=list(pairs), headers=sent)
        form: dict[str, list[str]] = {}
        for name, value in pairs:
            form.setdefault(name, []).append(value)
        return self.http.request(verb, path, data=form, headers=sent)

    @staticmethod
    def named(method: Method, style: str) -> list[tuple[str, str]]:
        """Return the parameter that names the method, where the style has one."""
        return [("methodName", method.servlet_name)] if style == SERVLET else []

    # --- getting in

    def basic(self, username: str | None = None, password: str | None = None) -> dict[str, str]:
        """Return the header of HTTP Basic, of the target's user where none is named."""
        user = self.credential("username") if username is None else username
        secret = self.credential("password") if password is None else password
        pair = base64.b64encode(f"{user}:{secret}".encode()).decode()
        self._access.secrets.add(pair)
        return {"Authorization": f"Basic {pair}"}

    def fetch(self, headers: Mapping[str, str]) -> httpx.Response:
        """Ask who one is, and for a CSRF token with it."""
        wanted = {CSRF: FETCH, "X-Requested-With": "XMLHttpRequest"}
        return self.call(NOBODY, "getCurrentUser", headers={**headers, **wanted})

    def sign_in(self, username: str | None = None, password: str | None = None) -> Session:
        """Let somebody in by Basic, as the target's version has it: once for a session, or with each call."""
        __tracebackhide__ = True
        basic = self.basic(username, password)
        return self.admitted(self.fetch(basic), Session(basic))

    def admitted(self, response: httpx.Response, before: Session) -> Session:
        """Expect the answer to ``fetch`` and return the session that goes on from it.

        Args:
            response: The answer.
            before: What was shown for it; it stays as it is where the server is older than CSRF tokens.
        """
        __tracebackhide__ = True
        user = forms.json_of(response)
        expect.fields(response, user, {"login": str})
        token = response.headers.get(CSRF, "")
        if not token:
            version = self.version(before)
            expect.check(version < CSRF_SINCE, response, f"the header {CSRF}, as the server is a {dotted(version)}")
            return before
        cookie = self.cookies(response) or before.cookie
        expect.check("JSESSIONID=" in cookie, response, "a cookie JSESSIONID")
        self._access.secrets.add(token)
        return Session({CSRF: token, "Cookie": cookie})

    def second(self) -> Session:
        """Let the second user in."""
        __tracebackhide__ = True
        return self.sign_in(self.credential("second_username"), self.credential("second_password"))

    def csrf_session(self) -> Session:
        """Let the user in and expect a CSRF token; skips the test where the server is older than they are."""
        __tracebackhide__ = True
        session = self.sign_in()
        if not session.token:
            pytest.skip(f"a server before {dotted(CSRF_SINCE)} has no CSRF tokens")
        return session

    def form_login(self, username: str, password: str) -> tuple[httpx.Response, Session]:
        """Log in by the form, as a browser does; return the answer to it, and the session that it is about."""
        __tracebackhide__ = True
        first = self.http.get(AUTH)
        before = self.cookies(first)
        expect.check("JSESSIONID=" in before, first, "a cookie JSESSIONID")
        form = {"j_username": username, "j_password": password}
        response = self.http.post(CHECK, data=form, headers={"Cookie": before})
        return response, Session({"Cookie": self.cookies(response) or before})

    def cookies(self, response: httpx.Response) -> str:
        """Return the cookies that an answer sets, as they are sent back."""
        pairs = [line.partition(";")[0].strip() for line in response.headers.get_list("Set-Cookie")]
        for pair in pairs:
            self._access.secrets.add(pair.partition("=")[2])
        return "; ".join(pairs)

    def version(self, session: Session) -> tuple[int, int]:
        """Expect the server to tell its version."""
        __tracebackhide__ = True
        response = self.call(session, "getServerProperties", {"name": ["version", "build"]})
        text = str(forms.key_values(response).get("version", ""))
        match = re.match(r"(\d{1,4})\.(\d{1,4})", text, re.ASCII)
        expect.check(match, response, "a version like 7.12")
        assert match is not None
        return int(match[1]), int(match[2])


def dotted(version: tuple[int, int]) -> str:
    """Return a version as it is written."""
    return ".".join(map(str, version))


def spread(params: Params, *, servlet: bool = False) -> list[tuple[str, str]]:
    """Return parameters as pairs of text: lists repeated, booleans as words, names as the style spells them."""
    found: list[tuple[str, str]] = []
    for name, value in params.items():
        spelt = as_in_servlets(name) if servlet else name
        values = cast("Sequence[object]", value) if isinstance(value, list) else [value]
        found += ((spelt, str(each).lower() if isinstance(each, bool) else str(each)) for each in values)
    return found
