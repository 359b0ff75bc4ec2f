"""What a suite expects of answers. Whatever else comes is the target's fault, and so an ``AssertionError``.

The forms are those of Django REST framework and of OAuth 2, which more than one vendor shares.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import httpx

ERA = (400, 401)
"""By the age of its libraries a token endpoint refuses a grant or a scope with one or the other."""
_EXCERPT = 300


def check(holds: object, response: httpx.Response, expected: str) -> None:
    """Fail unless something holds, telling what was asked, what was answered and what was expected."""
    __tracebackhide__ = True
    if not holds:
        raise AssertionError(f"{_told(response)}; expected {expected}")


def status(response: httpx.Response, *expected: int) -> None:
    """Expect one of some statuses."""
    __tracebackhide__ = True
    check(response.status_code in expected, response, " or ".join(map(str, expected)))


def media_type(response: httpx.Response) -> str:
    """Return the media type without parameters, in lower case; empty if none is said."""
    return str(response.headers.get("Content-Type", "")).partition(";")[0].strip().lower()


def json_body(response: httpx.Response) -> Any:
    """Expect JSON, said to be so, and return it."""
    __tracebackhide__ = True
    check(media_type(response) == "application/json", response, "application/json")
    try:
        return response.json()
    except ValueError:
        raise AssertionError(f"{_told(response)}; expected a body in JSON") from None


def json_object(response: httpx.Response, *expected: int) -> dict[str, Any]:
    """Expect a status (200 if none is said) and a JSON object, and return it."""
    __tracebackhide__ = True
    status(response, *(expected or (200,)))
    body = json_body(response)
    check(isinstance(body, dict), response, "a JSON object")
    return cast("dict[str, Any]", body)


def json_objects(response: httpx.Response) -> list[dict[str, Any]]:
    """Expect 200 and a bare JSON array of objects, and return it."""
    __tracebackhide__ = True
    status(response, 200)
    body = json_body(response)
    check(isinstance(body, list), response, "a bare JSON array")
    rows = cast("list[Any]", body)
    check(all(isinstance(row, dict) for row in rows), response, "an array of objects")
    return rows


def fields(response: httpx.Response, row: Mapping[str, Any], types: Mapping[str, type | tuple[type, ...]]) -> None:
    """Expect fields of certain types in an object; others may be there too. A boolean is no number."""
    __tracebackhide__ = True
    for name, kinds in types.items():
        check(name in row, response, f"a field {name!r}")
        value = row[name]
        allowed = kinds if isinstance(kinds, tuple) else (kinds,)
        right = isinstance(value, allowed) and (not isinstance(value, bool) or bool in allowed)
        wanted = " or ".join(kind.__name__ for kind in allowed)
        check(right, response, f"{name!r} to be {wanted}, not {value!r}")


def detail(response: httpx.Response, expected_status: int, *texts: str) -> None:
    """Expect a framework error: a status and ``{"detail": …}``, with one of some texts if any are given."""
    __tracebackhide__ = True
    body = json_object(response, expected_status)
    fields(response, body, {"detail": str})
    check(not texts or body["detail"] in texts, response, "the detail " + " or ".join(map(repr, texts)))


def not_found(response: httpx.Response) -> None:
    """Expect a resource's own 404, in the words of either era."""
    __tracebackhide__ = True
    detail(response, 404)
    right = re.fullmatch(r"Not found\.|No \w+ matches the given query\.", json_body(response)["detail"])
    check(right, response, "the detail 'Not found.' or 'No … matches the given query.'")


def no_such_path(response: httpx.Response) -> None:
    """Expect the 404 of a path that leads nowhere: never in JSON."""
    __tracebackhide__ = True
    status(response, 404)
    check(media_type(response) == "text/html", response, "text/html, since no resource is there to answer in JSON")


def field_errors(response: httpx.Response, expected: Mapping[str, list[str]]) -> None:
    """Expect 400 and one list of messages per wrong field."""
    __tracebackhide__ = True
    check(json_object(response, 400) == expected, response, repr(dict(expected)))


def oauth_error(
    response: httpx.Response, error: str, statuses: Collection[int], description: str | None = None
) -> None:
    """Expect an OAuth error and nothing beside it but the description, if one is expected."""
    __tracebackhide__ = True
    body = json_object(response, *statuses)
    wanted = {"error": error, **({"error_description": description} if description else {})}
    check(body == wanted, response, repr(wanted))


def allows(response: httpx.Response) -> set[str]:
    """Return the methods that the answer allows; expect it to name some."""
    __tracebackhide__ = True
    check("Allow" in response.headers, response, "an Allow header")
    return {method.strip() for method in str(response.headers["Allow"]).split(",")}


def header_words(response: httpx.Response, name: str) -> set[str]:
    """Return the words of a header that is a list, in lower case."""
    return {word.strip().lower() for word in str(response.headers.get(name, "")).split(",")} - {""}


def _told(response: httpx.Response) -> str:
    request = response.request
    text = response.text if len(response.text) <= _EXCERPT else response.text[:_EXCERPT] + "…"
    return f"{request.method} {request.url.path} answered {response.status_code} {media_type(response)} {text!r}"
