"""The report as a page in a browser: it filters, fits wide and narrow, reads light and dark, and runs nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
from datetime import UTC, date, datetime
from html import escape, unescape
from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.contracts.core.claims import Claim, Source
from vendorlab.contracts.core.report import Result, Verdict, document, vendor_document
from vendorlab.contracts.core.reports import page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Browse = Callable[..., str]

pytestmark = pytest.mark.slow

LONG = "x" * 400
HARM = f"<script>document.title = 'owned'</script>{LONG}"
PROBE = """
const seen = (rgb) => rgb.match(/[\\d.]+/g).map(Number);
const light = (rgb) => seen(rgb).slice(0, 3).map((c) => c / 255)
  .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const ground = (node) => {
  for (; node; node = node.parentElement) {
    const rgb = getComputedStyle(node).backgroundColor;
    if (seen(rgb)[3] !== 0) return rgb;
  }
  return "rgb(255, 255, 255)";
};
document.querySelectorAll("details").forEach((each) => { each.open = true; });
const faint = [];
let least = 99;
for (const node of document.querySelectorAll("body *:not(script):not(option)")) {
  const text = [...node.childNodes].some((each) => each.nodeType === 3 && each.data.trim());
  if (!text || !node.checkVisibility()) continue;
  const [a, b] = [light(getComputedStyle(node).color), light(ground(node))].sort((x, y) => y - x);
  const contrast = (a + 0.05) / (b + 0.05);
  least = Math.min(least, contrast);
  if (contrast < 4.5) faint.push(`${node.tagName}.${node.className} ${contrast.toFixed(2)}`);
}
const deaf = [...document.querySelectorAll("*")]
  .filter((each) => each.scrollHeight > each.clientHeight + 1 && /auto|scroll/.test(getComputedStyle(each).overflowY))
  .filter((each) => each.tabIndex < 0 && each !== document.scrollingElement).map((each) => each.tagName);
const found = { paper: ground(document.body), wide: document.documentElement.scrollWidth, room: innerWidth, faint, deaf,
  least, title: document.title };
parent.document.body.append(Object.assign(document.createElement("pre"),
  { id: "probe", textContent: JSON.stringify(found) }));
"""


@pytest.fixture(scope="module")
def text() -> str:
    """A page about one vendor, with a claim of each verdict."""
    verdicts = [Verdict.PASSED, Verdict.FAILED, Verdict.SKIPPED, Verdict.ERROR]
    claims = [
        Claim(f"inode.{source}.{verdict}", f"{verdict} and {source}.", source, LONG, date(2026, 11, 20))
        for source in Source
        for verdict in [*verdicts, "unasked"]
    ]
    said = ({"protocol": "http", "request": "GET /\n" * 60, "answer": f"200 OK\n\n{HARM}"},)
    results = [
        Result(
            test=f"inode/test_{source}.py::test_{verdict}[{LONG}]",
            vendor="inode",
            claims=(f"inode.{source}.{verdict}",),
            verdict=verdict,
            reason="" if verdict is Verdict.PASSED else HARM,
            exchanges=said if verdict is Verdict.FAILED else (),
        )
        for source in Source
        for verdict in verdicts
    ]
    vendor = vendor_document(
        claims,
        results,
        target=f"https://{LONG}.example.com",
        capabilities=["write"],
        seen={f"GET /{LONG}": {"200": 1}, "GET /b": {}},
    )
    return page.render(document({"inode": vendor}, at=datetime(2026, 11, 21, tzinfo=UTC), requests=3))


@pytest.fixture(scope="module")
def browse(tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Browse:
    """Open a page, and give the document as it is once its script has run."""
    program = tool("chromium")
    folder = tmp_path_factory.mktemp("browser")

    def look(text: str, fragment: str = "", *, dark: bool = False) -> str:
        place: Path = folder / "page.html"
        place.write_text(text, encoding="utf-8")
        command = [
            program, "--headless", "--disable-gpu", "--dump-dom", "--window-size=1400,900",
            f"--user-data-dir={folder / 'profile'}", f"--blink-settings=preferredColorScheme={0 if dark else 1}",
            *(["--no-sandbox"] if os.geteuid() == 0 else []), f"{place.as_uri()}{fragment}",
        ]  # fmt: skip
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    return look


def shown(dom: str) -> list[str]:
    """The claims that the filter lets through, below *All claims*."""
    rows = re.findall(r'<details class="claim \w+" data-verdict[^>]*>.*?<code>([\w.-]+)</code>', dom, re.DOTALL)
    opened = re.findall(r'<details class="claim \w+" data-verdict[^>]*>', dom)
    assert len(rows) == len(opened)
    return [name for name, tag in zip(rows, opened, strict=True) if "hidden" not in tag]


def test_address_says_what_is_shown(browse: Browse, text: str) -> None:
    dom = browse(text, "#verdict=failed&verdict=error&source=public&q=failed+PUBLIC")
    assert shown(dom) == ["inode.public.failed"]
    assert "1 of 25 claims" in dom
    assert "<title>10 found: inode" in dom, "what a target says is run as a script"


def probed(browse: Browse, text: str, *widths: int, dark: bool = False) -> list[dict[str, Any]]:
    """Measure a page: with a script of the test's own, which its policy would not let run.

    It stands in a frame for each width, since a window is 500 pixels wide at the least.
    """
    lax = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    inner = escape(lax.replace("</body>", f"<script>{PROBE}</script></body>"))
    frames = [
        f'<iframe style="border: 0; width: {each}px; height: 900px" srcdoc="{inner}"></iframe>' for each in widths
    ]
    dom = browse(f'<!DOCTYPE html><meta name="color-scheme" content="light dark"><body>{"".join(frames)}', dark=dark)
    found = [json.loads(unescape(each)) for each in re.findall(r'<pre id="probe">(.*?)</pre>', dom, re.DOTALL)]
    assert sorted(each["room"] for each in found) == sorted(widths)
    return found


def test_policy_lets_no_script_run_but_the_pages_own(browse: Browse, text: str) -> None:
    dom = browse(text.replace("</body>", f"<script>{PROBE}</script></body>"))
    assert (len(shown(dom)), "25 of 25 claims" in dom, 'id="probe"' in dom) == (25, True, False)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_page_fits_can_be_read_and_reached(browse: Browse, text: str, dark: bool) -> None:
    for found in probed(browse, text, 360, 1300, dark=dark):
        assert found["wide"] <= found["room"], "it has to be scrolled sideways"
        assert (found["faint"], found["deaf"]) == ([], [])
        assert (found["paper"] == "rgb(255, 255, 255)") is not dark


def test_measure_finds_what_is_faint_too_wide_or_out_of_reach(browse: Browse, text: str) -> None:
    """The measure itself can fail."""
    spoilt = text.replace("--quiet: #5b636b;", "--quiet: #b5bcc3;").replace("overflow-wrap: anywhere;", "")
    spoilt = spoilt.replace('<pre tabindex="0">', "<pre>").replace("white-space: pre-wrap;", "white-space: pre;")
    (found,) = probed(browse, spoilt, 360)
    assert (found["wide"] > 360, bool(found["faint"]), bool(found["deaf"])) == (True, True, True)
