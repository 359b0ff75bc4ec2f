"""What there is: listeners, versions, vendors, and the API's own description."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.contracts.control.description import operations, spread
from vendorlab.contracts.core import expect
from vendorlab.contracts.core.openapi import Spec

if TYPE_CHECKING:
    import httpx

    from vendorlab.contracts.control.api import Api, World

pytestmark = pytest.mark.vendorlab("control")


def listeners(response: httpx.Response) -> list[dict[str, Any]]:
    """Read the listeners out of the answer about health."""
    body = expect.json_object(response)
    expect.fields(response, body, {"status": str, "listeners": list})
    for row in body["listeners"]:
        expect.check(isinstance(row, dict), response, "objects as listeners")
        expect.fields(response, row, {"world": str, "vendor": str, "url": str, "accepting": bool})
    return list(body["listeners"])


def vendors(response: httpx.Response) -> dict[str, Any]:
    """Read the vendors out of an answer; there must be some."""
    body = expect.json_object(response)
    expect.check(body, response, "some vendor")
    for vendor in body.values():
        expect.check(isinstance(vendor, dict), response, "an object for each vendor")
        expect.fields(response, vendor, {"url": str, "credentials": dict})
    return body


@pytest.mark.claim("control.health.listeners")
def test_health_names_every_listener_of_the_main_world(api: Api) -> None:
    """With its address, and whether it accepts."""
    response = api.get("/health")
    found = {row["vendor"]: row["url"] for row in listeners(response) if row["world"] == "main"}
    for name, vendor in vendors(api.get("/vendors")).items():
        expect.check(found.get(name) == vendor["url"], response, f"{name} at {vendor['url']}")
    expect.check(expect.json_object(response)["status"] in ("ok", "starting"), response, "ok or starting")
    expect.check(all(row["accepting"] for row in listeners(response)), response, "all of them accepting")


@pytest.mark.claim("control.health.worlds")
@pytest.mark.needs("write")
def test_health_names_the_listeners_of_a_new_world(api: Api, world: World) -> None:
    """Every world's listeners are there."""
    response = api.get("/health")
    expect.check(world.url in {row["url"] for row in listeners(response)}, response, f"a listener at {world.url}")


@pytest.mark.claim("control.version.fields")
def test_version_tells_vendorlabs_and_the_apis(api: Api) -> None:
    """The API's is 1."""
    response = api.get("/version")
    body = expect.json_object(response)
    expect.fields(response, body, {"version": str, "api": int})
    expect.check(body["api"] == 1, response, "version 1 of the API")


@pytest.mark.claim("control.vendors.fields")
def test_vendors_tells_addresses_and_credentials(api: Api) -> None:
    """As the ready file does."""
    response = api.get("/vendors")
    for vendor in vendors(response).values():
        expect.check(vendor["credentials"], response, "some credentials for each vendor")


@pytest.mark.claim("control.vendors.main")
@pytest.mark.parametrize("path", ["/vendors", "/state", "/tokens", "/faults"])
def test_main_world_is_meant_where_no_world_is_named(api: Api, path: str) -> None:
    """``/vendors`` and ``/worlds/main/vendors`` are the same."""
    short, long = api.get(path), api.get(f"/worlds/main{path}")
    expect.check(expect.json_body(short) == expect.json_body(long), long, f"what {path} says")


@pytest.mark.claim("control.description.holds")
def test_description_is_that_of_this_suite(api: Api) -> None:
    """Operations, parameters, bodies, statuses, links and schemas; only the prose is anybody's own."""
    response = api.get("/openapi.json")
    body = expect.json_object(response)
    try:
        found = operations(body)
    except (KeyError, TypeError, AttributeError) as error:
        raise AssertionError(f"/openapi.json is no description of an API: {error!r}") from error
    wanted = operations(spread(Spec.load("control").document))
    expect.check(found.keys() == wanted.keys(), response, f"the operations {sorted(wanted)}")
    differing = {name: (found[name], row) for name, row in wanted.items() if found[name] != row}
    assert not differing, f"found and wanted differ: {differing}"


@pytest.mark.claim("control.http.head")
@pytest.mark.parametrize("path", ["/health", "/version", "/clock", "/journal", "/worlds/main/clock"])
def test_head_is_get_without_a_body(api: Api, path: str) -> None:
    """Status and headers are the same."""
    response = api.ask("HEAD", path)
    expect.status(response, 200)
    expect.check(not response.content, response, "no body")
    expect.check(expect.media_type(response) == "application/json", response, "application/json")
