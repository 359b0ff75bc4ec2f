"""The one simulated city that several vendors look at: what stands there has the same address for all of them.

A luminaire of the street-light vendor may carry a card of the mesh-network vendor. Neither vendor knows the other; both
number the city's cards from 0 and ask here for the address of a number.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

MESH_PREFIX = "00135005"
"""The first octets of every card in the mesh."""

_SPACE = 1 << 32


def mesh_mac(seed: int, number: int) -> str:
    """The address of a card in the mesh.

    Args:
        seed: the world's.
        number: of the card in the city, from 0 to 2**32 - 1.

    Returns:
        16 lower-case hex digits that begin ``00135005``; no two numbers have the same.

    Raises:
        ValueError: There is no such number.
    """
    if not 0 <= number < _SPACE:
        raise ValueError(f"the city's cards are numbered from 0 to {_SPACE - 1}, not {number}")
    stride, shift = _numbering(seed)
    return f"{MESH_PREFIX}{(number * stride + shift) % _SPACE:08x}"


def mesh_number(seed: int, mac: str) -> int | None:
    """The number of the card with an address, in any case of letters; None where no card can have it."""
    address = mac.lower()
    if len(address) != 16 or not address.startswith(MESH_PREFIX) or any(c not in "0123456789abcdef" for c in address):
        return None
    stride, shift = _numbering(seed)
    return (int(address[8:], 16) - shift) * pow(stride, -1, _SPACE) % _SPACE


@lru_cache(maxsize=64)
def _numbering(seed: int) -> tuple[int, int]:
    """An odd stride, which can be undone modulo 2**32, and a shift."""
    digest = hashlib.blake2b(f"{seed}/city/mesh".encode(), digest_size=8).digest()
    return int.from_bytes(digest[:4]) | 1, int.from_bytes(digest[4:])
