"""What every test of the house may ask for: the tree itself, and the tools of the machine."""

from __future__ import annotations

import gc
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from vendorlab.mocks.core.edges.certificates import TlsFiles

# How long an example of a property takes says nothing on a busy machine.
settings.register_profile("vendorlab", deadline=None)
settings.load_profile("vendorlab")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep Python's collector of garbage off the thousands of tests that are gathered, now and later.

    They live to the end of the run; looked through again and again, they would take a fifth of its time. What comes
    after is looked through less often than Python would, as memory is not what a test run is short of.
    """
    gc.disable()
    gc.set_threshold(20_000, 10, 10)
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session")
def tree() -> Path:
    """Give the root of the source tree."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def tls_files() -> Iterator[TlsFiles]:
    """Give a certificate for this machine and the authority to trust for it."""
    from vendorlab.mocks.core.edges import certificates

    with certificates.temporary((), datetime.now(UTC)) as files:
        yield files


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """Give a function that finds a program on this machine.

    Without the program a test is skipped, except in CI, which promises to have every one of them.
    """

    def find(name: str) -> str:
        # Debian keeps servers in a folder that only root's path has.
        path = shutil.which(name) or shutil.which(name, path="/usr/sbin")
        if path is None:
            report = pytest.fail if os.environ.get("CI") else pytest.skip
            report(f"this machine has no {name}")
        return path

    return find
