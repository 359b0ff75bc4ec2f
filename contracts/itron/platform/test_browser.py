"""What a program in a browser needs: leave to ask from another origin, and to read the way on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.itron.platform.api import (
    NOBODY,
    OLD_TOKENS,
    STATIC,
    TOKENS,
    Api,
    devices,
    observations,
    templates,
)
from vendorlab.contracts.itron.platform.readings import page

if TYPE_CHECKING:
    import httpx

    from vendorlab.contracts.itron.platform.readings import Times
    from vendorlab.contracts.itron.platform.workshop import Workshop

pytestmark = pytest.mark.vendorlab("itron-platform")

_ORIGIN = "https://app.example.com"
_CALLS = [
    ("POST", TOKENS),
    ("POST", OLD_TOKENS),
    ("GET", devices("{}")),
    ("POST", f"{devices('{}')}/"),
    ("DELETE", devices("{}", NOBODY)),
    ("POST", observations("{}", NOBODY)),
    ("GET", observations("{}", NOBODY)),
    ("GET", observations("{}")),
    ("PUT", templates("{}", NOBODY)),
    ("GET", STATIC),
]


def _allows_origin(response: httpx.Response) -> None:
    __tracebackhide__ = True
    found = response.headers.get("Access-Control-Allow-Origin")
    expect.check(found in ("*", _ORIGIN), response, f"Access-Control-Allow-Origin for {_ORIGIN}, not {found!r}")


@pytest.mark.claim("itron-platform.browser.preflight")
@pytest.mark.parametrize(("method", "path"), _CALLS)
def test_preflight_allows_the_call(api: Api, method: str, path: str) -> None:
    """Without a token, which no browser sends along; Authorization must be named, as a star does not cover it."""
    response = api.http.options(
        path.format(api.solution),
        headers={
            "Origin": _ORIGIN,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )
    expect.status(response, 200, 204)
    _allows_origin(response)
    allowed = expect.header_words(response, "Access-Control-Allow-Headers")
    expect.check({"authorization", "content-type"} <= allowed, response, "the headers Authorization and Content-Type")
    methods = expect.header_words(response, "Access-Control-Allow-Methods")
    expect.check(methods & {method.lower(), "*"}, response, f"the method {method}")


@pytest.mark.claim("itron-platform.browser.origin")
def test_answers_may_be_read_from_another_origin(api: Api, token: str) -> None:
    """Data, tokens and refusals: a program must be able to tell what went wrong."""
    origin = {"Origin": _ORIGIN}
    for headers, status in (({"Authorization": token}, 200), ({}, 401), ({"Authorization": "junk"}, 401)):
        response = api.http.get(STATIC, headers=headers | origin)
        expect.status(response, status)
        _allows_origin(response)
    for body, statuses in ((api.account(), (200, 201)), ({}, (400,))):
        response = api.http.post(TOKENS, json=body, headers=origin)
        expect.status(response, *statuses)
        _allows_origin(response)


@pytest.mark.claim("itron-platform.browser.exposed")
@pytest.mark.needs("write")
def test_next_page_may_be_read_from_another_origin(
    api: Api, workshop: Workshop, device: str, times: Times, token: str
) -> None:
    """A browser hides headers that are not exposed."""
    workshop.post(device, *(times.reading(each, each) for each in range(3)))
    path = f"{observations(workshop.solution, device)}?limit=2"
    response = api.ask("GET", path, token, headers={"Origin": _ORIGIN})
    page(response).check(page(response).following, "a next_page header")
    _allows_origin(response)
    exposed = expect.header_words(response, "Access-Control-Expose-Headers")
    expect.check(exposed & {"next_page", "*"}, response, "next_page to be exposed")
