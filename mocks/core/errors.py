"""The roots of the errors: what a caller is told over the wire, and what whoever runs a world is told in words.

::

    WebError
    ├── django.pages.PageError      a page of the web framework (HTML)
    ├── django.refusals.ApiError    a refusal of the REST framework (JSON)
    └── …                           each vendor's own

    WorldError                      a world cannot do what was asked
    ├── sockets.PortTakenError
    ├── edges.tls.TlsError
    │   └── edges.certificates.CertificateError
    ├── snapshots.SnapshotError
    ├── vendor.NoLimitsError
    └── worlds.UnknownWorldError, worlds.WorldConflictError
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .web.message import Answer


class WebError(Exception):
    """A refusal in the vendor's own form; raise it and it is answered."""

    status = 500
    cause = "error"

    def answer(self) -> Answer:
        """The refusal as the vendor puts it on the wire."""
        raise NotImplementedError


class WorldError(Exception):
    """A world cannot do what was asked; the message says why and what helps."""
