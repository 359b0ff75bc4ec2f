"""The certificate that the fakes show over TLS, and the authority that vouches for it: made here, for this machine.

Whoever trusts an authority trusts all that it ever signs. Ours signs one certificate, and then its key is forgotten: it
is never written anywhere. To trust it is to trust that one certificate, and nobody can make another.

Certificates are checked by clients, by their own clocks; so they live on the real one, which the caller hands in, and
not on a world's.
"""

from __future__ import annotations

import ipaddress
import os
import re
import shutil
import ssl
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from .tls import TlsError, server_context

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from datetime import datetime

    from cryptography import x509

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""Names that every certificate bears."""

VALID = timedelta(days=365)
"""Some clients refuse certificates for more than 825 days, and some for more than 398."""

_EARLIER = timedelta(days=1)
"""A client's clock, or a container's, may be behind."""

_CA, _CERTIFICATE, _KEY = "ca.pem", "server.pem", "server-key.pem"
_OURS = {_CA, _CERTIFICATE, _KEY}
_LOCK = ".lock"
_LABEL = r"(?!-)(?!(?!xn)..--)[a-z0-9-]{1,63}(?<!-)"  # two hyphens in that place are kept for international names
_NAME = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*")


class CertificateError(TlsError):
    """A certificate cannot be made, or not be used."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """A folder with a certificate, its key and the authority that vouches for it, as PEM."""

    folder: Path

    @property
    def ca(self) -> Path:
        """The authority: what a client must trust. It has no key any more."""
        return self.folder / _CA

    @property
    def certificate(self) -> Path:
        """What the server shows."""
        return self.folder / _CERTIFICATE

    @property
    def key(self) -> Path:
        """The server's secret."""
        return self.folder / _KEY


@contextmanager
def temporary(names: Iterable[str], now: datetime) -> Generator[TlsFiles]:
    """A certificate in a folder of its own that goes away at the end.

    Args:
        names: hosts and addresses that it is for, besides loopback.
        now: the real time, aware.

    Raises:
        CertificateError: It cannot be made.
    """
    wanted = identities(names)
    try:
        folder = Path(tempfile.mkdtemp(prefix="vendorlab-tls-"))  # for its owner alone
    except OSError as error:
        raise CertificateError(f"there is no place for a certificate: {error.strerror or error}") from error
    try:
        files = TlsFiles(folder)
        _make(files, wanted, now)
        yield files
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def kept(folder: Path, names: Iterable[str], now: datetime) -> TlsFiles:
    """The certificate in a folder; made, and left for the next time, if the folder is empty or not there.

    Args:
        folder: where.
        names: hosts and addresses that it must be for, besides loopback.
        now: the real time, aware.

    Raises:
        CertificateError: What is there cannot be used, for the reason told; it is left as it is.
    """
    wanted = identities(names)
    files = TlsFiles(folder.absolute())
    try:
        if not _is_whole(files):
            _refuse_others(files)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _one_at_a_time(folder):
                if not _is_whole(files):
                    _refuse_others(files, locked=True)
                    _make(files, wanted, now)
        _check(files, wanted, now)
    except OSError as error:
        raise CertificateError(f"{folder} cannot be used for a certificate: {error.strerror or error}") from error
    return files


def identities(names: Iterable[str]) -> list[str]:
    """Loopback and the names given, each once and in lower case.

    Raises:
        CertificateError: One is neither a host name nor an address.
    """
    found: dict[str, None] = dict.fromkeys(LOOPBACK)
    for name in names:
        try:
            found[str(ipaddress.ip_address(name.partition("%")[0]))] = None
        except ValueError:
            plain = name.lower().removesuffix(".")
            if len(plain) > 253 or not _NAME.fullmatch(plain):
                raise CertificateError(f"a certificate is for host names and addresses, not for {name!r}") from None
            found[plain] = None
    return list(found)


# --- making ----------------------------------------------------------------------------------------------------------


