"""The examples of the client's page run as they stand, but for the seconds between two looks."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.clients.django_fake import served
from tests.clients.itron import fake_vendor
from tests.clients.itron.conftest import APPLICATION
from tests.clients.itron.fake_vendor import FakeVendor

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

PAGE = Path(__file__).parents[3] / "docs" / "clients-itron.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
EXAMPLES = [block for block in BLOCKS if not re.search("GatewayClient|AlertsClient", block)]
"""Those over HTTP; what speaks CoAP and MQTT runs with the page."""


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    vendor = FakeVendor(clock=time.time)
    vendor.arrive(datetime.now(UTC) - timedelta(minutes=1), temperature=21.7)

    def lively(request: httpx.Request) -> httpx.Response:
        vendor.arrive(datetime.now(UTC), temperature=21.8)
        return vendor(request)

    with served(lively) as url:
        monkeypatch.setattr(fake_vendor, "ORIGIN", url)
        for name, value in {"url": url, **APPLICATION}.items():
            monkeypatch.setenv(f"VENDORLAB_ITRON_PLATFORM_{name.upper()}", value)
        yield


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_example_runs_with_nothing_but_the_environment(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    hurried = EXAMPLES[number].replace("every=10", "every=0.05")
    exec(compile(hurried, f"{PAGE.name}, example {number + 1}", "exec"), {})
    assert capsys.readouterr().out


def test_page_has_its_examples() -> None:
    assert len(EXAMPLES) == 6
