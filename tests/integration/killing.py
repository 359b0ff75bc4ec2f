"""A plugin for a suite's run: it kills itself, as ``kill -9`` does, right before the nth call of a function.

The variable ``TRAP`` names it, as in ``package.module:Class.method:2``.
"""

from __future__ import annotations

import importlib
import os
import signal
from typing import Any


def pytest_collection_finish() -> None:
    """Lay the trap, once the suite's modules are there."""
    module, path, nth = os.environ["TRAP"].split(":")
    *owners, name = path.split(".")
    owner: Any = importlib.import_module(module)
    for each in owners:
        owner = getattr(owner, each)
    function = getattr(owner, name)
    calls: list[None] = []

    def trapped(*arguments: Any, **options: Any) -> Any:
        calls.append(None)
        if len(calls) == int(nth):
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)

    setattr(owner, name, trapped)
