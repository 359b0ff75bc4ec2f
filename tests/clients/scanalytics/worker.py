"""A process of its own for the tests: one client, one call for each line that it is sent, one line for each answer."""

from __future__ import annotations

import sys

from vendorlab.clients.scanalytics import FileTokenStore, ScanalyticsClient


def main(base_url: str, client_id: str, username: str, password: str, store: str) -> None:
    with ScanalyticsClient(
        base_url, client_id=client_id, username=username, password=password, store=FileTokenStore(store)
    ) as client:
        print("ready", flush=True)  # noqa: T201
        for _ in sys.stdin:
            print(client.whoami().email, flush=True)  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
