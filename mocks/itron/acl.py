"""Who may do what at the broker.

A token is the password of a user who is literally called ``notused``, and stands for its tenant; a CAAS account has a
password of its own and stands for the owner of the whole network (public). Both only listen, each on filters whose
first level is its own (inferred): a tenant's id, or ``ssni``.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from ..core.ids import fingerprint
from ..core.mqtt.policy import Accept, Refuse
from ..core.mqtt.reasons import Reason
from .errors import Unauthorized

if TYPE_CHECKING:
    from ..core.mqtt.packets import Connect
    from .backend import Backend

NOT_USED = "notused"
"""The user name of everybody who shows a token (public)."""

OWNER = "ssni"
"""The first level of the network's owner (public)."""

RESERVED = ("gw-coap-mqtt-bridge-", "gw-presence-")
"""How the client ids of the vendor's own publishers begin (public). That nobody else gets one is inferred: whoever
could take them over would silence the network."""


ANYBODY = "anybody"
"""Whoever comes through an open door."""


class Doorman:
    """The broker's rules.

    Args:
        backend: knows tokens and accounts.
        is_open: let everybody in, and do everything, as no vendor's broker does.

    Attributes:
        shown: what the client showed who was asked for last, masked.
        until: when that token ends, in microseconds of vendor time; None for an account, which does not.
    """

    def __init__(self, backend: Backend, *, is_open: bool = False) -> None:
        self._backend = backend
        self._is_open = is_open
        self.shown = ""
        self.until: int | None = None

    def authenticate(self, connect: Connect) -> Accept | Refuse:
        """Who that is; asked before anything of the client's is looked at or touched."""
        self.until = None
        password = _text(connect.password)
        self.shown = f"{connect.username} {fingerprint(password)}" if connect.username == NOT_USED else ""
        verdict = self._who(connect.username or "", password)
        if isinstance(verdict, Accept) and connect.client_id.startswith(RESERVED):
            return Refuse(Reason.CLIENT_ID_NOT_VALID, "reserved-client-id")
        return verdict

    def may_subscribe(self, principal: str, topic_filter: str) -> bool:
        """Whether the filter's first level is the principal's own, to the letter: no wildcard stands for it."""
        if self._is_open:
            return True
        own = OWNER if principal == self._backend.estate.caas.username else principal
        return topic_filter.partition("/")[0] == own

    def may_publish(self, principal: str, topic: str) -> bool:
        """No: clients only listen (public: the vendor's own takes a delivery receipt for an error)."""
        _ = principal, topic
        return self._is_open

    def _who(self, username: str, password: str) -> Accept | Refuse:
        if self._is_open:
            return Accept(ANYBODY)
        if not username or not password:
            return Refuse(cause="no-credentials")
        account = self._backend.estate.caas
        if username == account.username:
            self.shown = f"{username} {fingerprint(password)}"
            if hmac.compare_digest(password.encode(), account.password.encode()):
                return Accept(account.username)
            return Refuse(cause="wrong-password")
        if username != NOT_USED:
            return Refuse(cause="unknown-user")
        try:
            grant = self._backend.tokens.grant(password)
        except Unauthorized as refused:
            return Refuse(cause=refused.cause)
        token = self._backend.tokens.find(password)
        self.until = None if token is None else token.due
        return Accept(grant.tenant)


def _text(password: bytes | None) -> str:
    """A password as text; one that is none fits nobody, and is as good as any other that is wrong."""
    return (password or b"").decode("utf-8", "backslashreplace")
