"""Whom a client takes for its vendor on https."""

from __future__ import annotations

import os
import ssl
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import httpx

from .errors import UsageError

_NAMED = ("SSL_CERT_FILE", "SSL_CERT_DIR")

CaFile: TypeAlias = "str | os.PathLike[str] | None"
"""A file of PEM certificates that alone are trusted to sign the vendor's; None for those that httpx trusts."""


def trusted(ca: CaFile) -> ssl.SSLContext | bool:
    """Return what httpx takes for its `verify`.

    Raises:
        UsageError: The file cannot be read, or holds no certificate.
    """
    if ca is None:
        return True
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as trouble:  # ssl's own errors are a kind of it
        reason = "it holds no certificate" if isinstance(trouble, ssl.SSLError) else trouble.strerror
        raise UsageError(f"cannot use the CA file {ca}: {reason}") from trouble


def shared(verify: ssl.SSLContext | bool) -> ssl.SSLContext | bool:
    """Return what goes for a further client, too: those that httpx trusts by itself are read once, in some 20 ms.

    They are read anew when the environment names others, or when what it names has changed.
    """
    if verify is not True:
        return verify
    try:
        return _public(*map(_state, _NAMED))
    except OSError:
        return verify  # what the environment names cannot be read: httpx says so when it wants it


@lru_cache(maxsize=4)
def _public(*_state: object) -> ssl.SSLContext:
    return httpx.create_ssl_context()


def _state(variable: str) -> object:
    """Return what is the same as long as a variable names the same file as it was."""
    path = os.environ.get(variable)
    try:
        found = Path(path).stat() if path else None
    except OSError:
        found = None
    return path, found and (found.st_ino, found.st_size, found.st_mtime_ns)
