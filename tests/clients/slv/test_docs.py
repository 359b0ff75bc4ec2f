"""The examples of the client's page run as they stand."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.clients.django_fake import served
from tests.clients.slv.conftest import ACCOUNT
from tests.clients.slv.fake_vendor import FakeVendor

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[3] / "docs" / "clients-slv.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    vendor = FakeVendor(clock=time.time, batch_looks=1)
    vendor.log = {datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3): 1.5}
    with served(vendor) as url:
        for name, value in {"url": url, **ACCOUNT}.items():
            monkeypatch.setenv(f"VENDORLAB_SLV_{name.upper()}", value)
        yield


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_example_runs_with_nothing_but_the_environment(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(EXAMPLES[number], f"{PAGE.name}, example {number + 1}", "exec"), {})
    assert capsys.readouterr().out


def test_page_has_its_examples() -> None:
    assert len(EXAMPLES) == 4


def test_page_tells_of_every_method() -> None:
    from vendorlab.clients.slv import SlvClient

    methods = {name for name in vars(SlvClient) if not name.startswith("_") and name != "from_env"}
    assert [
        name for name in sorted(methods) if f"`{name}(" not in PAGE.read_text() and f"`{name}`" not in PAGE.read_text()
    ] == []
