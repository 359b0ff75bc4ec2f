"""The installed wheel, far from the tree: it imports, its command runs, and pytest finds its plugins and its suites."""

from __future__ import annotations

import json
import shutil
import zipfile
from email.parser import HeaderParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import vendorlab
from vendorlab.cli.common import environment
from vendorlab.cli.serving import Serving
from vendorlab.mocks.core.world import WorldOptions

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Generator

    RunInstalled = Callable[..., subprocess.CompletedProcess[str]]

# Those need pytest, requests, OpenTelemetry, testcontainers or websockets, which a plain install does not bring.
NOT_CORE = (
    "vendorlab.contracts",
    "vendorlab.pytest_",
    "vendorlab.testcontainers",
    "vendorlab.tracing",
    "vendorlab.mocks.core.edges.adapter",
    "vendorlab.mocks.core.edges.websocket",
)
IMPORT_EACH = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
import vendorlab
print(len(sys.argv) - 1, vendorlab.__file__)
"""


@pytest.fixture
def modules(wheel: Path) -> list[str]:
    """Name every module in the wheel, but test modules, which only pytest may import."""
    with zipfile.ZipFile(wheel) as archive:
        files = [Path(name) for name in archive.namelist() if name.endswith(".py")]
    names = [".".join(file.with_suffix("").parts).removesuffix(".__init__") for file in files]
    return sorted(name for name in names if not name.rpartition(".")[2].startswith(("test_", "conftest")))


@pytest.fixture
def project(tree: Path, tmp_path: Path) -> Path:
    """Give a user's project, in a folder of its own."""
    source = tree / "tests" / "packaging" / "project"
    return Path(shutil.copytree(source, tmp_path / "project", ignore=shutil.ignore_patterns("__pycache__")))


def test_every_module_imports(run_installed: RunInstalled, installed: Path, modules: list[str]) -> None:
    done = run_installed("python", "-W", "error", "-c", IMPORT_EACH, *modules, extras=True)
    count, _, place = done.stdout.strip().partition(" ")
    assert (count, done.stderr) == (str(len(modules)), "")
    assert Path(place).is_relative_to(installed)


def test_core_modules_import_without_any_extra(run_installed: RunInstalled, modules: list[str]) -> None:
    core = [name for name in modules if not name.startswith(NOT_CORE)]
    done = run_installed("python", "-W", "error", "-c", IMPORT_EACH, *core)
    assert (done.stdout.partition(" ")[0], done.stderr) == (str(len(core)), "")


def test_plain_install_brings_no_extra(run_installed: RunInstalled) -> None:
    assert "No module named 'pytest'" in run_installed("python", "-c", "import pytest").stderr


@pytest.mark.parametrize("command", [("vendorlab",), ("python", "-m", "vendorlab")])
def test_command_tells_its_version_without_any_extra(run_installed: RunInstalled, command: tuple[str, ...]) -> None:
    done = run_installed(*command, "--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert vendorlab.__version__ in done.stdout


def test_plugins_register_in_a_users_project(run_installed: RunInstalled, project: Path) -> None:
    done = run_installed("python", "-m", "pytest", "-p", "no:cacheprovider", extras=True, cwd=project)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("vendor", ["scanalytics", "itron.platform", "control"])
def test_suite_is_found_by_its_import_name(run_installed: RunInstalled, tree: Path, project: Path, vendor: str) -> None:
    suite = ("--pyargs", f"vendorlab.contracts.{vendor}", "--collect-only", "-q")
    done = run_installed("python", "-m", "pytest", "-p", "no:cacheprovider", *suite, extras=True, cwd=project)
    has_tests = any((tree / "contracts" / vendor.replace(".", "/")).glob("test_*.py"))
    expected = pytest.ExitCode.OK if has_tests else pytest.ExitCode.NO_TESTS_COLLECTED
    assert done.returncode == expected, done.stdout + done.stderr


@pytest.fixture
def scanalytics(monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
    """Serve a fake, and tell the environment how to log in there; give its address."""
    serving = Serving(["scanalytics"], {"control": 0, "scanalytics": 0}, WorldOptions(), "token-of-the-test", "0")
    serving.start()
    try:
        found = serving.ready()["vendors"]["scanalytics"]
        for name, value in environment("scanalytics", found["url"], found["credentials"]).items():
            if not name.endswith("_URL"):  # that is for the command line to say
                monkeypatch.setenv(name, value)
        yield found["url"]
    finally:
        serving.stop()


def test_suite_runs_by_its_import_name_against_the_target_that_is_named(
    run_installed: RunInstalled, project: Path, scanalytics: str
) -> None:
    suite = ("--pyargs", "vendorlab.contracts.scanalytics", "--vendorlab-target", f"scanalytics={scanalytics}")
    report = project / "report.json"
    chosen = ("-k", "whoami", "--vendorlab-json", str(report))
    done = run_installed("python", "-m", "pytest", "-p", "no:cacheprovider", *suite, *chosen, extras=True, cwd=project)
    assert done.returncode == 0, done.stdout + done.stderr
    vendor = json.loads(report.read_text())["vendors"]["scanalytics"]
    verdicts = {claim["id"]: claim["verdict"] for claim in vendor["claims"] if claim["verdict"]}
    assert verdicts["scanalytics.whoami.fields"] == "passed"
    assert set(verdicts.values()) == {"passed"}
    assert vendor["target"] == scanalytics


def test_metadata_tells_version_python_and_extras(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = HeaderParser().parsestr(archive.read(name).decode())
    assert (metadata["Name"], metadata["Version"]) == ("vendorlab", vendorlab.__version__)
    assert metadata["Requires-Python"] == ">=3.11"
    extras = "fast coap mqtt tls contracts test docs requests otel testcontainers all dev"
    assert set(extras.split()) == set(metadata.get_all("Provides-Extra") or [])
