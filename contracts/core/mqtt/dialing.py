"""Opens lines to a broker: ``mqtts://`` with TLS, ``mqtt://`` without; paced, and counted against the budget."""

from __future__ import annotations

import socket
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vendorlab.contracts.core.access import trusting
from vendorlab.contracts.core.errors import UnreachableError, UsageError
from vendorlab.contracts.core.mqtt.line import Line

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from vendorlab.contracts.core.access import Access

PORTS = {"mqtts": 8883, "mqtt": 1883}
TIMEOUT = 10.0
"""Seconds in which an answer is due, unless the target's TIMEOUT says otherwise."""


class Dialer:
    """Opens lines, and closes those that are left.

    Args:
        access: What may be done to the target.

    Attributes:
        host: Where.
        port: There.
        secure: Whether it speaks TLS.
        timeout: Seconds in which an answer is due.

    Raises:
        UsageError: The target's address or its time-out makes no sense.
    """

    def __init__(self, access: Access) -> None:
        parts = urlsplit(access.target.url)
        if parts.scheme not in PORTS:
            raise UsageError(f"a broker's address begins with mqtts:// or mqtt://, not {parts.scheme}://")
        self._access = access
        self.host = access.target.host
        self.port = parts.port or PORTS[parts.scheme]
        self.secure = parts.scheme == "mqtts"
        self.timeout = _seconds(access.target.credentials.get("timeout"))
        self._lines: list[Line] = []
        self._owed = False

    def open(self, trust: Callable[[ssl.SSLContext], None] | None = None) -> Line:
        """Open a line, and say nothing on it.

        Args:
            trust: Changes how TLS is spoken.

        Raises:
            AssertionError: There is no TLS, or none that can be trusted.
            UnreachableError: Nothing answers.
        """
        __tracebackhide__ = True
        plain = self.dial()
        sock = self._secured(plain, trust) if self.secure else plain
        line = Line(sock, self.timeout, self._access.transcript)
        line.witness = self._access.witness
        self._lines.append(line)
        return line

    def dial(self) -> socket.socket:
        """Open a bare connection; whoever asks for it closes it.

        Raises:
            UnreachableError: Nothing answers.
        """
        self._access.budget.take(owed=self._owed)
        if self._access.pacer is not None and not self._access.target.loopback:
            self._access.pacer.wait()
        try:
            found = socket.create_connection((self.host, self.port), self.timeout)
        except OSError as error:
            raise UnreachableError(f"target unreachable: {self._access.target.url}: {error}") from error
        if self._access.witness is not None:
            self._access.witness.dialed(self._access.target.url)
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return found

    @contextmanager
    def owed(self) -> Generator[None]:
        """Dial for a while though the budget be spent: to take away what a test has left."""
        self._owed = True
        try:
            yield
        finally:
            self._owed = False

    def context(self) -> ssl.SSLContext:
        """Return what TLS is spoken with: it trusts whom the target says, or whom the system does."""
        return trusting(self._access.target.ca)

    def close(self) -> None:
        """Close what is open."""
        while self._lines:
            self._lines.pop().close()

    def _secured(self, plain: socket.socket, trust: Callable[[ssl.SSLContext], None] | None) -> ssl.SSLSocket:
        __tracebackhide__ = True
        context = self.context()
        if trust is not None:
            trust(context)
        try:
            return context.wrap_socket(plain, server_hostname=self.host)
        except ssl.SSLCertVerificationError as error:
            plain.close()
            raise AssertionError(
                f"the certificate is not trusted: {error.verify_message}; set the target's CA"
            ) from error
        except OSError as error:
            plain.close()
            raise AssertionError(f"no TLS could be agreed on: {error}") from error


def _seconds(text: str | None) -> float:
    if text is None:
        return TIMEOUT
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 3_600:
        raise UsageError(f"a time-out is a number of seconds, not {text!r}")
    return seconds
