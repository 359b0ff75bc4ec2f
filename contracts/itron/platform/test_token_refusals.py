"""What the token call refuses: always in JSON, since the SDK parses the answer whatever its status."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote_plus, urlencode

import pytest

from vendorlab.contracts.itron.platform.api import JSON, NOBODY, OLD_TOKENS, TOKENS, Api
from vendorlab.contracts.itron.platform.forms import NOWHERE, refused, unauthorized

pytestmark = pytest.mark.vendorlab("itron-platform")

_FORM = urlencode({"grant_type": "client_credentials", "client_id": NOBODY, "client_secret": "x"}).encode()
_DEEP = b'{"clientId":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.claim("itron-platform.refusal.not-json", "itron-platform.error.message")
@pytest.mark.parametrize("path", [TOKENS, OLD_TOKENS])
@pytest.mark.parametrize(
    "content",
    [b"", b"{", b'{"clientId":"a","clientSecret":"b"', _FORM, b"\xff\xfe", b'{"clientId":NaN}',
     pytest.param(_DEEP, marks=pytest.mark.needs("exhaust"))],
    ids=["nothing", "a brace", "cut off", "a form", "no text", "NaN", "deep"],
)  # fmt: skip
def test_body_that_is_not_json_is_a_bad_request(api: Api, path: str, content: bytes) -> None:
    """A form as OAuth 2 has it included: this is not OAuth 2."""
    refused(api.send("POST", path, None, content, JSON), 400)


@pytest.mark.claim("itron-platform.refusal.member")
@pytest.mark.parametrize("name", ["clientId", "clientSecret"])
@pytest.mark.parametrize("value", [None, "", 5, ["a"]], ids=["missing", "empty", "a number", "an array"])
def test_member_that_is_missing_or_no_text_is_a_bad_request(api: Api, name: str, value: Any) -> None:
    """Either of the two."""
    body: dict[str, Any] = {"clientId": NOBODY, "clientSecret": "x"}
    if value is None:
        del body[name]
    else:
        body[name] = value
    refused(api.ask_token(body), 400)


@pytest.mark.claim("itron-platform.refusal.member")
@pytest.mark.parametrize("body", [[], "x", 5, None, {}, {"client_id": NOBODY, "client_secret": "x"}], ids=str)
def test_json_of_another_form_is_a_bad_request(api: Api, body: Any) -> None:
    """The members' names are clientId and clientSecret."""
    refused(api.ask_token(body), 400)


@pytest.mark.claim("itron-platform.refusal.unknown", "itron-platform.error.message")
@pytest.mark.parametrize("path", [TOKENS, OLD_TOKENS])
def test_unknown_client_is_unauthorized(api: Api, path: str) -> None:
    """At either path."""
    unauthorized(api.ask_token({"clientId": NOBODY, "clientSecret": "x"}, path))


@pytest.mark.claim("itron-platform.refusal.secret")
@pytest.mark.needs("spend")
def test_wrong_secret_is_unauthorized(api: Api) -> None:
    """Like an unknown client, and no word on which of the two it was."""
    unauthorized(api.ask_token(api.account() | {"clientSecret": "wrong"}))


@pytest.mark.claim("itron-platform.refusal.as-it-is")
@pytest.mark.needs("spend")
@pytest.mark.parametrize("change", ["blank", "lower", "encoded", "decoded"])
def test_secret_is_compared_as_it_is(api: Api, change: str) -> None:
    """Neither trimmed nor decoded: a secret holds + and /, and is base64."""
    secret = api.account()["clientSecret"]
    changed = {
        "blank": f" {secret} ",
        "lower": secret.swapcase(),
        "encoded": quote(secret, safe=""),
        "decoded": unquote_plus(secret),
    }[change]
    if changed == secret:
        pytest.skip("the secret has no character that this would change")
    unauthorized(api.ask_token(api.account() | {"clientSecret": changed}))


@pytest.mark.claim("itron-platform.refusal.method")
@pytest.mark.parametrize("path", [TOKENS, OLD_TOKENS])
def test_token_path_is_not_to_be_read(api: Api, path: str) -> None:
    """As any path and method that are not served."""
    refused(api.http.get(path), *NOWHERE)
