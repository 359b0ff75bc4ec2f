"""Logins of this suite, and what is held against every broker after each of them."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.contracts.core.api import TargetApi
from vendorlab.contracts.core.mqtt import packets
from vendorlab.contracts.core.mqtt.answers import Property
from vendorlab.contracts.core.mqtt.dialing import Dialer
from vendorlab.contracts.core.mqtt.packets import V5, V311, Kind
from vendorlab.contracts.itron.mqtt.description import description

if TYPE_CHECKING:
    from vendorlab.contracts.core.access import Access
    from vendorlab.contracts.core.leftovers import Entry
    from vendorlab.contracts.core.mqtt.answers import Reply
    from vendorlab.contracts.core.mqtt.line import Line
    from vendorlab.contracts.itron.tokens import Tokens

NOT_USED = "notused"
"""The user name that goes with a token."""
CAAS_TREE = "ssni"
REFUSED = 5
"""CONNACK of 3.1.1: not authorised."""
NOT_GRANTED = 0x80
"""SUBACK of 3.1.1: failure."""
_OTHER_VERSION = (1, 0x84)
QUIETLY = 600
"""Seconds of keep-alive in tests that are about something else."""


@dataclass(frozen=True, slots=True)
class Login:
    """What a client shows, and the first level of what it may see."""

    username: str
    password: str = field(repr=False)
    tree: str


class Broker(TargetApi):
    """One target, as this suite asks it.

    Args:
        access: What may be done to the target.
        tokens: Where its tokens come from.

    Attributes:
        dialer: Opens bare lines.
        tokens: Where its tokens come from.
    """

    def __init__(self, access: Access, tokens: Tokens) -> None:
        super().__init__(access)
        self.dialer = Dialer(access)
        self.tokens = tokens
        self._kept: dict[str, Login] = {}
        self._noted: list[Entry] = []

    # --- who ---------------------------------------------------------------------------------------------------------

    def login(self) -> Login:
        """Return the first tenant's login: a token, or the account of a broker that knows no tokens."""
        password = self.given("password")
        if password is None:
            return self.with_token(self.tokens.current())
        return Login(self.credential("username"), password, self.credential("tenant"))

    def with_token(self, token: str) -> Login:
        """Return the login with a token."""
        return Login(NOT_USED, token, tenant_of(token) or self.credential("tenant"))

    def second(self) -> Login:
        """Return another tenant's login; for tests that need ``second-tenant``."""
        token = self.tokens.second()
        return Login(NOT_USED, token, tenant_of(token) or pytest.skip("the second tenant's token tells no tenant"))

    def caas(self) -> Login:
        """Return a CAAS account's login; for tests that need ``caas``."""
        return Login(self.credential("caas_username"), self.credential("caas_password"), CAAS_TREE)

    # --- lines -------------------------------------------------------------------------------------------------------

    def ask(self, connect: bytes, *, five: bool = False) -> Line:
        """Open a line and send some CONNECT on it."""
        __tracebackhide__ = True
        line = self.dialer.open()
        line.five = five
        line.send(connect)
        return line

    def answer(
        self,
        login: Login | None = None,
        client: str | bytes | None = None,
        *,
        five: bool = False,
        clean: bool = True,
        keep_alive: int = QUIETLY,
        properties: bytes = b"",
    ) -> tuple[Line, Reply]:
        """Log in, and expect to be let in.

        Args:
            login: As whom; None is the first tenant.
            client: The client id; None makes one up.
            five: With MQTT 5.0.
            clean: Whether no session is to be found or, in 3.1.1, kept. What is kept is ended at the end.
            keep_alive: Seconds.
            properties: Of version 5.

        Returns:
            The line, and the CONNACK.
        """
        __tracebackhide__ = True
        login, client = login or self.login(), new_id() if client is None else client
        if (not clean or properties) and isinstance(client, str):
            self._kept[client] = login
            self._noted.append(self._access.leftovers.add("session", client=client, tree=login.tree))
        line = self.ask(hello(login, client, five=five, clean=clean, keep_alive=keep_alive, properties=properties))
        line.five = five
        found = line.reply(Kind.CONNACK)
        assert found.code == 0, f"a good login was refused: {found}"
        return line, found

    def client(self, login: Login | None = None, client: str | bytes | None = None, **options: Any) -> Line:
        """Log in, expect to be let in, and that the line lives: the options are those of ``answer``."""
        __tracebackhide__ = True
        line, _ = self.answer(login, client, **options)
        line.ping()
        return line

    def refused(self, connect: bytes, code: int = REFUSED, *, five: bool = False) -> Reply:
        """Expect CONNACK with a code, and the end of the line."""
        __tracebackhide__ = True
        line = self.ask(connect, five=five)
        found = line.reply(Kind.CONNACK)
        assert (found.code, found.present) == (code, False), f"{found} came where CONNACK {code:#04x} is due"
        line.ended()
        return found

    def sound(self) -> None:
        """Expect the broker to let a client in and to answer it, whatever was done to it before."""
        __tracebackhide__ = True
        self.client().close()

    def five(self) -> None:
        """Skip the test on a target without MQTT 5.0: it says 1 in the form of 3.1.1, or 0x84 in that of 5.0."""
        __tracebackhide__ = True
        line = self.ask(hello(self.login(), new_id(), five=True), five=True)
        found = line.reply(Kind.CONNACK)
        if found.code in _OTHER_VERSION:
            line.ended()
            pytest.skip("needs mqtt5: the target speaks MQTT 3.1.1 only")
        assert found.code == 0, f"a good login of MQTT 5.0 was refused: {found}"

    def close(self) -> None:
        """Close what is open, and end the sessions that are kept."""
        self.dialer.close()
        kept, self._kept = self._kept, {}
        with self.dialer.owed():
            for client, login in kept.items():
                self.answer(login if login.username != NOT_USED else self._again(login), client)
        self.dialer.close()
        self._access.leftovers.done(*self._noted)
        self._noted.clear()

    def _again(self, login: Login) -> Login:
        """Return the same tenant's login with a token that has not run out meanwhile."""
        mine = self.login()
        return mine if mine.tree == login.tree else self.second()


