"""The requests of the Data Platform's suite, and its reading of answers."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.contracts.core.access import Access
from vendorlab.contracts.core.target import Target
from vendorlab.contracts.itron.platform import forms
from vendorlab.contracts.itron.platform.api import Api, devices, observations, templates
from vendorlab.contracts.itron.platform.readings import Page, Times, cursor, numbers, origin, page, walk
from vendorlab.contracts.itron.platform.workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Callable

URL = "http://127.0.0.1:7073"
CREDENTIALS = {"client_id": "app", "client_secret": "s+c/ret"}
DEVICE = "5d0f6c3e-2b7a-4a41-9f58-0c1d2e3f4a5b"
TOKEN = forms.packed({"alg": "HS256"}, {"exp": 3_600}, "signature")


def access(handler: Callable[[httpx.Request], httpx.Response], budget: int | None = None) -> Access:
    target = Target("itron-platform", URL, CREDENTIALS)
    return Access(target, budget=budget, transport=httpx.MockTransport(handler))


def answering(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.Response(status, json=body, headers=headers, request=httpx.Request("GET", f"{URL}/x"))


class Recorder:
    """Keeps what was sent, and answers from a row of answers, the last one again and again."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.answers = list(answers)
        self.sent: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        answer = self.answers[min(len(self.sent), len(self.answers)) - 1]
        return httpx.Response(answer.status_code, content=answer.content, headers=answer.headers)


# --- requests --------------------------------------------------------------------------------------------------------


def test_token_call_sends_json_and_no_authorization() -> None:
    recorder = Recorder(answering({"accessToken": TOKEN}))
    assert Api(access(recorder)).token() == TOKEN
    (sent,) = recorder.sent
    assert (sent.method, sent.url.path) == ("POST", "/api/tokens")
    assert json.loads(sent.content) == {"clientId": "app", "clientSecret": "s+c/ret"}
    assert "Authorization" not in sent.headers


def test_token_goes_bare_and_from_stands_for_a_word_that_python_keeps() -> None:
    recorder = Recorder(answering({}))
    Api(access(recorder)).get("/x", "a.b.c", from_="1", to="2")
    assert recorder.sent[0].headers["Authorization"] == "a.b.c"
    assert str(recorder.sent[0].url) == f"{URL}/x?from=1&to=2"


def test_bytes_go_as_they_are_and_without_a_content_type_if_none_is_said() -> None:
    recorder = Recorder(answering({}))
    api = Api(access(recorder))
    api.send("POST", "/x", None, b"{", None)
    api.send("POST", "/x", "t", b"{")
    assert [each.headers.get("Content-Type") for each in recorder.sent] == [None, "application/json"]
    assert [each.headers.get("Authorization") for each in recorder.sent] == [None, "t"]


@pytest.mark.parametrize(
    ("path", "target"), [("/x?", b"/x?"), (f"{URL}/x?a=%2B&b=1", b"/x?a=%2B&b=1"), (f"{URL}//x", b"//x")]
)
def test_urls_go_as_they_are(path: str, target: bytes) -> None:
    """A lone question mark, a next page's query, a double slash: httpx must not tidy them up."""
    recorder = Recorder(answering({}))
    api = Api(access(recorder))
    api.http.get(path)
    api.get(path, "t")
    assert [each.url.raw_path for each in recorder.sent] == [target, target]


def test_paths_are_below_the_solution_and_ids_are_quoted() -> None:
    assert devices("s") == "/api/solutions/s/devices"
    assert devices("s", "a/b?c") == "/api/solutions/s/devices/a%2Fb%3Fc"
    assert observations("s") == "/api/solutions/s/observations"
    assert observations("s", "d") == "/api/solutions/s/devices/d/observations"
    assert templates("s", "t") == "/api/solutions/s/devicetemplates/t"


def test_second_tenant_that_was_not_given_skips() -> None:
    with pytest.raises(pytest.skip.Exception, match="set VENDORLAB_ITRON_PLATFORM_SECOND_CLIENT_ID"):
        Api(access(Recorder(answering({})))).second_token()


# --- what a test makes goes with it ----------------------------------------------------------------------------------


def test_workshop_is_a_solution_of_its_own_and_deletes_what_was_made_in_it() -> None:
    recorder = Recorder(answering({"id": DEVICE}, 201), answering({}))
    line = access(recorder)
    first, second = Workshop(Api(line), line, "t"), Workshop(Api(line), line, "t")
    assert first.solution != second.solution
    assert first.device() == DEVICE
    first.close()
    first.close()
    second.close()
    assert [(each.method, each.url.path) for each in recorder.sent] == [
        ("POST", f"{devices(first.solution)}/"),
        ("DELETE", devices(first.solution, DEVICE)),
    ]


