"""Every story that the documents tell in the shell is true; and the runner does find those that are not."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.docs.shell import UP, Command, Lab, Story, play, running_lab, stories

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
TOLD = [(page, story) for page in PAGES for story in stories(page.read_text(encoding="utf-8"))]

READY = {
    "control": {"url": "http://127.0.0.1:40001", "token": "sesame"},
    "vendors": {
        "scanalytics": {"url": "http://127.0.0.1:40002", "credentials": {"username": "ada@example.com"}},
        "itron-coap": {"url": "coap://127.0.0.1:40003", "credentials": {"devices": ["0a", "0b"]}},
    },
}
# Stands in for `vendorlab up`: writes the ready file, as told, and waits to be interrupted.
STAND_IN = f"""
import os, pathlib, signal, sys
signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
path = pathlib.Path(sys.argv[sys.argv.index("--ready-file") + 1])
path.with_suffix(".new").write_text({json.dumps(json.dumps(READY))})
path.with_suffix(".new").rename(path)
signal.pause()
"""


PROGRAMS = ("coap-client-notls",)
"""What stories call that not every machine has."""


def test_documents_tell_a_story() -> None:
    assert TOLD, "no page has a marked block: has the mark changed?"


@pytest.mark.parametrize(
    ("page", "story"), TOLD, ids=[f"{page.relative_to(ROOT).as_posix()}:{story.name}" for page, story in TOLD]
)
def test_story_of_a_page_is_true(page: Path, story: Story, tmp_path: Path, tool: Callable[[str], str]) -> None:
    for program in PROGRAMS:
        if any(program in command.text for command in story.commands):
            tool(program)
    if not story.needs_lab:
        play(story, tmp_path)
        return
    with running_lab(tmp_path, (*UP, "--tls") if story.https else UP) as lab:
        play(story, tmp_path, lab)


def test_marked_blocks_of_a_name_are_one_story() -> None:
    page = "<!-- test: tour -->\n```sh\na\n```\n```sh\nunmarked\n```\n\n<!-- test: tour -->\n```console\n$ b\nB\n```\n"
    assert stories(page) == [Story("tour", needs_lab=True, commands=(Command("a\n", 3), Command("b", 11, "B\n")))]


def test_console_command_may_go_on_and_may_print_nothing() -> None:
    page = "<!-- test: a, no lab -->\n```console\n$ one \\\n> two\n$ three\nx\n> y\n```\n"
    (story,) = stories(page)
    assert not story.needs_lab
    assert story.commands == (Command("one \\\ntwo", 3, ""), Command("three", 5, "x\n> y\n"))


@pytest.mark.parametrize(
    "page",
    [
        "<!-- test: Tour -->\n```sh\na\n```\n",
        "<!-- test: tour, no lad -->\n```sh\na\n```\n",
        "<!-- test: tour -->\n\nwords\n",
        "<!-- test: tour -->",
        "<!-- test: tour -->\n```python\na\n```\n",
        "<!-- test: tour -->\n```console\nno command\n```\n",
        "<!-- test: tour -->\n```sh\na\n```\n\n<!-- test: tour, no lab -->\n```sh\na\n```\n",
        "<!-- test: tour, https -->\n```sh\na\n```\n\n<!-- test: tour -->\n```sh\na\n```\n",
    ],
)
def test_mark_that_is_wrong_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match=r"^line \d"):
        stories(page)


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ("sh\ntrue\nfalse | true", "ended with 1"),
        ("console\n$ true\n$ exit 3\n$ true", "line 4: exit 3\nended with 3"),
        ("console\n$ echo one\ntwo", "should print\ntwo\n\nbut printed\none"),
        ("console\n$ echo one", "but printed\none"),
        ("sh\nno-such-command", "command not found"),
    ],
)
def test_story_that_is_not_true_fails(block: str, words: str, tmp_path: Path) -> None:
    (story,) = stories(f"<!-- test: a, no lab -->\n```{block}\n```\n")
    with pytest.raises(pytest.fail.Exception) as failure:
        play(story, tmp_path)
    assert words in str(failure.value)


def test_commands_share_a_shell_an_empty_folder_and_dots(tmp_path: Path) -> None:
    page = "```sh\nls -A\nname=Ada && mkdir new && cd new\n```\n\n<!-- test: a, no lab -->\n"
    page += '```console\n$ echo "$name at $(basename "$PWD")" && date\nAda at new\n...\n$ ls -A ..\nnew\n```\n'
    (story,) = stories("<!-- test: a, no lab -->\n" + page)
    play(story, tmp_path)


def test_what_a_story_leaves_running_is_ended(tmp_path: Path) -> None:
    (story,) = stories("<!-- test: a, no lab -->\n```sh\nsleep 600 &\n```\n")
    play(story, tmp_path)


def test_lab_gives_its_addresses_and_credentials_to_the_story(tmp_path: Path) -> None:
    page = """<!-- test: a -->
```console
$ echo $VENDORLAB_SCANALYTICS_URL/v1/ $VENDORLAB_SCANALYTICS_USERNAME $VENDORLAB_CONTROL_TOKEN
http://127.0.0.1:7071/v1/ ada@example.com sesame
$ echo http://localhost:7071/v1/ $VENDORLAB_ITRON_COAP_DEVICES | tee told
http://localhost:7071/v1/ 0a,0b
$ grep -c 40002 told
1
```
"""
    (story,) = stories(page)
    with running_lab(tmp_path, (sys.executable, "-c", STAND_IN)) as lab:
        play(story, tmp_path, lab)


def test_lab_that_ends_before_it_is_ready_fails_with_its_words(tmp_path: Path) -> None:
    command = (sys.executable, "-c", "import sys; sys.exit('no such vendor')")
    with pytest.raises(pytest.fail.Exception, match="exit code 1") as failure, running_lab(tmp_path, command):
        pass
    assert "no such vendor" in str(failure.value)


def test_lab_replaces_only_the_usual_ports_of_this_machine() -> None:
    lab = Lab.from_ready_file(json.dumps(READY))
    text = "http://127.0.0.1:7071/a localhost:7070 coap://127.0.0.1:5683 http://127.0.0.1:7072 example.com:7071"
    real = "http://127.0.0.1:40002/a localhost:40001 coap://127.0.0.1:40003 http://127.0.0.1:7072 example.com:7071"
    assert (lab.real(text), lab.usual(real)) == (real, text)
