"""What boards of sensors send, byte for byte as the vendor's own programs expect it."""

from __future__ import annotations

import pytest

from vendorlab.mocks.itron import sapi
from vendorlab.mocks.itron.models import MeshDevice, Reading, Sensor

DEVICE = MeshDevice("001350050047dd92", "TN1", 0, tuple(Sensor))


def reading(sensor: Sensor, second: int, **values: object) -> Reading:
    return Reading(DEVICE, sensor, second, values)


def test_temperature_is_written_as_in_the_vendors_vector() -> None:
    made = sapi.payload(reading(Sensor.TEMPERATURE, 1_540_584_982, temperature="72.50", unit="F"))
    assert made.hex() == "a2006474656d700172313534303538343938322c37322e35302c46"


def test_configuration_is_written_as_in_the_vendors_vector() -> None:
    made = sapi.wrapped("temp", "1540584982,F")
    assert made.hex() == "a2006474656d70016c313534303538343938322c46"


def test_gas_is_written_as_in_the_vendors_vector() -> None:
    made = sapi.wrapped("ncmth1", "22/05/18/16/11/00,t,10,lvl")
    assert made.hex().upper() == "A200666E636D74683101781A32322F30352F31382F31362F31312F30302C742C31302C6C766C"


def test_methane_says_gas_only_where_there_is_some() -> None:
    quiet = reading(Sensor.METHANE, 1_527_005_460, gas=0, hours=503, device="OK", battery="OK")
    leak = reading(Sensor.METHANE, 1_527_005_460, gas=10, hours=503, device="NG", battery="LB")
    assert sapi.said(quiet) == "22/05/18/16/11/00,t,503,h,OK,s"
    assert sapi.said(leak) == "22/05/18/16/11/00,t,10,lvl,503,h,NG,s,LB,s"


def test_tilt_is_written_as_in_the_vendors_vector_but_for_its_sequence() -> None:
    made = sapi.payload(
        reading(Sensor.TILT, 0x57D89814, celsius=24.07, humidity=76, tilt=(304, 720, 572), shock=(0, 0, 0))
    )
    vector = bytes.fromhex(
        "a200646c6e696301582557d8981400011a76001900010200010209670003014c00050c00000130000002d00000023c"
    )
    assert (made[:14], made[18:]) == (vector[:14], vector[18:])


@pytest.mark.parametrize("shock", [(1, 2, 3), (-400, 0, 7)])
def test_tilt_says_a_shock_where_there_was_one(shock: tuple[int, int, int]) -> None:
    quiet = reading(Sensor.TILT, 0x6A000000, celsius=-3.5, humidity=0, tilt=(1, 2, 3), shock=(0, 0, 0))
    knocked = reading(Sensor.TILT, 0x6A000000, celsius=-3.5, humidity=0, tilt=(1, 2, 3), shock=shock)
    extra = sapi.said(knocked)
    assert isinstance(extra, bytes)
    assert len(extra) == len(sapi.said(quiet)) + 15
    assert b"".join(axis.to_bytes(4, signed=True) for axis in shock) in extra
