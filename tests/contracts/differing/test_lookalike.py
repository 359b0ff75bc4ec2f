"""The suite on somebody else's server: it finds what is planted there, all of it, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.contracts.differing.lookalike import APPLICATION, DEVIATIONS, USER, lookalike

from vendorlab.contracts.core.run import run_suite
from vendorlab.contracts.core.target import Target

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def failing(folder: Path, *deviations: str) -> tuple[int, set[str], int]:
    """Return the exit code, the claims that fell, and how many stood; the pace is imagined."""
    with lookalike(*deviations) as url:
        status = run_suite(
            "inode",
            targets={"inode": Target("inode", url, USER | APPLICATION)},
            allow=["none"],
            json_path=folder / "report.json",
            plan=folder / "plan.json",
            extra_args=["-q", "--no-header", "--tb=no"],
        )
    claims = json.loads((folder / "report.json").read_text())["vendors"]["inode"]["claims"]
    verdicts = {claim["id"]: claim["verdict"] for claim in claims}
    assert "error" not in verdicts.values()
    return (
        status,
        {name for name, verdict in verdicts.items() if verdict == "failed"},
        sum(verdict == "passed" for verdict in verdicts.values()),
    )


def test_server_of_another_make_that_deviates_in_nothing_keeps_the_contract(tmp_path: Path) -> None:
    status, fallen, stood = failing(tmp_path)
    assert (status, fallen) == (0, set())
    assert stood >= 50


def test_server_of_another_make_is_found_to_deviate_where_it_does_and_nowhere_else(tmp_path: Path) -> None:
    status, fallen, stood = failing(tmp_path, *DEVIATIONS)
    assert (status, fallen) == (1, set().union(*DEVIATIONS.values()))
    assert stood >= 40
