"""The last verdict on each claim, on fakes and on the vendor's own endpoint: two columns that are never added up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import filelock

from vendorlab.contracts.core.errors import UsageError
from vendorlab.contracts.core.keeping import read_private, write_private

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FOLDER = "verdicts"
FORMAT = 1
FAKE, REAL = "fake", "real"
_SAYS_NOTHING = (None, "skipped")

Verdicts = dict[str, dict[str, dict[str, str]]]
"""For each claim and column: verdict, at, target."""


def keep(home: Path, report: Mapping[str, Any]) -> None:
    """Remember what a report says; a claim that was not asked keeps what was known of it.

    Args:
        home: The user's state folder.
        report: As ``vendorlab check --json`` writes it.

    Raises:
        UsageError: It cannot be written.
    """
    for vendor, verdicts in _of_report(report):
        path = home / FOLDER / f"{vendor}.json"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with filelock.FileLock(path.with_suffix(".lock"), mode=0o600):
            known: Verdicts = (read_private(path) or {}).get("claims", {})
            _merge(known, verdicts)
            write_private(path, {"format": FORMAT, "vendor": vendor, "claims": known})


def kept(home: Path) -> Verdicts:
    """Return what was remembered.

    Raises:
        UsageError: A file cannot be used.
    """
    found: Verdicts = {}
    for path in sorted((home / FOLDER).glob("*.json")):
        _merge(found, (read_private(path) or {}).get("claims", {}))
    return found


def in_folder(folder: Path) -> Verdicts:
    """Return what the reports, recordings and pieces of evidence in a folder say, and in those below it.

    Raises:
        UsageError: There is no such folder, or nothing of the kind in it.
    """
    found: Verdicts = {}
    documents = 0
    for path in sorted(folder.rglob("*.json")):
        try:
            document: Any = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(f"{path} cannot be used: {error}") from error
        if isinstance(document, dict):
            for verdicts in _of_any(cast("dict[str, Any]", document)):
                documents += 1
                _merge(found, verdicts)
    if not documents:
        raise UsageError(f"there is no report, recording or evidence in {folder}")
    return found


def _of_any(document: dict[str, Any]) -> Iterator[Verdicts]:
    if isinstance(document.get("vendors"), dict):
        yield from (verdicts for _, verdicts in _of_report(document))
    elif document.get("kind") == "recording":
        yield _column(document["claims"], document["real"], document["at"], document["target"])
    elif document.get("kind") == "evidence":
        yield _column({document["claim"]: document["verdict"]}, document["real"], document["at"], document["target"])


def _of_report(report: Mapping[str, Any]) -> Iterator[tuple[str, Verdicts]]:
    for vendor, each in cast("dict[str, dict[str, Any]]", report["vendors"]).items():
        verdicts = {claim["id"]: claim["verdict"] for claim in each["claims"]}
        yield vendor, _column(verdicts, bool(each.get("real")), report["at"], each["target"] or "")


def _column(verdicts: Mapping[str, str | None], real: object, at: str, target: str) -> Verdicts:
    column = REAL if real else FAKE
    return {
        claim: {column: {"verdict": verdict, "at": at, "target": target}}
        for claim, verdict in verdicts.items()
        if verdict is not None and verdict not in _SAYS_NOTHING
    }


def _merge(known: Verdicts, newer: Verdicts) -> None:
    """Take over what is newer."""
    for claim, columns in newer.items():
        row = known.setdefault(claim, {})
        for column, verdict in columns.items():
            if column not in row or row[column]["at"] <= verdict["at"]:
                row[column] = verdict