def test_devices_go_though_the_budget_is_spent_and_the_token_expired() -> None:
    recorder = Recorder(
        answering({"id": DEVICE}, 201),
        answering({"message": "Unauthorized"}, 401),
        answering({"accessToken": TOKEN}),
        answering({}),
    )
    line = access(recorder, budget=1)
    workshop = Workshop(Api(line), line, "old")
    workshop.device()
    workshop.close()
    assert [each.headers.get("Authorization") for each in recorder.sent] == ["old", "old", None, TOKEN]


def test_device_that_cannot_be_deleted_is_told() -> None:
    line = access(Recorder(answering({"id": DEVICE}, 201), answering({"message": "no"}, 403)))
    workshop = Workshop(Api(line), line, "t")
    workshop.device()
    with pytest.raises(AssertionError, match="the device to be deleted"):
        workshop.close()


def test_device_that_was_made_against_expectation_is_remembered() -> None:
    recorder = Recorder(answering({"id": DEVICE}), answering({}))
    line = access(recorder)
    workshop = Workshop(Api(line), line, "t")
    workshop.create({"deviceType": 5})
    workshop.close()
    assert recorder.sent[-1].method == "DELETE"


@pytest.mark.parametrize("body", [{}, [], "x", None, {"devices": []}], ids=str)
def test_answer_without_a_device_leaves_nothing_to_delete(body: Any) -> None:
    recorder = Recorder(answering(body))
    line = access(recorder)
    workshop = Workshop(Api(line), line, "t")
    workshop.create({})
    workshop.close()
    assert len(recorder.sent) == 1


# --- tokens ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201])
def test_token_is_taken_with_either_status(status: int) -> None:
    assert forms.token_of(answering({"accessToken": TOKEN, "more": 1}, status)) == TOKEN


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 200), ({"accessToken": 5}, 200), ({"accessToken": ""}, 200), ({"accessToken": "a b"}, 200),
     ({"accessToken": "é"}, 200), ({"accessToken": TOKEN}, 202), ([TOKEN], 200)],
    ids=str,
)  # fmt: skip
def test_token_in_another_form_is_the_targets_fault(body: Any, status: int) -> None:
    with pytest.raises(AssertionError, match="expected"):
        forms.token_of(answering(body, status))


@given(st.dictionaries(st.text(), st.none() | st.integers() | st.text()))
def test_claims_of_any_token_are_read(claims: dict[str, Any]) -> None:
    token = forms.packed({"alg": "none"}, claims, "x")
    assert forms.parts_of(token) == ({"alg": "none"}, claims, "x")


@given(st.text() | st.binary().map(lambda data: f"{base64.urlsafe_b64encode(data).decode()}.e30.x"))
def test_any_text_is_a_token_or_the_targets_fault(text: str) -> None:
    try:
        forms.claims_of(text)
    except AssertionError:
        return


def test_own_signature_is_that_of_the_standard() -> None:
    """Else a target that takes it would not be found out."""
    token = forms.signed({"a": 1}, b"key")
    assert forms.parts_of(token)[:2] == ({"alg": "HS256", "typ": "JWT"}, {"a": 1})
    body, _, signature = token.rpartition(".")
    assert base64.urlsafe_b64decode(f"{signature}=") == hmac.new(b"key", body.encode(), "sha256").digest()


# --- refusals, devices, templates ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["message", "Message", "MESSAGE"])
def test_refusal_has_a_message_in_any_case(name: str) -> None:
    forms.refused(answering({name: "Unauthorized", "more": 1}, 401), 401, text="Unauthorized")


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 401), ({"message": 5}, 401), ({"message": "other"}, 401), ({"error": "Unauthorized"}, 401), ([], 401),
     ({"message": "Unauthorized"}, 403)],
    ids=str,
)  # fmt: skip
def test_refusal_in_another_form_is_the_targets_fault(body: Any, status: int) -> None:
    with pytest.raises(AssertionError, match="expected"):
        forms.unauthorized(answering(body, status))


def test_written_template_is_read_in_either_envelope() -> None:
    template = {"id": DEVICE, "name": "Pole sensor", "sensors": ["tilt"]}
    assert forms.written_template(answering({"deviceTemplates": template})) == template
    assert forms.written_template(answering(template)) == template


