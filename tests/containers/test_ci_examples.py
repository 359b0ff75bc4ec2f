"""The examples for other people's CI keep its schema, and tell a fake only what `vendorlab up` takes."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.containers.schemas import errors

from vendorlab.cli.up import up
from vendorlab.mocks.registry import ADDRESSES, CONTROL_PORT

if TYPE_CHECKING:
    from pathlib import Path

CI = {"github-actions": "github-workflows", "gitlab-ci": "gitlab-ci"}
# Of the development containers' specification (containers.dev), what ours uses, and of which kind it is.
DEVCONTAINER = {
    "name": str, "image": str, "postCreateCommand": str, "forwardPorts": list, "portsAttributes": dict,
    "containerEnv": dict, "customizations": dict,
}  # fmt: skip


def example(tree: Path, name: str) -> Any:
    """An example's content; `on` is a word in it, as for GitHub, and no truth value, as for YAML 1.1."""
    found = yaml.safe_load((tree / "examples" / "ci" / f"{name}.yml").read_text())
    return {"on" if key is True else key: value for key, value in found.items()}


@pytest.mark.parametrize(("name", "schema"), CI.items())
def test_example_keeps_its_schema(tree: Path, name: str, schema: str) -> None:
    assert errors(schema, example(tree, name)) == []


@pytest.mark.parametrize(("name", "schema"), CI.items())
def test_schema_would_find_a_slip(tree: Path, name: str, schema: str) -> None:
    worse = copy.deepcopy(example(tree, name))
    job = worse["jobs"]["tests"] if "jobs" in worse else worse["tests"]
    job["services"] = 7
    assert errors(schema, worse) != []


def services(tree: Path) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
    """For each example, the environment of the fake and that of the job."""
    github = example(tree, "github-actions")["jobs"]["tests"]
    gitlab = example(tree, "gitlab-ci")["tests"]
    return {
        "github-actions": (github["services"]["vendorlab"]["env"], github["env"]),
        # GitLab hands the job's variables on to its services.
        "gitlab-ci": (gitlab["variables"] | gitlab["services"][0]["variables"], gitlab["variables"]),
    }


@pytest.mark.parametrize("name", CI)
def test_service_is_told_what_up_takes_and_the_job_has_its_name_and_token(tree: Path, name: str) -> None:
    told, job = services(tree)[name]
    known = {str(param.envvar) for param in up.params if param.envvar} | {"VENDORLAB_CONTROL_URL"}
    assert set(told) <= known
    assert job["VENDORLAB_CONTROL_URL"] == f"http://{told['VENDORLAB_KNOWN_AS']}:{CONTROL_PORT}"
    assert job["VENDORLAB_CONTROL_TOKEN"] == told["VENDORLAB_CONTROL_TOKEN"]


def test_github_publishes_the_ports_of_its_vendors(tree: Path) -> None:
    service = example(tree, "github-actions")["jobs"]["tests"]["services"]["vendorlab"]
    vendors = service["env"]["VENDORLAB_VENDORS"].split()
    wanted = {CONTROL_PORT, *(one.port for one in ADDRESSES if one.vendor in vendors)}
    assert {int(port.partition(":")[0]) for port in service["ports"]} == wanted


def test_devcontainer_uses_what_its_specification_has(tree: Path) -> None:
    found = json.loads((tree / ".devcontainer" / "devcontainer.json").read_text())
    assert {key: type(value) for key, value in found.items()} == DEVCONTAINER
    tcp = {CONTROL_PORT, *(one.port for one in ADDRESSES if not one.udp)}
    assert set(found["forwardPorts"]) == tcp == {int(port) for port in found["portsAttributes"]}
