"""The city that several vendors share: addresses of mesh cards, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.mocks.core.city import mesh_mac, mesh_number

NUMBERS = st.integers(0, 2**32 - 1)
SEEDS = st.integers(-(2**70), 2**70)


@given(SEEDS, NUMBERS)
def test_number_has_an_address_that_leads_back_to_it(seed: int, number: int) -> None:
    mac = mesh_mac(seed, number)
    assert (len(mac), mac[:8]) == (16, "00135005")
    assert mac == mac.lower()
    assert mesh_number(seed, mac) == mesh_number(seed, mac.upper()) == number


@given(SEEDS, NUMBERS)
def test_every_address_of_the_mesh_belongs_to_one_number(seed: int, low: int) -> None:
    mac = f"00135005{low:08x}"
    number = mesh_number(seed, mac)
    assert number is not None
    assert mesh_mac(seed, number) == mac


def test_addresses_of_a_city_differ_and_depend_on_the_seed() -> None:
    assert len({mesh_mac(7, number) for number in range(20_000)}) == 20_000
    assert mesh_mac(7, 3) != mesh_mac(8, 3)


@given(st.text(max_size=20))
def test_other_text_is_no_address(text: str) -> None:
    if not text.lower().startswith("00135005"):
        assert mesh_number(7, text) is None


@pytest.mark.parametrize(
    "text", ["", "00135005", "00135005000000000", "0013500500000g00", "00135005-0000000", "00135005٣0000000"]
)
def test_near_misses_are_no_addresses(text: str) -> None:
    assert mesh_number(7, text) is None


@pytest.mark.parametrize("number", [-1, 2**32])
def test_numbers_beyond_the_space_are_refused(number: int) -> None:
    with pytest.raises(ValueError, match="numbered"):
        mesh_mac(7, number)
