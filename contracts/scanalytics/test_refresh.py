"""Refreshing: a new pair for an old refresh token, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.scanalytics.api import BOGUS, LIFETIME, Api, Grant, granted

if TYPE_CHECKING:
    import httpx

    from vendorlab.contracts.core.control import Clock

pytestmark = [pytest.mark.vendorlab("scanalytics"), pytest.mark.needs("spend")]

_CROWD = 16
_YEAR = 365 * 86_400


def _refused(response: httpx.Response) -> None:
    expect.oauth_error(response, "invalid_grant", expect.ERA)


@pytest.mark.claim("scanalytics.refresh.new-pair", "scanalytics.refresh.single-use")
def test_refresh_rotates_both_tokens_again_and_again(api: Api, grant: Grant) -> None:
    """Every refresh token in the chain works once."""
    chain = [grant]
    for _ in range(4):
        chain.append(granted(api.refresh(chain[-1].refresh)))
    tokens = [each.access for each in chain] + [each.refresh for each in chain]
    assert len(set(tokens)) == len(tokens), "a refresh gave a token that had been given before"
    assert api.is_good(chain[-1].access), "the token of the last refresh is not accepted"
    for spent in chain[:-1]:
        _refused(api.refresh(spent.refresh))


@pytest.mark.claim("scanalytics.refresh.single-use", "scanalytics.refresh.refusal")
def test_spent_refresh_token_is_refused(api: Api, grant: Grant) -> None:
    """However often it is tried."""
    granted(api.refresh(grant.refresh))
    for _ in range(3):
        _refused(api.refresh(grant.refresh))


@pytest.mark.claim("scanalytics.refresh.form")
def test_refresh_is_answered_like_a_login(api: Api, grant: Grant) -> None:
    """The same fields, the same headers."""
    refreshed = granted(api.refresh(grant.refresh))
    assert list(refreshed.response.json()) == list(grant.response.json())
    for name in ("Content-Type", "Cache-Control", "Pragma"):
        assert refreshed.response.headers.get(name) == grant.response.headers.get(name), name
    for name in ("expires_in", "token_type"):
        assert refreshed.response.json()[name] == grant.response.json()[name], name


@pytest.mark.claim("scanalytics.refresh.old-access-dies")
def test_old_access_token_dies_with_the_refresh(api: Api, grant: Grant) -> None:
    """It was good, and is not any more, though its day is not over."""
    assert api.is_good(grant.access)
    refreshed = granted(api.refresh(grant.refresh))
    assert not api.is_good(grant.access), "the old access token outlived the refresh"
    assert api.is_good(refreshed.access)


@pytest.mark.claim("scanalytics.refresh.replay-spares-successor")
def test_replay_leaves_the_newer_pair_alone(api: Api, grant: Grant) -> None:
    """Neither the newer access token nor the newer refresh token suffers."""
    newer = granted(api.refresh(grant.refresh))
    _refused(api.refresh(grant.refresh))
    assert api.is_good(newer.access), "a replay killed the newer access token"
    granted(api.refresh(newer.refresh))


@pytest.mark.claim("scanalytics.refresh.bogus", "scanalytics.refresh.refusal")
def test_what_is_no_refresh_token_is_refused(api: Api, grant: Grant) -> None:
    """Neither invention nor the access token passes."""
    _refused(api.refresh(BOGUS))
    _refused(api.refresh(grant.access))
    granted(api.refresh(grant.refresh))


@pytest.mark.claim("scanalytics.refresh.foreign")
@pytest.mark.needs("confidential")
def test_refresh_token_of_another_application_is_refused(api: Api, grant: Grant) -> None:
    """A refresh token belongs to the application that got it."""
    _refused(api.refresh(grant.refresh, **api.confidential()))


@pytest.mark.claim("scanalytics.refresh.missing")
def test_missing_refresh_token_is_named(api: Api) -> None:
    """Another text than for a missing username."""
    response = api.refresh(BOGUS, refresh_token=None)
    expect.oauth_error(response, "invalid_request", [400], "Missing refresh token parameter.")


@pytest.mark.claim("scanalytics.refresh.empty")
def test_empty_refresh_token_is_refused(api: Api) -> None:
    """Empty is not missing here."""
    _refused(api.refresh(""))


@pytest.mark.claim("scanalytics.refresh.client")
@pytest.mark.parametrize("client_id", [None, "nobodys-application"], ids=["missing", "unknown"])
def test_refresh_without_a_known_application_spends_nothing(api: Api, grant: Grant, client_id: str | None) -> None:
    """Refused, and then the same refresh token works."""
    expect.oauth_error(api.refresh(grant.refresh, client_id=client_id), "invalid_client", [401])
    granted(api.refresh(grant.refresh))


@pytest.mark.claim("scanalytics.refresh.secret")
@pytest.mark.needs("confidential")
def test_confidential_application_refreshes_with_its_secret_only(api: Api) -> None:
    """Without it nothing is spent."""
    client = api.confidential()
    grant = api.login(**client)
    response = api.refresh(grant.refresh, client_id=client["client_id"])
    expect.oauth_error(response, "invalid_client", [401])
    granted(api.refresh(grant.refresh, **client))


@pytest.mark.claim("scanalytics.refresh.wider-scope")
@pytest.mark.parametrize("scope", ["read write", "write", "read nonsense"])
def test_wider_scope_is_refused_and_spends_nothing(api: Api, grant: Grant, scope: str) -> None:
    """The login was granted read."""
    expect.oauth_error(api.refresh(grant.refresh, scope=scope), "invalid_scope", expect.ERA)
    granted(api.refresh(grant.refresh))


@pytest.mark.claim("scanalytics.refresh.same-scope")
def test_refresh_without_scope_keeps_the_scope(api: Api) -> None:
    """All of it."""
    grant = api.login(scope="read write")
    assert granted(api.refresh(grant.refresh)).scope.split() == ["read", "write"]


@pytest.mark.claim("scanalytics.refresh.narrower-scope")
def test_refresh_may_narrow_the_scope(api: Api) -> None:
    """From reading and writing to reading."""
    grant = api.login(scope="read write")
    assert granted(api.refresh(grant.refresh, scope="read")).scope == "read"


@pytest.mark.claim("scanalytics.refresh.not-a-bearer")
def test_refresh_token_is_no_access_token(api: Api, grant: Grant) -> None:
    """And trying does not spend it."""
    assert not api.is_good(grant.refresh), "a refresh token is accepted as an access token"
    granted(api.refresh(grant.refresh))


@pytest.mark.claim("scanalytics.refresh.one-winner")
def test_of_many_refreshes_at_once_one_wins(api: Api, grant: Grant) -> None:
    """A client whose workers refresh side by side has all of them but one log in again."""
    barrier = Barrier(_CROWD)

    def refresh(_: int) -> httpx.Response:
        barrier.wait(timeout=30)
        return api.refresh(grant.refresh)

    with ThreadPoolExecutor(_CROWD) as pool:
        answers = list(pool.map(refresh, range(_CROWD)))
    winners = [each for each in answers if each.status_code == 200]
    assert len(winners) == 1, f"{len(winners)} of {_CROWD} refreshes with one refresh token were granted"
    granted(winners[0])
    for each in answers:
        if each is not winners[0]:
            _refused(each)


@pytest.mark.claim("scanalytics.refresh.after-expiry", "scanalytics.bearer.lifetime")
@pytest.mark.needs("clock")
def test_refresh_works_after_the_access_token_expired(api: Api, clock: Clock, grant: Grant) -> None:
    """What refresh tokens are for."""
    with clock.frozen():
        clock.advance(LIFETIME + 1)
        assert not api.is_good(grant.access), "the access token outlived its day"
        assert api.is_good(granted(api.refresh(grant.refresh)).access)


@pytest.mark.claim("scanalytics.refresh.no-expiry")
@pytest.mark.needs("clock")
def test_refresh_token_works_after_a_year(api: Api, clock: Clock, grant: Grant) -> None:
    """It does not expire, it is spent."""
    clock.advance(_YEAR)
    granted(api.refresh(grant.refresh))
