"""In the fakes time and chance are handed in: only ``wall`` reads the time, for the clocks; every die is seeded."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WALL = "mocks/core/wall.py"

TIME = {
    *(f"time.{name}" for name in ("time", "time_ns", "sleep", "monotonic", "monotonic_ns", "gmtime", "localtime")),
    *(f"time.{name}" for name in ("perf_counter", "perf_counter_ns", "process_time", "thread_time")),
    *(f"time.{name}" for name in ("clock_gettime", "clock_gettime_ns")),
    *(f"datetime.datetime.{name}" for name in ("now", "utcnow", "today")),
    "datetime.date.today",
    "asyncio.sleep",
    "threading.Timer",
}
CHANCE = {"uuid.uuid1", "uuid.uuid4", "os.urandom", "random.SystemRandom"}
# All of what these hold draws on a hidden state, apart from the classes that are given a seed.
CHANCE_MODULES = ("random", "secrets", "numpy.random")
SEEDED = {"Random", "Generator", "Philox", "PCG64", "PCG64DXSM", "SFC64", "BitGenerator", "SeedSequence", "default_rng"}

# (path, name) to the reason. An entry that is no longer needed fails the test.
IN_PROCESS, ADAPTER = "mocks/core/edges/inprocess.py", "mocks/core/edges/adapter.py"
ALLOWED = {
    (ADAPTER, "time.sleep"): "a delay on the line is real; the default of what is handed in",
    (IN_PROCESS, "time.sleep"): "a delay on the line is real; the default of what is handed in",
    (IN_PROCESS, "asyncio.sleep"): "a delay on the line is real",
    ("mocks/core/edges/server.py", "asyncio.sleep"): "gives way to the loop once, for no time",
}


def aliases(module: ast.Module) -> dict[str, str]:
    """Map every imported name of a module to what it stands for, as a dotted path."""
    names: dict[str, str] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            for item in node.names:
                top = item.name.partition(".")[0]
                names[item.asname or top] = item.name if item.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.update({item.asname or item.name: f"{node.module}.{item.name}" for item in node.names})
    return names


def dotted(node: ast.expr, names: Mapping[str, str]) -> str | None:
    """Spell out an expression such as ``dt.now`` by the module that it comes from."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute):
        base = dotted(node.value, names)
        return f"{base}.{node.attr}" if base else None
    return None


def is_banned(name: str) -> bool:
    """Tell whether a dotted name reads the time or draws on a hidden source of chance."""
    holder, _, last = name.rpartition(".")
    return name in TIME | CHANCE or (holder in CHANCE_MODULES and last not in SEEDED)


def breaches(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and name of every use; a mere mention counts, for it may be called elsewhere."""
    names = aliases(module)
    for node in ast.walk(module):
        if isinstance(node, ast.Name | ast.Attribute):
            name = dotted(node, names)
            if name and is_banned(name):
                yield node.lineno, name
        elif isinstance(node, ast.Call) and not node.args and not node.keywords:
            name = dotted(node.func, names) or ""
            holder, _, last = name.rpartition(".")
            if holder in CHANCE_MODULES and last in SEEDED:
                yield node.lineno, f"{name}()"


def test_mocks_ask_only_the_clock_for_the_time_and_only_a_seed_for_chance(parsed: Mapping[str, ast.Module]) -> None:
    mocks = {path: module for path, module in parsed.items() if path.startswith("mocks/") and path != WALL}
    found = [(path, line, name) for path, module in mocks.items() for line, name in breaches(module)]
    assert [f"{path}:{line}: {name}" for path, line, name in found if (path, name) not in ALLOWED] == []
    unused = ALLOWED.keys() - {(path, name) for path, _, name in found}
    assert unused == set(), "these exceptions are no longer needed"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import time\ntime.time()", "time.time"),
        ("import time as t\nclock = t.monotonic", "time.monotonic"),
        ("from time import sleep as rest\nrest(1)", "time.sleep"),
        ("from datetime import UTC, datetime\ndatetime.now(UTC)", "datetime.datetime.now"),
        ("import datetime as dt\ndt.datetime.utcnow()", "datetime.datetime.utcnow"),
        ("from uuid import uuid4\nfield(default_factory=uuid4)", "uuid.uuid4"),
        ("import random\nrandom.choice([1])", "random.choice"),
        ("import random\nrandom.Random()", "random.Random()"),
        ("import secrets\nsecrets.token_hex()", "secrets.token_hex"),
        ("import numpy as np\nnp.random.normal()", "numpy.random.normal"),
        ("import numpy as np\nnp.random.default_rng()", "numpy.random.default_rng()"),
    ],
)
def test_use_of_time_or_chance_is_caught(source: str, name: str) -> None:
    assert list(breaches(ast.parse(source))) == [(2, name)]


@pytest.mark.parametrize(
    "source",
    [
        "import random\nrandom.Random(7).choice([1])",
        "import numpy as np\nnp.random.Generator(np.random.Philox(key=7))",
        "from datetime import datetime\ndatetime.fromisoformat('2026-11-21')",
        "clock.time()\nself.sleep(1)",
    ],
)
def test_seeded_chance_and_a_given_clock_are_fine(source: str) -> None:
    assert list(breaches(ast.parse(source))) == []
