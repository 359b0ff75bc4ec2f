"""ClientHellos byte by byte: the TLS of this machine might refuse to speak what the target should refuse to hear."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vendorlab.contracts.core.mqtt.dialing import Dialer

_RANDOM = bytes(range(32))
_SUITES = bytes.fromhex("c02f c030 c02b c02c c013 c014 c009 c00a 009c 002f 0035 00ff")
"""What servers of the last fifteen years take: ECDHE with AES, in GCM and CBC, for RSA and ECDSA, and RSA."""
_GROUPS = bytes.fromhex("000a 0008 0006 001d 0017 0018")
_POINTS = bytes.fromhex("000b 0002 0100")
_SIGNATURES = bytes.fromhex("000d 0012 0010 0403 0804 0401 0503 0805 0501 0203 0201")


def _hello(version: bytes) -> bytes:
    extensions = _GROUPS + _POINTS + _SIGNATURES
    body = version + _RANDOM + b"\0" + len(_SUITES).to_bytes(2) + _SUITES + b"\1\0"
    body += len(extensions).to_bytes(2) + extensions
    handshake = b"\x01" + len(body).to_bytes(3) + body
    return b"\x16\x03\x01" + len(handshake).to_bytes(2) + handshake


TLS_1_1, TLS_1_2 = _hello(b"\x03\x02"), _hello(b"\x03\x03")


def answer_to(dialer: Dialer, content: bytes) -> bytes:
    """Return the first bytes that some bytes in the clear are answered with; none if the line is ended instead.

    Raises:
        AssertionError: Neither happens in time.
    """
    __tracebackhide__ = True
    with dialer.dial() as sock:
        sock.settimeout(dialer.timeout)
        try:
            sock.sendall(content)
            return sock.recv(4_096)
        except TimeoutError as error:
            raise AssertionError(f"neither an answer nor the end came in {dialer.timeout:g} seconds") from error
        except OSError:
            return b""
