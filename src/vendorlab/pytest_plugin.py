"""vendorlab's pytest plugin: worlds of fake vendors as fixtures.

pytest loads this in every environment that has vendorlab, so it imports nothing but pytest and the standard library;
what makes worlds is in ``pytest_worlds``, which is imported when a test first asks for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

pytest_plugins = ["vendorlab.pytest_story"]

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    from vendorlab.lab import Lab, VendorHandle
    from vendorlab.pytest_worlds import Worlds

MARKER = (
    "vendorlab_world(*vendors, seed=, start=, rate=, profiles=, settings=, tls=): the test has a world of its own, "
    "made with these arguments of vendorlab.world() on top of the run's settings"
)

# Name: what --vendorlab-NAME takes, whether it may be repeated, and its help. The same goes by vendorlab_NAME in the
# configuration and by VENDORLAB_PYTEST_NAME in the environment.
SETTINGS: dict[str, tuple[str, bool, str]] = {
    "seed": ("N", False, "all chance in the worlds of the fixtures comes from it; default 0"),
    "start": ("TIME", False, "where their clocks start (ISO 8601); default: they go as the test's own time does"),
    "rate": ("X", False, "world seconds per real second; 0 freezes; default 1"),
    "profile": ("VENDOR=NAME", True, "a dated behaviour"),
    "set": ("VENDOR.KEY=VALUE", True, "a switch, such as scanalytics.minute_limit=10"),
    "isolation": ("HOW", False, "reset (default): one world a process, as new for each test; world: one for each test"),
    "journal": ("N", False, "exchanges shown when a test fails; default 20"),
}

_WORLDS: pytest.StashKey[Worlds] = pytest.StashKey()
_LABS: pytest.StashKey[list[Lab]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the settings to the command line and to the configuration."""
    group = parser.getgroup("vendorlab", "vendorlab's worlds")
    for name, (takes, repeated, help_text) in SETTINGS.items():
        default: Any = [] if repeated else ""
        action = "append" if repeated else "store"
        group.addoption(f"--vendorlab-{name}", action=action, default=default, metavar=takes, help=help_text)
        kind: Any = "linelist" if repeated else "string"
        parser.addini(f"vendorlab_{name}", help_text, kind, default=default)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, since no user's configuration lists it."""
    config.addinivalue_line("markers", MARKER)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the vendors saw, when a test failed that had some."""
    report = yield
    if report.failed and report.when != "teardown" and (labs := item.stash.get(_LABS, None)):
        report.sections += _worlds(item.config).sections(labs)
    return report


@pytest.fixture(scope="session")
def vendorlab_options() -> Mapping[str, Any]:
    """Arguments for ``vendorlab.world`` on top of the run's settings: override it in a conftest.py or a module."""
    return {}


@pytest.fixture
def make_world(request: pytest.FixtureRequest) -> Iterator[Callable[..., Lab]]:
    """Make worlds as ``vendorlab.world`` does; they end with the test."""
    worlds = _worlds(request.config)
    labs = request.node.stash.setdefault(_LABS, [])
    made: list[Lab] = []

    def make(*vendors: str, **options: Any) -> Lab:
        lab = worlds.make(vendors, options)
        made.append(lab)
        labs.append(lab)
        return lab

    with worlds.watched(made):
        yield make
    for lab in made:
        lab.stop()


@pytest.fixture
def vendorlab(request: pytest.FixtureRequest, vendorlab_options: Mapping[str, Any]) -> Iterator[Lab]:
    """A clean world; the vendors in it start when they are first touched."""
    worlds = _worlds(request.config)
    with worlds.lend(list(request.node.iter_markers("vendorlab_world")), vendorlab_options) as lab:
        request.node.stash.setdefault(_LABS, []).append(lab)
        yield lab


@pytest.fixture
def scanalytics(vendorlab: Lab) -> VendorHandle:
    """Scanalytics in the test's world: ``url``, ``credentials``, ``client()``, ``clock``, ``faults``, ``journal``."""
    return _vendor(vendorlab, "scanalytics")


@pytest.fixture
def inode(vendorlab: Lab) -> VendorHandle:
    """SMATS iNode in the test's world, with the same."""
    return _vendor(vendorlab, "inode")


@pytest.fixture
def itron(vendorlab: Lab) -> VendorHandle:
    """Itron's Data Platform in the test's world, with the same; ``vendorlab.vendor("itron-coap")`` is the gateway."""
    return _vendor(vendorlab, "itron")


@pytest.fixture
def slv(vendorlab: Lab) -> VendorHandle:
    """Streetlight.Vision in the test's world, with the same."""
    return _vendor(vendorlab, "slv")


def _vendor(lab: Lab, name: str) -> VendorHandle:
    from vendorlab.pytest_worlds import vendor  # noqa: PLC0415  as below

    return vendor(lab, name)


def _worlds(config: pytest.Config) -> Worlds:
    """The worlds of this process, which end with its run."""
    if _WORLDS not in config.stash:
        from vendorlab.pytest_worlds import Worlds  # noqa: PLC0415  not before a test has asked for one

        config.stash[_WORLDS] = worlds = Worlds(config, SETTINGS)
        config.add_cleanup(worlds.stop)
    return config.stash[_WORLDS]
