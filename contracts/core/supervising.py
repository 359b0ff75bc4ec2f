"""Runs a process and stays until it is through, whatever signals come: it may have things to take away."""

from __future__ import annotations

import signal
import subprocess
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from vendorlab.contracts.core.ending import SIGNALS

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from types import FrameType


def supervise(
    command: Sequence[str], environ: Mapping[str, str], *, quiet: bool = False, heard: Sequence[int] = ()
) -> int:
    """Run a command to its end, and hand on SIGINT and SIGTERM to it.

    ``subprocess.run`` would kill it a quarter of a second after Ctrl-C.

    Args:
        command: The command.
        environ: Its environment.
        quiet: Whether what it prints goes nowhere.
        heard: File descriptors that it inherits.

    Returns:
        Its status; negative for the signal that killed it.
    """
    output = subprocess.DEVNULL if quiet else None
    process = subprocess.Popen(command, env=dict(environ), stdout=output, pass_fds=heard)  # noqa: S603 - our own
    with _handed_on(process):
        return process.wait()


@contextmanager
def _handed_on(process: subprocess.Popen[bytes]) -> Generator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is told of signals
        return

    def hand_on(number: int, frame: FrameType | None) -> None:
        _ = frame
        with suppress(ProcessLookupError):
            process.send_signal(number)

    before = {each: signal.signal(each, hand_on) for each in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
