"""Vendors that look at the same city see the same things in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import vendorlab

if TYPE_CHECKING:
    from vendorlab.mocks.itron.app import Itron
    from vendorlab.mocks.slv.app import Slv


def test_street_lights_carry_the_mesh_cards_of_the_first_tenant() -> None:
    settings: dict[str, Any] = {"itron": {"mesh_devices": 12}}
    with vendorlab.world("itron", "slv", seed=7, settings=settings) as lab:
        assets = cast("Slv", lab.world.vendor("slv")).backend.assets
        estate = cast("Itron", lab.world.vendor("itron")).backend.estate
        cards = [device.mac for device in estate.devices(estate.tenants[0])]
        lamps = [assets.property(assets.by_id(1_001 + number), "MacAddress") for number in range(12)]
        assert len(cards) == 12
        assert {card for card, lamp in zip(cards, lamps, strict=True) if card == lamp} == set(filter(None, lamps))
        assert len(set(filter(None, lamps))) == 8, "every third cabinet uses the power line"
