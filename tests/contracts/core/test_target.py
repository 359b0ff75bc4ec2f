"""Targets: addresses from options and environment, credentials from the environment alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.contracts.core.errors import UsageError
from vendorlab.contracts.core.target import Target, checked_url, parse_option, variable_prefix

URL = "http://127.0.0.1:7071"


def test_environment_gives_address_and_credentials_of_one_vendor() -> None:
    environ = {
        "VENDORLAB_SCANALYTICS_URL": f"{URL}/",
        "VENDORLAB_SCANALYTICS_USERNAME": "ada@example.com",
        "VENDORLAB_SCANALYTICS_CONFIDENTIAL_CLIENT_ID": "shop",
        "VENDORLAB_SCANALYTICS_PASSWORD": "",
        "VENDORLAB_SCANALYTICS_CA": "",
        "VENDORLAB_INODE_USERNAME": "somebody@example.com",
        "HOME": "/root",
    }
    target = Target.from_environment("scanalytics", environ)
    assert target == Target("scanalytics", URL, {"username": "ada@example.com", "confidential_client_id": "shop"})


def test_environment_gives_the_authority_to_trust_which_is_no_credential() -> None:
    environ = {"VENDORLAB_SCANALYTICS_URL": "https://127.0.0.1:7071", "VENDORLAB_SCANALYTICS_CA": "ca.pem"}
    target = Target.from_environment("scanalytics", environ)
    assert target == Target("scanalytics", "https://127.0.0.1:7071", {}, "ca.pem")


def test_environment_without_address_gives_no_target() -> None:
    assert Target.from_environment("scanalytics", {"VENDORLAB_SCANALYTICS_USERNAME": "ada"}) is None


def test_option_outranks_the_environment() -> None:
    target = Target.from_environment("scanalytics", {"VENDORLAB_SCANALYTICS_URL": "http://other"}, URL)
    assert target is not None
    assert target.url == URL


def test_prefix_spells_hyphens_as_underscores() -> None:
    assert variable_prefix("itron-platform") == "VENDORLAB_ITRON_PLATFORM_"


def test_missing_names_the_variables_to_set() -> None:
    target = Target("scanalytics", URL, {"username": "ada"})
    assert target.missing(("username", "password", "client_id")) == [
        "VENDORLAB_SCANALYTICS_PASSWORD",
        "VENDORLAB_SCANALYTICS_CLIENT_ID",
    ]


def test_repr_keeps_credentials_to_itself() -> None:
    assert "hunter2" not in repr(Target("scanalytics", URL, {"password": "hunter2"}))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:7071", True),
        ("http://127.8.9.10", True),
        ("http://[::1]:7071", True),
        ("http://localhost", True),
        ("http://scanalytics.localhost:80", True),
        ("http://10.0.0.1", False),
        ("http://localhost.example.com", False),
        ("http://127.0.0.1.example.com", False),
        ("https://query.example.com", False),
    ],
)
def test_loopback_is_this_machine_only(url: str, expected: bool) -> None:
    assert Target("scanalytics", url).loopback is expected


@pytest.mark.parametrize("text", ["", "scanalytics", "=http://host", "Scanalytics=http://host", "a b=http://host"])
def test_option_that_is_no_pair_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="VENDOR=URL"):
        parse_option(text)


@pytest.mark.parametrize(
    "url",
    ["", "host", "http://", "//host", "http://host:99999", "http://host:x", "http://h ost", "http://host/?a=b",
     "http://host/#a", "http://host?", "http://[::1"],
)  # fmt: skip
def test_address_that_makes_no_sense_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        checked_url(url)


def test_address_with_credentials_is_refused_without_repeating_them() -> None:
    with pytest.raises(UsageError, match="environment") as caught:
        checked_url("http://ada:hunter2@host")
    assert "hunter2" not in str(caught.value)


@given(st.text())
def test_any_option_is_understood_or_refused(text: str) -> None:
    try:
        vendor, url = parse_option(text)
    except UsageError:
        return
    assert text.startswith(f"{vendor}=")
    assert checked_url(url) == url


@given(
    st.from_regex(r"[a-z]{1,8}(-[a-z0-9]{1,4})?", fullmatch=True),
    st.sampled_from(["http", "https", "coap"]),
    st.from_regex(r"[a-z]{1,10}(\.[a-z]{2,5})?", fullmatch=True),
    st.none() | st.integers(1, 65535),
    st.from_regex(r"(/[a-z]{1,5}){0,2}/?", fullmatch=True),
)
def test_sensible_options_are_read_back(vendor: str, scheme: str, host: str, port: int | None, path: str) -> None:
    url = f"{scheme}://{host}{f':{port}' if port else ''}{path}"
    assert parse_option(f"{vendor}={url}") == (vendor, url.rstrip("/"))
