"""Links and devices as time goes by: what moves, what stands still, and that all who ask see the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.inode.api import DEVICES, LINKS, bearer
from vendorlab.contracts.inode.estate import (
    MEASURED,
    TELEMETRY,
    check_measured,
    check_speeds,
    is_disabled,
    listed,
    moment,
    read,
)

if TYPE_CHECKING:
    from vendorlab.contracts.core.control import Clock
    from vendorlab.contracts.inode.api import Api

pytestmark = [pytest.mark.vendorlab("inode"), pytest.mark.needs("clock")]

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


@pytest.mark.claim("inode.live.same-for-all")
@pytest.mark.needs("spend")
@pytest.mark.parametrize("path", [LINKS, DEVICES])
def test_two_logins_see_the_same_at_one_time(api: Api, clock: Clock, token: str, path: str) -> None:
    """However often they ask, and for an object alone too."""
    other = api.login().access
    with clock.frozen():
        first = listed(api, path, bearer(token))
        again = read(api, path, bearer(token))
        second = read(api, path, bearer(other))
        again.check(again.rows == first.rows, "the same answer when asked again")
        second.check(second.rows == first.rows, "the same answer as to the other login")
        for row in (first.rows[0], first.rows[-1]):
            response = api.get(f"{path}{row['id']}/", other)
            expect.check(expect.json_object(response) == row, response, f"the same as in the list: {row!r}")


@pytest.mark.claim("inode.live.same-for-all")
@pytest.mark.needs("api-key")
@pytest.mark.parametrize("path", [LINKS, DEVICES])
def test_api_key_sees_what_its_owner_sees(api: Api, clock: Clock, token: str, path: str) -> None:
    """The key is another way in, not another account."""
    with clock.frozen():
        owner = listed(api, path, bearer(token))
        key = read(api, path, api.key())
        key.check(key.rows == owner.rows, "the same answer as to the owner's login")


@pytest.mark.claim("inode.live.same-for-all")
@pytest.mark.needs("second-user", "spend")
@pytest.mark.parametrize("path", [LINKS, DEVICES])
def test_another_user_sees_no_link_or_device_differently(api: Api, clock: Clock, token: str, path: str) -> None:
    """What both may see; a user who is not the owner may see less, or be forbidden to look."""
    other = api.second_login().access
    with clock.frozen():
        mine = listed(api, path, bearer(token)).by_id()
        if api.get(path, other).status_code == 403:
            pytest.skip("the second user is forbidden to look")
        theirs = listed(api, path, bearer(other))
    for row in theirs.rows:
        theirs.check(row == mine.get(row["id"], row), f"what the owner sees of {row['id']}")


@pytest.mark.claim("inode.live.speed", "inode.links.unmeasured")
def test_readings_agree_at_every_time_of_day(api: Api, clock: Clock, token: str) -> None:
    """In the rush hours and at night."""
    with clock.frozen():
        for _ in range(8):
            links = listed(api, LINKS, bearer(token))
            check_speeds(links)
            check_measured(links)
            clock.advance(3 * _HOUR)


@pytest.mark.claim("inode.live.disabled")
def test_disabled_links_do_not_update(api: Api, clock: Clock, token: str) -> None:
    """Not over an hour, in which the others are measured anew."""
    with clock.frozen():
        before = listed(api, LINKS, bearer(token)).by_id()
        clock.advance(_HOUR)
        links = listed(api, LINKS, bearer(token))
    off = [link for link in links.rows if is_disabled(link) and is_disabled(before.get(link["id"], link))]
    if not off:
        pytest.skip("no link is disabled")
    for link in off:
        for name in MEASURED:
            was = before.get(link["id"], link)[name]
            links.check(link[name] == was, f"the {name} of disabled link {link['id']} to stay {was!r}")


@pytest.mark.claim("inode.live.updates")
def test_links_are_measured_anew(api: Api, clock: Clock, token: str) -> None:
    """Over a day some are; none goes back in time."""
    with clock.frozen():
        before = listed(api, LINKS, bearer(token)).by_id()
        clock.advance(_DAY)
        links = listed(api, LINKS, bearer(token))
    if all(is_disabled(link) for link in links.rows):
        pytest.skip("all links are disabled")
    newer = 0
    for link in links.rows:
        was, is_now = before.get(link["id"], link)["last_updated"], link["last_updated"]
        if was is not None:
            links.check(is_now is not None, f"link {link['id']} not to lose what was measured")
            links.check(moment(links, is_now) >= moment(links, was), f"link {link['id']} not to go back before {was}")
        newer += is_now != was
    links.check(newer, "some link that was measured within the last day")


@pytest.mark.claim("inode.live.past")
def test_nothing_was_measured_in_the_future(api: Api, clock: Clock, token: str) -> None:
    """By the clock that the target follows."""
    with clock.frozen():
        now = clock.now()
        for path, name in ((LINKS, "last_updated"), (DEVICES, "last_seen")):
            listing = listed(api, path, bearer(token))
            for row in listing.rows:
                if row[name] is not None:
                    listing.check(moment(listing, row[name]) <= now, f"{name} of {row['id']} to be past by {now}")


@pytest.mark.claim("inode.live.offline")
def test_offline_devices_keep_their_last_readings(api: Api, clock: Clock, token: str) -> None:
    """From one round of the vendor's loop to the next."""
    with clock.frozen():
        before = listed(api, DEVICES, bearer(token)).by_id()
        clock.advance(_MINUTE)
        devices = listed(api, DEVICES, bearer(token))
    off = [each for each in devices.rows if not each["online"] and not before.get(each["id"], each)["online"]]
    if not off:
        pytest.skip("no device is offline")
    for device in off:
        for name in (*TELEMETRY, "last_seen"):
            was = before.get(device["id"], device)[name]
            devices.check(device[name] == was, f"the {name} of offline device {device['id']} to stay {was!r}")
