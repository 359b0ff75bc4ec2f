"""What the vendor's sample program does with Python requests, unchanged but for the host, for five days.

Written anew from what its page states: log in with a form, then every 60 seconds ask for links and devices; on a 401
refresh once and go on; whatever else is not 200 is a failure, told in JSON. Its sleep turns the world's clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

import vendorlab

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MINUTES = 5 * 24 * 60 + 10


@pytest.fixture
def vendor() -> Iterator[Any]:
    with vendorlab.world("inode", seed=7) as lab:
        lab.clock.freeze()
        yield lab.inode


class Sample:
    """The sample: a session, a pair of tokens, and a loop."""

    def __init__(self, host: str, known: Any) -> None:
        self.host = host
        self.client = {"client_id": known["client_id"], "client_secret": known["client_secret"]}
        self.web = requests.Session()
        self.web.trust_env = False  # this machine's proxies and .netrc, read for each request, are no part of it
        self.refreshes = 0
        login = {"grant_type": "password", "username": known["username"], "password": known["password"]}
        self.authorize({**login, "scope": "sync"})

    def authorize(self, form: dict[str, str]) -> None:
        answer = self.web.post(self.host + "/api/oauth/token/", data={**form, **self.client}, timeout=5)
        assert answer.status_code == 200, answer.json()
        self.tokens = answer.json()

    def read(self, path: str) -> Any:
        for attempt in range(2):
            headers = {"Authorization": "Bearer " + self.tokens["access_token"]}
            answer = self.web.get(self.host + path, headers=headers, timeout=5)
            if answer.status_code == 200:
                return answer.json()
            if answer.status_code != 401 or attempt:
                raise RuntimeError(answer.json())
            self.refreshes += 1
            self.authorize({"grant_type": "refresh_token", "refresh_token": self.tokens["refresh_token"]})
        return None

    def loop(self, minutes: int, sleep: Callable[[float], object]) -> Iterator[tuple[Any, Any]]:
        for _ in range(minutes):
            yield self.read("/api/v1/links/"), self.read("/api/v1/devices/")
            sleep(60)


@pytest.mark.slow
def test_sample_runs_for_five_days_and_through_its_tokens_expiry(vendor: Any) -> None:
    sample = Sample(vendor.url, vendor.credentials)
    updates: set[tuple[int, str]] = set()
    polls = 0
    for links, devices in sample.loop(MINUTES, vendor.clock.advance):
        polls += 1
        assert (len(links), len(devices)) == (12, 8)
        updates.update((link["id"], link["last_updated"]) for link in links)
    assert (polls, sample.refreshes) == (MINUTES, 1)
    assert len(updates) > 5_000
    refused = vendor.journal.find(vendor="inode", status=401)
    assert [(entry.operation, entry.cause) for entry in refused] == [("links", "expired-token")]


def test_sample_gives_up_when_its_refresh_token_is_spent(vendor: Any) -> None:
    sample = Sample(vendor.url, vendor.credentials)
    twin = Sample.__new__(Sample)
    twin.__dict__.update(sample.__dict__)
    vendor.clock.advance(432_000)
    assert len(sample.read("/api/v1/links/")) == 12
    with pytest.raises(AssertionError, match="invalid_grant"):
        twin.read("/api/v1/links/")


def test_forgotten_slash_works_for_a_get_and_loses_a_login(vendor: Any) -> None:
    key = {"Authorization": f"Token {vendor.credentials['api_key']}"}
    read = requests.get(vendor.url + "/api/v1/links", headers=key, timeout=5)
    assert ([hop.status_code for hop in read.history], read.status_code) == ([301], 200)
    login = requests.post(vendor.url + "/api/oauth/token", data={"grant_type": "password"}, timeout=5)
    assert ([hop.status_code for hop in login.history], login.status_code, login.text) == ([301], 405, "")
