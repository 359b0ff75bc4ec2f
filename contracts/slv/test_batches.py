"""What takes a while: a batch is begun, runs, and is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.slv import forms
from vendorlab.contracts.slv.api import PATH, SERVLET, XML
from vendorlab.contracts.slv.methods import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Callable

    from vendorlab.contracts.core.control import Clock
    from vendorlab.contracts.slv.api import Api, Session
    from vendorlab.contracts.slv.workshop import Workshop

pytestmark = pytest.mark.vendorlab("slv")

_HEADER = "controllerStrId,idOnController,userName,categoryStrId,geoZoneId,lat,lng,comment"


@pytest.mark.claim("slv.batch.commission", "slv.batch.done")
@pytest.mark.needs("write")
@pytest.mark.parametrize("style", [PATH, SERVLET])
def test_commissioning_a_controller_ends(
    api: Api, workshop: Workshop, finished: Callable[..., dict[str, object]], style: str
) -> None:
    """It runs, then runs no longer, and its status is OK."""
    workshop.make_device()
    params = {"controllerStrId": workshop.controller, "flags": 7}
    response = api.call(workshop.session, "commissionControllerAsync", params, style=style)
    assert finished(response)["status"] == "OK"


@pytest.mark.claim("slv.batch.commission-list")
@pytest.mark.needs("write")
def test_commissioning_some_devices_ends(workshop: Workshop, finished: Callable[..., dict[str, object]]) -> None:
    """Those that are named, by repeating the parameter."""
    lamps = [workshop.make_device()["idOnController"] for _ in range(2)]
    response = workshop.call(
        "commissionControllerDevicesListAsync", controllerStrId=workshop.controller, idOnController=lamps
    )
    assert finished(response)["status"] == "OK"


@pytest.mark.claim("slv.batch.runs-first")
@pytest.mark.needs("write", "clock")
def test_batch_does_not_end_before_time_passes(api: Api, workshop: Workshop, clock: Clock) -> None:
    """While the clock stands still it goes on running, however often one asks."""
    workshop.make_device()
    with clock.frozen():
        begun = workshop.call("commissionControllerAsync", controllerStrId=workshop.controller, flags=7)
        found = forms.batch(begun)
        expect.check(found["batchRunning"], begun, "a batch that runs")
        for _ in range(3):
            response = workshop.call("getBatchResult", batchId=found["batchId"])
            again = forms.batch(response)
            expect.check(again["batchRunning"], response, "a batch that still runs")
            expect.check(str(again["batchId"]) == str(found["batchId"]), response, "the same batchId")


@pytest.mark.claim("slv.batch.old-name")
@pytest.mark.needs("write")
def test_batch_is_also_found_under_the_parameters_old_name(workshop: Workshop) -> None:
    """The name batch, as older clients have it."""
    found = forms.batch(workshop.call("commissionControllerAsync", controllerStrId=workshop.controller, flags=7))
    response = workshop.call("getBatchResult", batch=found["batchId"])
    expect.check(str(forms.batch(response)["batchId"]) == str(found["batchId"]), response, "the same batch")


@pytest.mark.claim("slv.batch.xml")
@pytest.mark.needs("write")
def test_batch_in_xml_has_its_three_members(api: Api, workshop: Workshop) -> None:
    """Below the root SLVBatchResult; batchRunning is true or false."""
    params = {"controllerStrId": workshop.controller, "flags": 7}
    response = api.call(workshop.session, "commissionControllerAsync", params, ser=XML)
    root = forms.xml_root(response, "SLVBatchResult")
    expect.check(root.findtext("batchId"), response, "a batchId")
    expect.check(root.findtext("batchRunning") in {"true", "false"}, response, "batchRunning, true or false")
    expect.check(root.findtext("status"), response, "a status")


@pytest.mark.claim("slv.batch.unknown")
@pytest.mark.parametrize("identity", ["0", "vendorlab", ""])
def test_unknown_batch_is_an_error_in_the_answer(api: Api, session: Session, identity: str) -> None:
    """There is an error member to tell it in."""
    forms.refused(api.call(session, "getBatchResult", {"batchId": identity}), BY_NAME["getBatchResult"])


@pytest.mark.claim("slv.batch.import", "slv.batch.import-sets")
@pytest.mark.needs("write")
@pytest.mark.parametrize("way", ["body", "parameter"])
def test_import_is_a_batch_that_ends(
    api: Api, workshop: Workshop, finished: Callable[..., dict[str, object]], way: str
) -> None:
    """The file is the whole body of a POST, or the parameter csvFile of a form; it sets what its columns name."""
    lamp = workshop.make_device()
    key = f"{lamp['controllerStrId']},{lamp['idOnController']}"
    place = f"{lamp['name']},{lamp['categoryStrId']},{lamp['geoZoneId']},{lamp['lat']},{lamp['lng']}"
    text = f"{_HEADER}\r\n{key},{place},imported\r\n"
    method = BY_NAME["importDevicesFromCsvFileAsync"]
    headers = dict(workshop.session.headers)
    if way == "body":
        sent = {**headers, "Content-Type": "text/csv"}
        response = api.http.post(method.path, params={"ser": "json"}, content=text.encode(), headers=sent)
    else:
        response = api.call(workshop.session, method, {"csvFile": text}, style=SERVLET, verb="POST")
    assert finished(response)["status"] == "OK"
    assert workshop.last(lamp, "comment") == "imported"
