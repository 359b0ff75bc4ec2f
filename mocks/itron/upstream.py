"""Real CoAP servers behind the gateway, in place of simulated devices: an allow-list of addresses by MAC address.

What is sent to them is confirmable and repeated as RFC 7252 has it; bodies go in blocks where they must, and what they
tell of observations is passed on. Only what was listed is ever asked, and only on this machine unless that is allowed.
"""

from __future__ import annotations

import ipaddress
import random
import re
from typing import TYPE_CHECKING

from ..core.coap.codes import Code
from ..core.coap.endpoint import Endpoint
from ..core.coap.errors import CoapError, NoAnswerError, RequestError, UriError
from ..core.coap.message import Message
from ..core.coap.observe import End
from ..core.coap.options import Option, is_unsafe
from ..core.coap.response import Response
from ..core.coap.transfer import Transfer
from ..core.coap.uri import split
from ..core.settings import SettingsError
from .gateway_errors import DeviceSilent, UnusableAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from ..core.coap.exchange import Exchange
    from ..core.coap.requests import Outgoing
    from ..core.ids import Ids
    from .line import Line
    from .mesh.board import Asked
    from .settings import Settings

    Address = tuple[str | int, ...]
    Answered = Callable[[Response | CoapError], None]
    Heard = Callable[[Hashable, Response], bool]

PATIENCE = 3_600.0
"""Seconds of line time for which an answer is awaited; the gateway's own patience ends before."""

_MAC = re.compile(r"[0-9a-f]{16}")


def servers(settings: Settings, ids: Ids, heard: Heard) -> list[Servers]:
    """What stands behind the gateway, by the settings: for each family of addresses one.

    Raises:
        SettingsError: an entry makes no sense, or lies beyond this machine.
    """
    addresses = dict(_addresses(settings))
    found: list[Servers] = []
    for number, (local, anywhere) in {4: ("127.0.0.1", "0.0.0.0"), 6: ("::1", "::")}.items():  # noqa: S104
        mine = {mac: address for mac, address in addresses.items() if (":" in str(address[0])) is (number == 6)}
        if mine:
            host = anywhere if settings.coap_upstreams_anywhere else local
            found.append(Servers(mine, host, ids, heard))
    return found


def _addresses(settings: Settings) -> Iterator[tuple[str, Address]]:
    given = settings.coap_upstreams
    if isinstance(given, str):
        parts = [entry.strip().partition("=") for entry in given.split(",") if entry.strip()]
        given = {mac: url for mac, _, url in parts}
    for mac, url in given.items():
        what = f"`coap_upstreams` names {mac}={url}"
        try:
            target = split(url)
            address = ipaddress.ip_address("127.0.0.1" if target.host == "localhost" else target.host)
        except (UriError, ValueError) as error:
            raise SettingsError(f"{what}, and the server is written as coap://127.0.0.1:4849") from error
        if target.scheme != "coap" or target.path or target.query:
            raise SettingsError(f"{what}, and the server is written as coap://127.0.0.1:4849")
        if not _MAC.fullmatch(mac.lower()):
            raise SettingsError(f"{what}, and a MAC address has 16 hex digits")
        if not address.is_loopback and not settings.coap_upstreams_anywhere:
            raise SettingsError(f"{what}, which is not on this machine; `coap_upstreams_anywhere` allows for that")
        rest = (target.port,) if address.version == 4 else (target.port, 0, 0)
        yield mac.lower(), (str(address), *rest)


class Servers:
    """The servers that are reached over one socket.

    Args:
        addresses: where each is, by MAC address.
        host: what the socket is bound to.
        ids: the seed.
        heard: takes news of what a client observes.

    Attributes:
        endpoint: its message layer, while it is on a line.
    """

    def __init__(self, addresses: dict[str, Address], host: str, ids: Ids, heard: Heard) -> None:
        self.addresses = addresses
        self.host = host
        self.heard = heard
        self.endpoint: Endpoint | None = None
        self.observed: dict[Hashable, Errand] = {}
        self._ids = ids

    def connect(self, line: Line) -> None:
        """Speak on a line from now on."""
        self.observed.clear()
        self.endpoint = Endpoint(
            _refuse,
            now=line.now,
            chance=random.Random(f"{self._ids.seed}/itron/coap/upstream"),
            send=line.send,
            woken=line.woken,
        )

    def disconnect(self) -> None:
        """Speak no more."""
        self.observed.clear()
        self.endpoint = None

    def send(self, mac: str, asked: Asked, answered: Answered) -> Errand:
        """Ask a server."""
        errand = Errand(self, asked.who, answered)
        if self.endpoint is None:
            errand.hear(NoAnswerError("not on a line"))
            return errand
        address, options = self.addresses[mac], asked.options.without(Option.BLOCK2)
        former = self.observed.get(asked.who) if options.uint(Option.OBSERVE) == 1 else None
        if former is not None and former.token is not None:
            # Whoever gives up an observation has to name it: RFC 7641, section 3.6.
            token = former.token
            self.unobserved(asked.who, End.CANCELLED)
            errand.outgoing = self.endpoint.request(
                address, asked.code, options, asked.payload, answered=errand.hear, timeout=PATIENCE, token=token
            )
        else:
            errand.outgoing = Transfer(
                self.endpoint, address, asked.code, options, asked.payload, answered=errand.hear, timeout=PATIENCE
            )
            errand.outgoing.start()
        return errand

    def unobserved(self, who: Hashable, end: End) -> None:
        """Who observed something does not any more; his next news are rejected, unless he gives it up in words."""
        if end is not End.DEREGISTERED and (errand := self.observed.pop(who, None)) is not None:
            errand.cancel()


class Errand:
    """One request to a server, and the news that follow its answer if there are to be any."""

    def __init__(self, servers: Servers, who: Hashable, answered: Answered) -> None:
        self.outgoing: Transfer | Outgoing | None = None
        self.token: bytes | None = None
        self._servers = servers
        self._who = who
        self._answered: Answered | None = answered

    def cancel(self) -> None:
        """Nobody waits any more."""
        self._answered = None
        if self.outgoing is not None:
            self.outgoing.cancel()

    def hear(self, result: Message | RequestError) -> None:
        """An answer, or news, or neither."""
        answered, self._answered = self._answered, None
        response = _response(result)
        if answered is None:
            if isinstance(response, Response) and self._servers.observed.get(self._who) is self:
                self._pass_on(response)
            return
        if isinstance(result, Message) and Option.OBSERVE in result.options:
            self.token = result.token
            former = self._servers.observed.get(self._who)
            self._servers.observed[self._who] = self
            if former is not None:
                former.cancel()
        answered(response)

    def _pass_on(self, response: Response) -> None:
        if not self._servers.heard(self._who, response):
            del self._servers.observed[self._who]
            self.cancel()


def _response(result: Message | RequestError) -> Response | CoapError:
    """What a client is told of an outcome: RFC 7252, section 5.7.1."""
    if isinstance(result, Message):
        if any(is_unsafe(number) for number in result.options.unrecognised) or result.code < Code.CREATED:
            return UnusableAnswer("the answer has an option that cannot be passed on")
        return Response(result.code, result.payload, result.options)
    if isinstance(result, NoAnswerError):
        return DeviceSilent()
    return UnusableAnswer(str(result))


def _refuse(_request: Message, _exchange: Exchange) -> Response:
    """Nobody asks this side of the gateway for anything."""
    return Response(Code.NOT_FOUND)
