"""What needs more than one environment: every Python we name, and the oldest dependencies we allow.

Everything else is a job of the Makefile. Needs ``pip install nox uv``.
"""

from __future__ import annotations

import nox

nox.options.default_venv_backend = "uv"
nox.options.sessions = ["tests", "lowest"]

PROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PROJECT)
# The packaging tests install the wheel with pip, and uv's environments come without it.
PIP = "pip"


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests on each Python of the classifiers."""
    session.install(PIP, "-e", ".[dev]")
    session.run("python", "-m", "pytest", "-n", "auto", *session.posargs)


@nox.session(python=PYTHONS[0])
def lowest(session: nox.Session) -> None:
    """Run the tests with the lowest version of everything that users install; the tools stay new."""
    bounds = f"{session.create_tmp()}/lowest.txt"
    command = ("uv", "pip", "compile", "-q", "--resolution", "lowest-direct", "--extra", "all", "pyproject.toml")
    session.run_install(*command, "-o", bounds, external=True)
    session.install(PIP, "-e", ".[dev]", "--constraint", bounds)
    session.run("python", "-m", "pytest", "-n", "auto", *session.posargs)
