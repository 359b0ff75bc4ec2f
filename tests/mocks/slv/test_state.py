"""The whole state: reset, snapshot, a process that ends, mistakes of our own, and that no secret is ever shown."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.mocks.slv.support import API, LAMP, LAMP_ID, USER, Caller
from tests.mocks.support import START

import vendorlab
from vendorlab.mocks import registry
from vendorlab.mocks.core.actions import Status
from vendorlab.mocks.core.rules import Match, Rule, When
from vendorlab.mocks.core.settings import SettingsError
from vendorlab.mocks.core.world import World, WorldOptions

if TYPE_CHECKING:
    from pathlib import Path

    from tests.mocks.conftest import MakeWorld
    from tests.mocks.slv.conftest import MakeCaller

VALUES = ["LampLevel", "MeteredPower", "Energy", "comment"]


def busy(caller: Caller) -> None:
    """Leave a trace in every table."""
    caller.value("dimming/setDimmingLevels", LAMP, dimmingLevel=44)
    caller.value("loggingmanagement/setDeviceValues", LAMP, valueName="comment", value="x", doLog="true")
    caller.json("controllermanagement/commissionControllerAsync", controllerStrId="LP-002")
    caller.world.clock.advance(100)
    caller.json("controllermanagement/commissionControllerAsync", controllerStrId="LP-001")
    caller.value("dimmingscheduler/createSchedule", name="S", timeline="T_12_12")
    caller.json("userprofile/createUser", profilName="Viewer", login="kim", password="pole and ladder")
    caller.json("alarm/getAlarms")
    order = caller.value("workorder/createWorkOrder", LAMP, title="x")
    caller.value("workorder/closeWorkOrder", workOrderId=order)
    new = {"userName": "N", "categoryStrId": "streetlight", "controllerStrId": "LP-001", "idOnController": "N"}
    caller.json("assetmanagement/createCategoryDevice", new, geoZoneId=2, lat=41, lng=-72)


def seen(caller: Caller) -> list[Any]:
    """What a client sees of the state."""
    return [
        caller.json("logging/getGeoZoneDevicesLastValuesAsArray", geoZoneId=1, recurse="true", valueNames=VALUES),
        caller.json("dimmingscheduler/getSchedules"),
        caller.json("userprofile/getAllUsers"),
        caller.json("batch/getBatchResult", batchId=1),
        caller.json("batch/getBatchResult", batchId=2),
        caller.json("workorder/getWorkOrders"),
        caller.json("alarm/getAlarms"),
        caller.json("asset/getGeozoneDevices", geozoneId=1, recurse="true"),
    ]


def test_same_seed_gives_the_same_city_and_another_another(world_of: MakeWorld) -> None:
    one, two, other = (Caller(world_of("slv", seed=seed)) for seed in (1, 1, 2))
    assert one.known == two.known
    params = {"geoZoneId": 1, "recurse": "true", "valueNames": ["MeteredPower", "Energy", "MacAddress"]}
    name = "logging/getGeoZoneDevicesLastValuesAsArray"
    assert one.json(name, params) == two.json(name, params) != other.json(name, params)
    secrets = {name for name in one.known if name != "zone"}
    assert not {one.known[name] for name in secrets} & {other.known[name] for name in secrets}


def test_reset_takes_back_what_people_did(caller: Caller) -> None:
    fresh = caller.vendor.snapshot()
    before = caller.json("asset/getGeozoneDevices", geozoneId=1, recurse="true")
    busy(caller)
    caller.world.reset()
    assert "j_security_check" in caller.ask("asset/getAllControllers").text
    caller.log_in()
    assert caller.json("asset/getGeozoneDevices", geozoneId=1, recurse="true") == before
    assert caller.last_value("comment") is None
    assert {table: rows for table, rows in caller.vendor.snapshot().items() if table != "slv_sessions"} == {
        table: rows for table, rows in fresh.items() if table != "slv_sessions"
    }
    caller.world.reset(8)
    caller.log_in()
    assert caller.json("asset/getDevice", LAMP)["properties"] != before


def test_snapshot_carries_all_of_it_to_another_world(caller_of: MakeCaller) -> None:
    caller, other = caller_of(), caller_of()
    busy(caller)
    document = json.loads(json.dumps(caller.world.snapshot()))
    other.world.restore(document)
    other.http.cookies.update(caller.http.cookies)
    other.http.headers["X-CSRF-Token"] = caller.http.headers["X-CSRF-Token"]
    assert seen(other) == seen(caller)
    for one in (caller, other):
        one.world.clock.advance(100)
    assert seen(other) == seen(caller)
    assert seen(other)[4]["batchRunning"] is False


def kept(folder: Path) -> World:
    options = WorldOptions(seed=7, start=START, rate=0, state=folder, settings={"slv": {"failure_rate": 0}})
    return World(registry.factories(["slv"]), options)


def test_state_outlives_a_process_that_was_killed(tmp_path: Path) -> None:
    caller = Caller(kept(tmp_path))
    busy(caller)
    before, cookies = seen(caller), dict(caller.http.cookies)
    token = caller.http.headers["X-CSRF-Token"]
    caller.world.store.close()  # nothing is saved at the end: a killed process has no end
    again = kept(tmp_path)
    again.clock.set(caller.now)
    other = Caller(again, log_in=False)
    other.http.cookies.update(cookies)
    other.http.headers["X-CSRF-Token"] = token
    assert seen(other) == before
    again.clock.advance(100)
    assert seen(other)[4]["batchRunning"] is False
    other.log_in()
    assert other.http.headers["X-CSRF-Token"] != token, "chance is not drawn twice"
    again.close()


def _broken(*_: object) -> None:
    raise ZeroDivisionError


def test_mistake_of_ours_leaves_no_trace(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    before = caller.vendor.snapshot()
    new = {"userName": "N", "categoryStrId": "streetlight", "controllerStrId": "LP-001", "idOnController": "N"}
    with monkeypatch.context() as patch:
        patch.setattr("vendorlab.mocks.slv.wire.device", _broken)
        answer = caller.ask("assetmanagement/createCategoryDevice", new, geoZoneId=2, lat=41, lng=-72)
    assert (answer.status_code, answer.text, caller.last.cause) == (500, "Internal Server Error", "defect")
    assert caller.vendor.snapshot() == before
    assert caller.ask("asset/getDevice", controllerStrId="LP-001", idOnController="N").status_code == 500
    made = caller.json("assetmanagement/createCategoryDevice", new, geoZoneId=2, lat=41, lng=-72)
    assert made["id"] == 100_001


def secrets(caller: Caller) -> list[str]:
    """Every secret that there is."""
    backend = caller.vendor.backend
    rows = backend.tables.rows("SELECT id, csrf FROM slv_sessions")
    return [user.password for user in backend.people.users()] + [text for row in rows for text in row if text]


def test_state_shows_what_there_is_and_no_secret(caller: Caller) -> None:
    busy(caller)
    state = caller.vendor.state()
    assert state["devices"] == {"controllerdevice": 3, "electricalCounter": 3, "streetlight": 41}
    assert (state["profile"], len(state["users"]), len(state["schedules"])) == ("7.12", 3, 3)
    told = json.dumps(state)
    assert [secret for secret in secrets(caller) if secret in told] == []


def test_journal_never_shows_a_secret_wherever_it_is_put(caller: Caller) -> None:
    busy(caller)
    for secret in secrets(caller):
        for header in (secret, f"Basic {secret}", f"Bearer {secret}"):
            caller.http.get(f"{API}asset/getDevice", headers={"Authorization": header})
        for auth in ((secret, "x"), ("x", secret), (secret, secret)):
            caller.http.get(f"{API}{USER}", auth=auth)
        for name in ("password", "q", "name", "methodName", secret):
            caller.http.get(f"{API}servlet/SLVAssetAPI", params={name: secret})
            caller.ask("asset/getDevice", {name: secret})
        for path in (f"/{secret}", f"{API}{secret}/x", f"{API}asset/{secret}", f"/reports/{secret}"):
            caller.http.get(path)
        caller.http.post("/reports/j_security_check", data={"j_username": secret, "j_password": secret})
        caller.http.get("/reports/auth.json", headers={"Cookie": f"JSESSIONID={secret}"})
    told = json.dumps([entry.as_json() for entry in caller.world.journal.find()])
    assert [secret for secret in secrets(caller) if secret in told] == []


def test_journal_and_faults_know_a_method_by_one_name_in_both_styles(caller: Caller) -> None:
    rule = Rule(action=Status(503), match=Match(vendor="slv", operation="asset/getGeozoneRoot"), when=When(nth=2))
    caller.world.faults.add(rule)
    assert caller.ask("asset/getGeozoneRoot").status_code == 200
    assert caller.ask("servlet/SLVAssetAPI", methodName="getGeoZoneRoot").status_code == 503
    found = caller.world.journal.find(operation="asset/getGeozoneRoot")
    assert [entry.status for entry in found] == [200, 503]
    assert found[0].principal == caller.known["username"]
    assert found[0].credential.startswith("Session #")


@pytest.mark.parametrize("year", [1970, 2015, 2021, 2040, 9999])
def test_world_of_any_year_answers(caller_of: MakeCaller, year: int) -> None:
    caller = caller_of(start=datetime(year, 12, 30, tzinfo=UTC), failure_rate=5)
    names = ["LampLevel", "Energy", "LuxLevel", "LampFailure"]
    rows = caller.json("logging/getGeoZoneDevicesLastValuesAsArray", geoZoneId=2, valueNames=names)
    assert any(row[3] is not None for row in rows) == (year > 2020)
    assert caller.json("reporting/getReport", name="energy")["properties"]["rows"]
    assert isinstance(caller.json("alarm/getAlarms"), list)
    assert caller.value("dimming/switchOn", LAMP) == "OK"
    assert caller.finished(caller.json("controllermanagement/commissionControllerAsync", controllerStrId="LP-001"))


def test_clock_that_is_turned_back_breaks_nothing(caller: Caller) -> None:
    busy(caller)
    caller.go_to("2026-10-01 00:00:00")
    assert caller.json("alarm/getAlarms") is not None
    assert caller.last_value("LampLevel") == "100.0"
    assert caller.json("batch/getBatchResult", batchId=2)["batchRunning"] is True


@pytest.mark.parametrize(
    "settings",
    [
        {"luminaires": 20_001},
        {"geozones": 0},
        {"failure_rate": -1},
        {"zone": "Mars/Olympus"},
        {"zone": "../etc/passwd"},
        {"nothing": 1},
        {"session_minutes": "soon"},
    ],
    ids=str,
)
def test_settings_that_do_not_fit_are_refused(caller_of: MakeCaller, settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        caller_of(**settings)


def test_unknown_version_is_refused(caller_of: MakeCaller) -> None:
    with pytest.raises(SettingsError, match=r"7\.12"):
        caller_of(profile="8.0")


@pytest.mark.parametrize("settings", [{"luminaires": 0}, {"geozones": 1}, {"luminaires": 1, "geozones": 5}], ids=str)
def test_small_cities_are_whole(caller_of: MakeCaller, settings: dict[str, int]) -> None:
    caller = caller_of(**settings)
    found = caller.json("asset/getGeozoneDevices", geozoneId=1, recurse="true", categoryStrId="streetlight")
    assert len(found) == settings.get("luminaires", 40)
    assert caller.json("reporting/getReport", name="energy")["properties"]["bottomRow"][2] == str(len(found))


def test_version_and_build_are_told(caller_of: MakeCaller) -> None:
    for version in ("7.7", "7.8", "7.12", "7.19"):
        found = caller_of(profile=version).json("config/getServerProperties", {"name": ["version", "build"]})
        assert [one["key"] for one in found] == ["version", "build"]
        assert found[0]["value"] == version


def test_controller_tells_the_citys_own_time(caller: Caller) -> None:
    found = caller.json("controller/getSystemTimeStringInLocalTime", controllerStrId="LP-001")
    assert found == "2026-11-21 00:00:00"


def test_vendor_answers_under_its_handle_and_on_its_port() -> None:
    with vendorlab.world("slv", seed=7) as lab:
        known = lab.slv.credentials
        with httpx.Client(base_url=lab.slv.url) as http:
            login = known["username"], known["password"]
            answer = http.get(f"{API}{USER}?ser=json", headers={"X-CSRF-Token": "Fetch"}, auth=login)
            http.headers["X-CSRF-Token"] = answer.headers["x-csrf-token"]
            params = {"methodName": "getDevice", "ser": "json", **LAMP}
            assert http.post(f"{API}servlet/SLVAssetAPI", data=params).json()["id"] == LAMP_ID
            assert http.get(f"{API}asset/getDevice", params=params).json()["id"] == LAMP_ID
        assert lab.journal.count(vendor="slv", operation="asset/getDevice") == 2
