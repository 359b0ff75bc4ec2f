"""TLS between a protocol and its socket, in one layer that any TCP listener can put in between.

asyncio could listen with TLS by itself, but keeps to itself what a fake needs: the connections whose handshake is not
done, which a world that stops must end too; the alert that tells a client why it was refused; and the socket at an
exact byte, so that a reset is a reset. OpenSSL does all of TLS here; the layer only carries bytes between it, the
transport below and the protocol above.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import TYPE_CHECKING, Any

from ..errors import WorldError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .certificates import TlsFiles

_HANDSHAKE = 0x16
"""The first byte of everybody who speaks TLS."""

_PIECE = 256 << 10


class TlsError(WorldError):
    """A certificate cannot be used."""


def server_context(files: TlsFiles, protocols: Sequence[str] = ("http/1.1",)) -> ssl.SSLContext:
    """What a listener shows and accepts: TLS 1.2 and later, and the application protocols named.

    Raises:
        TlsError: The files cannot be read, or the key is not the certificate's.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(list(protocols))
    try:
        context.load_cert_chain(files.certificate, files.key, password="")  # or OpenSSL would ask at the terminal
    except (OSError, ValueError) as error:
        raise TlsError(f"the certificate in {files.folder} cannot be used: {error}") from error
    return context


class TlsLayer(asyncio.Protocol, asyncio.Transport):
    """One connection: a protocol to the transport below, and the transport of the protocol above.

    The protocol above hears of the connection when the handshake is done, and of nothing before.

    Args:
        context: what to show and accept.
        above: makes the protocol above.
        waiting: where the layer is from its beginning to the end of its handshake.
        most: handshakes that may be under way; one more is not greeted.
        now: seconds of line time.
        plain: the answer to somebody who does not speak TLS.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        above: Callable[[], asyncio.Protocol],
        *,
        waiting: set[TlsLayer],
        most: int,
        now: Callable[[], float],
        plain: bytes = b"",
    ) -> None:
        super().__init__()
        self._context = context
        self._make_above = above
        self._above: asyncio.Protocol | None = None
        self._waiting = waiting
        self._most = most
        self._plain = plain
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=True)
        self._begun = False  # a first byte has come
        self._closing = False
        self._below: asyncio.Transport = None  # type: ignore[assignment]  # set when the connection is made
        self.since = now()

    # --- to the transport below ----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the client's hello."""
        self._below = transport  # type: ignore[assignment]  # asyncio's own annotation is wide
        if len(self._waiting) < self._most:
            self._waiting.add(self)
        else:
            self.abort()

    def data_received(self, data: bytes) -> None:
        """Decrypt, and pass on what came out."""
        if not self._begun:
            self._begun = True
            if data[0] != _HANDSHAKE:
                self._turn_away(self._plain)
                return
        self._in.write(data)
        try:
            if self._above is None:
                self._tls.do_handshake()
                self._secure()
            self._pass_on()
        except ssl.SSLWantReadError:
            self._flush()
        except ssl.SSLError:
            self._turn_away(self._out.read())  # what is in there is the alert that says why

    def eof_received(self) -> None:
        """Let the transport below close."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the protocol above, if it ever heard of the connection."""
        self._closing = True
        self._waiting.discard(self)
        if self._above is not None:
            self._above.connection_lost(exc)

    def pause_writing(self) -> None:
        """The transport below has enough."""
        if self._above is not None:
            self._above.pause_writing()

    def resume_writing(self) -> None:
        """The transport below takes more."""
        if self._above is not None:
            self._above.resume_writing()

    # --- to the protocol above -----------------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Encrypt and send."""
        rest = memoryview(data)
        while rest and not self.is_closing():
            rest = rest[self._tls.write(rest) :]
        self._flush()

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview[Any]]) -> None:
        """Encrypt and send."""
        self.write(b"".join(list_of_data))

    def close(self) -> None:
        """Say that nothing more comes, and close when all is sent; the other side's word is not waited for."""
        if self.is_closing():
            return
        self._closing = True
        with contextlib.suppress(ssl.SSLError):  # it would rather wait
            self._tls.unwrap()
        self._flush()
        self._below.close()

    def abort(self) -> None:
        """Close here and now."""
        self._closing = True
        self._below.abort()

    def is_closing(self) -> bool:
        """Whether it closes or has closed."""
        return self._closing or self._below.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """About the connection; ``socket`` is the real one."""
        if name == "sslcontext":
            return self._context
        if name == "ssl_object":
            return self._tls
        return self._below.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Read no more for now."""
        self._below.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        self._below.resume_reading()

    def is_reading(self) -> bool:
        """Whether it reads."""
        return self._below.is_reading()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """When the protocol above is told to pause."""
        self._below.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        """Bytes not sent yet."""
        return self._below.get_write_buffer_size()

    # --- inside --------------------------------------------------------------------------------------------------

    def _secure(self) -> None:
        """The handshake is done: from now on there is somebody above."""
        self._flush()
        self._waiting.discard(self)
        self._above = self._make_above()
        self._above.connection_made(self)

    def _pass_on(self) -> None:
        while self._above is not None and not self.is_closing():
            data = self._tls.read(_PIECE)
            if not data:  # the other side has said that nothing more comes
                self.close()
                return
            self._above.data_received(data)

    def _turn_away(self, last: bytes) -> None:
        """End a connection that cannot go on, with a last word in the clear."""
        if self.is_closing():
            return
        self._closing = True
        if last:
            self._below.write(last)
        self._below.close()

    def _flush(self) -> None:
        if self._out.pending:
            data = self._out.read()
            if not self._below.is_closing():
                self._below.write(data)