@pytest.mark.parametrize(
    "body",
    [{}, {"deviceTemplates": []}, {"deviceTemplates": {"name": "a", "sensors": []}},
     {"id": "a", "name": "b", "sensors": [{"name": "tilt", "type": "number"}]}],
    ids=str,
)  # fmt: skip
def test_template_in_another_form_is_the_targets_fault(body: Any) -> None:
    with pytest.raises(AssertionError, match="expected"):
        forms.written_template(answering(body))


@pytest.mark.parametrize("row", [{}, {"id": 1, "deviceType": "a", "domainInfo": {}}, {"id": "a", "deviceType": "b"}, 5])
def test_device_in_another_form_is_the_targets_fault(row: Any) -> None:
    with pytest.raises(AssertionError, match="expected"):
        forms.device_list(answering({"devices": [row]}))


@given(st.text())
def test_any_text_is_a_uuid_or_the_targets_fault(text: str) -> None:
    try:
        forms.check_uuid(answering({}), text)
    except AssertionError:
        return


# --- observations ----------------------------------------------------------------------------------------------------


def paged(count: int, url: str = URL) -> Recorder:
    """Answer with a page for each of so many readings."""
    stamp = "2024-05-01T12:00:00.000Z"
    pages = [
        answering(
            {"observations": [{"timestamp": stamp, "n": each}]},
            headers={"next_page": f"{url}/x?after={each}"} if each + 1 < count else None,
        )
        for each in range(count)
    ]
    return Recorder(*pages)


def first(api: Api) -> Page:
    return page(api.get("/x", "t"))


def test_pages_are_walked_by_their_headers_urls() -> None:
    recorder = paged(3)
    api = Api(access(recorder))
    assert numbers(walk(api, first(api), "t")) == [0, 1, 2]
    assert [str(each.url) for each in recorder.sent] == [f"{URL}/x", f"{URL}/x?after=0", f"{URL}/x?after=1"]


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:7074", "https://127.0.0.1:7073", "http://platform.example.com", "", "//127.0.0.1:7073", "http://[",
     "http://a:b", "junk", "ftp://127.0.0.1:7073"],
)  # fmt: skip
def test_next_page_elsewhere_is_the_targets_fault_and_is_not_asked(url: str) -> None:
    recorder = paged(3, url)
    api = Api(access(recorder))
    with pytest.raises(AssertionError, match="expected a next_page at http://"):
        walk(api, first(api), "t")
    assert len(recorder.sent) == 1


def test_walk_in_a_circle_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vendorlab.contracts.itron.platform.readings._MOST_PAGES", 20)  # fewer than are let out at once
    recorder = paged(2)
    recorder.answers = recorder.answers[:1]
    api = Api(access(recorder))
    with pytest.raises(AssertionError, match="fewer than 20 pages"):
        walk(api, first(api), "t")


@pytest.mark.parametrize(
    "text",
    ["{}", "[]", '{"observations": {}}', '{"observations": [1]}', '{"observations": [{}]}',
     '{"data": [], "next_page": null}', '{"observations": [{"timestamp": 5}]}'],
)  # fmt: skip
def test_observations_in_another_form_are_the_targets_fault(text: str) -> None:
    with pytest.raises(AssertionError, match="expected"):
        page(answering(json.loads(text)))


def test_values_are_read_exactly_and_as_they_were_written() -> None:
    text = '{"observations":[ {"timestamp": "t", "a": 1.10, "b": 123456789012345678901234567890} ]}'
    response = httpx.Response(200, text=text, headers={"Content-Type": "application/json"})
    response.request = httpx.Request("GET", URL)
    found = page(response)
    assert found.rows == [{"timestamp": "t", "a": Decimal("1.1"), "b": 123456789012345678901234567890}]
    assert found.texts == ['{"timestamp":"t","a":1.10,"b":123456789012345678901234567890}']


def test_last_page_has_no_cursor() -> None:
    with pytest.raises(AssertionError, match="a next_page header"):
        cursor(page(answering({"observations": []})))
    with pytest.raises(AssertionError, match="a cursor 'after'"):
        cursor(page(answering({"observations": []}, headers={"next_page": f"{URL}/x?before=1"})))


@given(st.text())
def test_any_text_has_an_origin_or_none(text: str) -> None:
    scheme, host = origin(text)
    assert (scheme in ("http", "https")) or (scheme, host) == ("", "")


def test_times_are_written_as_the_vendors_clients_do() -> None:
    times = Times(datetime(2024, 5, 1, 12, tzinfo=UTC))
    assert times.at(10.25) == "2024-05-01T12:00:10.250Z"
    assert times.at(-0.001) == "2024-05-01T11:59:59.999Z"
    assert times.window(0, 3_600) == {"from_": "2024-05-01T12:00:00.000Z", "to": "2024-05-01T13:00:00.000Z"}
