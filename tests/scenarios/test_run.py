"""``vendorlab run`` and ``vendorlab stories``: exit codes, reports, and what becomes of the program."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import httpx
import pytest

from vendorlab.cli import run as run_cli
from vendorlab.cli.performing import perform
from vendorlab.scenarios.core import story as stories
from vendorlab.scenarios.core.story import ClearLimits, parse
from vendorlab.scenarios.core.verdict import judge

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAM = """\
import sys
from vendorlab.clients.control import ControlClient
from vendorlab.clients.scanalytics import FileTokenStore, ScanalyticsClient

control = ControlClient.from_env()
now = control.clock().now.timestamp()
def sleep(seconds):
    global now
    now += seconds
    control.advance(seconds)
with ScanalyticsClient.from_env(clock=lambda: now, sleep=sleep, store=FileTokenStore(sys.argv[1])) as client:
    while True:
        client.whoami()
        sleep(3600)
"""
SHORT = """\
title: t
vendor: v
hurts: h
good: g
program: p
vendors: [scanalytics]
world: {{start: 2026-11-02T06:00:00Z}}
pace: {pace}
until: {until}
rules: [{rule}]
"""


def vendorlab(*arguments: str, expect: int) -> str:
    """Run the command line in this process, and give what it printed; its programs are processes of their own."""
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(said):
        patch.setattr(sys, "argv", ["vendorlab", *arguments])
        with pytest.raises(SystemExit) as leaving:
            run_cli()
    assert leaving.value.code == expect, said.getvalue()
    return said.getvalue()


def short(tmp_path: Path, *, pace: str = "program", until: str = "1h", rule: str = "no-secret-in-url") -> str:
    path = tmp_path / "short.yaml"
    path.write_text(SHORT.format(pace=pace, until=until, rule=rule))
    return str(path)


def python(text: str) -> list[str]:
    return [sys.executable, "-c", text]


def test_good_program_passes_and_its_reports_say_so(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    kept, result, junit, html = (str(tmp_path / name) for name in ("kept", "result.json", "junit.xml", "page.html"))
    files = ["--journal", kept, "--json", result, "--junit", junit, "--html", html]
    command = [sys.executable, str(program), str(tmp_path / "tokens.json")]
    said = vendorlab("run", "kill-in-mid-refresh", *files, "--", *command, expect=0)
    assert "passed: 1 of 1 rules" in said
    document = json.loads(Path(result).read_text())
    assert (document["passed"], document["end"]["reason"]) == (True, "over")
    assert {rule["name"]: rule["status"] for rule in document["rules"]}["survived-lost-refresh"] == "passed"
    suite = ET.parse(junit).getroot().find("testsuite")
    assert suite is not None
    assert (suite.get("failures"), suite.get("errors")) == ("0", "0")
    page = Path(html).read_text()
    assert "<h1>The program is killed while it renews its token</h1>" in page
    assert "http" not in page.split("<main>")[0]  # nothing is loaded from elsewhere
    lines = Path(kept).read_bytes().splitlines()
    assert sum(b'"action":"program"' in line for line in lines) == 1
    assert "passed: 1 of 1 rules" in vendorlab("run", "--replay", kept, expect=0)


def test_bad_program_is_found_out_in_all_reports(tmp_path: Path) -> None:
    story = short(tmp_path)
    url = "os.environ['VENDORLAB_SCANALYTICS_URL'] + '/v1/whoami?access_token=x'"
    get = f"import os, urllib.request as u\ntry: u.urlopen({url})"
    junit, html = tmp_path / "junit.xml", tmp_path / "page.html"
    arguments = ["run", story, "--junit", str(junit), "--html", str(html), "--repeat", "2", "--"]
    said = vendorlab(*arguments, *python(get + "\nexcept OSError: pass"), expect=1)
    assert "BROKEN        no-secret-in-url" in said
    assert "GET /v1/whoami?access_token=#" in said
    assert "what to do: Send tokens" in said
    assert "2 performances; all journals are the same" in said
    assert len(ET.parse(junit).getroot().findall("testsuite/testcase/failure")) == 2
    assert "access_token=#" in html.read_text()


def test_story_that_the_program_never_came_to_is_not_passed(tmp_path: Path) -> None:
    assert "not exercised: no-secret-in-url" in vendorlab("run", short(tmp_path), "--", "true", expect=1)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run"], "name a story and, behind --, the command"),
        (["run", "expired-token"], "name a story and, behind --, the command"),
        (["run", "expird-token", "--", "true"], 'did you mean "expired-token"?'),
        (["run", "expired-token", "--", "no-such-command-here"], "no-such-command-here cannot be started"),
        (["run", "--replay", os.devnull, "outage", "--", "true"], "leave out the command"),
        (["run", "--replay", os.devnull, "--control", "http://127.0.0.1:1"], "leave out --control"),
        (["run", "--replay", __file__], "is not a line of a kept journal"),
        (["stories", "expird-token"], 'did you mean "expired-token"?'),
    ],
)
def test_wrong_use_is_told_in_one_line(arguments: list[str], told: str) -> None:
    said = vendorlab(*arguments, expect=2)
    assert told in said
    assert len(said.splitlines()) == 1


def test_story_with_a_mistake_starts_nothing(tmp_path: Path) -> None:
    path, mark = tmp_path / "story.yaml", tmp_path / "mark"
    path.write_text(SHORT.format(pace="program", until="1h", rule="slash-kep"))
    said = vendorlab("run", str(path), "--", "touch", str(mark), expect=2)
    assert f"{path}:10:9: there is no rule 'slash-kep'; did you mean \"slash-kept\"?" in said
    assert not mark.exists()


def verdict(story: str, command: list[str], stall: float = 10) -> tuple[str, tuple[str, ...]]:
    found = judge(one := stories.find(story), perform(one, command, None, stall, quiet=True))
    assert found.evidence.end is not None
    return found.evidence.end.reason, found.troubles


def test_program_that_fails_is_told_with_its_exit_code(tmp_path: Path) -> None:
    reason, troubles = verdict(short(tmp_path), python("raise SystemExit(7)"))
    assert (reason, troubles) == ("ended", ("the program ended with exit code 7 before the story was over",))


def test_program_that_asks_for_nothing_any_more_ends_the_story(tmp_path: Path) -> None:
    reason, troubles = verdict(short(tmp_path), ["sleep", "60"], stall=0.2)
    assert reason == "stalled"
    assert "asked for nothing" in troubles[0]


def test_program_that_does_not_listen_to_sigterm_is_killed_with_what_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vendorlab.program.GRACE", 0.2)
    pid = tmp_path / "pid"
    text = (
        "import signal, subprocess, time, os\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"child = subprocess.Popen(['sleep', '60']); open({str(pid)!r}, 'w').write(str(child.pid))\ntime.sleep(60)"
    )
    assert verdict(short(tmp_path, pace="{rate: 3600}", until="1h"), python(text))[0] == "over"
    stat = Path(f"/proc/{pid.read_text()}/stat")
    assert (
        not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"
    )  # dead, and perhaps not yet buried


def test_time_goes_by_while_the_program_rests_where_the_pace_says_so(tmp_path: Path) -> None:
    text = (
        "import os, time, urllib.request as u\nurl = os.environ['VENDORLAB_SCANALYTICS_URL'] + '/v1/whoami'\n"
        "while True:\n try: u.urlopen(url)\n except OSError: pass\n time.sleep(0.15)"
    )
    story = parse(Path(short(tmp_path, pace="{idle: 50ms, step: 10m}", until="35m")).read_text(), "s.yaml", "s")
    evidence = perform(story, python(text), None, 10, quiet=True)
    assert [(one.at - story.start).total_seconds() for one in evidence.exchanges] == [0, 600, 1_200, 1_800]


UNAWARE = """
import os, urllib.request as u
for _ in range(40):
    try: u.urlopen(os.environ['VENDORLAB_SCANALYTICS_URL'] + '/v1/whoami')
    except OSError: pass
