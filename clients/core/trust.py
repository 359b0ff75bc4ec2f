"""Whom a client takes for its vendor on https."""

from __future__ import annotations

import os
import ssl
from functools import cache
from typing import TypeAlias

import httpx

from .errors import UsageError

CaFile: TypeAlias = "str | os.PathLike[str] | None"
"""A file of PEM certificates that alone are trusted to sign the vendor's; None for those that httpx trusts."""


def trusted(ca: CaFile, *, trust_env: bool = True) -> ssl.SSLContext:
    """Return what httpx takes for its `verify`.

    Args:
        ca: The file.
        trust_env: Whether `SSL_CERT_FILE` and `SSL_CERT_DIR` count where there is none, as they do for httpx.

    Raises:
        UsageError: The file cannot be read, or holds no certificate.
    """
    if ca is None:
        named = [os.environ.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR")] if trust_env else []
        return _public(*named)
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as trouble:  # ssl's own errors are a kind of it
        reason = "it holds no certificate" if isinstance(trouble, ssl.SSLError) else trouble.strerror
        raise UsageError(f"cannot use the CA file {ca}: {reason}") from trouble


@cache
def _public(*named: str | None) -> ssl.SSLContext:
    """Whom httpx trusts, read once: it takes some 20 ms, and httpx would do it for each client anew."""
    return httpx.create_ssl_context(trust_env=bool(named))
