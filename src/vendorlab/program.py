"""The program under test as a process: started with addresses and credentials, killed and started again, and ended.

It leads a process group of its own, so that what it started ends with it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GRACE = 3.0
"""Seconds of the wall between SIGTERM and SIGKILL."""


class ProgramError(OSError):
    """The program cannot be started."""


class Process:
    """A command that may be started several times.

    Args:
        command: what to run.
        environment: beside the process's own.
        quiet: its output goes nowhere.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], *, quiet: bool = False) -> None:
        self._command = list(command)
        self._environment = {**os.environ, **environment}
        self._output = subprocess.DEVNULL if quiet else None
        self._process: subprocess.Popen[bytes] | None = None
        self._restart = threading.Event()

    def start(self) -> None:
        """Start it.

        Raises:
            ProgramError: there is no such command, or it cannot be run.
        """
        try:
            self._process = subprocess.Popen(  # noqa: S603  running it is what we are asked to do
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                start_new_session=True,
            )
        except OSError as error:
            raise ProgramError(f"{self._command[0]} cannot be started: {error.strerror}") from error

    def restart(self) -> None:
        """Kill it at once; it is started again when somebody next asks how it fares."""
        self._restart.set()
        self._signal(signal.SIGKILL)

    def poll(self) -> int | None:
        """The exit code if it ended by itself; None while it runs. One that is to be restarted is."""
        assert self._process is not None
        if self._restart.is_set():
            self._process.wait()
            self._restart.clear()
            self.start()
            return None
        return self._process.poll()

    def stop(self) -> None:
        """End it: SIGTERM, and SIGKILL for who does not listen."""
        self._signal(signal.SIGTERM)
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE)
            self._signal(signal.SIGKILL)  # whatever it started, too
            self._process.wait()

    def _signal(self, number: int) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)
