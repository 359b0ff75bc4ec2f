"""What the commands share: finding the control API, printing for people and for pipes, durations."""

from __future__ import annotations

import json
import os
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import rich_click as click

from vendorlab.mocks.registry import ADDRESSES, CONTROL_PORT

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence

    from vendorlab.clients.control import ControlClient

T = TypeVar("T")

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?[smhdw])+", re.ASCII)


class UsageFailure(click.ClickException):
    """One clear line, and exit code 2."""

    exit_code = 2


if TYPE_CHECKING:
    Floats = click.ParamType[float]
    Pairs = click.ParamType[tuple[str, str]]
    Ranges = click.ParamType[range]
else:  # older clicks know no parameter here
    Floats = Pairs = Ranges = click.ParamType


class Duration(Floats):
    """Seconds, or a text such as ``90s``, ``61m``, ``25h``, ``5d`` or ``1h30m``."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds."""
        if isinstance(value, int | float):
            return float(value)
        text = str(value).strip()
        if re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", text, re.ASCII):
            return float(text)
        if not _DURATION.fullmatch(text):
            self.fail(f"{text!r} is not a duration; write 90s, 61m, 25h, 5d or 1h30m", param, ctx)
        parts = re.findall(r"([0-9.]+)([smhdw])", text)
        return float(sum(float(number) * _UNITS[unit] for number, unit in parts))


class Pair(Pairs):
    """``KEY=VALUE``."""

    name = "pair"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """The two halves."""
        key, equals, rest = str(value).partition("=")
        if not equals or not key or not rest:
            self.fail(f"{value!r} is not of the form {param.metavar if param else 'KEY=VALUE'}", param, ctx)
        return key, rest


class PortRange(Ranges):
    """Ports from one to another, such as ``7100-7119``."""

    name = "ports"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> range:
        """All of them."""
        found = re.fullmatch(r"([0-9]{1,5})-([0-9]{1,5})", str(value), re.ASCII)
        first, last = (int(found[1]), int(found[2])) if found else (0, 0)
        if not 0 < first <= last <= 65_535:
            self.fail(f"{value!r} are no ports; write 7100-7119", param, ctx)
        return range(first, last + 1)


def switches(settings: Iterable[tuple[str, str]]) -> dict[str, dict[str, str]]:
    """Settings by vendor, from what ``--set`` was given: pairs of ``VENDOR.KEY`` and a value."""
    found: dict[str, dict[str, str]] = {}
    for key, value in settings:
        vendor, dot, name = key.partition(".")
        if not dot:
            raise UsageFailure(f"--set takes VENDOR.KEY=VALUE, and {key!r} has no dot")
        found.setdefault(vendor, {})[name] = value
    return found


def state_file(port: int) -> Path:
    """Where ``up`` leaves its control address for its user's other commands."""
    import platformdirs

    return Path(platformdirs.user_state_dir("vendorlab", appauthor=False)) / f"control-{port}.json"


def leave_state(url: str, token: str) -> Path | None:
    """Leave the control address for this user alone; None where there is no place for it."""
    path = state_file(urlsplit(url).port or 0)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump({"url": url, "token": token, "pid": os.getpid()}, file)
        temporary.replace(path)
    except OSError:
        return None
    return path


