"""The whole state: reset, snapshot, what people are shown, that no secret is ever among it, and settings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.mocks.itron.support import TOKENS, Caller, at, solution

import vendorlab
from vendorlab.mocks import registry
from vendorlab.mocks.core.settings import SettingsError

if TYPE_CHECKING:
    from tests.mocks.conftest import MakeWorld
    from tests.mocks.itron.conftest import MakeCaller

SANDBOX = solution("sandbox", "observations")
TEMPLATES = solution("lab", "devicetemplates")


def test_same_seed_gives_the_same_world_and_another_another(world_of: MakeWorld) -> None:
    one, two, other = (Caller(world_of("itron", seed=seed)) for seed in (1, 1, 2))
    assert one.known == two.known
    assert (one.token(), one.get(SANDBOX).content) == (two.token(), two.get(SANDBOX).content)
    assert one.make_device() == two.make_device()
    assert one.known.keys() == other.known.keys()
    assert set(one.known.values()).isdisjoint(other.known.values())


def test_reset_takes_everything_back(caller: Caller) -> None:
    before, token = caller.get(SANDBOX).content, caller.token()
    device = caller.make_device()
    caller.post(device, at(0))
    caller.call("POST", TEMPLATES, json={"deviceTemplate": {"name": "n", "sensors": []}})
    caller.world.clock.advance(10_000)
    caller.world.reset()
    assert caller.http.get(SANDBOX, headers={"Authorization": token}).status_code == 401
    caller._tokens.clear()
    assert caller.get(SANDBOX).content == before
    assert caller.get(solution("lab", "devices")).status_code == 404
    assert caller.get(TEMPLATES).json() == {"deviceTemplates": []}
    caller.world.reset(8)
    caller._tokens.clear()
    assert caller.get(SANDBOX).content != before


def test_snapshot_carries_everything_to_another_world(caller_of: MakeCaller) -> None:
    caller, other = caller_of(), caller_of(seed=9)
    device = caller.make_device(domainInfo={"a": 1.0})
    caller.post(device, at(0, text="é", tags=["a b"]), at(1, deviceId="x"))
    caller.call("POST", TEMPLATES, json={"deviceTemplate": {"name": "n", "sensors": ["a"]}})
    walk = caller.page(solution("lab", "devices", device, "observations"), limit=1).headers["next_page"]
    document = json.loads(json.dumps(caller.world.snapshot()))
    other.make_device()
    other.world.restore(document)
    other._tokens.update(caller._tokens)
    for path in (SANDBOX, solution("lab", "observations"), solution("lab", "devices"), TEMPLATES, walk):
        assert other.get(path).content == caller.get(path).content
    assert other.world.snapshot()["content"]["vendors"] == document["content"]["vendors"]
    assert other.make_device() == caller.make_device()
    other.world.clock.advance(3_600)
    assert other.get(SANDBOX).status_code == 401


def test_snapshot_of_a_world_that_nobody_entered_is_small_and_whole(caller_of: MakeCaller) -> None:
    caller, other = caller_of(), caller_of()
    document = caller.world.snapshot()
    assert document["content"]["vendors"]["itron"]["state"]["itron_devices"] == []
    other.world.clock.advance(50_000)
    other.world.restore(document)
    assert other.get(SANDBOX).content == caller.get(SANDBOX).content


def test_state_shows_who_and_how_many_and_no_secret(caller: Caller) -> None:
    for _ in range(30):
        caller.new_token()
    caller.make_device()
    state = caller.vendor.state()
    assert state["counts"] == {"solutions": 3, "devices": 13, "templates": 0, "observations": 288, "tokens": 31}
    assert [tenant["mesh_devices"] for tenant in state["tenants"]] == [8, 2]
    assert len(state["tokens"]) == 20
    text = json.dumps(state)
    assert [secret for secret in secrets(caller) if secret in text] == []


def test_looking_at_the_state_changes_nothing(caller: Caller) -> None:
    before = caller.world.snapshot()
    state = caller.vendor.state()
    assert (state["furnished"], state["counts"]["devices"], state["tenants"][0]["mesh_devices"]) == (False, 0, 8)
    assert caller.world.snapshot() == before
    caller.get(SANDBOX)
    state = caller.vendor.state()
    assert (state["furnished"], state["counts"]["devices"]) == (True, 12)


def secrets(caller: Caller) -> list[str]:
    """Every secret that the vendor gave out."""
    found = [tenant.client_secret for tenant in caller.backend.estate.tenants]
    return [*found, *(token.token for token in caller.backend.tokens.all())]


def test_journal_never_shows_a_secret_wherever_it_is_put(caller: Caller) -> None:
    caller.token()
    shown = secrets(caller)
    for secret in shown:
        for header in (secret, f"Bearer {secret}", f"Token {secret}", f"{secret} {secret}"):
            caller.http.get(SANDBOX, headers={"Authorization": header})
        for name in ("after", "q", "accessToken", "deviceType", secret):
            caller.get(SANDBOX, params={name: secret})
            caller.get(f"{SANDBOX}?{name}={secret}")
        for path in (f"/{secret}", f"/api/solutions/{secret}/devices", solution("lab", "devices", secret)):
            caller.get(path)
        for field in ("clientId", "clientSecret", secret):
            caller.http.post(TOKENS, json=caller.credentials() | {field: secret})
    told = json.dumps([entry.as_json() for entry in caller.world.journal.find()])
    pieces = {piece for secret in shown for piece in secret.replace("+", "/").split("/") if len(piece) > 8}
    assert [secret for secret in shown if secret in told] == []
    assert [piece for piece in pieces if piece in told] == []


@pytest.mark.parametrize(
    "settings",
    [
        {"mesh_devices": 100_001},
        {"mesh_devices": -1},
        {"interval": 5},
        {"token_lifetime": 0},
        {"token_status": 204},
        {"unknown_path": 405},
        {"page_bytes": 1},
        {"observations_per_device": 0},
        {"megabytes": 0},
        {"public_base": "api.example.com"},
        {"bridges": True},
    ],
)
def test_setting_that_makes_no_sense_is_told(caller_of: MakeCaller, settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        caller_of(**settings)


def test_unknown_profile_is_told(world_of: MakeWorld) -> None:
    with pytest.raises(SettingsError, match="starfish"):
        world_of("itron", profile="legacy").vendor("itron")


def test_address_and_vendor_lead_to_the_same_handle() -> None:
    with vendorlab.world("itron-platform", seed=7) as lab:
        for handle in (lab.itron, lab.vendor("itron"), lab.vendor("itron-platform")):
            credentials = handle.credentials
            body = {"clientId": credentials["client_id"], "clientSecret": credentials["client_secret"]}
            token = httpx.post(f"{handle.url}/api/tokens", json=body).json()["accessToken"]
            assert httpx.get(f"{handle.url}{SANDBOX}", headers={"Authorization": token}).status_code == 200
        assert lab.itron.backend is lab.world.vendor("itron")
        assert lab.journal.count(vendor="itron", operation="solution-observations") == 3


def test_fixture_gives_the_handle(itron: vendorlab.lab.VendorHandle) -> None:
    assert itron.url.startswith("http://127.0.0.1:")
    assert set(itron.credentials) == {"client_id", "client_secret", "second_client_id", "second_client_secret"}


def test_port_and_prefix_are_those_that_are_promised() -> None:
    address = registry.address("itron")
    assert address is not None
    assert (address.name, address.port, address.prefix) == ("itron-platform", 7073, "VENDORLAB_ITRON_PLATFORM_")
    assert registry.chosen(["itron-platform"]) == (["itron"], frozenset({"itron-platform"}))
    vendors, addresses = registry.chosen(["itron"])
    assert vendors == ["itron"]
    assert addresses is not None
    assert addresses >= {"itron-platform", "itron-coap"}


def test_port_and_prefix_of_the_gateway_are_those_that_are_promised() -> None:
    address = registry.address("itron-coap")
    assert address is not None
    assert (address.name, address.port, address.prefix) == ("itron-coap", 5683, "VENDORLAB_ITRON_COAP_")


def test_port_and_prefix_of_the_broker_are_those_that_are_promised() -> None:
    broker = registry.address("itron-mqtt")
    assert broker is not None
    assert (broker.name, broker.port, broker.prefix) == ("itron-mqtt", 8883, "VENDORLAB_ITRON_MQTT_")
    assert {"itron-platform", "itron-mqtt"} <= (registry.chosen(["itron"])[1] or set())
