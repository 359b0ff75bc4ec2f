"""Makes ``openapi.yaml`` of ``methods.py`` and ``shapes.yaml``: ``python -m vendorlab.contracts.slv.describe``."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from vendorlab.contracts.slv.api import AUTH, CHECK
from vendorlab.contracts.slv.methods import API, METHODS, SERVICES, Method, Parameter, servlet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FILE = Path(__file__).with_name("openapi.yaml")
_HEAD = """\
# Streetlight.Vision's CMS API as this suite understands it, generated from methods.py and shapes.yaml by
# `python -m vendorlab.contracts.slv.describe`. What is documented, public or inferred is said in claims.yaml; x-claims
# names the claims whose tests call an operation, x-xml-root what the XML of its answer is called.
"""
_FORM = "application/x-www-form-urlencoded"
_INFO: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {
        "title": "Streetlight.Vision CMS API",
        "version": "7.12",
        "summary": "A city's luminaires and controllers: inventory, logs, commands, calendars, alarms, reports.",
        "description": "An independent description, made from the vendor's public pages and from clients that work. "
        "Not published by the vendor.",
    },
    "servers": [
        {"url": "https://cms.example.com:8443", "description": "A customer's own server."},
        {"url": "http://127.0.0.1:7074", "description": "vendorlab's fake, on its own port."},
    ],
    "security": [{"session": [], "csrf": []}, {"basic": []}],
}
_SECURITY: dict[str, Any] = {
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": "With each call before 7.8; later once.",
    },
    "session": {"type": "apiKey", "in": "cookie", "name": "JSESSIONID"},
    "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
}
_RESPONSES: dict[str, Any] = {
    "Required": {
        "description": "Of a session, but without its CSRF token; or not permitted.",
        "headers": {"X-CSRF-Token": {"schema": {"type": "string"}, "description": "Required, if it is that."}},
        "content": {"*/*": {}},
    },
    "Refused": {"description": "Cannot be done, in words.", "content": {"text/*": {"schema": {"type": "string"}}}},
}
_PARAMETERS: dict[str, Any] = {
    "ser": {
        "name": "ser",
        "in": "query",
        "description": "The serialisation.",
        "schema": {"enum": ["json", "xml"], "default": "xml"},
    }
}
_LINKS: dict[str, dict[str, tuple[str, dict[str, str]]]] = {
    "GeoZone": {
        "devicesOfZone": ("getGeozoneDevices", {"geozoneId": "id"}),
        "childrenOfZone": ("getGeozoneChildrenGeozones", {"geozoneId": "id"}),
    },
    "GeoZones": {
        "devicesOfFirstZone": ("getGeozoneDevices", {"geozoneId": "0/id"}),
        "childrenOfFirstZone": ("getGeozoneChildrenGeozones", {"geozoneId": "0/id"}),
    },
    "Controllers": {"devicesOfFirstController": ("getControllerDevices", {"controllerStrId": "0/strId"})},
    "Devices": {
        "firstDevice": ("getDevice", {name: f"0/{name}" for name in ("controllerStrId", "idOnController")}),
        "valuesOfFirstDevice": ("getDeviceLastValues", dict.fromkeys(("param0", "deviceId"), "0/id")),
        "zoneOfFirstDevice": ("getGeozoneDevices", {"geozoneId": "0/geoZoneId"}),
    },
    "Device": {
        "valuesOfDevice": ("getDeviceLastValues", dict.fromkeys(("param0", "deviceId"), "id")),
        "descriptorsOfDevice": (
            "getDeviceValueDescriptors",
            {name: name for name in ("controllerStrId", "idOnController")},
        ),
    },
}
"""What an answer names, by its schema, and which method takes it as which parameters."""
_SER = {"$ref": "#/components/parameters/ser"}
_REFUSALS = {status: {"$ref": "#/components/responses/Refused"} for status in ("400", "404", "500")}
_PAGE: dict[str, Any] = {"schema": {"type": "string"}}


def description() -> dict[str, Any]:
    """Return the OpenAPI document."""
    paths: dict[str, Any] = {each.path: _item(each) for each in METHODS}
    paths |= {servlet(service): _servlet(service) for service in SERVICES}
    paths |= {f"{API}/{{service}}/desc": _about()} | _doors()
    return {
        **_INFO,
        "tags": [{"name": service} for service in (*SERVICES, "login")],
        "paths": paths,
        "components": {
            "securitySchemes": _SECURITY,
            "parameters": _PARAMETERS,
            "responses": _RESPONSES | {each.answer.schema: _answer(each.answer.schema) for each in METHODS},
            "schemas": yaml.safe_load(Path(__file__).with_name("shapes.yaml").read_text(encoding="utf-8")),
        },
    }


def text() -> str:
    """Return the text of ``openapi.yaml``."""
    written = StringIO()
    yaml.dump(
        description(),
        written,
        Dumper=_Plain,
        sort_keys=False,
        default_flow_style=None,
        width=120,
        allow_unicode=True,
    )
    return _HEAD + written.getvalue()


class _Plain(yaml.SafeDumper):
    """Writes no anchors: the same piece in two places is written twice."""

    def ignore_aliases(self, data: Any) -> bool:
        """Say so of everything."""
        del data
        return True


def _item(method: Method) -> dict[str, Any]:
    query = [_parameter(each) for each in method.parameters]
    return {
        "get": _operation(method.name, method, {"parameters": [*query, _SER]}),
        "post": _operation(f"{method.name}ByForm", method, {"parameters": [_SER], **_body(_form(method))}),
    }


def _operation(identity: str, method: Method, asked: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": identity,
        "tags": [method.service],
        "x-claims": list(method.claims),
        **({"x-xml-root": method.answer.root} if method.answer.root else {}),
        **asked,
        "responses": _responses(method),
    }


def _answer(schema: str) -> dict[str, Any]:
    return {
        "description": "The answer; or the login page, in HTML.",
        "headers": {"X-CSRF-Token": {"description": "If it was fetched.", "schema": {"type": "string"}}},
        "content": {
            "application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}},
            **dict.fromkeys(("application/xml", "text/xml", "text/html"), _PAGE),
        },
        **_links(_LINKS.get(schema, {})),
    }


def _links(found: Mapping[str, tuple[str, Mapping[str, str]]]) -> dict[str, Any]:
    links = {
        name: {
            "operationId": method,
            "parameters": {parameter: f"$response.body#/{pointer}" for parameter, pointer in taken.items()},
        }
        for name, (method, taken) in found.items()
    }
    return {"links": links} if links else {}


def _response(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/responses/{name}"}


def _responses(method: Method) -> dict[str, Any]:
    found: dict[str, Any] = {"200": _response(method.answer.schema), "403": _response("Required")}
    if method.name == "getCurrentUser":
        challenge = {"WWW-Authenticate": {"schema": {"type": "string"}}}
        found["401"] = {"description": "A wrong password.", "headers": challenge, "content": {"*/*": {}}}
    return found | ({} if method.answer.has_error_member else _REFUSALS)


def _parameter(parameter: Parameter) -> dict[str, Any]:
    found: dict[str, Any] = {"name": parameter.name, "in": "query", "required": parameter.required}
    if parameter.many:
        found["style"], found["explode"] = "form", True
    return found | {"schema": _schema(parameter)}


def _schema(parameter: Parameter) -> dict[str, Any]:
    one = {"type": parameter.kind}
    return {"type": "array", "items": one, "minItems": 1} if parameter.many else one


def _form(method: Method) -> dict[str, Any]:
    required = [each.name for each in method.parameters if each.required]
    members = {each.name: _schema(each) for each in method.parameters}
    return {"type": "object", **({"required": required} if required else {}), "properties": members}


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"content": {_FORM: {"schema": schema}}}}


def _servlet(service: str) -> dict[str, Any]:
    """A servlet has all methods of its service, so OpenAPI can say of it little more than their names."""
    own = [each for each in METHODS if each.service == service]
    name: dict[str, Any] = {
        "name": "methodName",
        "in": "query",
        "description": "The parameters are those of the method, with GeoZone for Geozone in every name.",
        "schema": {"enum": [each.servlet_name for each in own]},
    }
    answer: dict[str, Any] = {
        "200": {"description": "As in path style.", "content": {"*/*": {}}},
        "403": _response("Required"),
        **_REFUSALS,
    }
    shared: dict[str, Any] = {"tags": [service], "x-claims": _claims(own)}
    reads = {"operationId": f"{service}Servlet", **shared, "parameters": [{**name, "required": True}, _SER]}
    form = {"operationId": f"{service}ServletByForm", **shared, "parameters": [name, _SER]}
    free = _body({"type": "object"})
    return {"get": {**reads, "responses": answer}, "post": {**form, **free, "responses": answer}}


def _claims(methods: Iterable[Method]) -> list[str]:
    return list(dict.fromkeys(["slv.nowhere.method", *(each.claims[-1] for each in methods)]))


def _about() -> dict[str, Any]:
    where = {"name": "service", "in": "path", "required": True, "schema": {"enum": list(SERVICES)}}
    return {
        "get": {
            "operationId": "describeService",
            "tags": ["config"],
            "summary": "A service's methods.",
            "x-claims": ["slv.style.description"],
            "parameters": [where, _SER],
            "responses": {
                "200": {"description": "The description.", "content": {"*/*": {}}},
                "403": _response("Required"),
            },
        }
    }


def _doors() -> dict[str, Any]:
    cookie = {"Set-Cookie": {"schema": {"type": "string"}, "description": "JSESSIONID."}}
    fields = {name: {"type": "string"} for name in ("j_username", "j_password")}
    return {
        AUTH: {
            "get": {
                "operationId": "authState",
                "tags": ["login"],
                "summary": "Begins a session, and tells whether anybody is logged in.",
                "x-claims": ["slv.form.before", "slv.form.login"],
                "security": [],
                "responses": {"200": {"description": "The state.", "headers": cookie, "content": {"*/*": {}}}},
            }
        },
        CHECK: {
            "post": {
                "operationId": "logIn",
                "tags": ["login"],
                "summary": "The login form.",
                "x-claims": ["slv.form.login", "slv.form.wrong"],
                "security": [],
                **_body({"type": "object", "required": list(fields), "properties": fields}),
                "responses": {
                    "302": {"description": "The password is right."},
                    "default": {"description": "It is not.", "content": {"*/*": {}}},
                },
            }
        },
    }


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
