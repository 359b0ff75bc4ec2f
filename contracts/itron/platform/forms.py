"""What this suite expects of answers, and what it reads of them. Whatever else comes is the target's fault."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from vendorlab.contracts.core import expect

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

CREATED = (200, 201)
"""Nobody says which of them; clients take both."""
NOWHERE = (403, 404)
"""The statuses of a path that is not served: the gateway's own is 403, though 404 would be taken as well."""
UNAUTHORIZED = "Unauthorized"

_TEMPLATE = {"name": str, "sensors": list}
_PRINTABLE = re.compile(r"[!-~]+", re.ASCII)


# --- refusals and objects --------------------------------------------------------------------------------------------


def refused(response: httpx.Response, *statuses: int, text: str | None = None) -> None:
    """Expect a status, and a JSON object with a message: in whatever case, since AWS itself is of two minds."""
    __tracebackhide__ = True
    body = expect.json_object(response, *statuses)
    messages = [value for name, value in body.items() if name.lower() == "message"]
    expect.check(messages and isinstance(messages[0], str), response, "a message")
    expect.check(text is None or messages[0] == text, response, f"the message {text!r}")


def unauthorized(response: httpx.Response) -> None:
    """Expect the refusal of a call without a good token."""
    __tracebackhide__ = True
    refused(response, 401, text=UNAUTHORIZED)


def objects(response: httpx.Response, name: str) -> list[dict[str, Any]]:
    """Expect 200 and an object whose member of some name is an array of objects, and return that."""
    __tracebackhide__ = True
    body = expect.json_object(response)
    expect.fields(response, body, {name: list})
    expect.check(all(isinstance(row, dict) for row in body[name]), response, f"{name} to be objects")
    return cast("list[dict[str, Any]]", body[name])


def check_uuid(response: httpx.Response, text: str) -> None:
    """Expect a UUID as the vendor writes it."""
    __tracebackhide__ = True
    try:
        right = str(UUID(text)) == text.lower()
    except ValueError:
        right = False
    expect.check(right, response, f"a UUID, not {text!r}")


# --- devices and templates -------------------------------------------------------------------------------------------


def device_list(response: httpx.Response) -> list[dict[str, Any]]:
    """Expect a list of devices."""
    __tracebackhide__ = True
    rows = objects(response, "devices")
    for row in rows:
        expect.fields(response, row, {"id": str, "deviceType": str, "domainInfo": dict})
    return rows


def template_list(response: httpx.Response, *, own: bool = True) -> list[dict[str, Any]]:
    """Expect a list of templates; those of the system need no id."""
    __tracebackhide__ = True
    rows = objects(response, "deviceTemplates")
    for row in rows:
        check_template(response, row)
        if own:
            expect.fields(response, row, {"id": str})
    return rows


def check_template(response: httpx.Response, row: Mapping[str, Any]) -> None:
    """Expect a name, and sensors that are words."""
    __tracebackhide__ = True
    expect.fields(response, row, _TEMPLATE)
    expect.check(all(isinstance(sensor, str) for sensor in row["sensors"]), response, "sensors to be strings")


def written_template(response: httpx.Response, *statuses: int) -> dict[str, Any]:
    """Expect a template as it was written: in the envelope of the manual, or flat as in the SDK's own tests."""
    __tracebackhide__ = True
    body = expect.json_object(response, *statuses)
    inside = body.get("deviceTemplates", body)
    expect.check(isinstance(inside, dict), response, "a template")
    template = cast("dict[str, Any]", inside)
    check_template(response, template)
    expect.fields(response, template, {"id": str})
    return template


# --- tokens ----------------------------------------------------------------------------------------------------------


def token_of(response: httpx.Response) -> str:
    """Expect the answer to a token call and return the token."""
    __tracebackhide__ = True
    body = expect.json_object(response, *CREATED)
    expect.fields(response, body, {"accessToken": str})
    expect.check(_PRINTABLE.fullmatch(body["accessToken"]), response, "a token that fits into a header")
    return str(body["accessToken"])


def parts_of(token: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Expect a JWT; return its header, its claims and its signature as it is."""
    __tracebackhide__ = True
    header, payload, signature = [*token.split("."), "", "", ""][:3]
    if token.count(".") != 2:
        raise AssertionError(f"the token has {token.count('.') + 1} parts; expected three")
    return _unpack(header), _unpack(payload), signature


def claims_of(token: str) -> dict[str, Any]:
    """Expect a JWT and return its claims."""
    __tracebackhide__ = True
    return parts_of(token)[1]


def packed(header: Mapping[str, Any], claims: Mapping[str, Any], signature: str = "") -> str:
    """Return a JWT with any signature."""
    return f"{_signed_part(header, claims)}.{signature}"


def signed(claims: Mapping[str, Any], key: bytes) -> str:
    """Return a JWT that is signed with a key of ours."""
    header = {"alg": "HS256", "typ": "JWT"}
    digest = hmac.digest(key, _signed_part(header, claims).encode(), hashlib.sha256)
    return packed(header, claims, _text(digest))


def _signed_part(header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    return ".".join(_text(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unpack(part: str) -> dict[str, Any]:
    __tracebackhide__ = True
    try:
        value = json.loads(base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        raise AssertionError("a part of the token is not base64url of JSON") from None
    if not isinstance(value, dict):
        raise AssertionError("a part of the token is no JSON object")  # noqa: TRY004 - the target's fault, not a type error
    return cast("dict[str, Any]", value)
