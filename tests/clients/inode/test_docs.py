"""The examples of the client's page run as they stand, but for the minute between two looks."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.clients.django_fake import served
from tests.clients.inode.conftest import OWNER
from tests.clients.inode.fake_vendor import API_KEY, SENSOR_LINK, FakeVendor

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

PAGE = Path(__file__).parents[3] / "docs" / "clients-inode.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    vendor = FakeVendor(clock=time.time)

    def lively(request: httpx.Request) -> httpx.Response:
        vendor.links = [SENSOR_LINK | {"last_travel_time": 171 + len(vendor.requests)}]
        return vendor(request)

    with served(lively) as url:
        for name, value in {"url": url, "api_key": API_KEY, **OWNER}.items():
            monkeypatch.setenv(f"VENDORLAB_INODE_{name.upper()}", value)
        yield


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_example_runs_with_nothing_but_the_environment(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    hurried = EXAMPLES[number].replace("every=60", "every=0.01")
    exec(compile(hurried, f"{PAGE.name}, example {number + 1}", "exec"), {})
    assert capsys.readouterr().out


def test_page_has_its_examples() -> None:
    assert len(EXAMPLES) == 5
