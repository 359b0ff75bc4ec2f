"""Refreshing: a new pair for an old refresh token, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.core.django.api import BOGUS, NOBODY, DjangoApi, Grant, granted

if TYPE_CHECKING:
    import httpx

    from vendorlab.contracts.core.control import Clock

_CROWD = 16
_YEAR = 365 * 86_400


def refused(response: httpx.Response) -> None:
    """Expect the refusal of a refresh token."""
    __tracebackhide__ = True
    expect.oauth_error(response, "invalid_grant", expect.ERA)


@pytest.mark.needs("spend")
class RefreshRules:
    """Rotation, single use, and what spends a refresh token and what does not."""

    @pytest.mark.claim(".refresh.new-pair", ".refresh.single-use")
    def test_refresh_rotates_both_tokens_again_and_again(self, api: DjangoApi, grant: Grant) -> None:
        """Every refresh token in the chain works once."""
        chain = [grant]
        for _ in range(4):
            chain.append(granted(api.refresh(chain[-1].refresh)))
        tokens = [each.access for each in chain] + [each.refresh for each in chain]
        assert len(set(tokens)) == len(tokens), "a refresh gave a token that had been given before"
        assert api.is_good(chain[-1].access), "the token of the last refresh is not accepted"
        for spent in chain[:-1]:
            refused(api.refresh(spent.refresh))

    @pytest.mark.claim(".refresh.single-use", ".refresh.refusal")
    def test_spent_refresh_token_is_refused(self, api: DjangoApi, grant: Grant) -> None:
        """However often it is tried."""
        granted(api.refresh(grant.refresh))
        for _ in range(3):
            refused(api.refresh(grant.refresh))

    @pytest.mark.claim(".refresh.form")
    def test_refresh_is_answered_like_a_login(self, api: DjangoApi, grant: Grant) -> None:
        """The same fields, the same headers."""
        refreshed = granted(api.refresh(grant.refresh))
        assert list(refreshed.response.json()) == list(grant.response.json())
        for name in ("Content-Type", "Cache-Control", "Pragma"):
            assert refreshed.response.headers.get(name) == grant.response.headers.get(name), name
        for name in ("expires_in", "token_type"):
            assert refreshed.response.json()[name] == grant.response.json()[name], name

    @pytest.mark.claim(".refresh.old-access-dies")
    def test_old_access_token_dies_with_the_refresh(self, api: DjangoApi, grant: Grant) -> None:
        """It was good, and is not any more, though its day is not over."""
        assert api.is_good(grant.access)
        refreshed = granted(api.refresh(grant.refresh))
        assert not api.is_good(grant.access), "the old access token outlived the refresh"
        assert api.is_good(refreshed.access)

    @pytest.mark.claim(".refresh.replay-spares-successor")
    def test_replay_leaves_the_newer_pair_alone(self, api: DjangoApi, grant: Grant) -> None:
        """Neither the newer access token nor the newer refresh token suffers."""
        newer = granted(api.refresh(grant.refresh))
        refused(api.refresh(grant.refresh))
        assert api.is_good(newer.access), "a replay killed the newer access token"
        granted(api.refresh(newer.refresh))

    @pytest.mark.claim(".refresh.bogus", ".refresh.refusal")
    def test_what_is_no_refresh_token_is_refused(self, api: DjangoApi, grant: Grant) -> None:
        """Neither invention nor the access token passes."""
        refused(api.refresh(BOGUS))
        refused(api.refresh(grant.access))
        granted(api.refresh(grant.refresh))

    @pytest.mark.claim(".refresh.missing")
    def test_missing_refresh_token_is_named(self, api: DjangoApi) -> None:
        """Another text than for a missing username."""
        response = api.refresh(BOGUS, refresh_token=None)
        expect.oauth_error(response, "invalid_request", [400], "Missing refresh token parameter.")

    @pytest.mark.claim(".refresh.empty")
    def test_empty_refresh_token_is_refused(self, api: DjangoApi) -> None:
        """Empty is not missing here."""
        refused(api.refresh(""))

    @pytest.mark.claim(".refresh.client")
    @pytest.mark.parametrize("client_id", [None, NOBODY], ids=["missing", "unknown"])
    def test_refresh_without_a_known_application_spends_nothing(
        self, api: DjangoApi, grant: Grant, client_id: str | None
    ) -> None:
        """Refused, and then the same refresh token works."""
        expect.oauth_error(api.refresh(grant.refresh, client_id=client_id), "invalid_client", [401])
        granted(api.refresh(grant.refresh))

    @pytest.mark.claim(".refresh.wider-scope")
    @pytest.mark.parametrize("scope", ["nonsense", "{} nonsense"])
    def test_wider_scope_is_refused_and_spends_nothing(self, api: DjangoApi, grant: Grant, scope: str) -> None:
        """Nothing that was not granted can be had later."""
        expect.oauth_error(api.refresh(grant.refresh, scope=scope.format(grant.scope)), "invalid_scope", expect.ERA)
        granted(api.refresh(grant.refresh))

    @pytest.mark.claim(".refresh.same-scope")
    def test_refresh_without_scope_keeps_the_scope(self, api: DjangoApi, grant: Grant) -> None:
        """It need not be said again."""
        assert granted(api.refresh(grant.refresh)).scope == grant.scope == api.SCOPE

    @pytest.mark.claim(".refresh.not-a-bearer")
    def test_refresh_token_is_no_access_token(self, api: DjangoApi, grant: Grant) -> None:
        """And trying does not spend it."""
        assert not api.is_good(grant.refresh), "a refresh token is accepted as an access token"
        granted(api.refresh(grant.refresh))

    @pytest.mark.claim(".refresh.one-winner")
    def test_of_many_refreshes_at_once_one_wins(self, api: DjangoApi, grant: Grant) -> None:
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
                refused(each)

    @pytest.mark.claim(".refresh.after-expiry", ".bearer.lifetime")
    @pytest.mark.needs("clock")
    def test_refresh_works_after_the_access_token_expired(self, api: DjangoApi, clock: Clock, grant: Grant) -> None:
        """What refresh tokens are for."""
        with clock.frozen():
            clock.advance(api.LIFETIME + 1)
            assert not api.is_good(grant.access), "the access token outlived its time"
            assert api.is_good(granted(api.refresh(grant.refresh)).access)

    @pytest.mark.claim(".refresh.no-expiry")
    @pytest.mark.needs("clock")
    def test_refresh_token_works_after_a_year(self, api: DjangoApi, clock: Clock, grant: Grant) -> None:
        """It does not expire, it is spent."""
        clock.advance(_YEAR)
        granted(api.refresh(grant.refresh))


@pytest.mark.needs("spend")
class ConfidentialRefreshRules:
    """What a confidential application must show to refresh."""

    @pytest.mark.claim(".refresh.secret")
    def test_confidential_application_refreshes_with_its_secret_only(self, api: DjangoApi) -> None:
        """Without it nothing is spent."""
        client = api.confidential()
        grant = api.login(**client)
        response = api.refresh(grant.refresh, client_id=client["client_id"], client_secret=None)
        expect.oauth_error(response, "invalid_client", [401])
        granted(api.refresh(grant.refresh, **client))
