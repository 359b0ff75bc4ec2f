"""From what a client asks of the proxy to what a device is asked: which device, and with which options.

A device is sent the options as they came, but for those that were for the proxy (RFC 7252, section 5.7; that the
gateway forwards all others is public). Uri-Host and Uri-Port stay behind, as a device knows but one name (inferred):
so both ways to name a target give the same request, byte for byte.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ..core.coap.errors import CoapError
from ..core.coap.options import Option, Options
from ..core.coap.rules import next_hop_limit
from ..core.coap.uri import Target, proxy_target
from .gateway_errors import NobodyThere, OthersDevice, UnknownHost, WrongScheme

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from ..core.coap.observe import End
    from ..core.coap.response import Response
    from .estate import Estate
    from .mesh.board import Asked
    from .settings import Settings

SCHEME = "coap"
LOCAL = ""
"""The host that stands for the gateway itself, where a request names no other."""

MOST_REMEMBERED = 4_096
"""Requests whose target is remembered: clients poll the same ones again and again."""

_FOR_THE_PROXY = (
    Option.URI_HOST, Option.URI_PORT, Option.URI_PATH, Option.URI_QUERY, Option.PROXY_URI, Option.PROXY_SCHEME,
    Option.HOP_LIMIT, Option.BLOCK1, Option.SIZE1, Option.NO_RESPONSE,
)  # fmt: skip
"""What is not passed on: what named the target, what concerns one leg of the way, and blocks: they are one by then."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


class Journey(Protocol):
    """A request on its way."""

    def cancel(self) -> None:
        """Nobody waits for the answer any more."""
        ...


class Behind(Protocol):
    """What stands behind the gateway."""

    def send(self, mac: str, asked: Asked, answered: Callable[[Response | CoapError], None], /) -> Journey:
        """Ask a device; a bare acknowledgement is heard as a response with code 0.00."""
        ...

    def unobserved(self, who: Hashable, end: End, /) -> None:
        """Who observed something does not any more."""
        ...


class Forward(NamedTuple):
    """Where a request goes, and with which options.

    Attributes:
        target: what is asked for.
        options: what the device is sent.
        port: the one that was named, if one was.
    """

    target: Target
    options: Options
    port: int | None


class Destinations:
    """Finds devices by what requests name.

    Args:
        estate: which devices there are, and whose.
        settings: domain and ports.
    """

    def __init__(self, estate: Estate, settings: Settings) -> None:
        self._estate = estate
        self._port = settings.coap_device_port
        self._default = settings.coap_default_port
        self._host = re.compile(r"ssn([0-9a-f]{16})\." + re.escape(settings.coap_domain.lower()))
        self._whose = lru_cache(MOST_REMEMBERED)(self._find)

    def reset(self) -> None:
        """The estate may be another."""
        self._whose.cache_clear()

    def find(self, options: Options, tenant: str) -> tuple[str, Options]:
        """The device that a tenant's request is for, by MAC address, and the options that it is sent.

        Raises:
            UriError: the URI makes no sense.
            WrongScheme: it is none of CoAP's.
            UnknownHost: there is no such device.
            OthersDevice: it belongs to somebody else.
            NobodyThere: it has no CoAP at that port.
        """
        target, sent, named = forward(options)
        mac, owner = self._whose(target.host)
        if owner is None:
            raise UnknownHost(target.host)
        if owner != tenant:
            raise OthersDevice
        port = self._default if named is None else named
        if port != self._port:
            raise NobodyThere(port, self._port)
        return mac, sent

    def name(self, options: Options) -> str:
        """The MAC address that a request names, if it names one; never raises."""
        if not options.proxied:
            return ""
        try:
            return self._mac(forward(options).target.host) or ""
        except CoapError:
            return ""

    def _mac(self, host: str) -> str | None:
        found = self._host.fullmatch(host)
        return None if found is None else found[1]

    def _find(self, host: str) -> tuple[str, str | None]:
        """The MAC address that a host's name has, and the tenant whose device it is."""
        mac = self._mac(host)
        device = None if mac is None else self._estate.device(mac)
        return ("", None) if mac is None or device is None else (mac, device.tenant)


@lru_cache(MOST_REMEMBERED)
def forward(options: Options) -> Forward:
    """The target of a proxied request, and the options that it is sent.

    Raises:
        WrongScheme: it is none of CoAP's.
        UriError: the URI makes no sense.
    """
    uri = options.text(Option.PROXY_URI)
    if uri is None:
        scheme = (options.text(Option.PROXY_SCHEME) or "").lower()
    else:
        found = _SCHEME.match(uri)
        scheme = found[1].lower() if found else SCHEME
    if scheme != SCHEME:
        raise WrongScheme(scheme)
    target = proxy_target(options, LOCAL)
    kept: list[tuple[int, bytes | str | int]] = [item for item in options.items if item[0] not in _FOR_THE_PROXY]
    if Option.HOP_LIMIT in options:
        # It is not added where it is not: the gateway is older than RFC 8768 (inferred).
        kept.append((Option.HOP_LIMIT, next_hop_limit(options)))
    return Forward(target, Options([*kept, *target.local]), target.port if _names_port(options) else None)


def _names_port(options: Options) -> bool:
    uri = options.text(Option.PROXY_URI)
    if uri is None:
        return Option.URI_PORT in options
    return _authority(uri).rpartition(":")[2].isdigit()


def _authority(uri: str) -> str:
    return re.split(r"[/?#]", uri.partition("://")[2], maxsplit=1)[0]
