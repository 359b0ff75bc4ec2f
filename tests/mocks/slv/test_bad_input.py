"""Bodies and paths that make no sense: SLV's own answers, quickly, and never a traceback."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.mocks.slv.support import API, LAMP, Caller
from tests.mocks.support import make_world

from vendorlab.mocks.slv.app import LARGEST_BODY
from vendorlab.mocks.slv.calls import SERVLETS
from vendorlab.mocks.slv.catalogue import METHODS

if TYPE_CHECKING:
    import httpx

IMPORT = f"{API}loggingmanagement/importDevicesFromCsvFileAsync"
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY x SYSTEM "file:///etc/passwd">]><devices>&c;&x;</devices>'
)
SHARED = Caller(make_world("slv", settings={"failure_rate": 0}))


def own_answer(caller: Caller, answer: httpx.Response) -> bool:
    """Whether it is an answer of SLV's, and no mistake of ours."""
    return caller.last.cause != "defect" and "Traceback" not in answer.text


@pytest.mark.parametrize("profile", ["body", "form"])
def test_body_of_ten_megabytes_is_taken_and_one_byte_more_is_413(caller: Caller, profile: str) -> None:
    head = b"controllerStrId,idOnController,comment\n"
    if profile == "body":
        filler = b"LP-001,L00001," + b"x" * 900 + b"\n"
        body = (head + filler * (LARGEST_BODY // len(filler)))[:LARGEST_BODY]
        answer = caller.http.post(f"{IMPORT}?ser=json", content=body)
        assert answer.json()["status"] == "OK"
    else:
        body = b"csvFile=" + b"x" * (LARGEST_BODY - 8)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        assert caller.http.post(f"{IMPORT}?ser=json", content=body, headers=headers).json()["status"] == "ERROR"
    answer = caller.http.post(IMPORT, content=b"x" * (LARGEST_BODY + 1))
    assert (answer.status_code, answer.text) == (413, "Request Entity Too Large")


BODIES = {
    "bomb": BOMB,
    "deep": "<a>" * 100_000,
    "binary": bytes(range(256)) * 100,
    "quote": '"' + "x" * 300_000,
    "one line": "controllerStrId,idOnController," + ",".join("comment" for _ in range(200)),
    "many rows": "controllerStrId,idOnController\n" + "LP-001,L00001\n" * 20_001,
    "twice": "controllerStrId,idOnController,comment,comment\n",
    "unknown": "controllerStrId,idOnController,password\n",
    "nul": "controllerStrId,idOnController\nLP-001,\x00\n",
    "utf-16": "controllerStrId,idOnController".encode("utf-16"),
    "blank": " \n \n",
    "json": '{"controllerStrId": "LP-001"}',
}


@pytest.mark.parametrize("name", list(BODIES))
def test_file_that_is_none_is_refused_or_fails_as_a_batch(caller: Caller, name: str) -> None:
    began = time.perf_counter()
    body: Any = BODIES[name]
    content = body if isinstance(body, bytes) else body.encode()
    answer = caller.http.post(f"{IMPORT}?ser=json", content=content, headers={"Content-Type": "text/xml"})
    found = answer.json()
    if found["batchId"] is not None:
        found = caller.finished(found)
    assert (found["batchRunning"], found["status"]) == (False, "ERROR")
    assert "passwd" not in str(found)
    assert "lollol" not in str(found)
    assert own_answer(caller, answer)
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize("path", ["asset/getDevice", "dimming/switchOn", "servlet/SLVDimmingAPI"])
def test_bomb_in_any_other_place_is_just_text(caller: Caller, path: str) -> None:
    for kind in ("text/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = caller.http.post(API + path, content=BOMB.encode(), headers={"Content-Type": kind})
        assert own_answer(caller, answer)
    answer = caller.ask("asset/getDevice", {"controllerStrId": BOMB, "idOnController": BOMB})
    assert answer.status_code == 500
    assert "lollol" not in answer.text


def test_text_with_markup_comes_back_as_it_went_in(caller: Caller) -> None:
    text = "<!ENTITY & \"quotes\" 'and' ]]> \u00fc\u4e2d\U0001f4a1"
    fields = {**LAMP, "valueName": "comment", "value": text}
    assert caller.value("loggingmanagement/setDeviceValues", fields) == "OK"
    from tests.mocks.slv.support import parsed

    root = parsed(caller.ask("logging/getDeviceLastValues", {**LAMP, "valueNames": "comment"}))
    assert root.findtext("SLVLogValue/value") == text == caller.last_value("comment")


def test_too_many_parameters_are_400_in_both_styles(caller: Caller) -> None:
    body = "&".join(f"a{number}=1" for number in range(10_001)).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for path in ("asset/getDevice", "servlet/SLVAssetAPI"):
        answer = caller.http.post(API + path, content=body, headers=headers)
        assert (answer.status_code, caller.last.cause) == (400, "too-many-parameters")


ALPHABET = st.text(max_size=20)
FIELDS = st.dictionaries(
    st.sampled_from(sorted({name for method in METHODS for one in method.parameters for name in (one.name, *one.also)}))
    | ALPHABET,
    st.lists(ALPHABET | st.integers().map(str) | st.sampled_from(["LP-001", "L00001", "1", "2", "true"]), max_size=3),
    max_size=6,
)
WRITERS = [method for method in METHODS if method.name not in ("changePassword", "updateProfilProperties")]


@given(st.sampled_from(WRITERS), FIELDS, st.booleans())
def test_no_parameters_break_any_method(method: Any, fields: dict[str, list[str]], in_path: bool) -> None:
    SHARED.log_in()
    if in_path:
        answer = SHARED.http.post(f"{API}{method.operation}", data=fields)
    else:
        names = {"methodName": method.servlet} | fields
        answer = SHARED.http.post(f"{API}servlet/{SERVLETS[method.service]}", data=names)
    assert own_answer(SHARED, answer), answer.text
    assert answer.status_code in (200, 403, 404, 500)


@given(st.text(max_size=40), st.binary(max_size=40))
def test_no_path_and_no_cookie_break_anything(path: str, cookie: bytes) -> None:
    from urllib.parse import quote

    headers = {b"Cookie": b"JSESSIONID=" + bytes(byte for byte in cookie if byte not in b"\r\n\0")}
    answer = SHARED.http.get(f"/reports/{quote(path)}", headers=headers)
    assert own_answer(SHARED, answer)
    assert answer.status_code in (200, 302, 404, 405, 408)
