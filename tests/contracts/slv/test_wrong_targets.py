"""SLV's suite on targets that are wrong in the vendor's own words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.contracts.alike import Answer, condemn

if TYPE_CHECKING:
    from pathlib import Path

EVERYTHING: dict[str, Any] = {
    "login": "made-up", "profilName": "p", "password": "", "key": "geoZoneRootId", "value": "1",
    "errorCode": 0, "errorCodeLabel": None, "message": None, "status": "OK", "statusOk": True, "statusError": False,
    "batchId": "1", "batchRunning": False, "id": 1, "name": "n", "strId": "C", "type": "device", "parentId": None,
    "controllerStrId": "C", "idOnController": "L", "categoryStrId": "streetlight", "geoZoneId": 1,
    "geoZoneNamesPath": "GeoZones", "lat": 1.0, "lng": 1.0, "deviceId": 1, "eventTime": "2026-11-20 12:00:00",
    "updateTime": "2026-11-20 12:00:00", "labelKey": None, "dataFormat": None,
}  # fmt: skip
LOGIN = b'<html><form action="j_security_check"><input name="j_username"></form></html>'


def answering(status: int, body: Any) -> Answer:
    return status, "application/json", json.dumps(body).encode()


ALIKE = {
    "everything at once": answering(200, EVERYTHING),
    "a list of everything": answering(200, [EVERYTHING, {**EVERYTHING, "key": "version", "value": "7.7"}]),
    "the login page": (200, "text/html", LOGIN),
    "a bomb": (200, "text/xml", b'<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;">]><string>&b;</string>'),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ALIKE)
def test_wrong_target_fails_and_never_breaks_the_suite(kind: str, tmp_path: Path) -> None:
    condemn("slv", ALIKE[kind], tmp_path)
