"""https for the commands: the certificate that ``up`` and ``check`` serve with, and how to trust it."""

from __future__ import annotations

import shlex
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from vendorlab.cli.common import UsageFailure
from vendorlab.mocks.core.errors import WorldError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from pathlib import Path

    from vendorlab.mocks.core.edges.certificates import TlsFiles


@contextmanager
def certificate(*, tls: bool, folder: Path | None = None, names: Iterable[str] = ()) -> Generator[TlsFiles | None]:
    """The certificate to serve with, for as long as the block lasts; None for plain http.

    Args:
        tls: whether to serve https.
        folder: where it is kept; None makes one for the block alone.
        names: hosts that it is for, besides loopback.
    """
    if not tls:
        yield None
        return
    from vendorlab.mocks.core.edges import certificates

    now = datetime.now(UTC)  # real time: clients check certificates by their own clocks
    try:
        if folder is not None:
            yield certificates.kept(folder, names, now)
        else:
            with certificates.temporary(names, now) as files:
                yield files
    except WorldError as error:
        raise UsageFailure(str(error)) from error


def trust(ca: str) -> list[tuple[str, str]]:
    """How to make the usual clients trust an authority: for each its name and what to type."""
    file = shlex.quote(ca)
    return [
        ("curl", f"curl --cacert {file} ..."),
        ("Python", f"export SSL_CERT_FILE={file} REQUESTS_CA_BUNDLE={file}"),
        ("Node", f"export NODE_EXTRA_CA_CERTS={file}"),
        ("Java", f"keytool -importcert -noprompt -file {file} -keystore vendorlab.p12 -storepass vendorlab"),
        ("", "java -Djavax.net.ssl.trustStore=vendorlab.p12 -Djavax.net.ssl.trustStorePassword=vendorlab ..."),
    ]


def authority(ready: dict[str, dict[str, dict[str, str]]]) -> str | None:
    """The authority that https clients are asked to trust by what a ready file describes; None without https."""
    vendors = ready["vendors"].values()
    return next((found["ca"] for found in vendors if "ca" in found and found["url"].startswith("https:")), None)
