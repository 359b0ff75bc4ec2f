"""Runs of pytest within a test, as a user's project has them: in this process, with the plugin that is here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pytest

import vendorlab

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

INI = "[pytest]\naddopts = --strict-markers --strict-config -p no:cacheprovider\nfilterwarnings = error\n"


@pytest.fixture(scope="session", autouse=True)
def _loaded() -> Iterator[None]:
    """Import all that worlds want now: left to itself, pytester would unload it between two runs, numpy too."""
    for module in ("numpy", "requests.adapters", "vendorlab.mocks.core.edges.adapter", "vendorlab.pytest_worlds"):
        import_module(module)
    with vendorlab.world() as lab:
        for name in ("scanalytics", "inode", "itron-platform", "itron-coap", "itron-mqtt", "slv"):
            _ = lab.vendor(name).url
        lab.scanalytics.client().close()
        yield


@pytest.fixture
def run(pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    """Run a test module with further lines of configuration and arguments."""

    def call(
        body: str, *arguments: str, ini: str = "", conftest: str = "", plugins: tuple[str, ...] = ()
    ) -> pytest.RunResult:
        pytester.makeini(INI + ini)
        if conftest:
            pytester.makeconftest(conftest)
        pytester.makepyfile(test_it=body)
        unwanted = [f"-pno:{name}" for name in ("xdist", "asyncio") if name not in plugins]
        return pytester.runpytest_inprocess(*unwanted, *arguments)

    return call
