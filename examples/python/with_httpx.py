"""iNode with httpx: an API key, and patience where the vendor asks for it."""

import os
import time

import httpx

KEY = os.environ["VENDORLAB_INODE_API_KEY"]
TRIES = 3

with httpx.Client(base_url=os.environ["VENDORLAB_INODE_URL"], headers={"Authorization": f"Token {KEY}"}) as http:
    for _ in range(TRIES):
        answer = http.get("/api/v1/links/")
        if answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
            break
        time.sleep(float(answer.headers.get("Retry-After", "1")))
    answer.raise_for_status()
    for link in answer.json():
        print(link["id"], link["name"])
