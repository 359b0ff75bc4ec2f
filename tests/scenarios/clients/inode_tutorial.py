"""The way of iNode's own sample, written anew: all links and all devices once a minute; on a 401 refresh, and go on.

As there, every status but 200 is a failure, whose body is read as JSON. VENDORLAB_MINUTE says how many seconds its
minute has.
"""

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

URL, CONTROL = os.environ["VENDORLAB_INODE_URL"], os.environ["VENDORLAB_CONTROL_URL"]
MINUTE = float(os.environ.get("VENDORLAB_MINUTE", "60"))
APPLICATION = {name: os.environ[f"VENDORLAB_INODE_{name.upper()}"] for name in ("client_id", "client_secret")}


def ask(url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers or {})) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as failure:
        return failure.code, json.load(failure)


def token(**form: str) -> Any:
    _, pair = ask(f"{URL}/api/oauth/token/", urllib.parse.urlencode({**APPLICATION, **form}).encode())
    return pair


def sleep(seconds: float) -> None:
    headers = {"Authorization": f"Bearer {os.environ['VENDORLAB_CONTROL_TOKEN']}", "Content-Type": "application/json"}
    ask(f"{CONTROL}/clock/advance", json.dumps({"seconds": seconds}).encode(), headers)


account = {name: os.environ[f"VENDORLAB_INODE_{name.upper()}"] for name in ("username", "password")}
pair = token(grant_type="password", **account)
while True:
    for what in ("links", "devices"):
        status, content = ask(f"{URL}/api/v1/{what}/", None, {"Authorization": f"Bearer {pair['access_token']}"})
        if status == 401:
            pair = token(grant_type="refresh_token", refresh_token=pair["refresh_token"])
        elif status != 200:
            sys.stderr.write(content["detail"])
    sleep(MINUTE)
