"""SLV in a world, called in process."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import httpx
from defusedxml import ElementTree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from xml.etree.ElementTree import Element

    from vendorlab.mocks.core.journal import Entry
    from vendorlab.mocks.core.world import World
    from vendorlab.mocks.slv.app import Slv

API = "/reports/api/"
USER = "userprofile/getCurrentUser"
LAMP = {"controllerStrId": "LP-001", "idOnController": "L00001"}
LAMP_ID = 1_001


class Caller:
    """SLV in a world, called in process; logged in as the administrator unless told otherwise."""

    def __init__(self, world: World, *, log_in: bool = True) -> None:
        self.world = world
        self.http = httpx.Client(transport=world.transport("slv"), base_url="http://slv.example")
        if log_in:
            self.log_in()

    @property
    def vendor(self) -> Slv:
        return cast("Slv", self.world.vendor("slv"))

    @property
    def known(self) -> Mapping[str, str]:
        return self.vendor.credentials()

    @property
    def last(self) -> Entry:
        """The newest entry of the journal."""
        return self.world.journal.find()[-1]

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    def basic(self, *, second: bool = False) -> tuple[str, str]:
        prefix = "second_" if second else ""
        return self.known[f"{prefix}username"], self.known[f"{prefix}password"]

    def fetch(self, *, second: bool = False) -> httpx.Response:
        """Log in with Basic and fetch a CSRF token."""
        headers = {"X-CSRF-Token": "Fetch"}
        return self.http.get(f"{API}{USER}?ser=json", headers=headers, auth=self.basic(second=second))

    def log_in(self, *, second: bool = False) -> None:
        """Be somebody, as the version has it."""
        if self.vendor.profile == "7.7":
            self.http.auth = httpx.BasicAuth(*self.basic(second=second))
            return
        self.http.cookies.clear()
        answer = self.fetch(second=second)
        assert answer.status_code == 200, answer.text
        self.http.headers["X-CSRF-Token"] = answer.headers["x-csrf-token"]

    def ask(self, path: str, params: Any = None, /, **more: Any) -> httpx.Response:
        """Call a method by GET, in the style of its path."""
        return self.http.get(API + path, params={**(params or {}), **more} or None)

    def json(self, path: str, params: Any = None, /, **more: Any) -> Any:
        """What a method answers, as JSON."""
        answer = self.ask(path, params, ser="json", **more)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/json;charset=UTF-8", answer.text
        return answer.json()

    def value(self, path: str, params: Any = None, /, **more: Any) -> Any:
        """The value of a result that is fine."""
        result = self.json(path, params, **more)
        assert (result["errorCode"], result["status"]) == (0, "OK"), result
        return result["value"]

    def finished(self, batch: Any) -> Any:
        """What becomes of a batch, once its time has come."""
        assert batch["batchRunning"] is True, batch
        self.world.clock.advance(1_000)
        self.log_in()
        found = self.json("batch/getBatchResult", batchId=batch["batchId"])
        assert found["batchRunning"] is False
        return found

    def logs(self, names: str | Sequence[str], start: str, end: str, device: int = LAMP_ID) -> list[dict[str, Any]]:
        """Log values of a window."""
        fields = {"deviceId": device, "name": names, "from": start, "to": end}
        return cast("list[dict[str, Any]]", self.json("logging/getDevicesLogValues", fields))

    def last_value(self, name: str, key: Mapping[str, str] = LAMP) -> str | None:
        """The newest value of a device."""
        found = self.json("logging/getDeviceLastValues", {**key, "valueNames": name})
        return found[0]["value"] if found else None

    def go_to(self, text: str) -> None:
        """Go to a time in UTC, and be logged in there."""
        self.world.clock.set(datetime.fromisoformat(text).replace(tzinfo=UTC))
        self.log_in()


def parsed(answer: httpx.Response) -> Element:
    """The root of an XML document."""
    assert answer.headers["content-type"] == "text/xml;charset=UTF-8", answer.text
    return ElementTree.fromstring(answer.content)


def is_list(tree: Any) -> bool:
    """Whether a tree is a list; its type stays anything."""
    return isinstance(tree, list)


def as_text(tree: Any) -> Any:
    """A JSON tree with what XML cannot tell apart made one: every leaf a text, no null members."""
    if isinstance(tree, dict):
        members = cast("dict[str, Any]", tree)
        return {key: as_text(value) for key, value in members.items() if value is not None}
    if is_list(tree):
        return [as_text(item) for item in tree]
    if isinstance(tree, bool):
        return "true" if tree else "false"
    return None if tree is None else str(tree)


def like(element: Element, shape: Any) -> Any:
    """An XML element read as the shape of a JSON tree, so that both can be compared."""
    if isinstance(shape, dict):
        members = cast("dict[str, Any]", shape)
        if any("[" in key for key in members):
            entries = [(entry.findtext("key") or "", entry.findtext("value") or "") for entry in element]
            return dict(entries)
        wanted = {key: value for key, value in members.items() if value is not None}
        found = {child.tag: child for child in element}
        assert found.keys() == wanted.keys()
        return {key: like(found[key], value) for key, value in wanted.items()}
    if is_list(shape):
        children = list(element)
        assert len(children) == len(shape)
        return [None if child.tag == "null" else like(child, item) for child, item in zip(children, shape, strict=True)]
    assert len(element) == 0
    return element.text or ""
