"""What stands before the operations: paths, methods, the token's policy, browsers, sizes; and how refusals look."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest
from tests.mocks.itron.support import DAY, STATIC, TOKENS, Caller, solution

if TYPE_CHECKING:
    from tests.mocks.conftest import Connect
    from tests.mocks.itron.conftest import MakeCaller

MISSING = {"message": "Missing Authentication Token"}
PATHS = {
    solution("sandbox", "devices"): {"GET", "POST"},
    solution("sandbox", "devices", ""): {"POST"},
    solution("sandbox", "devices", "x"): {"GET", "PUT", "DELETE"},
    solution("sandbox", "devices", "x", "observations"): {"GET", "POST"},
    solution("sandbox", "observations"): {"GET"},
    solution("sandbox", "devicetemplates"): {"GET", "POST"},
    solution("sandbox", "devicetemplates", "x"): {"PUT"},
    STATIC: {"GET"},
}


def test_every_path_takes_its_methods_and_asks_for_a_token(served: Caller) -> None:
    for path, method in product(PATHS, ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "TRACE")):
        answer = served.http.request(method, path)
        assert answer.status_code == (401 if method in PATHS[path] else 403), (method, path)
        if method != "HEAD":
            assert answer.json() == ({"message": "Unauthorized"} if method in PATHS[path] else MISSING)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api",
        "/api/",
        "/api/solutions",
        "/api/solutions/",
        "/api/solutions/sandbox",
        "/api/solutions//devices",
        "/api/solutions/sandbox//devices",
        "//api/solutions/sandbox/devices",
        "/api//solutions/sandbox/devices",
        "/api/devices",
        "/api/observations",
        "/api/device-templates",
        "/api/device-templates/static",
        "/api/tenants/systemTenant/devicetemplates/",
        "/api/tenants/other/devicetemplates",
        "/API/solutions/sandbox/devices",
        "/api/tokens/",
        "/api/solutions/sandbox/observations/",
        "/api/solutions/sandbox/devicetemplates/",
        "/api/solutions/a%2Fb/devices",
    ],
)
def test_path_that_there_is_not_is_a_403_even_with_a_token(served: Caller, path: str) -> None:
    answer = served.get(str(served.http.base_url).rstrip("/") + path)
    assert (answer.status_code, answer.json()) == (403, MISSING)


def test_unknown_path_is_a_404_by_a_switch(caller_of: MakeCaller) -> None:
    caller = caller_of(unknown_path=404)
    answer = caller.get("/api/devices")
    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


def test_policy_is_held_against_method_and_path(caller_of: MakeCaller) -> None:
    caller = caller_of(policy=["GET/api/solutions/*/devices", "*/api/solutions/lab/*"])
    denied = {"message": "User is not authorized to access this resource"}
    for method, path, allowed in (
        ("GET", solution("sandbox", "devices"), True),
        ("POST", solution("sandbox", "devices"), False),
        ("POST", solution("lab", "devices"), True),
        ("GET", solution("sandbox", "observations"), False),
        ("GET", STATIC, False),
        ("DELETE", solution("sandbox", "devices", "x"), False),
        ("DELETE", solution("lab", "devices", "x"), True),
    ):
        answer = caller.call(method, path)
        assert (answer.status_code == 403) is not allowed, (method, path)
        if not allowed:
            assert answer.json() == denied
            assert caller.last.cause == "policy"


def test_checks_come_in_the_gateways_order(caller_of: MakeCaller) -> None:
    caller = caller_of(policy=["GET/nothing"])
    path = solution("bad name!", "devices")
    assert caller.http.post("/api/nothing", content=b"{").status_code == 403
    assert caller.http.post(path, content=b"{").status_code == 401
    assert caller.call("POST", path, content=b"{").status_code == 403
    assert caller_of().call("POST", path, content=b"{").status_code == 400


@pytest.mark.parametrize("path", [TOKENS, "/tokens", *PATHS])
def test_browser_may_ask_first_without_a_token(caller: Caller, path: str) -> None:
    headers = {
        "Origin": "http://page.example",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    answer = caller.http.options(path, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert {"GET", "POST", "PUT", "DELETE"} <= set(answer.headers["access-control-allow-methods"].split(","))
    allowed = {name.lower() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert {"authorization", "content-type"} <= allowed


def test_every_answer_is_json_that_a_browser_may_read(caller: Caller) -> None:
    caller.world.faults.add({"match": {"operation": "templates"}, "action": {"kind": "status", "status": 429}})
    answers = [
        caller.get(solution("sandbox", "devices")),
        caller.get(solution("empty", "devices")),
        caller.get("/nothing"),
        caller.http.get(solution("sandbox", "devices")),
        caller.call("POST", solution("lab", "devices"), content=b"{"),
        caller.get(solution("lab", "devicetemplates")),
        caller.call("POST", solution("lab", "devices"), content=b" " * (10 * 2**20 + 1)),
        caller.http.post(TOKENS, content=b""),
    ]
    assert [answer.status_code for answer in answers] == [200, 404, 403, 401, 400, 429, 413, 400]
    for answer in answers:
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "next_page" in answer.headers["access-control-expose-headers"]
        assert answer.status_code == 200 or list(answer.json()) == ["message"]


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (429, "Too Many Requests"),
        (500, "Internal server error"),
        (502, "Internal server error"),
        (504, "Endpoint request timed out"),
    ],
)
def test_injected_status_speaks_as_the_gateway(caller: Caller, status: int, message: str) -> None:
    caller.world.faults.add({"action": {"kind": "status", "status": status}})
    answer = caller.http.get(solution("sandbox", "devices"))
    assert (answer.status_code, answer.json()) == (status, {"message": message})


def test_ten_mebibytes_are_taken_and_one_byte_more_is_not(served: Caller) -> None:
    device = served.make_device()
    body = b'{"observations":[{"timestamp":"2024-05-01T00:00:00Z","text":"%s"}]}'
    room = 10 * 2**20 - len(body % b"")
    assert served.post(device, content=body % (b"x" * room)).status_code == 201
    refused = served.post(device, content=body % (b"x" * (room + 1)))
    assert (refused.status_code, refused.json()) == (413, {"message": "Request Too Long"})
    assert len(served.of_device(device)[0]["text"]) == room


def test_lone_question_mark_and_content_type_on_a_get_are_fine(caller: Caller) -> None:
    answer = caller.get(f"{solution('sandbox', 'devices')}?", headers={"Content-Type": "application/json"})
    assert answer.status_code == 200


def test_too_many_query_fields_are_a_400(caller: Caller) -> None:
    query = "&".join(["a=1"] * 1_001)
    answer = caller.get(f"{solution('sandbox', 'devices')}?{query}")
    assert (answer.status_code, list(answer.json())) == (400, ["message"])


@pytest.mark.parametrize("name", ["a b", "é", "x" * 65, "a:b", "a%00b"])
def test_name_that_no_solution_can_have_is_a_400(caller: Caller, name: str) -> None:
    for method, rest in (("GET", "devices"), ("GET", "observations"), ("GET", "devicetemplates")):
        assert caller.call(method, solution(name, rest)).status_code == 400


def test_names_of_solutions_tell_cases_apart(caller: Caller) -> None:
    caller.make_device("Lab.1_x-y")
    assert caller.get(solution("Lab.1_x-y", "devices")).status_code == 200
    assert caller.get(solution("lab.1_x-y", "devices")).status_code == 404


def test_answer_to_head_has_no_body_on_the_wire(caller: Caller, connect: Connect) -> None:
    with caller.world as world:
        wire = connect(world.listen("itron-platform"))
        wire.send(b"HEAD /api/solutions/sandbox/devices HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert wire.rest().endswith(b"\r\n\r\n")


def test_defect_is_a_500_in_json_and_nothing_of_it_stays(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    device = caller.make_device()

    def broken(_arrival: object) -> None:
        raise ZeroDivisionError

    caller.backend.observers.append(broken)
    answer = caller.post(device, {"timestamp": DAY["from"]})
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal server error"})
    assert caller.of_device(device) == []
