"""Takes the documents' pictures of terminals and of the report anew: ``python docs/site/shoot.py [NAME...]``.

Run by hand, with vendorlab and its extra `contracts` installed, when what they show looks otherwise. Each is of a
command that is run for it, on a fake with seed 0. Needs Debian's chromium; writes docs/assets/pictures/NAME.png.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from dataclasses import dataclass
from pathlib import Path

from draw import FLAGS
from hooks import TREE
from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

PLACE = TREE / "docs" / "assets" / "pictures"
VENDORLAB = [sys.executable, "-m", "vendorlab"]
SCALE = 1.25  # pixels for each of a page's, so that text is clear on fine screens too
COLUMNS, LINE, MARGIN = 104, 19, 16
PAGE = f"""<!doctype html><meta charset="utf-8"><style>
body {{{{ margin: 0; padding: {MARGIN}px; background: #1e2327; color: #dfe3e6; }}}}
pre {{{{ margin: 0; font: 14px/{LINE}px "DejaVu Sans Mono", monospace; }}}}
</style><pre>{{code}}</pre>"""
POLLER = """\
from vendorlab.clients.control import ControlClient
from vendorlab.clients.scanalytics import ScanalyticsClient

client = ScanalyticsClient.from_env()
while True:
    client.whoami()
    ControlClient.from_env().advance(3600)
"""
TEST = """\
import httpx


def login(vendor):
    form = {key: vendor.credentials[key] for key in ("username", "password", "client_id")}
    answer = httpx.post(f"{vendor.url}/o/token/", data={**form, "grant_type": "password"})
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def test_poller_goes_on_after_a_day(scanalytics):
    headers = login(scanalytics)
    scanalytics.clock.advance(86_401)
    answer = httpx.get(f"{scanalytics.url}/v1/whoami", headers=headers)
    assert answer.status_code == 200
"""


@dataclass(frozen=True)
class Terminal:
    """A command, as a reader would type it, and what it prints; `patience` ends one that does not end by itself."""

    typed: str
    command: list[str]
    patience: float = 60.0


TERMINALS = {
    "up": Terminal("vendorlab up scanalytics", [*VENDORLAB, "up", "scanalytics"], patience=5),
    "verdict": Terminal(
        "vendorlab run outage -q -- python poller.py 2> trouble.txt",
        ["sh", "-c", f"{sys.executable} -m vendorlab run outage -q -- {sys.executable} poller.py 2> trouble.txt"],
    ),
    "failure": Terminal(
        "python -m pytest -q --tb=short test_poller.py",
        [
            sys.executable,
            *("-m", "pytest", "-q", "--tb=short", "--color=yes", "-p", "no:cacheprovider", "-p", "no:asyncio"),
            "test_poller.py",
        ],
    ),
}
REPORT = [*VENDORLAB, "check", "scanalytics", "inode", "slv", "--html", "report.html"]


def printed(terminal: Terminal, folder: Path) -> str:
    """What a command prints on a terminal, colours included."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, COLUMNS, 0, 0))
    process = subprocess.Popen(terminal.command, cwd=folder, stdout=theirs, stderr=theirs, stdin=theirs)
    os.close(theirs)
    deadline = time.monotonic() + terminal.patience
    os.set_blocking(ours, False)
    found = b""
    while process.poll() is None:
        if time.monotonic() > deadline:
            process.send_signal(signal.SIGINT)
            process.wait()
        time.sleep(0.05)
        found += _read(ours)
    found += _read(ours)
    os.close(ours)
    return found.decode().replace("\r\n", "\n").replace("^C", "").rstrip()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 20)
    except OSError:  # nothing there, or nobody any more
        return b""


def screen(terminal: Terminal, folder: Path) -> tuple[str, int]:
    """The page that shows a terminal, and its height."""
    shown = f"\x1b[1m$ {terminal.typed}\x1b[0m\n{printed(terminal, folder)}"
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print(Text.from_ansi(shown))
    page = console.export_html(inline_styles=True, code_format=PAGE, theme=DIMMED_MONOKAI)
    return page, (page.partition("<pre>")[2].rstrip().count("\n") + 1) * LINE + 2 * MARGIN


def shoot(page: Path, picture: Path, width: int, height: int, folder: Path) -> None:
    """Take a picture of a page."""
    size = (f"--window-size={width},{height}", f"--force-device-scale-factor={SCALE}", "--hide-scrollbars")
    command = ["chromium", *FLAGS, f"--user-data-dir={folder}/profile", *size, f"--screenshot={picture}", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True)


def main() -> None:
    """Take those that are named, or all."""
    wanted = sys.argv[1:] or [*TERMINALS, "report"]
    PLACE.mkdir(exist_ok=True)
    for name in wanted:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            (folder / "poller.py").write_text(POLLER, encoding="utf-8")
            (folder / "test_poller.py").write_text(TEST, encoding="utf-8")
            page, width, height = folder / "page.html", int(COLUMNS * 8.43) + 2 * MARGIN, 0
            if name == "report":
                subprocess.run(REPORT, cwd=folder, check=True, capture_output=True)
                page, width, height = folder / "report.html", 1060, 610
            else:
                text, height = screen(TERMINALS[name], folder)
                page.write_text(text, encoding="utf-8")
            shoot(page, PLACE / f"{name}.png", width, height, folder)


if __name__ == "__main__":
    main()
