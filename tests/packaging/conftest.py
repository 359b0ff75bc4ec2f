"""What is shipped, built once a test run and shared by its workers: an sdist, its wheel, and an install of the wheel.

The install is honest without a download. The wheel goes into an environment of its own; beside it lie links to what the
tests' environment holds, in two folders: ``core`` has just what the wheel's own metadata asks for when no extra is
named, ``everything`` has all but vendorlab.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from importlib.metadata import distribution, distributions
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.metadata import Distribution

# Users' projects, copied elsewhere before they are run.
collect_ignore = ["project", "two_hundred"]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder that all workers of this test run have in common."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def dist(tree: Path, shared: Path) -> Path:
    """Build the sdist, and the wheel from it, without the network; give the folder that holds both."""
    made = shared / "dist"
    with FileLock(shared / "dist.lock"):
        if not made.exists():
            building = shared / "dist.building"
            _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(building), str(tree))
            building.rename(made)
    return made


@pytest.fixture(scope="session")
def sdist(dist: Path) -> Path:
    """Give the built sdist."""
    (path,) = dist.glob("vendorlab-*.tar.gz")
    return path


@pytest.fixture(scope="session")
def wheel(dist: Path) -> Path:
    """Give the wheel that was built from the sdist."""
    (path,) = dist.glob("vendorlab-*.whl")
    return path


@pytest.fixture(scope="session")
def installed(wheel: Path, shared: Path) -> Path:
    """Install the wheel, without an extra, into an environment of its own; give the environment's folder."""
    made = shared / "installed"
    with FileLock(shared / "installed.lock"):
        if not (made / "ready").exists():
            # Not renamed once made, as a script holds its path: a file says that it is whole.
            venv.create(made, symlinks=True, with_pip=False, clear=True)
            python = str(made / "bin" / "python")
            pip = (
                "-m",
                "pip",
                "--disable-pip-version-check",
                "--python",
                python,
                "install",
                "-q",
                "--no-index",
                "--no-deps",
            )
            _run(sys.executable, *pip, str(wheel))
            (site,) = made.glob("lib/python*/site-packages")
            (itself,) = distributions(path=[str(site)])
            _link(_closure(itself), made / "core")
            _link({canonicalize_name(found.name) for found in distributions()}, made / "everything")
            (site / "core.pth").write_text(f"{made / 'core'}\n", encoding="utf-8")
            (made / "ready").touch()
    return made


@pytest.fixture
def run_installed(installed: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Give a function that runs a program of the install's environment, in an empty folder far from the tree.

    With ``extras`` everything else that this environment holds can be imported as well.
    """

    def run(
        program: str, *arguments: str, extras: bool = False, cwd: Path = tmp_path
    ) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}
        if extras:
            environment["PYTHONPATH"] = str(installed / "everything")
        command = [str(installed / "bin" / program), *arguments]
        return subprocess.run(command, cwd=cwd, env=environment, check=False, capture_output=True, text=True)

    return run


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout


def _closure(itself: Distribution) -> set[str]:
    """Name all that a distribution needs when it is installed here without an extra, the needs of its needs too."""
    waiting: list[tuple[Distribution, frozenset[str]]] = [(itself, frozenset())]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        found, extras = waiting.pop()
        for need in map(Requirement, found.requires or []):
            key = (canonicalize_name(need.name), frozenset(need.extras))
            applies = need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in extras or {""})
            if applies and key not in seen:
                seen.add(key)
                waiting.append((distribution(need.name), key[1]))
    return {name for name, _ in seen}


def _link(names: set[str], folder: Path) -> None:
    """Link every file and folder that these distributions have at the top of site-packages, but none of vendorlab's."""
    folder.mkdir()
    for found in distributions():
        if canonicalize_name(found.name) not in names - {"vendorlab"}:
            continue
        for top in {file.parts[0] for file in found.files or [] if file.parts[0] != ".." and file.suffix != ".pth"}:
            source, target = Path(str(found.locate_file(top))), folder / top
            if source.exists() and not target.exists() and top != "__pycache__":
                target.symlink_to(source)
