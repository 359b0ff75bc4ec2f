"""``vendorlab run --control``: a story in a world of its own on a vendorlab that is up; nothing of it is left there."""

from __future__ import annotations

import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.scenarios.test_run import PROGRAM, UNAWARE, python, short

from vendorlab.cli import elsewhere as elsewhere_module
from vendorlab.cli.common import PortRange, UsageFailure
from vendorlab.cli.elsewhere import answers, elsewhere, playable, told
from vendorlab.cli.performing import here, perform
from vendorlab.cli.serving import Serving
from vendorlab.clients.control import ControlClient
from vendorlab.mocks.core.world import WorldOptions
from vendorlab.scenarios.core import story as stories
from vendorlab.scenarios.core.pacing import paced
from vendorlab.scenarios.core.verdict import judge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vendorlab.scenarios.core.story import Story

CLIENTS = Path(__file__).parent / "clients"
TOKEN = "the-control-token"


def up() -> Serving:
    """A vendorlab that is up, with a world in which somebody does something else."""
    made = Serving(["slv"], {"control": 0}, WorldOptions(seed=3), TOKEN, "1.2.3")
    made.start()
    return made


@pytest.fixture(scope="module")
def house() -> Iterator[Serving]:
    """One for all tests of a module."""
    made = up()
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is known by the environment."""
    monkeypatch.setenv("VENDORLAB_CONTROL_TOKEN", TOKEN)


@pytest.fixture
def control(house: Serving) -> Iterator[ControlClient]:
    """Who looks at it from beside; and whatever was done there, nothing of it is left."""
    with ControlClient(house.control_url, TOKEN) as client:
        yield client
        assert [world.name for world in client.worlds()] == ["main"]
        assert house.world.journal.find() == []


def there(house: Serving, story: Story, command: list[str], pace: str | None = None, stall: float = 10) -> bytes:
    """Play it there: return what was written down."""
    venue = partial(elsewhere, house.control_url, pace)
    return perform(story, command, None, stall, quiet=True, venue=venue).dump()


SEEDED = PROGRAM.replace(
    "import sys", "import sys\nfrom random import Random\nfrom vendorlab.clients.core.retry import RetryPolicy"
).replace("Client.from_env(clock", "Client.from_env(retry=RetryPolicy(chance=Random(7)), clock")
"""The reference client, which otherwise waits a little longer or less each time."""


@pytest.mark.usefixtures("control")
@pytest.mark.parametrize(
    ("name", "pace", "program", "passes"),
    [("refresh-lost", None, SEEDED, True), ("outage", "each=5m", UNAWARE, False)],
    ids=["turns the clock", "knows of none"],
)
def test_journal_from_there_is_that_from_here_byte_for_byte(
    house: Serving, tmp_path: Path, name: str, pace: str | None, program: str, passes: bool
) -> None:
    """Of a good program and a bad one."""
    story = stories.find(name)
    story = paced(story, pace) if pace else story
    command = [*python(program), str(tmp_path / "tokens.json")]
    one = perform(story, command, None, 10, quiet=True, venue=here)
    (tmp_path / "tokens.json").unlink(missing_ok=True)
    assert there(house, story, command, pace) == one.dump()
    assert judge(story, one).passed == passes
    assert [move.action for move in one.moves]
    assert len(one.exchanges) > 10


LISTENING = """
title: x
vendor: x
hurts: x
good: x
program: x
vendors: [itron]
world: {start: 2026-11-02T06:00:00Z}
pace: {rate: 1}
until: {protocol: mqtt, operation: subscribe}
rules: [mqtt-fresh-token]
"""


@pytest.mark.usefixtures("control")
def test_broker_is_reached_by_an_authority_that_came_along(house: Serving) -> None:
    """The file with it lies on the other machine."""
    story = stories.parse(LISTENING, "listening.yaml", "listening")
    command = [sys.executable, str(CLIENTS / "mqtt_token_at_start.py")]
    assert b'"operation":"subscribe"' in there(house, story, command)


@pytest.mark.usefixtures("control")
def test_pace_of_a_program_that_rests_is_kept_from_afar(house: Serving, tmp_path: Path) -> None:
    story = stories.find(short(tmp_path, pace="{idle: 50ms, step: 10m}", until="35m"))
    text = UNAWARE.replace("pass", "__import__('time').sleep(0.3)")
    venue = partial(elsewhere, house.control_url, None)
    evidence = perform(story, python(text), None, 10, quiet=True, venue=venue)
    assert [(one.at - story.start).total_seconds() for one in evidence.exchanges] == [0, 600, 1_200, 1_800]


@pytest.mark.usefixtures("control")
@pytest.mark.parametrize(
    ("command", "reason"), [(["sleep", "60"], b'"reason":"stalled"'), (["sh", "-c", "exit 7"], b'"code":7')]
)
def test_end_of_a_program_is_told_there(house: Serving, tmp_path: Path, command: list[str], reason: bytes) -> None:
    assert reason in there(house, stories.find(short(tmp_path)), command, stall=0.3)


@pytest.mark.usefixtures("control")
def test_command_that_is_none_leaves_nothing_there(house: Serving, tmp_path: Path) -> None:
    with pytest.raises(UsageFailure, match="no-such-command-here cannot be started"):
        there(house, stories.find(short(tmp_path)), ["no-such-command-here"])


def test_story_that_kills_its_program_is_refused_by_name() -> None:
    with pytest.raises(UsageFailure, match=r"kill-in-mid-refresh kills the program .* without --control"):
        playable(stories.find("kill-in-mid-refresh"))


@pytest.mark.usefixtures("control")
def test_vendors_that_cannot_be_reached_are_told_before_it_begins(
    house: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "mark"

    def nowhere(_url: str, _host: str) -> str:
        return "http://127.0.0.1:1"

    monkeypatch.setattr(elsewhere_module, "told", nowhere)
    with pytest.raises(
        UsageFailure, match=r"scanalytics .* at http://127\.0\.0\.1:1, where nobody answers.*world-ports"
    ):
        there(house, stories.find(short(tmp_path)), ["touch", str(mark)])
    assert not mark.exists()


def test_token_and_address_that_are_wrong_are_told(house: Serving, tmp_path: Path) -> None:
    story = stories.find(short(tmp_path))
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("VENDORLAB_CONTROL_TOKEN")
        with pytest.raises(UsageFailure, match="set VENDORLAB_CONTROL_TOKEN"):
            there(house, story, ["true"])
    with pytest.raises(UsageFailure, match=r"nothing answers at http://127\.0\.0\.1:1 "):
        perform(story, ["true"], None, 1, quiet=True, venue=partial(elsewhere, "http://127.0.0.1:1", None))


def test_older_vendorlab_is_told_by_its_version(
    house: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.control, "_stories", None)
    with pytest.raises(UsageFailure, match=r"plays no stories: it is version 1\.2\.3"):
        there(house, stories.find(short(tmp_path)), ["true"])


@pytest.mark.usefixtures("control")
def test_world_that_is_deleted_in_mid_story_is_told(house: Serving, tmp_path: Path) -> None:
    delete = 'curl -s -X DELETE -H "Authorization: Bearer $VENDORLAB_CONTROL_TOKEN" "$VENDORLAB_CONTROL_URL"; sleep 60'
    with pytest.raises(UsageFailure, match=r"the story short was lost.* its world story-.* was deleted meanwhile"):
        there(house, stories.find(short(tmp_path)), ["sh", "-c", delete])


def test_line_that_breaks_in_mid_story_is_told_and_the_program_ended(tmp_path: Path) -> None:
    other, pid = up(), tmp_path / "pid"

    def end() -> None:
        while not pid.exists():
            time.sleep(0.01)
        other.stop()

    ending = threading.Thread(target=end)
    ending.start()
    with pytest.raises(
        UsageFailure, match=r"the story short was lost.* nothing answers at http://127\.0\.0\.1:\d+ any"
    ):
        there(other, stories.find(short(tmp_path)), ["sh", "-c", f"echo $$ > {pid}; exec sleep 60"])
    ending.join()
    assert not Path(f"/proc/{pid.read_text().strip()}").exists()


@pytest.mark.parametrize(
    ("url", "host", "reached"),
    [
        ("http://127.0.0.1:7101", "127.0.0.1", "http://127.0.0.1:7101"),
        ("http://127.0.0.1:7101", "localhost", "http://127.0.0.1:7101"),
        ("http://127.0.0.1:7101/reports", "lab.example", "http://lab.example:7101/reports"),
        ("mqtts://vendorlab:7102", "127.0.0.1", "mqtts://127.0.0.1:7102"),
        ("coap://vendorlab:7103", "fd00::1", "coap://[fd00::1]:7103"),
    ],
)
def test_vendors_are_where_their_control_api_is(url: str, host: str, reached: str) -> None:
    assert told(url, host) == reached


def test_vendors_are_asked_as_they_speak(control: ControlClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """And none of it is written down."""
    monkeypatch.setattr(elsewhere_module, "PATIENCE", 0.2)
    world = control.create_world("probed", vendors=["itron"])
    try:
        assert {name: answers(one.url) for name, one in world.vendors.items()} == dict.fromkeys(world.vendors, True)
        assert [one.operation for one in control.in_world("probed").journal().entries] == []
    finally:
        control.delete_world("probed")
    assert [answers(one.url) for one in world.vendors.values()] == [False] * 3


def test_ports_of_worlds_are_a_range() -> None:
    assert PortRange().convert("7100-7119", None, None) == range(7100, 7120)
    for wrong in ("7100", "7119-7100", "0-3", "7100-70000", "a-b"):
        with pytest.raises(Exception, match="write 7100-7119"):
            PortRange().convert(wrong, None, None)
