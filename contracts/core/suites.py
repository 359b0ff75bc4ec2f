"""Where suites are: each has the name of an address, and a package that the name leads to."""

from __future__ import annotations

from pathlib import Path

import vendorlab.contracts


def suite_package(name: str) -> str:
    """Return the package of a suite, as ``pytest --pyargs`` takes it.

    A vendor with several addresses has a folder with a suite for each, so the first dash is a dot:
    ``itron-platform`` is ``vendorlab.contracts.itron.platform``.
    """
    return f"{vendorlab.contracts.__name__}.{'.'.join(_parts(name))}"


def suite_folder(name: str) -> Path:
    """Return the folder of a suite."""
    return _home().joinpath(*_parts(name))


def suite_names() -> list[str]:
    """Return the names of all suites that there are: of every folder with claims."""
    folders = (path.parent.relative_to(_home()) for path in _home().rglob("claims.yaml"))
    return sorted("-".join(folder.parts).replace("_", "-") for folder in folders)


def _home() -> Path:
    return Path(vendorlab.contracts.__file__).parent


def _parts(name: str) -> list[str]:
    return [part.replace("-", "_") for part in name.split("-", 1)]
