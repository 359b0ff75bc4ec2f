"""Beside freezegun and time-machine: a world goes as the test's time does, and what is real about it goes on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

import freezegun
import httpx
import jwt
import pytest
import time_machine

import vendorlab

if TYPE_CHECKING:
    from collections.abc import Callable

THEN = datetime(2019, 3, 31, 0, 59, 59, tzinfo=UTC)


class Freezer:
    """freezegun."""

    def __init__(self, at: datetime) -> None:
        self._frozen = freezegun.freeze_time(at.replace(tzinfo=None))

    def __enter__(self) -> Any:
        return self._frozen.__enter__()

    def __exit__(self, *error: object) -> None:
        self._frozen.__exit__(*error)


class Traveller:
    """time-machine, with freezegun's words."""

    def __init__(self, at: datetime) -> None:
        self._travel = time_machine.travel(at, tick=False)

    def __enter__(self) -> Self:
        self._moved = self._travel.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._travel.__exit__(*error)  # type: ignore[arg-type]

    def tick(self, by: timedelta) -> None:
        self._moved.shift(by)

    def move_to(self, to: datetime) -> None:
        self._moved.move_to(to, tick=False)


both = pytest.mark.parametrize("freeze", [Freezer, Traveller])


@both
def test_world_is_at_the_tests_time_and_a_token_ends_when_that_has_passed(freeze: Callable[..., Any]) -> None:
    with vendorlab.world("scanalytics") as lab, freeze(THEN) as frozen:
        assert lab.clock.now() == THEN
        login = {key: lab.scanalytics.credentials[key] for key in ("username", "password", "client_id")}
        with httpx.Client(base_url=lab.scanalytics.url) as http:
            answer = http.post("/o/token/", data={"grant_type": "password", **login})
            assert answer.headers["date"] == "Sun, 31 Mar 2019 00:59:59 GMT"
            bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
            frozen.tick(timedelta(seconds=answer.json()["expires_in"] - 1))
            assert http.get("/v1/whoami", headers=bearer).status_code == 200
            frozen.tick(timedelta(seconds=2))
            assert http.get("/v1/whoami", headers=bearer).status_code == 401


@both
def test_what_is_advanced_comes_on_top(freeze: Callable[..., Any]) -> None:
    with vendorlab.world("scanalytics") as lab, freeze(THEN) as frozen:
        lab.clock.advance(3_600)
        assert lab.clock.now() == THEN + timedelta(hours=1)
        frozen.tick(timedelta(minutes=1))
        assert lab.clock.now() == THEN + timedelta(minutes=61)
        frozen.move_to(THEN)
        lab.reset()
        assert lab.clock.now() == THEN


@both
def test_world_is_back_in_the_present_when_the_test_lets_go(freeze: Callable[..., Any]) -> None:
    with vendorlab.world("scanalytics") as lab:
        with freeze(THEN):
            assert lab.clock.now() == THEN
        assert abs(lab.clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


@both
def test_world_with_a_start_has_a_time_of_its_own(freeze: Callable[..., Any]) -> None:
    start = datetime(2026, 11, 21, tzinfo=UTC)
    with vendorlab.world("scanalytics", start=start, rate=0.0) as lab, freeze(THEN) as frozen:
        frozen.tick(timedelta(days=3))
        assert lab.clock.now() == start


@both
def test_world_that_is_made_while_time_stands_still_serves_all_protocols(freeze: Callable[..., Any]) -> None:
    with freeze(THEN), vendorlab.world() as lab:
        for name in ("scanalytics", "inode", "itron-platform", "itron-coap", "itron-mqtt", "slv"):
            assert lab.vendor(name).url
        credentials = {key: lab.itron.credentials[key] for key in ("client_id", "client_secret")}
        body = {"clientId": credentials["client_id"], "clientSecret": credentials["client_secret"]}
        token = httpx.post(f"{lab.itron.url}/api/tokens", json=body).json()["accessToken"]
        claims = jwt.decode(token.removeprefix("Bearer "), options={"verify_signature": False})
        assert claims["exp"] > THEN.timestamp()
        with lab.scanalytics.client() as client:
            assert client.whoami()


@both
def test_delays_on_the_line_take_real_time_while_the_tests_stands_still(freeze: Callable[..., Any]) -> None:
    with freeze(THEN), vendorlab.world("scanalytics") as lab:
        lab.faults.add({"action": {"kind": "delay", "seconds": 0.05}})
        assert httpx.get(f"{lab.scanalytics.url}/v1/whoami").status_code == 401
        assert lab.journal.wait_for(timeout=0.05, count=2) == lab.journal.find()


@both
def test_certificates_are_of_the_real_present(freeze: Callable[..., Any]) -> None:
    with freeze(THEN), vendorlab.world("scanalytics", tls=True) as lab:
        import ssl

        context = ssl.create_default_context(cafile=lab.scanalytics.url and lab.scanalytics.ca)
        assert httpx.get(f"{lab.scanalytics.url}/v1/whoami", verify=context).status_code == 401


@both
def test_timer_that_came_due_by_a_jump_fires_without_anybody_asking(freeze: Callable[..., Any]) -> None:
    with vendorlab.world("scanalytics") as lab, freeze(THEN) as frozen:
        with lab.scanalytics.client() as client:
            client.whoami()
        assert lab.clock.timers == 1
        frozen.tick(timedelta(days=2))
        import threading

        pause = threading.Event()
        for _ in range(200):
            if not lab.clock.timers:
                break
            pause.wait(0.01)
        assert lab.clock.timers == 0
