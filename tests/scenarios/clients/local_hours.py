"""Takes each hour by the wall clock of New York, as the vendor's own example writes its times: without an offset."""

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
    """Give the wall clock's time after that."""
    body = json.dumps({"seconds": seconds}).encode()
    now = ask(f"{CONTROL}/clock/advance", body, CONTROL_HEADERS)["now"]
    return datetime.fromisoformat(now).astimezone(ZoneInfo(ZONE)).replace(tzinfo=None)


form = {"grant_type": "password"}
for name in ("username", "password", "client_id"):
    form[name] = os.environ[f"VENDORLAB_SCANALYTICS_{name.upper()}"]
token = ask(f"{URL}/o/token/", urllib.parse.urlencode(form).encode())["access_token"]
show = {"Authorization": f"Bearer {token}"}
key = ask(f"{URL}/v1/array/list", None, show)[0]["key"]
for _ in range(20):
    end = sleep(3600)
    window = {"start": (end - timedelta(hours=1)).isoformat(), "end": end.isoformat(), "timezone": ZONE}
    ask(f"{URL}/v1/aggregate/{key}/visits/15m?{urllib.parse.urlencode(window)}", None, show)