def subscribe(line: Line, *filters: str | bytes, qos: int = 0, number: int = 1) -> tuple[int, ...]:
    """Subscribe to some filters with one packet, and return the codes, one for each."""
    __tracebackhide__ = True
    line.send(packets.subscribe(number, [(each, qos) for each in filters], five=line.five))
    found = line.reply(Kind.SUBACK, number)
    assert len(found.codes) == len(filters), f"{found} came where {len(filters)} codes are due"
    return found.codes


def hello(
    login: Login,
    client: str | bytes,
    *,
    five: bool = False,
    clean: bool = True,
    keep_alive: int = QUIETLY,
    properties: bytes = b"",
) -> bytes:
    """Return a CONNECT."""
    return packets.connect(
        client,
        username=login.username,
        password=login.password,
        clean=clean,
        keep_alive=keep_alive,
        level=V5 if five else V311,
        properties=properties,
    )


def expiry(seconds: int) -> bytes:
    """Return the property by which a client of MQTT 5.0 says how long its session is to be kept."""
    return bytes([Property.SESSION_EXPIRY]) + seconds.to_bytes(4)


def new_id() -> str:
    """Return a client id that nobody has: 18 characters."""
    return f"vendorlab-{secrets.token_hex(4)}"


def alerts(tree: str) -> str:
    """Return the filter of all alerts below a first level."""
    return description().filter(tree)


def levels(tree: str, *below: str) -> str:
    """Return a topic or filter below a first level."""
    return "/".join([tree, *below])


def tenant_of(token: str) -> str | None:
    """Return whose a token is: its ``sub``; None if it does not say."""
    try:
        middle = token.split(".")[1]
        claims: Any = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
        subject: Any = claims["sub"]
    except (IndexError, KeyError, TypeError, ValueError, binascii.Error):
        return None
    return subject if isinstance(subject, str) and subject else None


def altered(token: str) -> str:
    """Return a token whose signature is wrong, in its middle, since the last character may carry idle bits."""
    place = token.rfind(".") + 5
    return token[:place] + ("A" if token[place : place + 1] != "A" else "B") + token[place + 1 :]
