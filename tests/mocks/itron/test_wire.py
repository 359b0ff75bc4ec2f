"""The parsers and the policy, by themselves and by property."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.mocks.core.clock import to_micros
from vendorlab.mocks.itron import policy, strictjson, wire
from vendorlab.mocks.itron.errors import BadRequest
from vendorlab.mocks.itron.settings import Settings

OFFSETS = st.integers(-14 * 60, 14 * 60)


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31)), OFFSETS, st.integers(0, 9))  # noqa: DTZ001
def test_timestamp_is_read_in_any_zone_and_with_any_fraction(naive: datetime, minutes: int, digits: int) -> None:
    zone = timezone(timedelta(minutes=minutes))
    whole = naive.replace(microsecond=0, tzinfo=zone)
    fraction = f"{naive.microsecond:06d}789"[:digits]
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    text = whole.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0") + (f".{fraction}" if fraction else "")
    expected = to_micros(whole) + int(fraction[:6].ljust(6, "0"))
    for offset in (f"{sign}{hours:02d}:{rest:02d}", f"{sign}{hours:02d}{rest:02d}"):
        assert wire.moment(text + offset) == expected
    if not minutes:
        assert wire.moment(f"{text}Z") == expected
    if not rest:
        assert wire.moment(f"{text}{sign}{hours:02d}") == expected


@given(st.datetimes(datetime(1970, 1, 1), datetime(9998, 12, 31)))  # noqa: DTZ001
def test_timestamp_that_is_written_is_read_again(naive: datetime) -> None:
    micros = to_micros(naive.replace(tzinfo=UTC)) // 1_000 * 1_000
    assert wire.moment(wire.timestamp(micros)) == micros
    assert len(wire.timestamp(micros)) == 24


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2024-05-01",
        "2024-05-01T00:00Z",
        "2024-05-01T00:00:00",
        "2024-05-01T00:00:00z",
        "2024-05-01t00:00:00Z",
        "2024-05-01 00:00:00Z",
        "2024-05-01T00:00:00.Z",
        "2024-05-01T00:00:00,5Z",
        "2024-05-01T00:00:60Z",
        "2024-05-01T24:00:00Z",
        "2024-13-01T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "2024-05-01T00:00:00+24:00",
        "2024-05-01T00:00:00+10:60",
        "2024-05-01T00:00:00+1:00",
        "2024-05-01T00:00:00ZZ",
        " 2024-05-01T00:00:00Z",
        "2024-05-01T00:00:00Z\n",
        "\u0662024-05-01T00:00:00Z",
        "20240501T000000Z",
    ],
)
def test_what_is_no_timestamp_with_a_zone_is_none(text: str) -> None:
    assert wire.moment(text) is None


@given(st.text())
def test_any_text_is_a_timestamp_or_none(text: str) -> None:
    assert wire.moment(text) is None or text[4] == "-"


@given(st.binary())
def test_any_bytes_are_an_object_or_refused_and_agree_with_the_standard_library(body: bytes) -> None:
    try:
        found = strictjson.read(body)
    except BadRequest:
        return
    assert list(found) == list(json.loads(body))


@given(
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.integers() | st.text("ab\u00e9"), max_size=5)
)
def test_members_keep_their_bytes(value: dict[str, int | str]) -> None:
    body = json.dumps(value, indent=1).encode()
    members = strictjson.members(body)
    assert {name: json.loads(raw) for name, raw in members.items()} == value
    assert json.loads(strictjson.write(members)) == value


@given(st.text("*/ab.?[]"), st.text("/ab.?[]"))
def test_policy_matches_stars_and_nothing_else(resource: str, path: str) -> None:
    literal = resource.replace("[", "[[]").replace("?", "[?]")
    assert policy.permits([resource], "", path) == fnmatchcase(path, literal)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/api/solutions/x", True),
        ("DELETE", "/api/solutions/x/devices/y/observations", True),
        ("GET", "/api/solutions/", True),
        ("GET", "/api/solutions", False),
        ("GET", "/api/tenants/systemTenant/devicetemplates", True),
        ("POST", "/api/tenants/systemTenant/devicetemplates", False),
        ("GET", "/api/tenants/systemTenant/devicetemplates/x", False),
        ("GET", "/api/devices", False),
        ("POST", "/api/tokens", False),
    ],
)
def test_policy_of_the_vendor_allows_solutions_and_static_templates(method: str, path: str, *, allowed: bool) -> None:
    assert policy.permits(Settings().policy, method, path) is allowed


def test_only_statements_that_allow_invoking_count() -> None:
    good, *others = policy.statements("abc")
    denying, other_action = others[0] | {"Effect": "Deny"}, others[1] | {"Action": "s3:GetObject"}
    assert policy.allowed([good, denying, other_action]) == ("a",)