def left_token(url: str) -> str | None:
    """The token that ``up`` left for this user, if it serves there."""
    try:
        left = json.loads(state_file(urlsplit(url).port or 0).read_text())
        return str(left["token"]) if urlsplit(left["url"]).port == urlsplit(url).port else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _left_elsewhere() -> str:
    """Where else this user's ``up`` serves, as a hint; nothing if it does nowhere."""
    found: list[str] = []
    for path in sorted(state_file(0).parent.glob("control-*.json")):
        try:
            left = json.loads(path.read_text())
            os.kill(int(left["pid"]), 0)
            found.append(str(left["url"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return f" Yours is at {' and '.join(found)}: set VENDORLAB_CONTROL_URL." if found else ""


def control_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options ``--control`` and ``--world``."""
    command = click.option("--world", default="main", show_default=True, help="Which world, where there are several.")(
        command
    )
    return click.option(
        "--control",
        metavar="URL",
        help="Address of the control API. Default: $VENDORLAB_CONTROL_URL, else port 7070. The token comes from "
        "$VENDORLAB_CONTROL_TOKEN, else from what `up` left for its user.",
    )(command)


def control_address(control: str | None) -> tuple[str, str | None]:
    """The control API's address and token: as given, of the environment, or what `up` left."""
    url = control or os.environ.get("VENDORLAB_CONTROL_URL") or f"http://127.0.0.1:{CONTROL_PORT}"
    return url, os.environ.get("VENDORLAB_CONTROL_TOKEN") or left_token(url)


@contextmanager
def control_client(control: str | None, world: str) -> Generator[ControlClient]:
    """A client for the control API; its troubles become one clear line."""
    from vendorlab.clients.control import ControlClient, ControlError, ControlUnreachable
    from vendorlab.clients.core.errors import ClientError

    url, token = control_address(control)
    try:
        with ControlClient(url, token, world=world) as client:
            yield client
    except ControlError as error:
        hint = ""
        if error.status == 401 and token is None:
            hint = "; set VENDORLAB_CONTROL_TOKEN to the token that `vendorlab up` printed"
        elif isinstance(error, ControlUnreachable):
            hint = _left_elsewhere()
        raise UsageFailure(f"{error}{hint}") from error
    except ClientError as error:
        raise UsageFailure(str(error)) from error


def show_json(data: Any) -> None:
    """Data as JSON: indented for a person, on one line for a pipe."""
    click.echo(json.dumps(data, indent=2 if sys.stdout.isatty() else None, ensure_ascii=False, default=str))


def show_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, empty: str = "nothing") -> None:
    """Rows as a table for a person, as tab-separated lines for a pipe."""
    texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in [list(columns), *texts]:
            click.echo("\t".join(cell.replace("\t", " ") for cell in row))
        return
    if not texts:
        click.echo(empty)
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in texts:
        table.add_row(*row)
    Console().print(table)


def environment(address: str, url: str, credentials: Mapping[str, Any], ca: str | None = None) -> dict[str, str]:
    """The environment variables of one address; with https also the authority to trust."""
    prefix = next(one.prefix for one in ADDRESSES if one.name == address)
    values = {"URL": url} | ({"CA": ca} if ca else {}) | {key.upper(): value for key, value in credentials.items()}
    return {prefix + name: text_of(value) for name, value in values.items()}


def of_control(url: str, token: str) -> dict[str, str]:
    """The environment variables of the control API."""
    return {"VENDORLAB_CONTROL_URL": url, "VENDORLAB_CONTROL_TOKEN": token}


def by_address(ready: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The environment variables of every address that a ready file describes, and of the control API."""
    known = {"control": of_control(ready["control"]["url"], ready["control"]["token"])}
    for address, found in ready["vendors"].items():
        known[address] = environment(address, found["url"], found["credentials"], found.get("ca"))
    return known


def environment_of(ready: Mapping[str, Any]) -> dict[str, str]:
    """All environment variables for what a ready file describes."""
    return {name: value for found in by_address(ready).values() for name, value in found.items()}


def text_of(value: Any) -> str:
    """A variable's text: a list is joined with commas."""
    return ",".join(value) if isinstance(value, list) else str(value)  # pyright: ignore[reportUnknownArgumentType]


def read_json(path: Path, kind: type[T], what: str) -> T:
    """The content of a JSON file, if it is of the kind that is due."""
    import msgspec

    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError) as error:
        raise UsageFailure(f"{path} is not {what}: {error}") from error


def write_whole(path: Path, text: str) -> None:
    """Write a ready file: whole or not at all, and for this user alone."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise UsageFailure(f"the ready file {path} cannot be written: {error.strerror}") from error
