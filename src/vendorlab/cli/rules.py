"""A fault as options of a command, and faults in a file: the same for ``faults add`` and for ``relay``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_args

import rich_click as click

from vendorlab.cli.common import Duration, UsageFailure
from vendorlab.mocks.core.actions import Protocol
from vendorlab.mocks.core.rules import CoapType, PacketType, Scope

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_FLAG = {"is_flag": True}
_TYPES = [*get_args(CoapType), *get_args(PacketType)]

_MATCH: dict[str, dict[str, Any]] = {
    "vendor": {"help": "Only exchanges with this vendor."},
    "protocol": {
        "type": click.Choice(get_args(Protocol)),
        "help": "Only this protocol; udp is any datagram, webhook what a fake sends to a customer.",
    },
    "operation": {"help": "Only this operation, such as token or whoami (`vendorlab journal` shows their names)."},
    "method": {"help": "Only this method, of HTTP or CoAP."},
    "principal": {"help": "Only this caller: a user's name, a client's id, or anonymous."},
    "direction": {"type": click.Choice(["in", "out"]), "help": "Only messages to the server (in), or from it (out)."},
    "type": {
        "type": click.Choice(_TYPES, case_sensitive=False),
        "metavar": "TYPE",
        "help": "Only CoAP messages of this type (CON, NON, ACK, RST), or MQTT packets (CONNECT, PUBLISH, ...).",
    },
    "code": {"metavar": "C.DD", "help": "Only CoAP messages with this code, such as 2.05; 0.01 is a GET."},
    "device": {"help": "Only CoAP messages to or from this device, or webhooks that tell of it."},
    "session": {"help": "Only this session: an MQTT client's id, or what the CoAP vendor calls one."},
    "peer": {"metavar": "HOST:PORT", "help": "Only messages to or from this address."},
    "topic": {"help": "Only this topic of MQTT; may hold + and #."},
}
_WHEN: dict[str, dict[str, Any]] = {
    "nth": {"type": int, "help": "Only the nth that matches."},
    "first": {"type": int, "help": "From this one on."},
    "last": {"type": int, "help": "Up to this one."},
    "every": {"type": int, "help": "Every k-th."},
    "chance": {"type": float, "help": "Each with this probability, from the seed."},
    "per": {"type": click.Choice(get_args(Scope)), "help": "Count each exchange (session, device, peer) by itself."},
}
_HTTP: dict[str, dict[str, Any]] = {
    "status": {"type": int, "help": "The vendor's own answer for this status."},
    "drip": {**_FLAG, "help": "The body comes in small pieces."},
    "reset": {**_FLAG, "help": "The connection is reset."},
    "empty": {**_FLAG, "help": "The connection closes without a byte."},
    "content-type": {"metavar": "TYPE", "help": "The answer claims another media type."},
}
_ANY: dict[str, dict[str, Any]] = {
    "delay": {"type": Duration(), "help": "It comes late."},
    "truncate": {
        "type": int,
        "metavar": "BYTES",
        "help": "Only so many bytes of it come: of the body over HTTP (then the connection closes), of a datagram.",
    },
}
_MESSAGES: dict[str, dict[str, Any]] = {
    "drop": {**_FLAG, "help": "The datagram or packet is lost."},
    "duplicate": {"type": int, "metavar": "COUNT", "help": "It comes again, so many times more."},
    "reorder": {"type": int, "metavar": "COUNT", "help": "The datagram is held until so many later ones have passed."},
    "corrupt": {"metavar": "AT", "help": "A bit is flipped: `seeded`, or OFFSET or OFFSET:BIT, such as 0 or -1:7."},
}
_MQTT: dict[str, dict[str, Any]] = {
    "cut": {**_FLAG, "help": "The connection ends after the packet, or before it with --phase before."},
    "refuse": {"type": int, "metavar": "CODE", "help": "The packet is refused with this MQTT 5 reason code."},
    "forget-session": {**_FLAG, "help": "The broker loses the session."},
    "stale-retained": {**_FLAG, "help": "The broker sends retained messages again, as they were one change ago."},
    "throttle": {"type": int, "metavar": "BYTES", "help": "From here on the client is sent so many bytes a second."},
    "half-open": {**_FLAG, "help": "From here on nothing passes, and the connection stays open."},
}
_MORE: dict[str, dict[str, Any]] = {
    "gap": {"type": Duration(), "help": "With --duplicate: time between the copies. Default: none."},
    "timeout": {"type": Duration(), "help": "With --reorder: how long it is held at most. Default: 1s."},
}

_RELAYED_MATCH = ("direction", "method", "type", "code", "peer")
_RELAYED_SCOPES = ["world", "exchange", "peer"]

_WITH = {"gap": "duplicate", "timeout": "reorder"}
_VALUE = {"status": "status", "delay": "seconds", "truncate": "after", "content-type": "value", "duplicate": "count",
          "reorder": "behind", "refuse": "code", "throttle": "rate"}  # fmt: skip
"""By kind of action, the member that the option's value is."""


