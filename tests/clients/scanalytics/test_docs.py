"""The examples of the clients' page run as they stand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.clients.django_fake import PASSWORD, USERNAME, served
from tests.clients.scanalytics.fake_vendor import CLIENT_ID, FakeVendor

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[3] / "docs" / "clients.md"
EXAMPLES = [text for text in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL) if "Scanalytics" in text]


@pytest.fixture
def environment(vendor: FakeVendor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with served(vendor) as url:
        for name, value in {"URL": url, "CLIENT_ID": CLIENT_ID, "USERNAME": USERNAME, "PASSWORD": PASSWORD}.items():
            monkeypatch.setenv(f"VENDORLAB_SCANALYTICS_{name}", value)
        yield


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_example_runs_with_nothing_but_the_environment(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(EXAMPLES[number], f"{PAGE.name}, example {number + 1}", "exec"), {})
    assert capsys.readouterr().out


def test_page_has_its_examples() -> None:
    assert len(EXAMPLES) == 4
