"""Definitions of alarms, and reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.slv import forms
from vendorlab.contracts.slv.api import PATH, SERVLET
from vendorlab.contracts.slv.workshop import new_name

if TYPE_CHECKING:
    from vendorlab.contracts.slv.api import Api, Session
    from vendorlab.contracts.slv.estate import Estate
    from vendorlab.contracts.slv.workshop import Workshop

pytestmark = pytest.mark.vendorlab("slv")

_TRIGGER, _ACTION = "SmartMeteringValueAlarmTriggersGenerator", "MailAlarmStateChangeAction"


def _definitions(api: Api, session: Session) -> dict[str, str]:
    __tracebackhide__ = True
    response = api.call(session, "getAllAlarmDefinitions", {"propertyDescriptors": False})
    return forms.named(response, forms.json_value(response))


def _made(workshop: Workshop, name: str) -> dict[str, Any]:
    __tracebackhide__ = True
    response = workshop.call(
        "createSingleActionAlarmDefinition",
        alarmDefinitionName=name,
        triggerConditionImplClassName=_TRIGGER,
        alarmStateChangeActionImplClassName=_ACTION,
    )
    made = forms.json_of(response)
    expect.fields(response, made, {"id": (int, str), "name": str})
    workshop.owe("deleteAlarmDefinition", alarmDefinitionId=made["id"])
    expect.check(made["name"] == name, response, f"the name {name}")
    return made


@pytest.mark.claim("slv.alarm.list")
def test_alarm_definitions_have_id_and_name(api: Api, session: Session) -> None:
    """Each once."""
    _definitions(api, session)


@pytest.mark.claim("slv.alarm.create")
@pytest.mark.needs("write")
def test_alarm_definition_that_was_made_is_listed(api: Api, workshop: Workshop) -> None:
    """Under its id."""
    name = new_name()
    made = _made(workshop, name)
    assert _definitions(api, workshop.session).get(str(made["id"])) == name


@pytest.mark.claim("slv.alarm.update")
@pytest.mark.needs("write")
@pytest.mark.parametrize("style", [PATH, SERVLET])
def test_alarm_definition_is_renamed(api: Api, workshop: Workshop, style: str) -> None:
    """With properties by repeated names and values; the answer says the new name."""
    made, name = _made(workshop, new_name()), new_name()
    params = {
        "alarmDefinitionId": made["id"],
        "alarmName": name,
        "propertyName": ["triggerCondition.triggerValue", "action.mailSubject"],
        "propertyValue": ["21000", "Lamp failure"],
    }
    response = api.call(workshop.session, "updateAlarmDefinition", params, style=style)
    forms.json_value(response)
    expect.check(name in response.text, response, f"the name {name}")
    assert _definitions(api, workshop.session).get(str(made["id"])) == name


@pytest.mark.claim("slv.alarm.delete")
@pytest.mark.needs("write")
def test_deleted_alarm_definition_is_gone(api: Api, workshop: Workshop) -> None:
    """Once is enough."""
    made = _made(workshop, new_name())
    forms.succeeded(workshop.call("deleteAlarmDefinition", alarmDefinitionId=made["id"]))
    assert str(made["id"]) not in _definitions(api, workshop.session)
    forms.failed(workshop.call("deleteAlarmDefinition", alarmDefinitionId=made["id"]))


@pytest.mark.claim("slv.report.form")
def test_report_is_a_table(api: Api, session: Session, estate: Estate) -> None:
    """Titles and names of its columns, rows as wide as they are many, one row at the bottom."""
    response = api.call(session, "getReport", estate.report())
    report = forms.json_of(response)
    expect.fields(response, report, {"properties": dict})
    table: dict[str, Any] = report["properties"]
    names = ("columnNames", "columnLabels", "metadatas", "rows")
    expect.fields(response, table, {"title": str, **dict.fromkeys(names, list)})
    width = len(table["columnNames"])
    expect.check(width > 0 and len(table["columnLabels"]) == width, response, "a label for each column")
    for row in table["rows"]:
        expect.check(isinstance(row, list | dict), response, "lists or objects as rows")
        expect.check(isinstance(row, dict) or len(row) == width, response, f"rows of {width} cells")
    expect.check("bottomRow" in table, response, "a bottomRow")
