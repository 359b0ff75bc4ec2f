"""Stories as pytest fixtures: a test marked with a story gets a lab in which it happens, and fails if a rule is broken.

pytest loads this in every environment that has vendorlab, so it imports nothing but pytest and the standard library
until a fixture is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from vendorlab.play import StoryLab

_MARKER = "vendorlab_story"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers", f"{_MARKER}(name, seed=None): the story, by name or file, that happens in the fixture story_lab"
    )


@pytest.fixture
def story_lab(request: pytest.FixtureRequest) -> Generator[StoryLab]:
    """A lab in which the story that ``vendorlab_story`` names happens; the test fails if its verdict does."""
    marker = request.node.get_closest_marker(_MARKER)
    if marker is None or len(marker.args) != 1 or marker.kwargs.keys() - {"seed"}:
        form = f'@pytest.mark.{_MARKER}("expired-token"), or with a seed=7'
        pytest.fail(f"the fixture story_lab needs a story: {form}", pytrace=False)
    from vendorlab.play import story  # noqa: PLC0415

    with story(*marker.args).play(**marker.kwargs) as lab:
        yield lab


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
    """Hold a test that came to its end against its story."""
    result = yield
    lab: Any = pyfuncitem.funcargs.get("story_lab")
    if lab is not None:
        lab.verdict.assert_passed()
    return result
