"""The tree's Dockerfile and compose file, read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.containers.dockerfile import Stage, parse

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def stages(tree: Path) -> dict[str, Stage]:
    """Give the stages of the Dockerfile."""
    return parse((tree / "Dockerfile").read_text())


@pytest.fixture(scope="session")
def compose(tree: Path) -> dict[str, Any]:
    """Give the compose file's content, its anchors resolved."""
    found: dict[str, Any] = yaml.safe_load((tree / "docker-compose.yml").read_text())
    return found
