"""Takes away what a run that was killed has left: everything was noted by its name before it was made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vendorlab.contracts.core import expect
from vendorlab.contracts.slv import forms
from vendorlab.contracts.slv.api import Api
from vendorlab.contracts.slv.estate import CATEGORY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

    from vendorlab.contracts.core.access import Access
    from vendorlab.contracts.core.leftovers import Entry
    from vendorlab.contracts.core.target import Target

GONE = (400, 500)
"""What a delete of something that is gone already may answer; 404 would mean that there is no such method."""
_NAMED = {"device": "deleteDevice", "profile": "deleteProfil", "user": "deleteUser"}
"""What is deleted by the names that it was given."""


def deleted(response: httpx.Response, method: str) -> None:
    """Expect that something was deleted, or that it was not there."""
    __tracebackhide__ = True
    gone = response.status_code == 200 and expect.media_type(response) == "application/json"
    expect.check(gone or response.status_code in GONE, response, f"{method} to be understood")


def cleaner(access: Access, beside: Callable[[str], Target | None]) -> Callable[[Entry], None]:
    """Return what takes one thing away.

    Args:
        access: What may be done to the target.
        beside: Nothing lies beside this one.
    """
    _ = beside
    api = Api(access)
    session = api.sign_in()

    def call(method: str, **params: object) -> httpx.Response:
        return api.call(session, method, params)

    def found(entry: Entry) -> Iterator[tuple[str, dict[str, object]]]:
        """Give what deletes it: of some kinds the id must be looked up."""
        name = next(iter(entry.what.values()))
        if entry.kind in _NAMED:
            yield _NAMED[entry.kind], dict(entry.what)
        elif entry.kind == "geozone":
            for row in forms.zones(call("searchGeozones", name=name)):
                yield "deleteGeozone", {"geozoneId": row["id"], "pullUpContent": False}
        elif entry.kind == "alarm":
            response = call("getAllAlarmDefinitions", propertyDescriptors=False)
            for identity, called in forms.named(response, forms.json_value(response)).items():
                if called == name:
                    yield "deleteAlarmDefinition", {"alarmDefinitionId": identity}
        else:
            plural, parameter = f"get{entry.kind.capitalize()}s", f"{entry.kind}Id"
            response = call(plural, category=CATEGORY)
            for identity, called in forms.named(response, forms.succeeded(response)).items():
                if called == name:
                    yield f"delete{entry.kind.capitalize()}", {parameter: identity}

    def take_away(entry: Entry) -> None:
        for method, params in found(entry):
            deleted(call(method, **params), method)

    return take_away
