"""``--secrets FILE``: variables of the environment, kept in a file that nobody else may read.

TOML, with the variables at its top level, or lines ``NAME=value`` as dotenv files have them::

    VENDORLAB_SCANALYTICS_USERNAME=ada@example.com
    VENDORLAB_SCANALYTICS_PASSWORD='…'
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from typing import TYPE_CHECKING

from vendorlab.contracts.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)", re.ASCII)
_NAME = re.compile(r"VENDORLAB_[A-Z0-9_]+", re.ASCII)
_LARGEST = 1 << 20


def read_secrets(path: Path) -> dict[str, str]:
    """Read a file of secrets.

    Args:
        path: Ends with ``.toml``, or it is taken for a dotenv file.

    Returns:
        Variables, by name.

    Raises:
        UsageError: It cannot be read, others than its owner may read it, or a line of it makes no sense. Messages name
            lines and variables, never values.
    """
    try:
        with path.open("rb") as file:
            _check_mode(path, os.fstat(file.fileno()))
            text = file.read(_LARGEST).decode("utf-8")
    except OSError as error:
        raise UsageError(f"the secrets in {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise UsageError(f"the secrets in {path} are no text in UTF-8") from None
    found = _toml(text, path) if path.suffix == ".toml" else _dotenv(text, path)
    for name in found:
        if not _NAME.fullmatch(name):
            raise UsageError(f"{path}: {name} is no variable of vendorlab; its names begin with VENDORLAB_")
    return found


def with_secrets(environ: Mapping[str, str], path: Path | None) -> dict[str, str]:
    """Return an environment with the variables of a file over it; None adds nothing.

    Raises:
        UsageError: As for ``read_secrets``.
    """
    return {**environ, **(read_secrets(path) if path else {})}


def _check_mode(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise UsageError(f"the secrets in {path} are no ordinary file")
    if found.st_mode & 0o077:
        mode = stat.S_IMODE(found.st_mode)
        raise UsageError(f"others may read the secrets in {path}, whose mode is {mode:04o}: chmod 600 {path}")
    if found.st_uid != os.geteuid():
        raise UsageError(f"the secrets in {path} belong to somebody else")


def _toml(text: str, path: Path) -> dict[str, str]:
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at (?:line \d+.*|end of document)", str(error))
        raise UsageError(f"{path} is not TOML{': ' + place[0].rstrip(')') if place else ''}") from None
    for name, value in found.items():
        if not isinstance(value, str):
            raise UsageError(f"{path}: {name} is no text; variables stand at the top level, their values in quotes")
    return found


def _dotenv(text: str, path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _LINE.fullmatch(stripped)
        value = _value(match[2]) if match else None
        if match is None or value is None:
            raise UsageError(f"{path}, line {number}: a line is NAME=value, with quotes around a value that has blanks")
        found[match[1]] = value
    return found


def _value(text: str) -> str | None:
    """A value without its quotes; None if they do not close, or where a shell would see more than one word."""
    if text[:1] in ("'", '"'):
        quote, body = text[0], text[1:]
        inside, closed, rest = body.partition(quote)
        return inside if closed and not re.sub(r"^\s+#.*", "", rest).strip() else None
    bare = re.sub(r"\s+#.*", "", text)
    return None if re.search(r"[\s'\"]", bare) else bare
