"""The extension of the fake of Itron: rules, subscriptions and simulations in few words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from tests.mocks.itron.support import Caller, solution
from tests.mocks.support import PATIENCE

if TYPE_CHECKING:
    import httpx

    from vendorlab.mocks.core.journal import Entry

STUDIO = "StudioSimulation"
NOWHERE = "http://127.0.0.1:9/hook"
"""An address for subscriptions that nothing is sent to."""


def hot(**changes: Any) -> dict[str, Any]:
    """The body of an event rule that works."""
    rule = {"name": "hot", "sensor": "temperature", "operator": "gt", "value": 30} | changes
    return {"event": {name: value for name, value in rule.items() if value is not ...}}


def made(answer: httpx.Response, envelope: str) -> dict[str, Any]:
    """What was made."""
    assert answer.status_code == 201, answer.text
    return cast("dict[str, Any]", answer.json()[envelope])


def refused(answer: httpx.Response, status: int = 400) -> str:
    """The message of a refusal."""
    assert answer.status_code == status, answer.text
    assert list(answer.json()) == ["message"]
    return str(answer.json()["message"])


def make_event(caller: Caller, place: str = "lab", **changes: Any) -> str:
    """A new rule's id."""
    return str(made(caller.call("POST", solution(place, "events"), json=hot(**changes)), "events")["id"])


def subscribe(caller: Caller, url: str = NOWHERE, event: str | None = None, place: str = "lab", **more: Any) -> str:
    """A new subscription's id, to a new rule unless one is given."""
    body = {"subscription": {"eventId": event or make_event(caller, place), "url": url, **more}}
    return str(made(caller.call("POST", solution(place, "subscriptions"), json=body), "subscriptions")["id"])


def history(caller: Caller, subscription: str, place: str = "lab", **query: Any) -> list[dict[str, Any]]:
    """The deliveries of a subscription, newest first."""
    answer = caller.get(solution(place, "subscriptions", subscription, "deliveries"), params=query)
    assert answer.status_code == 200, answer.text
    return cast("list[dict[str, Any]]", answer.json()["deliveries"])


def statuses(delivery: dict[str, Any]) -> list[int | None]:
    """What came of each attempt."""
    return [attempt.get("status") for attempt in delivery["attempts"]]


def settle(caller: Caller, seconds: float | None = None) -> None:
    """Turn the clock if told to, and wait until nothing is under way."""
    if seconds is not None:
        caller.world.clock.advance(seconds)
    assert caller.world.settle(PATIENCE)


def letters(caller: Caller) -> list[Entry]:
    """What the journal has of webhooks."""
    return caller.world.journal.find(protocol="webhook")


def make_template(caller: Caller, *sensors: str, name: str = "Pole", place: str = STUDIO) -> str:
    """A new template's id."""
    body = {"deviceTemplate": {"name": name, "sensors": sensors or ["temperature", "humidity"]}}
    return str(made(caller.call("POST", solution(place, "devicetemplates"), json=body), "deviceTemplates")["id"])


def simulate(caller: Caller, template: str | None = None, **parts: Any) -> dict[str, Any]:
    """A new simulation."""
    body = {"simulation": {"templateId": template or make_template(caller), **parts}}
    return made(caller.call("POST", solution(STUDIO, "simulations"), json=body), "simulations")
