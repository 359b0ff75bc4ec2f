"""Programs with bad habits are found out: each for the rules that it breaks, and for no other.

The last two are the ways of the vendors' own tutorials, written anew; docs/stories-tutorials.md tells how they fare.
"""

from __future__ import annotations

import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vendorlab.cli.performing import perform
from vendorlab.scenarios.core import story as stories
from vendorlab.scenarios.core.verdict import Verdict, judge

CLIENTS = Path(__file__).parent / "clients"
PAGE = Path(__file__).parents[2] / "docs" / "stories-tutorials.md"
COMMANDS = {".py": sys.executable, ".js": "node", ".sh": "sh"}

BAD = [
    ("password_each_time.py", "expired-token", {"renewed-once-per-expiry"}),
    ("local_hours.py", "dst-autumn", {"each-reading-once"}),
    ("dead_token.js", "tokens-revoked", {"dropped-refused-token"}),
    ("storm.js", "outage", {"no-storm-in-outage"}),
    ("impatient.sh", "limit-lowered", {"waited-out-retry-after", "no-secret-in-url"}),
]

BAD_ON_LINES = [
    ("coap_on_the_beat.py", "gateway-outage", {"coap-backed-off"}),
    ("mqtt_token_at_start.py", "token-ends-between-connections", {"mqtt-fresh-token"}),
    ("mqtt_token_at_start.py lasting", "broker-forgets", {"mqtt-subscribed-again"}),
    ("webhook_strict.py", "webhook-twice-and-late", {"webhook-duplicates-tolerated", "webhook-order-not-assumed"}),
]
"""In stories that run by the wall, which are played side by side: they are idle for most of it."""

TUTORIALS = [
    ("scanalytics_tutorial.py", "dst-spring", set[str](), "it ends with a 400: the hour that never was"),
    ("scanalytics_tutorial.py", "dst-autumn", {"each-reading-once"}, "it ends with the first 401"),
    ("scanalytics_tutorial.py", "expired-token", set[str](), "it ends with the first 401"),
    ("scanalytics_tutorial.py", "tokens-revoked", set[str](), "it ends with the first 401"),
    ("scanalytics_tutorial.py", "outage", {"came-back-after-outage"}, "it ends with the first 503"),
    ("inode_tutorial.py", "lost-answers", {"came-back-after-outage"}, "it ends with the first answer that is lost"),
    ("inode_tutorial.py", "page-for-people", set[str](), ""),
    (
        "inode_tutorial.py",
        "five-days-of-polling",
        {"came-back-after-outage"},
        "it ends with the first page in place of JSON",
    ),
]


CADENCE = {"five-days-of-polling": "900", "page-for-people": "300", "lost-answers": "600"}
"""What the stories ask of a program that looks again and again, in seconds."""


def verdict(client: str, name: str) -> Verdict:
    client, *arguments = client.split()
    command = COMMANDS[Path(client).suffix]
    if shutil.which(command) is None:
        pytest.skip(f"{command} is not on this machine")
    story = stories.find(name)
    return judge(story, perform(story, [command, str(CLIENTS / client), *arguments], None, 20, quiet=True))


def broken(found: Verdict) -> set[str]:
    return {one.rule.name for one in found.broken}


@pytest.mark.parametrize(("client", "name", "rules"), BAD, ids=[one[0] for one in BAD])
def test_bad_client_is_found_out_for_what_it_does_and_nothing_else(client: str, name: str, rules: set[str]) -> None:
    found = verdict(client, name)
    assert broken(found) == rules
    assert not found.passed
    assert found.troubles == ()


def test_bad_clients_on_lines_are_found_out_for_what_they_do_and_nothing_else() -> None:
    with ThreadPoolExecutor(len(BAD_ON_LINES)) as pool:
        found = list(pool.map(verdict, *zip(*[one[:2] for one in BAD_ON_LINES], strict=True)))
    assert [(*one[:2], broken(made)) for one, made in zip(BAD_ON_LINES, found, strict=True)] == BAD_ON_LINES
    assert [made.troubles for made in found if made.troubles] == []


@pytest.mark.parametrize(
    ("client", "name", "rules", "ends"), TUTORIALS, ids=[f"{one[0]}-{one[1]}" for one in TUTORIALS]
)
def test_tutorial_fares_as_the_page_says(
    monkeypatch: pytest.MonkeyPatch, client: str, name: str, rules: set[str], ends: str
) -> None:
    monkeypatch.setenv("VENDORLAB_MINUTE", CADENCE.get(name, "60"))
    found = verdict(client, name)
    assert broken(found) == rules
    assert bool(found.troubles) == bool(ends)
    assert row(name, rules, ends) in section(client)


def row(name: str, rules: set[str], ends: str) -> str:
    told = ", ".join(f"`{rule}`" for rule in sorted(rules))
    return f"| [{name}](stories/{name}.md) | {'; '.join(part for part in (told, ends) if part) or 'passes'} |"


def section(client: str) -> str:
    """Give the page's part about a tutorial."""
    return next(part for part in PAGE.read_text(encoding="utf-8").split("\n## ") if client in part)
