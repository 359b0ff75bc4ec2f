"""API keys: another scheme in the same header, with texts of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.core.django.api import refused
from vendorlab.contracts.inode.api import DEVICES, LINKS, bearer
from vendorlab.contracts.inode.estate import read

if TYPE_CHECKING:
    from vendorlab.contracts.core.control import Clock
    from vendorlab.contracts.inode.api import Api

pytestmark = pytest.mark.vendorlab("inode")

_INVALID = "Invalid token."
_NOBODYS_KEY = "0" * 40
_YEAR = 365 * 86_400


@pytest.mark.claim("inode.key.header")
@pytest.mark.needs("api-key")
@pytest.mark.parametrize("path", [LINKS, DEVICES])
def test_api_key_lets_in_without_a_login(api: Api, path: str) -> None:
    """No token endpoint is asked."""
    read(api, path, api.key())


@pytest.mark.claim("inode.key.scheme-case")
@pytest.mark.needs("api-key")
@pytest.mark.parametrize("scheme", ["token", "TOKEN", "tOkEn"])
def test_word_token_may_be_written_in_any_case(api: Api, scheme: str) -> None:
    """As Bearer may."""
    expect.status(api.ask(api.resource, f"{scheme} {api.credential('api_key')}"), 200)


@pytest.mark.claim("inode.key.no-expiry")
@pytest.mark.needs("api-key", "clock")
def test_api_key_works_after_a_year(api: Api, clock: Clock) -> None:
    """There is nothing to refresh it with."""
    expect.status(api.ask(api.resource, api.key()), 200)
    clock.advance(_YEAR)
    expect.status(api.ask(api.resource, api.key()), 200)


@pytest.mark.claim("inode.key.unknown", "inode.bearer.challenge")
@pytest.mark.parametrize("path", [LINKS, DEVICES])
def test_unknown_api_key_is_refused(api: Api, path: str) -> None:
    """In other words than an unknown access token."""
    refused(api.ask(path, f"Token {_NOBODYS_KEY}"), _INVALID)


@pytest.mark.claim("inode.key.missing", "inode.bearer.challenge")
def test_word_token_alone_is_refused(api: Api) -> None:
    """In other words than the word Bearer alone."""
    refused(api.ask(api.resource, "Token"), "Invalid token header. No credentials provided.")


@pytest.mark.claim("inode.key.spaces", "inode.bearer.challenge")
def test_api_key_with_a_space_is_refused(api: Api) -> None:
    """Whatever the key."""
    text = "Invalid token header. Token string should not contain spaces."
    refused(api.ask(api.resource, f"Token {_NOBODYS_KEY} {_NOBODYS_KEY}"), text)


@pytest.mark.claim("inode.key.characters", "inode.bearer.challenge")
def test_api_key_that_is_no_text_is_refused(api: Api) -> None:
    """Bytes that are no UTF-8."""
    text = "Invalid token header. Token string should not contain invalid characters."
    refused(api.ask(api.resource, b"Token \xff\xfe\xfd"), text)


@pytest.mark.claim("inode.key.deactivated", "inode.bearer.challenge")
@pytest.mark.needs("deactivated-key")
def test_api_key_of_a_deactivated_user_is_refused(api: Api) -> None:
    """Here a key differs from an access token, which goes on working."""
    refused(api.ask(api.resource, api.key("deactivated_api_key")), "User inactive or deleted.")


@pytest.mark.claim("inode.key.not-a-bearer")
@pytest.mark.needs("api-key")
def test_api_key_under_the_word_bearer_is_refused(api: Api) -> None:
    """As if nothing had been sent."""
    refused(api.ask(api.resource, bearer(api.credential("api_key"))))


@pytest.mark.claim("inode.key.no-access-token")
def test_access_token_under_the_word_token_is_no_api_key(api: Api, token: str) -> None:
    """The two are kept apart."""
    refused(api.ask(api.resource, f"Token {token}"), _INVALID)
