"""A profile that makes no sense is refused when it is made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from vendorlab.mocks.scanalytics.traffic import ArrayProfile

SHOP = ArrayProfile(
    key="P4T9X",
    timezone="America/Chicago",
    hours=((540, 1260),) * 6 + ((600, 1080),),
    daily_visits=800,
    mean_stay=900,
    since=1_420_070_400,
)


def test_profile_adds_up_its_hours_and_bounds_its_stays() -> None:
    assert SHOP.open_minutes == 6 * 720 + 480
    assert SHOP.longest_stay == 3600


@pytest.mark.parametrize(
    "change",
    [
        {"hours": ((540, 1260),) * 6},
        {"hours": (None,) * 7},
        {"hours": ((540, 540),) * 7},
        {"hours": ((1260, 540),) * 7},
        {"hours": ((540, 1261),) * 7},
        {"hours": ((-15, 600),) * 7},
        {"hours": ((540, 1455),) * 7},
        {"daily_visits": -1},
        {"daily_visits": float("nan")},
        {"daily_visits": 60 * 32 + 1},
        {"mean_stay": 0.5},
        {"mean_stay": 6 * 3600 + 1},
    ],
    ids=str,
)
def test_profile_refuses_what_cannot_be(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        replace(SHOP, **change)