def fault_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command every option that says a fault."""
    phase = {
        "type": click.Choice(["before", "after"]),
        "help": "Before or after the vendor's handler ran, or the packet got through.",
    }
    name = {"help": "To remove it by. Default: made."}
    counted = {"times": {"type": int, "help": "At most so often."}, "phase": phase}
    return _given(command, {"name": name} | _MATCH | _WHEN | counted | _HTTP | _ANY | _MESSAGES | _MORE | _MQTT)


def datagram_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say a fault of datagrams."""
    match = {name: _MATCH[name] for name in _RELAYED_MATCH}
    match["type"] = {
        "type": click.Choice(get_args(CoapType), case_sensitive=False),
        "help": "Only CoAP messages of this type.",
    }
    when = _WHEN | {
        "per": {"type": click.Choice(_RELAYED_SCOPES), "help": "Count each CoAP exchange, or each peer, by itself."}
    }
    times = {"times": {"type": int, "help": "At most so often."}}
    return _given(command, match | when | times | _ANY | _MESSAGES | _MORE)


def _given(command: Callable[..., Any], options: dict[str, dict[str, Any]]) -> Callable[..., Any]:
    for name, attributes in reversed(options.items()):
        command = click.option(f"--{name}", **attributes)(command)
    return command


def rule_of(options: dict[str, Any]) -> dict[str, Any] | None:
    """The rule that options say, as its JSON; None if they say nothing.

    Raises:
        UsageFailure: They say not exactly one thing that goes wrong.
    """
    said = {
        name.replace("_", "-"): value for name, value in options.items() if value is not None and value is not False
    }
    actions = [name for name in said if name in _HTTP | _ANY | _MESSAGES | _MQTT]
    if not said:
        return None
    if len(actions) != 1:
        offered = [name for name in _HTTP | _ANY | _MESSAGES | _MQTT if name.replace("-", "_") in options]
        raise UsageFailure(f"say what goes wrong by exactly one of {', '.join(f'--{name}' for name in offered)}")
    action: dict[str, Any] = {"kind": actions[0], **_details(actions[0], said)}
    rule = {"action": action} | {name: said[name] for name in ("name", "times", "phase") if name in said}
    match = {name: said[name] for name in _MATCH if name in said}
    when = {name: said[name] for name in _WHEN if name in said}
    return rule | ({"match": match} if match else {}) | ({"when": when} if when else {})


def _details(kind: str, said: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {_VALUE[kind]: said[kind]} if kind in _VALUE else {}
    if kind == "corrupt" and said[kind] != "seeded":
        place = re.fullmatch(r"(-?[0-9]+)(?::([0-9]+))?", said[kind], re.ASCII)
        if place is None:
            raise UsageFailure(f"--corrupt takes `seeded`, OFFSET or OFFSET:BIT, not {said[kind]!r}")
        found |= {"offset": int(place[1])} | ({"bit": int(place[2])} if place[2] else {})
    for name, of in _WITH.items():
        if name in said and of != kind:
            raise UsageFailure(f"--{name} goes with --{of}")
        if name in said:
            found[name] = said[name]
    return found


def read_rules(path: Path) -> list[dict[str, Any]]:
    """The rules in a file: one, or a list of them, as JSON; as YAML where its name says so and PyYAML is there."""
    import msgspec

    try:
        content = path.read_bytes()
        document: Any = _yaml(content, path) if path.suffix in (".yaml", ".yml") else msgspec.json.decode(content)
        return msgspec.convert(document if isinstance(document, list) else [document], list[dict[str, Any]])
    except (OSError, msgspec.DecodeError, msgspec.ValidationError) as error:
        raise UsageFailure(f"{path} is not a rule or a list of rules: {error}") from error


def _yaml(content: bytes, path: Path) -> Any:
    try:
        import yaml
    except ImportError as missing:
        raise UsageFailure(f"{path} needs PyYAML: pip install pyyaml, or write it as JSON") from missing
    try:
        return yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise UsageFailure(f"{path} is not YAML: {error}") from error
