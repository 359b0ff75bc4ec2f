"""Itron's Data Platform with aiohttp: a client token, and the devices of a solution."""

import asyncio
import os

import aiohttp

URL = os.environ["VENDORLAB_ITRON_PLATFORM_URL"]
APPLICATION = {
    "clientId": os.environ["VENDORLAB_ITRON_PLATFORM_CLIENT_ID"],
    "clientSecret": os.environ["VENDORLAB_ITRON_PLATFORM_CLIENT_SECRET"],
}


async def main() -> None:
    """Print the id and the kind of every device."""
    async with aiohttp.ClientSession(raise_for_status=True) as http:
        async with http.post(f"{URL}/api/tokens", json=APPLICATION) as answer:
            token = (await answer.json())["accessToken"]
        # The token goes into the header as it is, without a scheme.
        async with http.get(f"{URL}/api/solutions/sandbox/devices", headers={"Authorization": token}) as answer:
            for device in (await answer.json())["devices"]:
                print(device["id"], device["deviceType"])


asyncio.run(main())
