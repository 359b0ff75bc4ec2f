"""A process that runs one job: `python -m vendorlab.cli.checks.worker`, with the order on standard input.

Standard input stays open as long as whoever gave the order lives. When it ends, be it by kill -9, so does this worker,
and the suite takes away what it has made.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import msgspec

from vendorlab.cli.checks.job import Order
from vendorlab.cli.checks.worlds import fake
from vendorlab.cli.common import UsageFailure
from vendorlab.contracts.core.run import INTERRUPTED, WRONG_USE, run_suite


def main() -> int:
    """Run the job; return its exit code."""
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    threading.Thread(target=_end_with, args=(sys.stdin.fileno(),), daemon=True).start()
    job = order.job
    try:
        with fake(job.suite, job.profile, job.settings, tls=job.tls, mutant=job.mutant) as (targets, control):
            return run_suite(
                job.suite,
                targets=targets,
                allow=job.allow,
                control=control,
                budget=job.budget,
                json_path=Path(order.report),
                progress=order.progress,
                claims=job.claims,
                modules=job.modules,
                extra_args=job.arguments,
            )
    except KeyboardInterrupt:
        return INTERRUPTED
    except UsageFailure as error:
        sys.stderr.write(f"{error.format_message()}\n")
        return WRONG_USE


def _end_with(master: int) -> None:
    while os.read(master, 1):  # not by the buffer: its lock is wanted when the interpreter ends
        pass
    os.kill(os.getpid(), signal.SIGINT)  # which `run_suite` hands on, and waits until the suite is through


if __name__ == "__main__":
    sys.exit(main())
