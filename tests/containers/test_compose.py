"""docker-compose.yml: the specification's own schema, and what we promise of every service."""

from __future__ import annotations

import copy
import os
import re
from typing import TYPE_CHECKING, Any

import pytest
import rich_click as click
from tests.containers.schemas import errors

from vendorlab.cli.up import up
from vendorlab.mocks.registry import ADDRESSES, CONTROL_PORT, vendors

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.containers.dockerfile import Stage

PROFILES = {
    "http": {"scanalytics", "inode", "slv"},
    "iot": {"itron"},
    "all": {"vendorlab"},
    "external-broker": {"broker", "itron-external"},
}
VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


def resolve(text: str, env: Mapping[str, str]) -> str:
    """A text as compose puts the environment into it."""
    return VARIABLE.sub(lambda found: env.get(found[1]) or found[2] or "", text)


def published(service: Mapping[str, Any], env: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Each port of a service: the address and port of this machine, and the container's."""
    found = [resolve(port, env).rsplit(":", 2) for port in service.get("ports", [])]
    return [(host, outer, inner) for host, outer, inner in found]


@pytest.fixture
def fakes(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Give the services that are ours."""
    return {name: one for name, one in compose["services"].items() if "build" in one}


def test_file_keeps_the_specifications_schema(compose: dict[str, Any]) -> None:
    assert errors("compose-spec", compose) == []


def test_schema_would_find_a_slip(compose: dict[str, Any]) -> None:
    worse = copy.deepcopy(compose)
    worse["services"]["slv"]["healthchek"] = {}
    worse["services"]["inode"]["healthcheck"]["interval"] = {"seconds": 10}
    assert len(errors("compose-spec", worse)) >= 2


def test_profiles_hold_what_they_say(compose: dict[str, Any]) -> None:
    found: dict[str, set[str]] = {}
    for name, service in compose["services"].items():
        for profile in service["profiles"]:
            found.setdefault(profile, set()).add(name)
    assert found == PROFILES
    assert {one["build"]["target"] for one in compose["services"].values() if "build" in one} == {*vendors(), "all"}


def test_services_build_targets_that_there_are(fakes: Mapping[str, Any], stages: Mapping[str, Stage]) -> None:
    assert [name for name, one in fakes.items() if one["build"]["target"] not in stages] == []


def test_ports_are_the_targets_and_reach_loopback_alone_unless_the_environment_moves_them(
    fakes: Mapping[str, Any], stages: Mapping[str, Stage]
) -> None:
    for name, service in fakes.items():
        exposed = set(stages[service["build"]["target"]].all("EXPOSE")[-1].text.split())
        if "VENDORLAB_BROKER" in service["environment"]:
            exposed -= {"8883"}  # the broker listens for itself
        ports = published(service, {})
        assert {inner for _, _, inner in ports} == exposed, name
        assert {host for host, _, _ in ports} == {"127.0.0.1"}
        for _, outer, inner in ports:
            assert inner == str(CONTROL_PORT) or outer == inner.removesuffix("/udp")
        moved = published(service, {"VENDORLAB_BIND": "192.0.2.7"} | {
            found[1]: str(20_000 + number)
            for number, port in enumerate(service["ports"])
            for found in VARIABLE.finditer(port)
            if found[1] != "VENDORLAB_BIND"
        })  # fmt: skip
        assert [(host, outer) for host, outer, _ in moved] == [
            ("192.0.2.7", str(20_000 + n)) for n in range(len(moved))
        ]


@pytest.mark.parametrize("profile", PROFILES)
def test_services_of_a_profile_take_different_ports(compose: dict[str, Any], profile: str) -> None:
    taken = [
        (outer, inner.endswith("/udp"))
        for name in PROFILES[profile]
        for _, outer, inner in published(compose["services"][name], {})
    ]
    assert len(taken) == len(set(taken))


def test_services_are_checked_and_may_do_little(compose: dict[str, Any], fakes: Mapping[str, Any]) -> None:
    assert [name for name, one in compose["services"].items() if "test" not in one.get("healthcheck", {})] == []
    for service in fakes.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert [volume.partition(":")[2] for volume in service["volumes"]] == ["/var/lib/vendorlab"]
        assert {volume.partition(":")[0] for volume in service["volumes"]} <= set(compose["volumes"])


def test_services_are_known_by_the_names_that_others_call_them(fakes: Mapping[str, Any]) -> None:
    assert {name: one["environment"]["VENDORLAB_KNOWN_AS"] for name, one in fakes.items()} == {
        name: f"{name} localhost" for name in fakes
    }


def test_environment_of_services_is_what_up_takes(
    fakes: Mapping[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {str(param.envvar): str(param.name) for param in up.params if param.envvar}
    for name in [name for name in os.environ if name.startswith("VENDORLAB_")]:
        monkeypatch.delenv(name)
    for service in fakes.values():
        environment = {key: resolve(value, {}) for key, value in service["environment"].items()}
        assert set(environment) <= set(known)
        assert environment["VENDORLAB_CONTROL_TOKEN"] == ""
        for key, value in environment.items():
            monkeypatch.setenv(key, value)
        with up.make_context("up", []) as context:
            assert isinstance(context, click.Context)
            assert context.params["token"] is None
            assert context.params["known_as"] == tuple(environment["VENDORLAB_KNOWN_AS"].split())
            assert context.params["seed"] is None


def test_addresses_have_a_variable_each(fakes: Mapping[str, Any]) -> None:
    ports = " ".join(fakes["vendorlab"]["ports"])
    assert [one.name for one in ADDRESSES if f"${{{one.prefix}PORT:-{one.port}}}:{one.port}" not in ports] == []


def test_images_of_others_are_pinned(compose: dict[str, Any]) -> None:
    images = [one["image"] for one in compose["services"].values() if "build" not in one]
    assert images
    assert all(re.fullmatch(r"docker\.io/[\w./-]+:\d+\.\d+\.\d+(@sha256:[0-9a-f]{64})?", image) for image in images)
