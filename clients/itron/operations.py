"""What can be asked of the Data Platform. All data lie below a solution."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from ..core.errors import ClientError, NotFound, UsageError
from ..core.reading import decode
from ..core.steps import Call
from ..core.urls import segment
from .models import (
    device_document,
    newest_of_each,
    observation_document,
    read_device,
    read_devices,
    read_template,
    read_templates,
    template_document,
)
from .pages import Walk, Window
from .values import batches, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from ..core.reading import Node
    from ..core.steps import Steps
    from .models import Device, NewObservation, Observation, Template
    from .pages import Send

SYSTEM_TEMPLATES: Final = "/api/tenants/systemTenant/devicetemplates"

PER_POST: Final = 1_000
"""Observations in one request, at most."""

BODY_BYTES: Final = 10_000_000
"""Of one request, at most: under 10 MB however they are counted, which is what an API gateway lets through."""

ENVELOPE: Final = '{{"observations":[{}]}}'


class Operations:
    """The operations of the platform.

    Args:
        send: Sends a call.
        base_url: Where calls go; no page is asked of anybody else.
        solution: Whose devices and data, unless a call says otherwise.
        resend: Whether observations whose answer was lost are posted again.
    """

    def __init__(self, send: Send, base_url: str, solution: str, *, resend: bool) -> None:
        self._send = send
        self._base_url = base_url
        self._solution = solution
        self._resend = resend

    def devices(self, device_type: str | None, solution: str | None) -> Steps[list[Device]]:
        """All devices; the platform answers 404 where there are none."""
        params = None if device_type is None else {"deviceType": device_type}
        try:
            return read_devices((yield from self._ask(Call("GET", self._path(solution, "devices"), params=params))))
        except NotFound:
            return []

    def device(self, device_id: str, solution: str | None) -> Steps[Device]:
        """One device."""
        return read_device((yield from self._ask(Call("GET", self._path(solution, "devices", device_id)))))

    def create_device(
        self,
        device_type: str,
        domain_info: Mapping[str, Any] | None,
        provisioning_info: Mapping[str, Any] | None,
        solution: str | None,
    ) -> Steps[Device]:
        """Make a device. The vendor's own SDK ends this one path with a slash."""
        text = encode(device_document(device_type, domain_info, provisioning_info), "device")
        call = Call("POST", self._path(solution, "devices") + "/", text=text, once=True)
        return read_device((yield from self._ask(call)), device_type)

    def change_device(
        self,
        device_id: str,
        device_type: str,
        domain_info: Mapping[str, Any] | None,
        provisioning_info: Mapping[str, Any] | None,
        solution: str | None,
    ) -> Steps[Device]:
        """Put another device in the place of one."""
        text = encode(device_document(device_type, domain_info, provisioning_info), "device")
        call = Call("PUT", self._path(solution, "devices", device_id), text=text)
        return read_device((yield from self._ask(call)), device_type)

    def delete_device(self, device_id: str, solution: str | None) -> Steps[bool]:
        """Delete a device, and tell whether it was there."""
        try:
            yield from self._send(Call("DELETE", self._path(solution, "devices", device_id)))
        except NotFound:
            return False
        return True

    def observations(
        self,
        device_id: str | None,
        start: datetime | None,
        end: datetime | None,
        limit: int | None,
        tag: str | None,
        solution: str | None,
    ) -> Walk:
        """Begin to walk over observations of a device or a solution.

        Raises:
            UsageError: Half a window; a limit below one; a tag that the platform would ignore.
        """
        if (start is None) is not (end is None):
            raise UsageError("a window has a start and an end")
        if tag is not None and start is None:
            raise UsageError("the platform ignores a tag without a window")
        if limit is not None and limit < 1:
            raise UsageError(f"a limit is a positive number, not {limit!r}")
        window = None if start is None or end is None else Window(start, end)
        params = {} if window is None else window.query()
        params |= {} if limit is None else {"limit": str(limit)}
        params |= {} if tag is None else {"tags": tag}
        whose = () if device_id is None else ("devices", device_id)
        call = Call("GET", self._path(solution, *whose, "observations"), params=params or None)
        return Walk(self._send, call, self._base_url, device_id, window)

    def latest(self, solution: str | None) -> Steps[list[Observation]]:
        """The newest observation of each device."""
        walk = self.observations(None, None, None, None, None, solution)
        found: list[Observation] = []
        while (page := (yield from walk.next())) is not None:
            found = newest_of_each([*found, *page])
        return found

    def post(
        self,
        device_id: str,
        observations: Iterable[NewObservation],
        solution: str | None,
        on_accepted: Callable[[int], object] | None,
    ) -> Steps[int]:
        """Post observations, in as many requests as it takes, and return their number."""
        call = Call("POST", self._path(solution, "devices", device_id, "observations"), once=not self._resend)
        texts: list[str] = []
        for index, observation in enumerate(observations):
            place = f"observations[{index}]"
            texts.append(encode(observation_document(observation, place), place))
        accepted = 0
        for batch in batches(texts, most=PER_POST, room=BODY_BYTES - len(ENVELOPE.format(""))):
            try:
                yield from self._send(replace(call, text=ENVELOPE.format(",".join(batch))))
            except ClientError as trouble:
                trouble.add_note(f"before that, {accepted:,} of {len(texts):,} observations were accepted")
                raise
            accepted += len(batch)
            if on_accepted is not None:
                on_accepted(accepted)
        return accepted

    def templates(self, solution: str | None) -> Steps[list[Template]]:
        """All templates of a solution."""
        return read_templates((yield from self._ask(Call("GET", self._path(solution, "devicetemplates")))))

    def static_templates(self) -> Steps[list[Template]]:
        """The templates of the system."""
        return read_templates((yield from self._ask(Call("GET", SYSTEM_TEMPLATES))))

    def create_template(self, name: str, sensors: Iterable[str], solution: str | None) -> Steps[Template]:
        """Make a template."""
        text = encode(template_document(name, sensors), "template")
        return read_template(
            (yield from self._ask(Call("POST", self._path(solution, "devicetemplates"), text=text, once=True)))
        )

    def change_template(
        self, template_id: str, name: str, sensors: Iterable[str], solution: str | None
    ) -> Steps[Template]:
        """Put another template in the place of one."""
        text = encode(template_document(name, sensors), "template")
        return read_template(
            (yield from self._ask(Call("PUT", self._path(solution, "devicetemplates", template_id), text=text)))
        )

    def _ask(self, call: Call) -> Steps[Node]:
        return decode((yield from self._send(call)), call)

    def _path(self, solution: str | None, *names: str) -> str:
        parts = (self._solution if solution is None else solution, *names)
        return "/api/solutions/" + "/".join(segment(part) for part in parts)
