"""Scanalytics with requests: log in, ask, and refresh the token when it is refused."""

import os

import requests

URL = os.environ["VENDORLAB_SCANALYTICS_URL"]
CLIENT_ID = os.environ["VENDORLAB_SCANALYTICS_CLIENT_ID"]


class Scanalytics(requests.Session):
    """A session that is logged in."""

    def __init__(self, username: str, password: str) -> None:
        super().__init__()
        self._grant(grant_type="password", username=username, password=password)

    def _grant(self, **form: str) -> None:
        answer = self.post(f"{URL}/o/token/", data={**form, "client_id": CLIENT_ID}, timeout=10)
        answer.raise_for_status()
        tokens = answer.json()
        self.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        self._refresh = tokens["refresh_token"]  # it works once: the next grant brings another

    def ask(self, path: str) -> object:
        """GET, with one refresh if the token has come to its end."""
        answer = self.get(f"{URL}{path}", timeout=10)
        if answer.status_code == requests.codes.unauthorized:
            del self.headers["Authorization"]
            self._grant(grant_type="refresh_token", refresh_token=self._refresh)
            answer = self.get(f"{URL}{path}", timeout=10)
        answer.raise_for_status()
        return answer.json()


with Scanalytics(os.environ["VENDORLAB_SCANALYTICS_USERNAME"], os.environ["VENDORLAB_SCANALYTICS_PASSWORD"]) as vendor:
    print(vendor.ask("/v1/whoami")["email"])
    print(len(vendor.ask("/v1/deployment/list")), "deployments")
