"""Every vendor has the same rooms, so that whoever has read one finds everything in the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ROOMS = ("__init__", "errors", "models", "backend", "wire", "seed")
EDGES = ("app", "gateway", "broker")

# What else a vendor has.
ELSEWHERE = ("clients/{}/__init__.py", "contracts/{}/__init__.py", "docs/vendors/{}.md")

# What is not there yet, and why. Whoever brings it takes the line away.
OWED: dict[str, str] = {}


def missing_rooms(vendor: Path) -> list[str]:
    """Name the rooms that a vendor's folder lacks; a vendor counts from the day it has a backend."""
    if not (vendor / "backend.py").exists():
        return []
    missing = [f"{vendor.name}/{room}.py" for room in ROOMS if not (vendor / f"{room}.py").exists()]
    if not any((vendor / f"{edge}.py").exists() for edge in EDGES):
        missing.append(f"{vendor.name}/{'.py or '.join(EDGES)}.py")
    return missing


def test_vendor_has_every_room(tree: Path) -> None:
    vendors = [folder for folder in (tree / "mocks").iterdir() if folder.is_dir() and folder.name != "core"]
    assert [room for vendor in vendors for room in missing_rooms(vendor)] == []


def test_vendor_with_a_backend_has_a_client_a_contract_and_a_page(tree: Path) -> None:
    vendors = [folder.parent.name for folder in (tree / "mocks").glob("*/backend.py")]
    places = [place.format(vendor) for vendor in vendors for place in ELSEWHERE]
    missing = {place for place in places if not (tree / place).exists()}
    assert missing - OWED.keys() == set()
    assert OWED.keys() - missing == set(), "no longer owed"


def test_contract_with_tests_has_claims(tree: Path) -> None:
    contracts = {test.parent for test in (tree / "contracts").rglob("test_*.py")}
    assert [contract.name for contract in contracts if not (contract / "claims.yaml").exists()] == []


def test_lone_backend_misses_its_other_rooms(tmp_path: Path) -> None:
    vendor = tmp_path / "seven"
    vendor.mkdir()
    (vendor / "backend.py").touch()
    expected = ["__init__.py", "errors.py", "models.py", "wire.py", "seed.py", "app.py or gateway.py or broker.py"]
    assert missing_rooms(vendor) == [f"seven/{room}" for room in expected]
