"""The way of Scanalytics' tutorial, written anew: a password login, a bearer token, a window in local time.

What the tutorial does not speak of is not there: no refresh, no 401, no 429, no end of summer time.
"""

import json
import os
import urllib.parse
import urllib.request
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

URL, CONTROL = os.environ["VENDORLAB_SCANALYTICS_URL"], os.environ["VENDORLAB_CONTROL_URL"]
CONTROL_HEADERS = {
    "Authorization": f"Bearer {os.environ['VENDORLAB_CONTROL_TOKEN']}",
    "Content-Type": "application/json",
}
ZONE = "America/New_York"


def ask(url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Any:
    with urllib.request.urlopen(urllib.request.Request(url, body, headers or {})) as answer:
        return json.load(answer)


def sleep(seconds: float) -> datetime:
    body = json.dumps({"seconds": seconds}).encode()
    now = ask(f"{CONTROL}/clock/advance", body, CONTROL_HEADERS)["now"]
    return datetime.fromisoformat(now).astimezone(ZoneInfo(ZONE)).replace(tzinfo=None)


form = {"grant_type": "password"}
for name in ("username", "password", "client_id"):
    form[name] = os.environ[f"VENDORLAB_SCANALYTICS_{name.upper()}"]
token = ask(f"{URL}/o/token/", urllib.parse.urlencode(form).encode())["access_token"]
show = {"Authorization": f"Bearer {token}"}
ask(f"{URL}/v1/whoami", None, show)
key = ask(f"{URL}/v1/array/list", None, show)[0]["key"]
while True:
    end = sleep(3600)
    window = {"start": (end - timedelta(hours=1)).isoformat(), "end": end.isoformat(), "timezone": ZONE}
    ask(f"{URL}/v1/aggregate/{key}/visits/1h?{urllib.parse.urlencode(window)}", None, show)
    ask(f"{URL}/v1/whoami", None, show)
