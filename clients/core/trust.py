"""Whom a client takes for its vendor on https."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, TypeAlias

from .errors import UsageError

if TYPE_CHECKING:
    import os

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
