"""Sessions of the CoAP Gateway, row by row: the dossier's 1.3, and the defaults of its section 7."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.mocks.itron.coap_support import HERE, THERE, Desk, options, proxied

from vendorlab.mocks.core.coap.codes import Code, Type
from vendorlab.mocks.core.coap.options import Option

if TYPE_CHECKING:
    from tests.mocks.itron.conftest import MakeDesk

SESSIONS = options((Option.URI_PATH, "sessions"))
HOUR = 3_600


def test_token_opens_a_session_and_the_next_renews_it(desk_of: MakeDesk) -> None:
    desk = desk_of()
    first, second = desk.open(), desk.open()
    assert (first.code, first.payload, first.type) == (Code.CREATED, b"", Type.ACK)
    assert (second.code, second.payload) == (Code.CHANGED, b"")
    assert len(desk.vendor.backend.sessions) == 1


@pytest.mark.parametrize(
    ("payload", "cause"), [(b"", "no-token"), (b"nonsense", "unknown-token"), (b"\xff\xfe", "unknown-token")]
)
def test_what_is_no_token_opens_nothing(desk_of: MakeDesk, payload: bytes, cause: str) -> None:
    desk = desk_of()
    assert desk.ask(Code.POST, SESSIONS, payload).code == Code.UNAUTHORIZED
    assert (desk.last.cause, desk.last.operation, desk.last.status) == (cause, "session.open", 401)
    assert len(desk.vendor.backend.sessions) == 0


def test_expired_and_revoked_tokens_open_nothing(desk_of: MakeDesk) -> None:
    desk = desk_of()
    old, revoked = desk.token(), desk.token(1)
    found = desk.vendor.tokens.find(revoked)
    assert found is not None
    desk.vendor.tokens.revoke(found)
    desk.world.clock.advance(HOUR)
    for token, cause in ((old, "expired-token"), (revoked, "revoked-token")):
        assert desk.ask(Code.POST, SESSIONS, token.encode()).code == Code.UNAUTHORIZED
        assert desk.last.cause == cause


def test_session_outlives_its_token_whatever_becomes_of_that(desk: Desk) -> None:
    for token in desk.vendor.tokens.all():
        desk.vendor.tokens.revoke(token)
    desk.world.clock.advance(HOUR)
    assert desk.get().code == Code.CONTENT


def test_eleventh_session_of_a_tenant_is_refused_until_one_has_ended(desk_of: MakeDesk) -> None:
    desk = desk_of()
    sources = [("127.0.0.1", 41_000 + number) for number in range(11)]
    for source in sources[:10]:
        assert desk.open(source).code == Code.CREATED
        desk.world.clock.advance(60)
    refused = desk.open(sources[10])
    assert refused.code == Code.SERVICE_UNAVAILABLE
    assert refused.options.uint(Option.MAX_AGE) == 4 * HOUR - 600
    assert desk.last.cause == "too-many-sessions"
    assert desk.open(sources[0]).code == Code.CHANGED, "one that is open may be renewed"
    assert desk.open(sources[10], tenant=1).code == Code.CREATED, "they count by tenant"
    assert desk.ask(Code.DELETE, SESSIONS, source=sources[3]).code == Code.DELETED
    assert desk.open(("127.0.0.1", 42_000)).code == Code.CREATED


def test_bound_of_sessions_is_a_setting(desk_of: MakeDesk) -> None:
    desk = desk_of(coap_max_sessions=1)
    assert desk.open(HERE).code == Code.CREATED
    assert desk.open(THERE).code == Code.SERVICE_UNAVAILABLE


def test_session_is_closed_once(desk: Desk) -> None:
    assert desk.ask(Code.DELETE, SESSIONS).code == Code.DELETED
    assert desk.ask(Code.DELETE, SESSIONS).code == Code.NOT_FOUND
    assert desk.get().code == Code.UNAUTHORIZED


@pytest.mark.parametrize("code", [Code.GET, Code.PUT, Code.FETCH])
def test_sessions_have_no_other_method(desk: Desk, code: Code) -> None:
    assert desk.ask(code, SESSIONS).code == Code.METHOD_NOT_ALLOWED


def test_session_belongs_to_its_source(desk: Desk) -> None:
    assert desk.get(source=THERE).code == Code.UNAUTHORIZED
    assert desk.last.cause == "no-session"
    assert not desk.mesh.nodes, "it was not passed on"


def test_session_ends_after_four_hours_without_a_request(desk: Desk) -> None:
    desk.world.clock.advance(4 * HOUR - 1)
    assert desk.get().code == Code.CONTENT
    desk.world.clock.advance(4 * HOUR - 1)
    assert desk.get().code == Code.CONTENT, "each request lets it live on"
    desk.world.clock.advance(4 * HOUR)
    assert desk.get().code == Code.UNAUTHORIZED
    assert desk.open().code == Code.CREATED


def test_renewal_lets_a_session_live_on(desk: Desk) -> None:
    desk.world.clock.advance(4 * HOUR - 1)
    desk.open()
    desk.world.clock.advance(4 * HOUR - 1)
    assert len(desk.vendor.backend.sessions) == 1


def test_source_that_shows_another_tenants_token_changes_sides(desk: Desk) -> None:
    assert desk.open(HERE, tenant=1).code == Code.CREATED
    assert desk.get().code == Code.FORBIDDEN
    assert desk.ask(Code.GET, proxied(desk.uri(tenant=1))).code == Code.CONTENT


def test_end_of_a_session_ends_its_observations_without_a_word(desk: Desk) -> None:
    desk.observe()
    assert len(desk.advance(60)) == 1
    desk.ask(Code.DELETE, SESSIONS)
    assert desk.advance(600) == []
    assert len(desk.endpoint.observations) == 0
    assert not desk.mesh.node(desk.mac()).observers, "the device was told by a reject"


def test_expiry_ends_observations_too(desk: Desk) -> None:
    desk.observe()
    sent = desk.advance(4 * HOUR)
    assert 0 < len(sent) <= 240
    assert desk.advance(600) == []


def test_gateway_describes_itself_to_anybody(desk_of: MakeDesk) -> None:
    core = options((Option.URI_PATH, ".well-known"), (Option.URI_PATH, "core"))
    answer = desk_of().ask(Code.GET, core)
    assert (answer.code, answer.payload) == (Code.CONTENT, b'</sessions>;title="Sessions"')
    assert answer.options.uint(Option.CONTENT_FORMAT) == 40
    assert desk_of().ask(Code.PUT, core).code == Code.METHOD_NOT_ALLOWED


@pytest.mark.parametrize("path", [(), ("sessions", "1"), ("snsr", "arduino", "temp"), ("",)])
def test_what_is_neither_local_nor_proxied_is_not_found(desk: Desk, path: tuple[str, ...]) -> None:
    asked = options(*((Option.URI_PATH, segment) for segment in path), (Option.URI_QUERY, "sens"))
    assert desk.ask(Code.GET, asked).code == Code.NOT_FOUND


def test_older_clients_query_is_passed_over(desk_of: MakeDesk) -> None:
    desk = desk_of()
    asked = options((Option.URI_PATH, "sessions"), (Option.URI_QUERY, "security=none"))
    assert desk.ask(Code.POST, asked, desk.token().encode()).code == Code.CREATED


def test_long_token_may_come_in_blocks(desk_of: MakeDesk) -> None:
    desk = desk_of()
    token = desk.token().encode()
    blocks = [token[at : at + 128] for at in range(0, len(token), 128)]
    codes: list[int] = []
    for number, block in enumerate(blocks):
        more = number + 1 < len(blocks)
        value = (Option.BLOCK1, number << 4 | more << 3 | 3)
        codes.append(desk.ask(Code.POST, options((Option.URI_PATH, "sessions"), value), block).code)
    assert codes == [Code.CONTINUE] * (len(blocks) - 1) + [Code.CREATED]


# --- option 124 ------------------------------------------------------------------------------------------------------

NAME = (Option.ENDPOINT_ID_1, b"\x01\x02")


def test_option_124_is_echoed_as_189_and_only_then(desk: Desk) -> None:
    named = desk.get("/snsr/arduino/temp?sens", NAME)
    assert named.options.get(Option.ENDPOINT_ID_2) == b"\x01\x02"
    assert Option.ENDPOINT_ID_2 not in desk.get().options
    assert Option.ENDPOINT_ID_2 not in desk.get("/snsr/arduino/temp?sens", (Option.ENDPOINT_ID_1, b"")).options
    refused = desk.ask(Code.GET, options((Option.URI_PATH, "sessions"), NAME))
    assert (refused.code, refused.options.get(Option.ENDPOINT_ID_2)) == (Code.METHOD_NOT_ALLOWED, b"\x01\x02")


def test_option_189_can_be_left_out_for_strict_clients(desk_of: MakeDesk) -> None:
    desk = desk_of(coap_endpoint_ids=False)
    desk.open()
    assert Option.ENDPOINT_ID_2 not in desk.get("/snsr/arduino/temp?sens", NAME).options


def test_client_whose_socket_changed_has_lost_its_session(desk: Desk) -> None:
    desk.get("/snsr/arduino/temp?sens", NAME)
    assert desk.get("/snsr/arduino/temp?sens", NAME, source=THERE).code == Code.UNAUTHORIZED


def test_client_whose_socket_changed_is_followed_where_it_is_set_so(desk_of: MakeDesk) -> None:
    desk = desk_of(coap_rebinding=True)
    desk.open()
    desk.ask(Code.GET, proxied(desk.uri(), NAME, (Option.OBSERVE, 0)))
    assert desk.get("/snsr/arduino/temp?sens", NAME, source=THERE, token=b"u").code == Code.CONTENT
    assert len(desk.vendor.backend.sessions) == 1
    desk.world.clock.advance(60)
    ((news, where),) = desk.sent
    assert (where, news.token, news.options.uint(Option.OBSERVE)) == (THERE, b"t", 4)
    desk.take()
    assert desk.get(source=HERE).code == Code.UNAUTHORIZED
