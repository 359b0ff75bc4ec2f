"""What the vendor's tutorial has its readers do with Python requests, unchanged but for the host.

Written anew from what the tutorial states: log in with a form, keep the JSON, send the token as a header, list
deployments, ask for a week of visits, refresh with the refresh token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

import vendorlab

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def vendor() -> Iterator[Any]:
    with vendorlab.world("scanalytics") as lab:
        yield lab.scanalytics


def test_tutorial_runs_from_login_to_refresh(vendor: Any) -> None:
    base, known = vendor.url, vendor.credentials

    form = {"grant_type": "password", "username": known["username"], "password": known["password"]}
    answer = requests.post(base + "/o/token/", data={**form, "client_id": known["client_id"]}, timeout=5)
    token = answer.json()
    assert list(token) == ["access_token", "expires_in", "token_type", "scope", "refresh_token"]

    headers = {"Authorization": "Bearer " + token["access_token"]}
    me = requests.get(base + "/v1/whoami", headers=headers, timeout=5).json()
    assert me["timezone"] == "America/Chicago"

    deployments = requests.get(base + "/v1/deployment/list", headers=headers, timeout=5).json()
    key = deployments[0]["arrays"][0]["key"]
    window = {"start": "2018-03-01T12:45:00", "end": "2018-03-08T16:45:00", "timezone": "America/Chicago"}
    visits = requests.get(f"{base}/v1/aggregate/{key}/visits/1h", params=window, headers=headers, timeout=5)
    assert len(visits.json()) == 173

    form = {"grant_type": "refresh_token", "client_id": known["client_id"], "refresh_token": token["refresh_token"]}
    fresh = requests.post(base + "/o/token/", data=form, timeout=5).json()
    assert requests.get(base + "/v1/whoami", headers=headers, timeout=5).status_code == 401
    headers = {"Authorization": "Bearer " + fresh["access_token"]}
    assert requests.get(base + "/v2/whoami", headers=headers, timeout=5).status_code == 200


def test_forgotten_slash_turns_a_login_into_a_405(vendor: Any) -> None:
    answer = requests.post(vendor.url + "/o/token", data={"grant_type": "password"}, timeout=5)
    assert [hop.status_code for hop in answer.history] == [301]
    assert (answer.status_code, answer.text, answer.headers["allow"]) == (405, "", "POST, OPTIONS")


def test_181st_request_in_a_minute_waits_as_long_as_it_is_told(vendor: Any) -> None:
    known = vendor.credentials
    vendor.clock.freeze()
    form = {"grant_type": "password", **{name: known[name] for name in ("username", "password", "client_id")}}
    with requests.Session() as session:
        token = session.post(vendor.url + "/o/token/", data=form, timeout=5).json()["access_token"]
        session.headers["Authorization"] = f"Bearer {token}"
        statuses = [session.get(vendor.url + "/v1/whoami", timeout=5).status_code for _ in range(180)]
        vendor.clock.advance(17.5)
        refused = session.get(vendor.url + "/v1/whoami", timeout=5)
        assert (set(statuses), refused.status_code, refused.headers["retry-after"]) == ({200}, 429, "43")
        assert refused.json() == {"detail": "Request was throttled. Expected available in 43 seconds."}
        vendor.clock.advance(int(refused.headers["retry-after"]))
        assert session.get(vendor.url + "/v1/whoami", timeout=5).status_code == 200
