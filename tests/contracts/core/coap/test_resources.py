"""The table of resources: where a request belongs, and what may be answered there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.contracts.core.access import Access
from vendorlab.contracts.core.coap.line import Answer
from vendorlab.contracts.core.coap.message import Message, Option, Options, Type
from vendorlab.contracts.core.coap.resources import Resources
from vendorlab.contracts.core.errors import SpecError
from vendorlab.contracts.core.target import Target

if TYPE_CHECKING:
    from pathlib import Path

ROW: dict[str, Any] = {"method": "GET", "host": "device", "codes": {"2.05": 60, "2.03": None}, "claims": []}
TABLE = Resources(
    {
        "refusals": {"4.04": "not there"},
        "operations": [
            {**ROW, "name": "open", "method": "POST", "host": "gateway", "path": "/sessions", "codes": {"2.01": None}},
            {**ROW, "name": "read", "path": "/snsr/{board}/{sensor}", "query": "sens"},
            {**ROW, "name": "set", "method": "PUT", "path": "/snsr/{board}/{sensor}", "query": "cfg="},
            {**ROW, "name": "text", "path": "/text", "codes": {"2.05": 0}},
        ],
    }
)
HOST = "coap://SSN001350050047dd92.example.com:4849"


def request(code: str, *options: tuple[int, bytes]) -> Message:
    return Message(Type.CON, code, 1, b"", options)


def by_uri(path: str) -> tuple[int, bytes]:
    return Option.PROXY_URI.value, f"{HOST}{path}".encode()


APART: Options = (
    (Option.PROXY_SCHEME, b"coap"),
    (Option.URI_HOST, b"host"),
    (Option.URI_PATH, b"snsr"),
    (Option.URI_PATH, b"arduino"),
    (Option.URI_PATH, b"temp"),
)


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        (request("0.02", (Option.URI_PATH, b"sessions")), "open"),
        (request("0.01", (Option.URI_PATH, b"sessions")), None),
        (request("0.02", by_uri("/sessions")), None),
        (request("0.01", by_uri("/snsr/arduino/temp?sens")), "read"),
        (request("0.01", by_uri("/snsr/arduino/t%65mp?s%65ns")), "read"),
        (request("0.01", by_uri("/snsr/arduino/temp?senses")), None),
        (request("0.01", by_uri("/snsr/arduino/temp")), None),
        (request("0.01", by_uri("/snsr/arduino/temp/more?sens")), None),
        (request("0.01", *APART, (Option.URI_QUERY, b"sens")), "read"),
        (request("0.03", by_uri("/snsr/arduino/temp?cfg=C")), "set"),
        (request("0.03", *APART, (Option.URI_QUERY, b"cfg=C")), "set"),
        (request("0.03", by_uri("/snsr/arduino/temp?cfg")), None),
        (request("0.05", by_uri("/text")), None),
        (request("0.01", (Option.PROXY_URI, b"\xff")), None),
        (request("0.01", (Option.URI_PATH, b"\xff")), None),
        (request("0.01", (Option.PROXY_URI, b"coap://[")), None),
    ],
)
def test_request_belongs_to_a_row_or_to_none(asked: Message, name: str | None) -> None:
    found = TABLE.match(asked)
    assert (found.name if found else None) == name


def answer(path: str, code: str, payload: bytes = b"", kind: bytes | None = None) -> Answer:
    options: Options = () if kind is None else ((Option.CONTENT_FORMAT.value, kind),)
    return Answer(request("0.01", by_uri(path)), Message(Type.ACK, code, 1, b"", options, payload))


@pytest.mark.parametrize(
    "good",
    [
        answer("/snsr/arduino/temp?sens", "2.05", b"x", b"\x3c"),
        answer("/snsr/arduino/temp?sens", "2.05"),
        answer("/snsr/arduino/temp?sens", "2.03"),
        answer("/snsr/arduino/temp?sens", "4.04", b"not there"),
        answer("/text", "2.05", b"x"),
        answer("/text", "2.05", b"x", b""),
        answer("/elsewhere", "5.31", b"x", b"\x3c"),
    ],
)
def test_answer_of_the_table_is_taken(good: Answer) -> None:
    TABLE.check(good)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (answer("/snsr/arduino/temp?sens", "2.04"), "of read 2.03 or 2.05"),
        (answer("/snsr/arduino/temp?sens", "4.05"), "of read 2.03 or 2.05"),
        (answer("/snsr/arduino/temp?sens", "2.05", b"x"), "a payload of Content-Format 60"),
        (answer("/snsr/arduino/temp?sens", "2.05", b"x", b"\x2a"), "a payload of Content-Format 60"),
        (answer("/text", "2.05", b"x", b"\x2a"), "a payload of Content-Format 0"),
    ],
)
def test_answer_that_the_table_has_not_is_the_targets_fault(bad: Answer, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        TABLE.check(bad)


def test_answers_are_counted_by_row() -> None:
    access = Access(Target("itron-coap", "coap://127.0.0.1:5683"))
    access.answers["read", "2.05"] += 2
    assert access.operations_seen(TABLE) == {"open": {}, "read": {"2.05": 2}, "set": {}, "text": {}}
    access.close()


def test_table_that_cannot_be_used_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def folder(name: str) -> Path:
        return tmp_path

    monkeypatch.setattr("vendorlab.contracts.core.coap.resources.suite_folder", folder)
    assert Resources.find("acme") is None
    for text in ("operations: [", "[]", "refusals: {}\noperations: [{name: x}]"):
        (tmp_path / "resources.yaml").write_text(text)
        with pytest.raises(SpecError, match=r"'acme' has no usable resources\.yaml"):
            Resources.find("acme")
