"""Who may do what: the vendor's rules, which are handed in. They are plain functions and are asked on the spot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from .reasons import Reason

if TYPE_CHECKING:
    from .packets import Connect


class Accept(msgspec.Struct, frozen=True):
    """Come in.

    Attributes:
        principal: who that is, as rules and journal call him.
        response_information: what version 5 may ask for (3.2.2.3.13); empty for none.
    """

    principal: str = "anonymous"
    response_information: str = ""


class Refuse(msgspec.Struct, frozen=True):
    """Stay out.

    Attributes:
        code: a reason code of MQTT 5; version 3 gets what corresponds to it.
        cause: for the journal.
    """

    code: int = Reason.NOT_AUTHORIZED
    cause: str = "refused"


class Policy(Protocol):
    """A vendor's rules."""

    def authenticate(self, connect: Connect) -> Accept | Refuse:
        """Who that is; asked before anything of the client's is looked at or touched."""
        ...

    def may_subscribe(self, principal: str, topic_filter: str) -> bool:
        """Whether it may have this filter; a shared one comes without ``$share`` and its name."""
        ...

    def may_publish(self, principal: str, topic: str) -> bool:
        """Whether it may say something there, now or as a will."""
        ...


class Anybody:
    """Everybody may do everything."""

    def authenticate(self, connect: Connect) -> Accept | Refuse:
        """Come in, by the name you give."""
        return Accept(connect.username or "anonymous")

    def may_subscribe(self, principal: str, topic_filter: str) -> bool:
        """Yes."""
        _ = principal, topic_filter
        return True

    def may_publish(self, principal: str, topic: str) -> bool:
        """Yes."""
        _ = principal, topic
        return True
