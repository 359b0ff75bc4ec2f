"""Runs jobs side by side, each in a worker process of its own, and tells a view how they go."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from vendorlab.cli.checks.job import Job, Order, Outcome
from vendorlab.contracts.core.report import read

if TYPE_CHECKING:
    from collections.abc import Sequence

_PATIENCE = 30.0
"""Seconds in which an interrupted suite may take away what it has made."""
_TROUBLE = 4_000


class View(Protocol):
    """Whoever wants to know how jobs go; told by one thread at a time."""

    def started(self, job: Job) -> None:
        """A job begins."""

    def heard(self, job: Job, event: dict[str, Any]) -> None:
        """Its suite told something, as ``contracts/core/progress.py`` has it."""

    def ended(self, outcome: Outcome) -> None:
        """A job is over."""


def cores() -> int:
    """How many jobs there may be at once: as many as cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Pool:
    """Runs jobs.

    Args:
        view: Is told how they go.
        jobs: How many may run at once.
    """

    def __init__(self, view: View, jobs: int) -> None:
        self._view = view
        self._jobs = jobs
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._over = False

    def run(self, jobs: Sequence[Job]) -> list[Outcome]:
        """Run jobs, the first ones first; return what came of them, in their order.

        Interrupted, it lets the running suites take away what they have made before it ends.
        """
        if not jobs:
            return []
        with (
            tempfile.TemporaryDirectory(prefix="vendorlab-check-") as folder,
            ThreadPoolExecutor(min(self._jobs, len(jobs))) as threads,
        ):
            places = [Path(folder, str(number)) for number in range(len(jobs))]
            futures = [threads.submit(self._run, job, place) for job, place in zip(jobs, places, strict=True)]
            try:
                wait(futures, return_when=FIRST_EXCEPTION)
                return [each.result() for each in futures]
            except BaseException:
                for each in futures:
                    each.cancel()
                self._stop()
                raise

    def _run(self, job: Job, folder: Path) -> Outcome:
        folder.mkdir()
        report, out, err = folder / "report.json", folder / "out", folder / "err"
        with self._lock:
            self._view.started(job)
        began = time.monotonic()
        status = self._work(job, report, out, err)
        found = read(report) if report.exists() else None
        trouble = err.read_text(errors="replace").strip() or out.read_text(errors="replace").strip()[-_TROUBLE:]
        outcome = Outcome(job, status, found, trouble, time.monotonic() - began)
        with self._lock:
            self._view.ended(outcome)
        return outcome

    def _work(self, job: Job, report: Path, out: Path, err: Path) -> int:
        reading, writing = os.pipe()
        with os.fdopen(reading, "rb") as events, out.open("wb") as output, err.open("wb") as errors:
            try:
                worker = self._start(writing, output, errors)
            finally:
                os.close(writing)
            try:
                assert worker.stdin is not None
                with suppress(BrokenPipeError), worker.stdin:
                    worker.stdin.write(msgspec.json.encode(Order(job, str(report), writing)) + b"\n")
                    worker.stdin.flush()
                    for line in events:
                        with self._lock:
                            self._view.heard(job, json.loads(line))
                    worker.wait()  # its standard input is open until it is through: that is how it knows that we live
                return worker.wait()
            finally:
                with self._lock:
                    self._running.discard(worker)

    def _start(self, writing: int, output: Any, errors: Any) -> subprocess.Popen[bytes]:
        # A group of its own: whoever interrupts us at the terminal shall interrupt it once, by us.
        with self._lock:
            if self._over:
                raise KeyboardInterrupt
            worker = subprocess.Popen(
                [sys.executable, "-m", "vendorlab.cli.checks.worker"],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=errors,
                pass_fds=(writing,),
                process_group=0,
            )
            self._running.add(worker)
            return worker

    def _stop(self) -> None:
        with self._lock:
            self._over = True
            running = list(self._running)
        # First the worker alone, which hands it on to its suite; a suite that is told twice stops at once.
        for end, sent in ((os.kill, signal.SIGINT), (os.killpg, signal.SIGKILL)):
            for each in running:
                with suppress(ProcessLookupError, PermissionError):
                    end(each.pid, sent)
            deadline = time.monotonic() + _PATIENCE
            while any(each.poll() is None for each in running) and time.monotonic() < deadline:
                time.sleep(0.02)