def _make(files: TlsFiles, names: Iterable[str], now: datetime) -> None:
    try:
        import trustme  # noqa: PLC0415  the extra `tls`
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    authority = trustme.CA(path_length=0, organization_name="vendorlab")
    try:
        leaf = authority.issue_cert(
            *names,
            organization_name="vendorlab",
            organization_unit_name="fake vendors",
            not_before=now - _EARLIER,
            not_after=now + VALID,
        )
    except UnicodeError as error:
        raise CertificateError(f"a certificate cannot be for {', '.join(names)}: {error}") from error
    _write(files.key, leaf.private_key_pem.bytes(), 0o600)
    _write(files.certificate, b"".join(blob.bytes() for blob in leaf.cert_chain_pems), 0o644)
    _write(files.ca, authority.cert_pem.bytes(), 0o644)


def _write(path: Path, data: bytes, mode: int) -> None:
    """Write a file that is there whole or not at all: whoever finds all three need not ask whether they are done."""
    temporary = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
    temporary.replace(path)


@contextmanager
def _one_at_a_time(folder: Path) -> Generator[None]:
    """Two that start at once must not both make it."""
    import filelock  # noqa: PLC0415  only for a folder that is kept

    with filelock.FileLock(folder / _LOCK):
        yield


def _missing(error: ModuleNotFoundError) -> CertificateError:
    return CertificateError(f"TLS needs {error.name}: pip install 'vendorlab[tls]'")


# --- taking up again -------------------------------------------------------------------------------------------------


def _found(files: TlsFiles) -> set[str]:
    try:
        return {path.name for path in files.folder.iterdir()}
    except FileNotFoundError:
        return set()


def _is_whole(files: TlsFiles) -> bool:
    return _found(files) >= _OURS


def _refuse_others(files: TlsFiles, *, locked: bool = False) -> None:
    """Leave a folder alone that holds something else, or not all of a certificate that nobody is making just now."""
    found = _found(files)
    if _LOCK in found and not locked:
        return  # perhaps somebody is; it is known when the lock is had
    if found & _OURS:
        raise _refusal(files, f"{', '.join(sorted(_OURS - found))} is missing")
    if found - {_LOCK}:
        raise CertificateError(f"{files.folder} holds other things and no certificate; name an empty folder")


def _check(files: TlsFiles, names: Iterable[str], now: datetime) -> None:
    """Whether what is in the folder can be used as it is."""
    try:
        from cryptography import x509  # noqa: PLC0415  the extra `tls`
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    unreadable = (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, ssl.SSLError, TlsError)
    unusual = (x509.InvalidVersion, x509.DuplicateExtension, x509.ExtensionNotFound, x509.UnsupportedGeneralNameType)
    try:
        ca = x509.load_pem_x509_certificate(files.ca.read_bytes())
        leaf = x509.load_pem_x509_certificate(files.certificate.read_bytes())
        there = _names(leaf)
        leaf.verify_directly_issued_by(ca)
        ssl.create_default_context(cafile=files.ca)  # OpenSSL reads more strictly, and is who reads it in the end
        server_context(files)
    except (*unreadable, *unusual) as error:
        raise _refusal(files, "it is damaged, or its parts do not belong together") from error
    begin = max(ca.not_valid_before_utc, leaf.not_valid_before_utc)
    end = min(ca.not_valid_after_utc, leaf.not_valid_after_utc)
    if not begin <= now < end:
        raise _refusal(files, f"it is valid from {begin:%Y-%m-%d} to {end:%Y-%m-%d}")
    if missing := [name for name in names if name not in there]:
        raise _refusal(files, f"it is not for {', '.join(missing)}")


def _names(leaf: x509.Certificate) -> set[str]:
    from cryptography import x509  # noqa: PLC0415  the extra `tls`

    found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    hosts = {name.lower() for name in found.get_values_for_type(x509.DNSName)}
    return hosts | {str(address) for address in found.get_values_for_type(x509.IPAddress)}


def _refusal(files: TlsFiles, why: str) -> CertificateError:
    return CertificateError(
        f"the certificate in {files.folder} cannot be used: {why}; remove the folder for a new one, and trust that"
    )
