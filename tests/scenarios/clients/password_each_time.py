"""Logs in with the password before each call, because that always works."""

import json
import os
import urllib.parse
import urllib.request
from typing import Any

URL, CONTROL = os.environ["VENDORLAB_SCANALYTICS_URL"], os.environ["VENDORLAB_CONTROL_URL"]


def ask(url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Any:
    with urllib.request.urlopen(urllib.request.Request(url, body, headers or {})) as answer:
        return json.load(answer)


def sleep(seconds: float) -> None:
    token = os.environ["VENDORLAB_CONTROL_TOKEN"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    ask(f"{CONTROL}/clock/advance", json.dumps({"seconds": seconds}).encode(), headers)


while True:
    form = {"grant_type": "password"}
    for name in ("username", "password", "client_id"):
        form[name] = os.environ[f"VENDORLAB_SCANALYTICS_{name.upper()}"]
    token = ask(f"{URL}/o/token/", urllib.parse.urlencode(form).encode())["access_token"]
    ask(f"{URL}/v1/whoami", None, {"Authorization": f"Bearer {token}"})
    sleep(3600)
