"""Recordings: shapes without values, and nothing at all where something looks like a secret."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.contracts.core.access import Access
from vendorlab.contracts.core.claims import Claim, Source
from vendorlab.contracts.core.company import Company
from vendorlab.contracts.core.errors import LeakError
from vendorlab.contracts.core.leaks import check_clean, rules
from vendorlab.contracts.core.recording import Recorder, evidence, write_recording
from vendorlab.contracts.core.redaction import Secrets
from vendorlab.contracts.core.report import Result, Verdict
from vendorlab.contracts.core.shapes import Shape, form_of
from vendorlab.contracts.core.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

AWAY, HERE = "https://scanalytics.example", "http://127.0.0.1:7071"
AT = datetime(2026, 11, 21, 5, tzinfo=UTC)
TEST = "scanalytics/test_resources.py::test_whoami"
CLAIM = Claim("scanalytics.whoami.fields", "It tells who.", Source.INFERRED, "Judgement", date(2026, 11, 20))
USER = {"username": "ada@example.com", "timezone": "America/Chicago", "since": "2018-03-01T00:00:00Z", "key": 7}
RESULT = Result(TEST, "scanalytics", (CLAIM.id,), Verdict.PASSED)


def recorded(
    answer: Callable[[httpx.Request], httpx.Response], *paths: str, url: str = AWAY, result: Result = RESULT
) -> dict[str, Any]:
    recorder = Recorder("scanalytics")
    target = Target("scanalytics", url, {"password": "hunter2hunter2"})
    access = Access(target, transport=httpx.MockTransport(answer), witness=recorder)
    recorder.below(url)
    recorder.test = TEST
    for path in paths:
        access.exchange.get(path)
    return recorder.recording(access, [result], {CLAIM.id: result.verdict}, AT)


def whoami(body: Any = USER, **headers: str) -> Callable[[httpx.Request], httpx.Response]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: httpx.Response(200, json=body, headers=sent)


def test_exchange_is_recorded_by_its_operation_as_a_shape() -> None:
    document = recorded(whoami(Vary="Accept", X_Request_Id="3f9a2c1d3f9a2c1d3f9a2c1d"), "/v1/whoami?timezone=UTC&x9=1")
    [exchange] = document["exchanges"]
    assert (exchange["operation"], exchange["status"], exchange["test"]) == ("GET /{version}/whoami", "200", TEST)
    assert {path: row["types"] for path, row in exchange["fields"].items()} == {
        "$": ["object"],
        "$.key": ["integer"],
        "$.since": ["string:time-with-zone"],
        "$.timezone": ["string:text"],
        "$.username": ["string:e-mail"],
    }
    assert exchange["values"] == {"content-type": ["application/json"], "vary": ["Accept"]}
    assert "x-request-id" in exchange["headers"]["always"]
    assert (document["target"], document["real"], document["at"]) == (AWAY, True, "2026-11-21T05:00:00+00:00")


def test_no_value_is_in_a_recording() -> None:
    text = json.dumps(recorded(whoami(X_Trace="3f9a2c1d3f9a2c1d"), "/v1/whoami", "/v1/array/8ERGU", "/secret-9x/8ERGU"))
    for value in ("ada", "Chicago", "2018", "3f9a2c1d", "8ERGU", "secret-9x", "hunter2"):
        assert value not in text, value


def test_field_that_is_missing_once_is_optional() -> None:
    shape = Shape()
    for row in ({"a": 1, "b": None}, {"a": "x"}):
        shape.add([row])
    assert shape.document() == {
        "$": {"types": ["array"]},
        "$[]": {"types": ["object"]},
        "$[].a": {"types": ["integer", "string:word"]},
        "$[].b": {"types": ["null"], "optional": True},
    }


@pytest.mark.parametrize(
    ("body", "headers", "message"),
    [
        ({"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0": 1}, {}, "looks like a JSON web token"),
        ({"a1b2c3d4e5f6a7b8": 1}, {}, "looks like a hexadecimal id"),
        ({"k9Qw3ZxT7bLm2Vn8Rp4Y": 1}, {}, "looks like a token"),
        ({"hunter2hunter2": 1}, {}, "one of the run's own secrets"),
        (USER, {"Cache_Control": "private; user=ada"}, "the header cache-control has a value of no known form"),
        (USER, {"WWW_Authenticate": 'Bearer realm="api", nonce="abc"'}, "the header www-authenticate"),
    ],
)
def test_what_looks_like_a_secret_stops_the_recording(body: Any, headers: dict[str, str], message: str) -> None:
    with pytest.raises(LeakError, match=message) as caught:
        recorded(whoami(body, **headers), "/v1/whoami")
    told = str(caught.value)
    assert told.startswith(f"GET /{{version}}/whoami → 200, in {TEST}: ")
    assert not any(value in told for value in ("eyJ", "a1b2", "k9Qw", "hunter2", "ada", "nonce"))


@given(st.text(st.sampled_from("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"), min_size=14, max_size=40),
       st.text(st.sampled_from("23456789"), min_size=6, max_size=20), st.randoms())  # fmt: skip
def test_chance_is_taken_for_a_token(letters: str, digits: str, chance: Any) -> None:
    mixed = list(letters + digits)
    chance.shuffle(mixed)
    if len(set(mixed)) >= 14:
        with pytest.raises(LeakError):
            check_clean({"x": "".join(mixed)}, Secrets())


@pytest.mark.parametrize(
    "text",
    ["GET /{version}/aggregate/{arrayKey}/visits/{bucket}", "controllerStrId", "application/json; charset=utf-8",
     "newPasswordConfirmationRequiredForTheUser", "string:time-with-zone", "$.results[].geometry.coordinates[]"],
)  # fmt: skip
def test_words_are_not_taken_for_tokens(text: str) -> None:
    check_clean({"x": [text]}, Secrets())


@given(st.text())
def test_form_is_one_of_a_few_and_never_the_text(text: str) -> None:
    assert form_of(text) in {
        "empty", "digits", "number", "date", "uuid", "hex", "address", "e-mail", "token", "word", "text", "time",
        "time-with-zone",
    }  # fmt: skip


def test_every_pattern_of_a_header_is_held_to_the_whole_value() -> None:
    for name in rules().headers:
        with pytest.raises(LeakError):
            rules().header_value(name, "k9Qw3ZxT7bLm2Vn8Rp4Y = \x7f")
    assert rules().header_value("x-unknown", "anything") is None


@pytest.mark.parametrize(
    ("url", "verdict", "observed"), [(AWAY, "passed", True), (HERE, "passed", False), (AWAY, "failed", False)]
)
def test_claim_is_observed_where_it_passed_on_the_real_one(url: str, verdict: str, observed: bool) -> None:
    result = Result(TEST, "scanalytics", (CLAIM.id,), Verdict(verdict))
    found = evidence(recorded(whoami(), "/v1/whoami", url=url, result=result), [CLAIM])
    assert (found[CLAIM.id]["observed"], found[CLAIM.id]["verdict"]) == (observed, verdict)
    assert [each["status"] for each in found[CLAIM.id]["exchanges"]] == ["200"]


def test_claim_that_was_not_asked_has_no_evidence() -> None:
    result = Result(TEST, "scanalytics", (CLAIM.id,), Verdict.SKIPPED)
    assert evidence(recorded(whoami(), result=result), [CLAIM]) == {}


def test_recording_and_evidence_lie_side_by_side(tmp_path: Path) -> None:
    write_recording(tmp_path, recorded(whoami(), "/v1/whoami"), [CLAIM])
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.json")) == [
        "claims/scanalytics.whoami.fields.json",
        "scanalytics.json",
    ]


def test_recording_that_cannot_be_written_is_a_line_and_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "file").touch()
    company = Company(Target("scanalytics", "http://127.0.0.1:9"), None, tmp_path / "file" / "folder")
    access = company.access((), None, None)
    trouble = company.finish(access, [CLAIM], [], AT)
    access.close()
    assert trouble == f"the recording cannot be written to {tmp_path / 'file' / 'folder'}: Not a directory"
