"""What ``up`` says when everything listens: where, with which credentials, and what to try first."""

from __future__ import annotations

import shlex
import sys
from typing import Any
from urllib.parse import urlsplit

import rich_click as click

from vendorlab.cli.common import text_of
from vendorlab.cli.https import authority, trust
from vendorlab.mocks.registry import ADDRESSES


def banner(ready: dict[str, Any]) -> None:
    """Print it: framed on a terminal, plain in a pipe."""
    titles = {one.name: one.title for one in ADDRESSES}
    if not sys.stdout.isatty():
        for line in _plain(ready, titles):
            click.echo(line)
        sys.stdout.flush()
        return
    from rich.console import Console
    from rich.panel import Panel
    from rich.table import Table

    console = Console()
    for name, found in ready["vendors"].items():
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(style="dim")
        table.add_column(overflow="fold")
        for key, value in _rows(found):
            table.add_row(key, _short(value))
        console.print(Panel(table, title=f"[b]{titles[name]}[/b]  {found['url']}", title_align="left"))
        console.print("  [dim]try[/dim]", soft_wrap=True, end=" ")
        console.print(_try(name, found), soft_wrap=True, highlight=False, markup=False)
    if ca := authority(ready):
        console.print("\n  https is vouched for by an authority of vendorlab's own. Trust it with", highlight=False)
        for client, line in trust(ca):
            console.print(f"  [dim]{client:<7}[/dim]", end="")
            console.print(line, soft_wrap=True, highlight=False, markup=False)
    control = ready["control"]
    console.print(f"\n  Control API  {control['url']}  [dim]token[/dim] {control['token']}", highlight=False)
    console.print(
        f"  [dim]In another shell: vendorlab env {next(iter(ready['vendors']))} · vendorlab clock advance 25h · "
        "vendorlab journal[/dim]"
    )
    console.print("  [dim]Ctrl-C ends it.[/dim]")


def _plain(ready: dict[str, Any], titles: dict[str, str]) -> list[str]:
    lines: list[str] = []
    for name, found in ready["vendors"].items():
        lines.append(f"{titles[name]}: {found['url']}")
        lines += [f"  {key}: {value}" for key, value in _rows(found)]
        lines.append(f"  try: {_try(name, found)}")
    if ca := authority(ready):
        lines.append(f"Certificate authority: {ca}")
        lines += [f"  {client + ':':<8}{line}" if client else f"{'':<10}{line}" for client, line in trust(ca)]
    lines.append(f"Control API: {ready['control']['url']} token {ready['control']['token']}")
    return lines


def _rows(found: dict[str, Any]) -> list[tuple[str, str]]:
    """What is told of an address; the authority too where it speaks TLS and no https, of which more is told below."""
    authority = [] if "ca" not in found or found["url"].startswith("https:") else [("ca", found["ca"])]
    return authority + [(key, text_of(value)) for key, value in found["credentials"].items()]


def _try(name: str, found: dict[str, Any]) -> str:
    """A first line to type."""
    credentials = found["credentials"]
    curl = f"curl --cacert {shlex.quote(found['ca'])}" if "ca" in found else "curl"
    if name == "scanalytics":
        fields = {
            "grant_type": "password",
            "username": credentials["username"],
            "password": credentials["password"],
            "client_id": credentials["client_id"],
        }
        return f"{curl} {' '.join(f'-d {key}={value}' for key, value in fields.items())} {found['url']}/o/token/"
    if name == "inode":
        return f"{curl} -H 'Authorization: Token {credentials['api_key']}' {found['url']}/api/v1/links/"
    if name == "itron-platform":
        body = f'{{"clientId":"{credentials["client_id"]}","clientSecret":"{credentials["client_secret"]}"}}'
        token = f"TOKEN=$({curl} -s -d '{body}' {found['url']}/api/tokens | cut -d'\"' -f4)"
        return f'{token}; {curl} -H "Authorization: $TOKEN" {found["url"]}/api/solutions/sandbox/devices'
    if name == "slv":
        login = f"{credentials['username']}:{credentials['password']}"
        path = "/reports/api/userprofile/getCurrentUser?ser=json"
        return f"{curl} -u {login} -H 'X-CSRF-Token: Fetch' '{found['url']}{path}'"
    if name == "itron-coap":
        return f"coap-client-notls {found['url']}/.well-known/core"
    if name == "itron-mqtt":
        place = urlsplit(str(found["url"]))
        trusted = f" --cafile {shlex.quote(found['ca'])}" if "ca" in found else ""
        known = "caas_username" in credentials  # an outside broker has accounts of its own
        login = f" -u {credentials['caas_username']} -P {credentials['caas_password']}" if known else ""
        return f"mosquitto_sub{trusted} -h {place.hostname} -p {place.port}{login} -t 'ssni/alert/#' -v"
    return f"{curl} {found['url']}/"


def _short(text: str) -> str:
    """A long secret as its beginning; whole it is in the ready file and in ``vendorlab env``."""
    return text if len(text) <= 64 else f"{text[:24]}… ({len(text)} characters; whole in `vendorlab env`)"
