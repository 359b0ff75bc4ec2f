"""A report with one verdict of each kind, in which a target said what it could to do harm."""

from __future__ import annotations

from typing import Any

import pytest

NASTY = "</pre><script>document.title='owned'</script><img src=x onerror=alert(1)> `````` \x0b \ud800".encode(
    "utf-8", "replace"
).decode()


def claim(name: str, source: str, verdict: str | None) -> dict[str, Any]:
    where = 'Tutorial, "Tokens" <b>bold</b>'
    text = f"What {name} is about is so."
    return {"id": name, "text": text, "source": source, "where": where, "date": "2026-11-20", "verdict": verdict}


def case(name: str, verdict: str, *claims: str, reason: str = "", **more: Any) -> dict[str, Any]:
    return {"name": name, "verdict": verdict, "reason": reason, "claims": list(claims), "seconds": 0.25, **more}


@pytest.fixture
def report() -> dict[str, Any]:
    zero = {"passed": 0, "skipped": 0, "error": 0, "failed": 0, "unasked": 0}
    said = [{"protocol": "http", "request": "GET /v1/whoami", "answer": f"200 OK\n\n{NASTY}"}]
    return {
        "format": 1,
        "at": "2026-11-21T05:00:00+00:00",
        "requests": 1234,
        "vendors": {
            "inode": {
                "target": "https://inode.example.com",
                "capabilities": ["spend", "write"],
                "counts": {
                    "documented": zero | {"passed": 1, "failed": 1},
                    "public": zero | {"skipped": 1},
                    "framework": zero,
                    "inferred": zero | {"error": 1, "unasked": 1},
                },
                "claims": [
                    claim("inode.a.kept", "documented", "passed"),
                    claim("inode.b.broken", "documented", "failed"),
                    claim("inode.c.skipped", "public", "skipped"),
                    claim("inode.d.error", "inferred", "error"),
                    claim("inode.e.unasked", "inferred", None),
                ],
                "tests": [
                    case("inode/test_a.py::test_it_is_kept", "passed", "inode.a.kept"),
                    case("inode/test_b.py::test_it[<i>]", "failed", "inode.b.broken", reason=f"expected 200\n{NASTY}")
                    | {"exchanges": said, "earlier": 3},
                    case("inode/test_c.py::test_c", "skipped", "inode.c.skipped", reason="needs wait: give it"),
                    case("inode/test_d.py::test_d", "error", "inode.d.error", reason="KeyError: 'x'"),
                ],
                "operations": {"GET /api/links/": {"requests": 2, "statuses": {"200": 2}}},
            }
        },
    }
