"""A world made for one suite: which addresses it takes, and how the suite is told of them."""

from __future__ import annotations

import secrets
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from vendorlab import __version__
from vendorlab.cli.common import UsageFailure, switches, text_of
from vendorlab.mocks.registry import ADDRESSES, mutants

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping
    from contextlib import AbstractContextManager

    from vendorlab.contracts.core.control import ControlAddress
    from vendorlab.contracts.core.target import Target
    from vendorlab.mocks.core.world import World

CONTROL = "control"
SUITES = [*(one.name for one in ADDRESSES), CONTROL]
"""What has a contract suite: the vendors, and our own control API."""
BESIDE = {"itron-coap": ("itron-platform",), "itron-mqtt": ("itron-platform",)}
"""The addresses that a suite needs beside its own: Itron's tokens come from its platform."""
ALWAYS_TLS = frozenset({"itron-mqtt"})
NEVER_TLS = frozenset({"itron-coap", CONTROL})


def owner(name: str) -> str:
    """The vendor behind an address."""
    return next((one.vendor for one in ADDRESSES if one.name == name), name)


@contextmanager
def fake(
    name: str,
    profile: str | None = None,
    settings: Iterable[tuple[str, str]] = (),
    *,
    tls: bool = False,
    mutant: str | None = None,
) -> Generator[tuple[Mapping[str, Target], ControlAddress]]:
    """A fresh world for a suite, for as long as the block lasts: its targets, and the control API that turns its clock.

    Args:
        name: the suite's.
        profile: of the suite's vendor.
        settings: switches, as `--set` takes them.
        tls: whether to serve over https; what must is, and what cannot is not.
        mutant: the name of a defect that is planted into the vendor.
    """
    from vendorlab.cli.https import certificate
    from vendorlab.cli.serving import Serving
    from vendorlab.contracts.core.control import ControlAddress
    from vendorlab.contracts.core.target import Target
    from vendorlab.mocks.core.world import WorldOptions

    addresses = [] if name == CONTROL else [name, *BESIDE.get(name, ())]
    with certificate(tls=(tls and name not in NEVER_TLS) or name in ALWAYS_TLS) as files:
        serving = Serving(
            names=addresses,
            ports=dict.fromkeys([CONTROL, *addresses], 0),
            options=WorldOptions(
                profiles={owner(name): profile} if profile else {},
                settings={vendor: found for vendor, found in switches(settings).items() if vendor == owner(name)},
                tls=files,
            ),
            token=secrets.token_urlsafe(24),
            version=__version__,
        )
        try:
            with _planted(serving.world, owner(name), mutant):
                serving.start()
                control = ControlAddress(serving.control_url, serving.token)
                if name == CONTROL:
                    yield {name: Target(name, serving.control_url, {"token": serving.token})}, control
                else:
                    ready = serving.ready()["vendors"]
                    yield {each: _target(each, ready[each]) for each in addresses}, control
        finally:
            serving.stop()


def _target(name: str, found: dict[str, Any]) -> Target:
    from vendorlab.contracts.core.target import Target

    credentials = {key: text_of(value) for key, value in found["credentials"].items()}
    return Target(name, found["url"], credentials, found.get("ca"))


def _planted(world: World, vendor: str, mutant: str | None) -> AbstractContextManager[object]:
    if mutant is None:
        return nullcontext()
    found = next((each for each in mutants(vendor) if each.name == mutant), None)
    if found is None:
        raise UsageFailure(f"{vendor} has no mutant {mutant!r}")
    return found.plant(world.vendor(vendor))
