"""Two programs against Itron's Data Platform, in JavaScript and in Python, each as the vendor's own would be written.

Both make a token when they have none, look at nothing but its status when a call is refused, and follow ``next_page``
as it is. The one posts readings and the other polls for them, while the hour of their tokens ends twice.
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import requests

import vendorlab

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

READINGS = 150

PROGRAM = """
const [base, clientId, clientSecret, count] = process.argv.slice(1);
let token;
async function call(method, path, body) {
  for (let attempt = 0; ; attempt++) {
    if (!token) {
      const made = await fetch(base + "/tokens", {
        method: "POST", headers: {"Content-Type": "application/json", Accept: "application/json"},
        body: JSON.stringify({clientId, clientSecret}),
      });
      token = (await made.json()).accessToken;
      console.error("token");
    }
    const answer = await fetch(path.startsWith("http") ? path : base + path, {
      method, headers: {Authorization: token, "Content-Type": "application/json"},
      body: body && JSON.stringify(body),
    });
    if (answer.status !== 401 || attempt) return answer;
    token = undefined;
  }
}
async function main() {
  const listed = await call("GET", "/api/solutions/plant/devices?");
  if (listed.status !== 404) throw new Error("the solution is not empty: " + listed.status);
  const made = await call("POST", "/api/solutions/plant/devices/", {deviceType: "SensorTag", domainInfo: {n: 1}});
  const device = "/api/solutions/plant/devices/" + (await made.json()).id;
  for (let n = 0; n < Number(count); n++) {
    const timestamp = new Date(Date.UTC(2024, 4, 1, 0, 0, n)).toISOString();
    const posted = await call("POST", device + "/observations", {observations: [{timestamp, n, temperature: "22.1"}]});
    if (posted.status !== 201) throw new Error("not posted: " + posted.status);
    await posted.json();
  }
  const seen = [];
  let next = device + "/observations?limit=40";
  while (next) {
    const page = await call("GET", next);
    seen.push(...(await page.json()).observations.map((one) => one.n));
    next = page.headers.get("next_page");
  }
  console.log(JSON.stringify(seen));
}
main().catch((error) => { console.error(error); process.exit(1); });
"""


class Poller:
    """Polls a solution with ``requests``, window after window from the beginning, until it has seen all."""

    def __init__(self, base: str, known: Any, ca: str | None) -> None:
        self.base = base
        self.body = {"clientId": known["client_id"], "clientSecret": known["client_secret"]}
        self.web = requests.Session()
        self.web.trust_env = False  # or a bundle named there would count before ours
        self.web.verify = ca or True
        self.tokens = 0
        self.renew()

    def renew(self) -> None:
        answer = self.web.post(f"{self.base}/api/tokens", json=self.body, timeout=5)
        assert answer.status_code in (200, 201)
        self.web.headers["Authorization"] = answer.json()["accessToken"]
        self.tokens += 1

    def get(self, url: str, query: dict[str, str] | None = None) -> requests.Response:
        answer = self.web.get(url, params=query, timeout=5)
        if answer.status_code == 401:
            self.renew()
            answer = self.web.get(url, params=query, timeout=5)
        assert answer.status_code == 200
        return answer

    def poll(self) -> list[int]:
        window = {"from": "2024-05-01T00:00:00Z", "to": "2024-05-01T01:00:00Z", "limit": "25"}
        answer = self.get(f"{self.base}/api/solutions/plant/observations", window)
        seen: list[int] = []
        while True:
            seen += [one["n"] for one in answer.json()["observations"]]
            if "next_page" not in answer.headers:
                return seen
            answer = self.get(answer.headers["next_page"])


@pytest.fixture(params=["http", "https"])
def vendor(request: pytest.FixtureRequest) -> Iterator[Any]:
    with vendorlab.world("itron", seed=7, tls=request.param == "https") as lab:
        lab.clock.freeze()
        yield lab.itron


def test_programs_that_post_and_poll_through_two_renewals_lose_no_reading(
    vendor: Any, tool: Callable[[str], str]
) -> None:
    known = vendor.credentials
    poller = Poller(vendor.url, known, vendor.ca)
    arguments = [vendor.url, known["client_id"], known["client_secret"], str(READINGS)]
    posting = subprocess.Popen(
        [tool("node"), "-e", PROGRAM, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ) | ({"NODE_EXTRA_CA_CERTS": vendor.ca} if vendor.ca else {}),
    )
    seen: set[int] = set()
    try:
        for turn in (1, 2):
            enough = turn * READINGS // 3
            assert (
                len(vendor.journal.wait_for(operation="observations", status=201, count=enough, timeout=30)) >= enough
            )
            vendor.clock.advance(3_600)
            seen |= set(poller.poll())
        told, errors = posting.communicate(timeout=30)
    finally:
        posting.kill()
        posting.wait()
    assert posting.returncode == 0, errors
    assert errors.count("token") == 3
    assert json.loads(told) == list(reversed(range(READINGS)))
    last = poller.poll()
    assert last == list(reversed(range(READINGS)))
    assert seen <= set(last)
    assert poller.tokens == 3
