"""A signal ends ``up`` whenever it comes, also in the instant in which it begins to wait."""

from __future__ import annotations

import subprocess
import sys

INTERRUPTED = """
import signal
from vendorlab.cli.up import Stop

for number in range(4_000):
    with Stop() as stopped:
        signal.signal(signal.SIGALRM, signal.getsignal(signal.SIGTERM))
        signal.setitimer(signal.ITIMER_REAL, 1e-6 + number % 60 * 5e-7)
        stopped.wait()
        assert stopped.asked and stopped.exit_code == 0
print("ended")
"""


def test_no_signal_goes_unseen_in_the_instant_before_the_wait() -> None:
    command = [sys.executable, "-c", INTERRUPTED]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert found.stdout == "ended\n", found.stderr
