"""vendorlab's pytest plugin: a world of fake vendors as a fixture.

pytest loads this in every environment that has vendorlab, so it imports nothing but pytest and the standard library
until a fixture is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

pytest_plugins = ["vendorlab.pytest_story"]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vendorlab.lab import Lab, VendorHandle


@pytest.fixture
def make_world() -> Iterator[Callable[..., Lab]]:
    """Make worlds as ``vendorlab.world`` does; they end with the test."""
    from vendorlab.lab import world  # noqa: PLC0415

    made: list[Lab] = []

    def make(*vendors: str, **options: Any) -> Lab:
        lab = world(*vendors, **options)
        made.append(lab)
        return lab

    yield make
    for lab in made:
        lab.stop()


@pytest.fixture
def vendorlab(make_world: Callable[..., Lab]) -> Lab:
    """A clean world of its own for each test; vendors in it start when they are first touched."""
    return make_world()


@pytest.fixture
def scanalytics(vendorlab: Lab) -> VendorHandle:
    """Scanalytics in the test's world: ``url``, ``credentials``, ``client()``, ``clock``, ``faults``, ``journal``."""
    return vendorlab.scanalytics


@pytest.fixture
def inode(vendorlab: Lab) -> VendorHandle:
    """SMATS iNode in the test's world, with the same."""
    return vendorlab.inode


@pytest.fixture
def itron(vendorlab: Lab) -> VendorHandle:
    """Itron's Data Platform in the test's world, with the same."""
    return vendorlab.itron


@pytest.fixture
def slv(vendorlab: Lab) -> VendorHandle:
    """Streetlight.Vision in the test's world, with the same."""
    return vendorlab.slv
