"""What the pytest fixtures cost: a suite that does not use them, and each test of one that does.

Beside them pytest-httpserver's own fixture, if it is installed. Times are of the fixtures alone, as pytest's own
durations have them, in processes of their own.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from _harness import table

ROUNDS = 60
VENDORS = ("scanalytics", "inode", "itron-platform", "itron-coap", "itron-mqtt", "slv")
HEAD = """
import pytest
ROUND = pytest.mark.parametrize("number", range({rounds}))
"""
BODIES = {
    "an HTTP vendor": "@ROUND\ndef test_it(scanalytics, number):\n    scanalytics.url\n",
    "all protocols": "@pytest.fixture\ndef everything(vendorlab):\n"
    f"    return [vendorlab.vendor(name).url for name in {VENDORS}]\n"
    "@ROUND\ndef test_it(everything, number): ...\n",
    "an HTTP vendor, own world": "@pytest.fixture\ndef one(vendorlab):\n    return vendorlab.scanalytics.url\n"
    "@ROUND\n@pytest.mark.vendorlab_world\ndef test_it(one, number): ...\n",
    "all protocols, own world": "@pytest.fixture\ndef everything(vendorlab):\n"
    f"    return [vendorlab.vendor(name).url for name in {VENDORS}]\n"
    "@ROUND\n@pytest.mark.vendorlab_world\ndef test_it(everything, number): ...\n",
    "pytest-httpserver": "@ROUND\ndef test_it(httpserver, number):\n    httpserver.url_for('/')\n",
}
TIMED = """
import time, pytest
@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    began = time.perf_counter()
    yield
    print(f"@ setup {(time.perf_counter() - began) * 1000}")
@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item):
    began = time.perf_counter()
    yield
    print(f"@ teardown {(time.perf_counter() - began) * 1000}")
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options, _ = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        rows: list[list[str]] = []
        for name, body in BODIES.items():
            times = _times(Path(folder), HEAD.format(rounds=options.rounds) + body)
            rows.append(
                [name, *(f"{figure(times[step]):.2f}" for step in times for figure in (statistics.median, max))]
            )
    columns = ["", "set-up", "worst", "tear-down", "worst"]
    table(f"Milliseconds a test, median of {options.rounds}, after a first that imports", columns, rows)
    table("Milliseconds at pytest's start, by -X importtime, on top of pytest's own imports", *_start())


def _times(folder: Path, body: str) -> dict[str, list[float]]:
    (folder / "conftest.py").write_text(TIMED)
    (folder / "test_it.py").write_text(body)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-qs",
        "-p",
        "no:cacheprovider",
        "-c",
        os.devnull,
        "--rootdir",
        str(folder),
    ]
    done = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    found = {
        step: [float(text) for text in re.findall(rf"@ {step} ([0-9.e-]+)", done.stdout)]
        for step in ("setup", "teardown")
    }
    return {"setup": found["setup"][1:], "teardown": found["teardown"][:-1]}


def _start() -> tuple[list[str], list[list[str]]]:
    code = (
        "import pytest, _pytest.config, importlib.metadata; import vendorlab.pytest_plugin, vendorlab.contracts.plugin"
    )
    found: dict[str, list[float]] = {}
    for _ in range(7):
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True, check=True
        )
        for took, name in re.findall(r"\|\s+(\d+) \|\s+(\S+)$", done.stderr, re.MULTILINE):
            if name in ("vendorlab", "vendorlab.pytest_plugin", "vendorlab.contracts.plugin"):
                found.setdefault(name, []).append(int(took) / 1_000)
    # The first module's time holds the package's, as the plugins are imported by their full names.
    rows = [[name, f"{statistics.median(times):.2f}"] for name, times in found.items()]
    return ["module", "cumulative"], rows


if __name__ == "__main__":
    main()
