"""Draws the documents' mermaid diagrams as pictures: ``python docs/site/draw.py mermaid.min.js``.

Run by hand when a diagram has changed (the site does not build without its picture). Needs Debian's chromium, and
mermaid's own program, `dist/mermaid.min.js` of the npm package `mermaid`.
"""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from hooks import TOP, TREE, diagram

MERMAID = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGE = """<!doctype html><meta charset="utf-8"><body><script src="{program}"></script><script>
mermaid.initialize({{startOnLoad: false, htmlLabels: false, flowchart: {{htmlLabels: false}}, theme: "neutral"}});
mermaid.render("drawn", {text}).then(({{svg}}) => {{
  const out = document.createElement("pre"); out.id = "out"; out.textContent = svg; document.body.append(out);
}});
</script>"""
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")


def draw(program: Path, text: str) -> str:
    """A diagram as SVG."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(PAGE.format(program=program.resolve().as_uri(), text=json.dumps(text)), encoding="utf-8")
        profile = f"--user-data-dir={folder}/profile"
        command = ["chromium", *FLAGS, profile, "--virtual-time-budget=10000", "--dump-dom", page.as_uri()]
        shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r'<pre id="out">(.*?)</pre>', shown, re.DOTALL)
    assert found, "mermaid drew nothing"
    # As <img> shows it, a picture has no page around it to give it a size.
    svg = html.unescape(found[1])
    box = re.search(r'viewBox="[\d.-]+ [\d.-]+ ([\d.]+) ([\d.]+)"', svg)
    assert box
    return svg.replace('width="100%"', f'width="{box[1]}" height="{box[2]}"', 1) + "\n"


def main() -> None:
    """Draw each diagram, and drop the pictures of those that are gone."""
    place = TREE / "docs"
    pages = [*(TREE / path for path in TOP), *place.rglob("*.md")]
    texts = [found[1] for page in pages for found in MERMAID.finditer(page.read_text(encoding="utf-8"))]
    for text in texts:
        (place / diagram(text)).write_text(draw(Path(sys.argv[1]), text), encoding="utf-8")
    for picture in (place / "assets" / "diagrams").glob("*.svg"):
        if picture.relative_to(place).as_posix() not in {diagram(text) for text in texts}:
            picture.unlink()


if __name__ == "__main__":
    main()