"""


@pytest.mark.parametrize("pace", ["each=1h", "rate=36000", "idle=10ms,step=1h"])
def test_program_that_knows_of_no_clock_goes_through_a_story_at_another_pace(tmp_path: Path, pace: str) -> None:
    text = UNAWARE.replace("pass", "__import__('time').sleep(0.05)")
    said = vendorlab("run", short(tmp_path, until="6h"), "--pace", pace, "--", *python(text), expect=0)
    assert "passed: 1 of 1 rules" in said


def test_standing_clock_is_told_where_nothing_came_of_it(tmp_path: Path) -> None:
    story = short(tmp_path, rule="renewed-once-per-expiry")
    assert "try --pace each=1h" in vendorlab("run", story, "--", *python(UNAWARE), expect=1)


@pytest.mark.parametrize("pace", ["each", "each=soon", "rate=0", "idle=1s", "each=1h,rate=2", "fast"])
def test_pace_that_is_none_is_refused(tmp_path: Path, pace: str) -> None:
    assert "is no pace" in vendorlab("run", short(tmp_path), "--pace", pace, "--", "true", expect=2)


def test_program_is_given_addresses_and_credentials_by_environment_and_by_file(tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    text = (
        "import json, os\nready = json.load(open(os.environ['VENDORLAB_READY_FILE']))\n"
        f"json.dump([ready, dict(os.environ)], open({str(told)!r}, 'w'))"
    )
    verdict(short(tmp_path), python(text))
    ready, environment = json.loads(told.read_text())
    known = ready["vendors"]["scanalytics"]
    assert environment["VENDORLAB_SCANALYTICS_URL"] == known["url"]
    assert environment["VENDORLAB_SCANALYTICS_PASSWORD"] == known["credentials"]["password"]
    assert environment["VENDORLAB_CONTROL_TOKEN"] == ready["control"]["token"]
    assert (environment["VENDORLAB_STORY"], environment["VENDORLAB_SEED"]) == ("short", "0")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_ends_its_program_and_says_130(tmp_path: Path, number: int) -> None:
    mark = tmp_path / "mark"
    command = [sys.executable, "-m", "vendorlab", "run", short(tmp_path), "--", "sh", "-c", f"touch {mark}; sleep 60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        _until(mark.exists)
        process.send_signal(number)
        said, _ = process.communicate(timeout=20)
    assert process.returncode == 130, said
    assert "the story was interrupted" in said


def test_what_was_done_by_hand_becomes_a_story_that_can_be_run(tmp_path: Path) -> None:
    file = tmp_path / "made.yaml"
    command = [sys.executable, "-u", "-m", "vendorlab", "run", "--record", str(file), "expired-token"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        said = ""
        while "recording" not in said:
            said += process.stdout.readline()
        token = next(word for word in said.split() if len(word) == 32)
        url = next(word for word in said.split() if word.startswith("http") and _is_control(word))
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}) as http:
            http.post("/clock/advance", json={"seconds": 3_600}).raise_for_status()
            http.post("/faults", json={"name": "a", "action": {"kind": "empty"}}).raise_for_status()
            assert http.post("/faults", json={"name": "a", "action": {"kind": "empty"}}).status_code == 409
            http.post("/tokens/expire", json={"vendor": "scanalytics", "user": "x"}).raise_for_status()
            http.delete("/faults/a").raise_for_status()
            http.delete("/limits").raise_for_status()
            http.delete("/limits?vendor=scanalytics").raise_for_status()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    story = stories.find(str(file))
    assert [entry.action for entry in story.spec.timeline] == ["clock", "fault", "tokens", *["clear"] * 3]
    assert [entry.clear for entry in story.spec.timeline[3:]] == ["a", "limits", ClearLimits(limits="scanalytics")]
    assert story.spec.timeline[0].clock is not None
    assert story.spec.timeline[0].clock.jump == "1h"
    assert story.spec.timeline[1].at is not None
    assert story.spec.timeline[1].at.startswith("1h")
    assert story.spec.world.seed == 7


def test_stories_are_listed_with_title_and_vendors() -> None:
    listed = json.loads(vendorlab("stories", "--json", expect=0))
    assert {"name": "outage", "title": "The vendor is away for twenty minutes", "vendors": ["scanalytics"]} in listed
    assert [one["name"] for one in listed] == stories.names()
    assert vendorlab("stories", "outage", expect=0).startswith("# The vendor is away for twenty minutes\n")
    assert json.loads(vendorlab("stories", "--schema", expect=0))["title"] == "A vendorlab story"


def _is_control(url: str) -> bool:
    try:
        return bool(httpx.get(f"{url}/version").json().get("api") == 1)
    except (httpx.HTTPError, ValueError, AttributeError):
        return False


def _until(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.01)
