"""Bodies that are broken, too deep or too large: refused in JSON, with nothing stored and nothing broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.itron.platform.api import Api, devices, observations, templates
from vendorlab.contracts.itron.platform.forms import refused
from vendorlab.contracts.itron.platform.readings import BODY_BYTES, page

if TYPE_CHECKING:
    from vendorlab.contracts.itron.platform.readings import Times
    from vendorlab.contracts.itron.platform.workshop import Workshop

pytestmark = [pytest.mark.vendorlab("itron-platform"), pytest.mark.needs("write")]

_DEEP = 100_000


@pytest.fixture
def path(workshop: Workshop, device: str) -> str:
    """Where observations of a device of the suite's own go in and come out."""
    return observations(workshop.solution, device)


def _posted(times: Times, value: str) -> bytes:
    return f'{{"observations":[{{"timestamp":"{times.at(0)}","n":{value}}}]}}'.encode()


@pytest.mark.claim("itron-platform.bad.json", "itron-platform.error.message")
@pytest.mark.parametrize("content", [b"", b"{", b'{"a":1,}', b"{'a':1}", b"a=1", b'{"a":"\xff"}'], ids=repr)
def test_body_that_is_not_json_is_a_bad_request(
    api: Api, workshop: Workshop, path: str, token: str, content: bytes
) -> None:
    """Whatever is posted."""
    for where in (path, f"{devices(workshop.solution)}/", templates(workshop.solution)):
        refused(api.send("POST", where, token, content), 400)


@pytest.mark.claim("itron-platform.bad.json")
@pytest.mark.parametrize("value", ["01", "1.", ".5", "+1", "0x1", "tru", "'a'", '"\\x"', '"\t"', "1 2"])
def test_value_that_is_not_json_is_a_bad_request(api: Api, path: str, times: Times, token: str, value: str) -> None:
    """Free form ends where JSON does."""
    refused(api.send("POST", path, token, _posted(times, value)), 400)


@pytest.mark.claim("itron-platform.bad.nan")
@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "[1,NaN]"])
def test_number_that_is_none_is_a_bad_request(api: Api, path: str, times: Times, token: str, value: str) -> None:
    """JSON has no such numbers, though some languages write them; and nothing was stored."""
    refused(api.send("POST", path, token, _posted(times, value)), 400)
    found = page(api.get(path, token))
    found.check(found.rows == [], "nothing")


@pytest.mark.claim("itron-platform.bad.deep")
@pytest.mark.needs("exhaust")
@pytest.mark.parametrize(("left", "right"), [("[", "]"), ('{"a":', "}"), ("[", "")], ids=["arrays", "objects", "open"])
def test_body_that_is_nested_without_end_is_refused(
    api: Api, path: str, times: Times, token: str, left: str, right: str
) -> None:
    """And the next one is served."""
    refused(api.send("POST", path, token, _posted(times, left * _DEEP + "1" + right * _DEEP)), 400, 413)
    page(api.get(path, token))


@pytest.mark.claim("itron-platform.bad.form")
@pytest.mark.parametrize(
    "text",
    ["{}", "[]", '"x"', "5", "null", '{"observations":{}}', '{"observations":"x"}', '{"observations":[1]}',
     '{"observations":[null]}', '{"observations":[[]]}', '{"Observations":[]}'],
)  # fmt: skip
def test_observations_of_another_form_are_a_bad_request(api: Api, path: str, token: str, text: str) -> None:
    """An array of objects, under its name."""
    refused(api.send("POST", path, token, text.encode()), 400)


@pytest.mark.claim("itron-platform.bad.large")
@pytest.mark.needs("exhaust")
def test_body_over_ten_megabytes_is_refused(api: Api, path: str, times: Times, token: str) -> None:
    """In the vendor's form, with nothing stored; and the next one is served."""
    refused(api.send("POST", path, token, _posted(times, '"' + "x" * BODY_BYTES + '"')), 413)
    found = page(api.get(path, token))
    found.check(found.rows == [], "nothing")
