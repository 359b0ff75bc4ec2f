"""Targets: where a suite is pointed and with which credentials.

The address comes from ``--vendorlab-target VENDOR=URL`` or ``VENDORLAB_<VENDOR>_URL``. Credentials come from the
environment, or from a file of its variables: options end in shell histories, process lists and reports.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vendorlab.contracts.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NO_CREDENTIALS = ("URL", "CA", "REAL")
_SWITCH = ("", "0", "1")
_VENDOR = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Target:
    """One vendor at one address.

    Attributes:
        vendor: The vendor's name, as in ``scanalytics``.
        url: Scheme, host, optional port and path, without a trailing slash.
        credentials: Lower-case names, as in ``client_id``, to their values.
        ca: A file with the certificate authority to trust; None trusts those of the system.
        real: Whether it is the vendor's own whatever the address says: on this machine a tunnel may begin.
    """

    vendor: str
    url: str
    credentials: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    ca: str | None = None
    real: bool = False

    @classmethod
    def from_environment(cls, vendor: str, environ: Mapping[str, str], url: str | None = None) -> Target | None:
        """Build a target from the variables of one vendor.

        Args:
            vendor: The vendor's name.
            environ: The environment.
            url: An address that outranks the environment's.

        Returns:
            The target, or None if neither the argument nor the environment gives an address.

        Raises:
            UsageError: The address makes no sense.
        """
        prefix = variable_prefix(vendor)
        address = url or environ.get(f"{prefix}URL")
        if not address:
            return None
        credentials = {
            name.removeprefix(prefix).lower(): value
            for name, value in environ.items()
            if name.startswith(prefix) and name not in {f"{prefix}{each}" for each in _NO_CREDENTIALS} and value
        }
        ca, real = environ.get(f"{prefix}CA") or None, environ.get(f"{prefix}REAL", "")
        if real not in _SWITCH:
            raise UsageError(f"{prefix}REAL is 1 or 0, not {real!r}")
        return cls(vendor, checked_url(address), credentials, ca, real == "1")

    @property
    def host(self) -> str:
        """The host of the address, in lower case."""
        return urlsplit(self.url).hostname or ""

    @property
    def loopback(self) -> bool:
        """Whether the address is this machine's own, so that nobody else is troubled by what a suite does."""
        if self.real:
            return False
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def missing(self, names: Sequence[str]) -> list[str]:
        """Return the environment variables to set for the credentials in ``names`` that are not there."""
        return [f"{variable_prefix(self.vendor)}{name.upper()}" for name in names if name not in self.credentials]


def variable_prefix(vendor: str) -> str:
    """Return the prefix of a vendor's environment variables: ``VENDORLAB_SCANALYTICS_``."""
    return f"VENDORLAB_{vendor.upper().replace('-', '_')}_"


def parse_option(text: str) -> tuple[str, str]:
    """Read ``VENDOR=URL``.

    Returns:
        The vendor's name and its checked address.

    Raises:
        UsageError: The text is no such pair, or its address makes no sense.
    """
    vendor, equals, url = text.partition("=")
    if not equals or not _VENDOR.fullmatch(vendor):
        raise UsageError(f"a target is VENDOR=URL, as in scanalytics=http://127.0.0.1:7071, not {text!r}")
    return vendor, checked_url(url)


def checked_url(url: str) -> str:
    """Return an address without its trailing slash.

    Raises:
        UsageError: The address has no scheme or host, a bad port, a query, a fragment, or credentials inside.
    """
    try:
        parts = urlsplit(url)
        port_is_sane = parts.port is None or 0 < parts.port < 65536
    except ValueError as error:
        raise UsageError(f"not an address: {error}") from None
    if parts.username is not None or parts.password is not None:
        raise UsageError("an address must not carry credentials: give them by environment variables")
    if not parts.scheme or not parts.hostname or not port_is_sane or re.search(r"[\s\x00-\x1f]", url):
        raise UsageError(f"a target's address needs a scheme and a host, as in http://127.0.0.1:7071, not {url!r}")
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise UsageError(f"a target's address has no query and no fragment: {url!r}")
    return url.rstrip("/")
