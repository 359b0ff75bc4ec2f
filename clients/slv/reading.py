"""Reading answers in either of the vendor's two forms, JSON and XML, with one face.

JSON is asked for. A server that insists on XML is understood as well: an object is an element whose children are its
members, a list one whose children are its items, and nothing tells the two apart but who reads. So a `Node` of either
form is asked for what should be there, and says whether it is. The same holds for numbers and booleans, which are text
in XML; as real servers write numbers as text in JSON too (an `errorCode` of "0"), that is let through in both.

XML is read by defusedxml, without entities and without a document type.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from defusedxml.ElementTree import ParseError, fromstring

from ..core.errors import NotJson, OperationFailed
from ..core.reading import Node, is_list, is_object, unexpected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    import httpx

    from ..core.steps import Call

INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}")
NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
BOOLEANS: Final = {"true": True, "false": False}

PAGE_MARKS: Final = (b"<!doctype html", b"<html")
LOGIN_MARK: Final = re.compile(rb"j_security_check|j_password|type\s*=\s*[\"']?password", re.IGNORECASE)
"""What tells a login page from any other."""

MARKED: Final = 100_000
"""Bytes of a page that are looked through for the mark."""

SAID: Final = 200
"""Characters of a plain text that go into an error, at most."""


@dataclass(frozen=True, slots=True)
class JsonNode(Node):
    """A value in a JSON answer. A number or a boolean may be written as text."""

    def text(self) -> str:
        """Return a string; of a number or a boolean, as JSON writes it."""
        if isinstance(self.value, bool | int | float):
            return json.dumps(self.value)
        return Node.text(self)

    def number(self) -> int | float:
        """Return a finite number."""
        return _number(self) if isinstance(self.value, str) else Node.number(self)

    def integer(self, *, minimum: int | None = None) -> int:
        """Return an integer, not below the minimum."""
        return _integer(self, minimum) if isinstance(self.value, str) else Node.integer(self, minimum=minimum)

    def boolean(self) -> bool:
        """Return a boolean."""
        return _boolean(self) if isinstance(self.value, str) else Node.boolean(self)

    def plain(self) -> Any:
        """Return the value as it is."""
        return self.value


@dataclass(frozen=True, slots=True)
class XmlNode(Node):
    """An element in an XML answer; null is an absent element."""

    def object(self) -> dict[str, Any]:
        """Return the members; of an element without any, none."""
        if len(self._element) == 0 and self._text():
            raise self.unexpected("expected an object, got text")
        return {child.tag: child for child in self._element}

    def maybe(self, name: str) -> Node | None:
        """Return a member, or None if it is absent."""
        found = next((child for child in self._element if child.tag == name), None)
        if found is None:
            self.object()  # which it must be, all the same
            return None
        return self._at(self._below(name), found)

    def items(self) -> Iterator[Node]:
        """Walk over the children, whatever their names, also where the list is wrapped into one that says so."""
        if len(self._element) == 0 and self._text():
            raise self.unexpected("expected a list, got text")
        children = list(self._element)
        if len(children) == 1 and str(children[0].tag).endswith("-array"):
            children = list(children[0])
        for index, child in enumerate(children):
            yield XmlNode(self.call, self.status, child, f"{self.place}[{index}]")

    @property
    def is_null(self) -> bool:
        """Never: what is null is not there."""
        return False

    def text(self) -> str:
        """Return the text."""
        if len(self._element):
            raise self.unexpected("expected text, got elements")
        return self._element.text or ""

    def number(self) -> int | float:
        """Return a finite number."""
        return _number(self)

    def integer(self, *, minimum: int | None = None) -> int:
        """Return an integer, not below the minimum."""
        return _integer(self, minimum)

    def boolean(self) -> bool:
        """Return a boolean."""
        return _boolean(self)

    def plain(self) -> Any:
        """Return the element as JSON would have it, as far as can be told.

        Children that are all of one name which is that of a class, or that repeats, make a list; others an object. All
        else is text.
        """
        try:
            return _plain(self._element)
        except RecursionError:
            pass
        raise self.unexpected("nested too deeply")

    @property
    def _element(self) -> Element:
        element: Element = self.value
        return element

    def _text(self) -> str:
        return (self._element.text or "").strip()


def _plain(element: Element) -> Any:
    children = list(element)
    if not children:
        return element.text or ""
    names = {str(child.tag) for child in children}
    (name, *others) = names
    is_class = name[:1].isupper() or "." in name or name.endswith("-array") or name == "string"
    if not others and (is_class or len(children) > 1):
        return [_plain(child) for child in children]
    return {str(child.tag): _plain(child) for child in children}


def _number(node: Node) -> int | float:
    text = node.text().strip()
    if INTEGER.fullmatch(text):
        return int(text)
    if NUMBER.fullmatch(text) and isfinite(number := float(text)):
        return number
    raise node.unexpected("expected a finite number, got other text")


def _integer(node: Node, minimum: int | None) -> int:
    text = node.text().strip()
    if not INTEGER.fullmatch(text):
        raise node.unexpected("expected an integer, got other text")
    number = int(text)
    if minimum is not None and number < minimum:
        raise node.unexpected(f"expected an integer of at least {minimum}")
    return number


def _boolean(node: Node) -> bool:
    value = BOOLEANS.get(node.text().strip().lower())
    if value is None:
        raise node.unexpected("expected a boolean, got other text")
    return value


def plain(node: Node) -> Any:
    """Return a value of either form as plain lists, dicts and scalars."""
    assert isinstance(node, JsonNode | XmlNode)
    return node.plain()


def is_page(response: httpx.Response) -> bool:
    """Tell whether an answer is a web page rather than data."""
    start = response.content[:1_000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start.startswith(b"<"):
        return False
    return "html" in _kind(response) or start.startswith(PAGE_MARKS)


def is_login_page(response: httpx.Response) -> bool:
    """Tell whether an answer is a page with a place for a password."""
    return is_page(response) and LOGIN_MARK.search(response.content[:MARKED]) is not None


def plain_text(response: httpx.Response) -> str:
    """Return the first line of an answer in plain text; "" for any other."""
    if _kind(response) != "text/plain":
        return ""
    line = response.text.strip().partition("\n")[0].strip()
    return line[:SAID] if line.isprintable() else ""


def read(response: httpx.Response, call: Call) -> Node:
    """Read a success, in whichever form it came.

    Raises:
        NotJson: It is neither JSON nor XML.
        OperationFailed: It is a result that says that the operation failed.
    """
    if is_page(response):
        raise unexpected(response, call, "a web page in place of an answer", NotJson)
    body = response.content.lstrip(b"\xef\xbb\xbf \t\r\n")
    node = _xml(response, call) if body.startswith(b"<") else _json(response, call)
    return checked(node)


def _json(response: httpx.Response, call: Call) -> Node:
    with suppress(ValueError, RecursionError):
        return JsonNode(call, response.status_code, json.loads(response.content.removeprefix(b"\xef\xbb\xbf")))
    # Raised out here, not in an `except`: the JSON error holds the whole body.
    raise unexpected(response, call, "the body is neither JSON nor XML", NotJson)


def _xml(response: httpx.Response, call: Call) -> Node:
    # ValueError is that of defusedxml, which refuses what makes XML dangerous, and of encodings that expat has not.
    with suppress(ParseError, ValueError, LookupError, RecursionError):
        return XmlNode(call, response.status_code, fromstring(response.content.lstrip(), forbid_dtd=True))
    raise unexpected(response, call, "the body is neither JSON nor safe XML", NotJson)


def checked(node: Node) -> Node:
    """Let an answer through unless it is a result that says that the operation failed.

    Raises:
        OperationFailed: Its errorCode is not 0, or its status is ERROR.
    """
    code = node.present("errorCode") if _has_members(node) else None
    if code is None:
        return node
    said = code.text().strip()
    number = int(said) if INTEGER.fullmatch(said) else said
    status = node.present("status")
    if number == 0 and (status is None or status.text() != "ERROR"):
        return node
    label, message = _words(node, "errorCodeLabel"), _words(node, "message") or _words(node, "value")
    raise OperationFailed(
        f"error {said}" + (f" {label}" if label else "") + (f": {message}" if message else ""),
        status=node.status,
        code=number,
        label=label,
        detail=message,
        method=node.call.method,
        path=node.call.path,
    )


def _has_members(node: Node) -> bool:
    return len(node.value) > 0 if isinstance(node, XmlNode) else is_object(node.value)


def _words(node: Node, name: str) -> str:
    """Return a member that is for people, or "": `value` is text at one time and a list at another."""
    words = node.present(name)
    return "" if words is None or _has_members(words) or is_list(words.value) else words.text()


def value_of(node: Node) -> Node:
    """Return the value of a result.

    Raises:
        UnexpectedResponse: It has none.
    """
    return node.member("value")


def _kind(response: httpx.Response) -> str:
    kind: str = response.headers.get("Content-Type", "")
    return kind.partition(";")[0].strip().lower()
