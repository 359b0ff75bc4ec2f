"""What tests of stories may ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.scenarios.support import bench

from vendorlab.play import PlayableStory, check

if TYPE_CHECKING:
    from collections.abc import Callable

    from vendorlab.play import StoryLab
    from vendorlab.scenarios.core.verdict import Judged


@pytest.fixture
def judged() -> Callable[..., Judged]:
    """Give what a rule makes of a client: ``judged("slash-kept", client, vendors="inode")``."""

    def judged(rule: str, client: Callable[[StoryLab], object], *, given: str = "", **world: str) -> Judged:
        story = bench(f"{{{rule}: {{{given}}}}}" if given else rule, **world)
        check(story)
        with PlayableStory(story).play() as lab:
            client(lab)
            verdict = lab.verdict
        return next(one for one in verdict.judged if one.rule.name == rule)

    return judged
