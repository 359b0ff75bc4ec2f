"""Metrics: in Prometheus' text form, one count for each exchange, and no word of a caller's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.control.api import VENDOR, Api, World
from vendorlab.contracts.core import expect

if TYPE_CHECKING:
    import httpx

pytestmark = pytest.mark.vendorlab("control")

_SAMPLE = re.compile(
    r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*",?)*)\})? (\S+)(?: \d+)?', re.ASCII
)
_LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\\n]|\\.)*)"', re.ASCII)


def samples(response: httpx.Response) -> list[tuple[str, dict[str, str], float]]:
    """Read name, labels and value of every sample; the form is checked on the way."""
    expect.status(response, 200)
    found: list[tuple[str, dict[str, str], float]] = []
    for line in response.text.splitlines():
        if line.startswith("#") or not line:
            continue
        sample = _SAMPLE.fullmatch(line)
        if sample is None:
            raise AssertionError(f"{line!r} is no sample of Prometheus' text form")
        found.append((sample[1], dict(_LABEL.findall(sample[2] or "")), float(sample[3])))
    return found


def counted(world: World, name: str) -> dict[tuple[str, str], float]:
    """Return the exchanges of a world, by operation and status."""
    return {
        (labels["operation"], labels["status"]): value
        for metric, labels, value in samples(world.api.get("/metrics"))
        if metric == "vendorlab_exchanges_total" and (labels["world"], labels["vendor"]) == (name, VENDOR)
    }


@pytest.mark.claim("control.metrics.text")
def test_metrics_are_in_prometheus_text_form(api: Api) -> None:
    """With a HELP and a TYPE before the samples of each."""
    response = api.get("/metrics")
    kind = response.headers.get("content-type", "")
    expect.check(kind.replace(" ", "").startswith("text/plain;version=0.0.4"), response, "text/plain; version=0.0.4")
    told = re.findall(r"^# (HELP|TYPE) (\S+)", response.text, re.MULTILINE)
    bases = {name for kind, name in told if kind == "TYPE"} & {name for kind, name in told if kind == "HELP"}
    for name, _, _ in samples(response):
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        expect.check(bool({name, base} & bases), response, f"a HELP and a TYPE for {name}")


@pytest.mark.claim("control.metrics.counts")
@pytest.mark.needs("write")
def test_every_exchange_is_counted_and_a_reset_takes_none_back(world: World) -> None:
    """By operation and status."""
    for _ in range(3):
        world.whoami("nobody's")
    expect.check(counted(world, world.name)[("whoami", "401")] == 3, world.api.get("/metrics"), "3 of whoami with 401")
    world.ask("POST", "/reset", {})
    world.whoami("nobody's")
    expect.check(counted(world, world.name)[("whoami", "401")] == 4, world.api.get("/metrics"), "4 of whoami with 401")


@pytest.mark.claim("control.metrics.no-secrets")
@pytest.mark.needs("write")
def test_no_label_holds_what_a_caller_sent(world: World) -> None:
    """Not in a path, a query, a header or a method."""
    said = "somethingthatacallersaid"
    http = world.api.http
    http.get(f"{world.url}/{said}", params={said: said}, headers={"Authorization": f"Bearer {said}"})
    http.request(said.upper()[:9], f"{world.url}/v1/whoami")
    http.post(f"{world.url}/o/token/", data={"grant_type": said, "username": said, "client_id": said})
    text = world.api.get("/metrics").text.lower()
    assert said[:9] not in text, "the metrics show what a caller sent"
    assert all(value not in text for value in world.credentials.values() if len(str(value)) > 8)
