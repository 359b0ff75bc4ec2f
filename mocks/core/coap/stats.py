"""Counters of an endpoint."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Stats:
    """What has been counted: nothing is logged per datagram.

    Attributes:
        received, sent: datagrams.
        malformed: of those received, no messages.
        limited: dropped because their peer sends too many.
        crowded: dropped because there is no room for another peer.
        repeated: requests and answers that had come before.
        unknown: acknowledgements, rejections and answers that fit nothing.
        unsent: answers for which no message ID was free.
        defects: handlers that broke.
    """

    received: int = 0
    sent: int = 0
    malformed: int = 0
    limited: int = 0
    crowded: int = 0
    repeated: int = 0
    unknown: int = 0
    unsent: int = 0
    defects: int = 0
