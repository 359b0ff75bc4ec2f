# pyright: basic, reportPrivateUsage=false
# A mutant reaches where nobody else may, and puts anything in the place of anything.
"""Ways in which the CoAP Gateway can be wrong on purpose, and the claims that must then be found broken."""

from __future__ import annotations

from typing import Any

import msgspec

from ..core.coap import blockwise
from ..core.coap.blockwise import Blocks
from ..core.coap.codes import Code
from ..core.coap.endpoint import Endpoint
from ..core.coap.errors import BadRequestError
from ..core.coap.exchange import Exchange
from ..core.coap.observe import Observations
from ..core.coap.options import Option, Options
from ..core.coap.response import Response
from ..core.mutants import Mutant, Planted, instead, planting, silencing
from . import forwarding, gateway, policy
from .errors import Unauthorized
from .forwarding import Destinations
from .gateway import Gateway
from .gateway_errors import NobodyThere, OthersDevice, TooManySessions, UnknownHost, WrongScheme
from .mesh import board
from .models import Grant
from .sessions import Sessions
from .tokens import TokenStore

# --- tokens ----------------------------------------------------------------------------------------------------------


def however_old(grant: Any) -> Any:
    """Let in who shows a token that has expired."""

    def granted(store: Any, text: str) -> Any:
        try:
            return grant(store, text)
        except Unauthorized as refused:
            if refused.cause != "expired-token":
                raise
            found = store.find(text)
            return _grant(found.user, found.client_id, store._resources(text))

    return granted


def whoever_signed(grant: Any) -> Any:
    """Believe what a token says of itself."""

    def granted(store: Any, text: str) -> Any:
        import jwt  # noqa: PLC0415  as in the store

        try:
            return grant(store, text)
        except Unauthorized:
            try:
                said = jwt.decode(text, options={"verify_signature": False, "verify_exp": False})
                return _grant(said["sub"], "", policy.allowed(said["accessPolicy"]))
            except (jwt.PyJWTError, ValueError, KeyError):
                raise Unauthorized(cause="unknown-token") from None

    return granted


def _grant(tenant: str, client: str, resources: tuple[str, ...] | None) -> Any:
    return Grant(tenant, client, resources or ())


# --- sessions --------------------------------------------------------------------------------------------------------


def _for_all_tenants(_check: Any) -> Any:
    def checked(sessions: Any, _tenant: str, _now: int) -> None:
        if len(sessions) >= sessions._most:
            raise TooManySessions(sessions._most, 1)

    return checked


def _of_anybody(use: Any) -> Any:
    return lambda sessions, source: use(sessions, source) or next(iter(sessions._open.values()), None)


def _rebinding(vendor: Any) -> Planted:
    return instead(vendor.gateway, "_settings", lambda old: msgspec.structs.replace(old, coap_rebinding=True))


# --- messages and options --------------------------------------------------------------------------------------------


def _past_the_end(cut: Any) -> Any:
    def made(response: Any, block: Any, szx: int) -> Any:
        try:
            return cut(response, block, szx)
        except BadRequestError:
            return Response(response.code)

    return made


def _for_one_leg(_answer: Any) -> Any:
    """Whole, whatever was asked for."""
    return lambda _blocks, _peer, _request, response, *_more, **_options: response


def _always_named(named: Any) -> Any:
    def made(self: Any, request: Any, response: Any) -> Any:
        if request.options.get(Option.ENDPOINT_ID_1):
            return named(self, request, response)
        return response._replace(options=response.options.with_((Option.ENDPOINT_ID_2, b"gateway")))

    return made


# --- devices ---------------------------------------------------------------------------------------------------------


def _whoevers(find: Any) -> Any:
    def found(destinations: Any, options: Any, tenant: str) -> Any:
        try:
            return find(destinations, options, tenant)
        except OthersDevice:
            _, owner = destinations._whose(forwarding.forward(options).target.host)
            return find(destinations, options, owner)

    return found


def _unknown_scheme(forward: Any) -> Any:
    def made(options: Any) -> Any:
        try:
            return forward(options)
        except WrongScheme:
            raise UnknownHost("there") from None

    return made


def _out_of_a_cache(answer: Any) -> Any:
    kept: dict[Any, Any] = {}

    def answered(self: Any, forwarded: Any, response: Any) -> None:
        request = forwarded.request
        if request.code == Code.GET and response.code == Code.CONTENT and Option.OBSERVE not in request.options:
            response = kept.setdefault(request.options, response)
        answer(self, forwarded, response)

    return answered


def _given_up_as_unreachable(_time_out: Any) -> Any:
    return lambda forwarded: forwarded.refuse(NobodyThere(0, 0))


def _standing_still(_value: Any) -> Any:
    return lambda _node: bytes((0, 0, 3))


def _short(value: Any) -> Any:
    return lambda node: value(node).lstrip(b"\0") or b"\0"


def _said_with_a_reading(configure: Any) -> Any:
    def configured(node: Any, sensor: Any, query: str) -> Any:
        answer = configure(node, sensor, query)
        return Response(answer.code, b"ok", Options()) if answer.code == Code.CHANGED else answer

    return configured


def _not_set(configure: Any) -> Any:
    def configured(node: Any, sensor: Any, query: str) -> Any:
        return Response(Code.CHANGED) if query in ("cfg=C", "cfg=F") else configure(node, sensor, query)

    return configured


MUTANTS = (
    Mutant(
        "gateway-takes-expired-tokens",
        "A token that has expired opens a session, and a line to the broker.",
        ("itron-coap.live.expired-token", "itron-mqtt.live.expired"),
        planting(TokenStore, "grant", however_old),
    ),
    Mutant(
        "gateway-takes-forged-tokens",
        "Nobody looks at a token's signature.",
        ("itron-coap.session.bad-token", "itron-mqtt.refusal.forged"),
        planting(TokenStore, "grant", whoever_signed),
    ),
    Mutant(
        "eleventh-session",
        "A tenant may have as many sessions as it likes.",
        ("itron-coap.session.eleventh",),
        silencing(Sessions, "_check_room"),
    ),
    Mutant(
        "ten-sessions-for-all",
        "All tenants together have ten sessions.",
        ("itron-coap.session.ten-each",),
        planting(Sessions, "_check_room", _for_all_tenants),
    ),
    Mutant(
        "session-without-end",
        "A session that nobody uses stays.",
        ("itron-coap.live.idle",),
        silencing(Sessions, "_set_timer"),
    ),
    Mutant(
        "session-ends-though-used",
        "A session ends four hours after it was opened, used or not.",
        ("itron-coap.live.used",),
        planting(Sessions, "use", lambda _: lambda sessions, source: sessions._open.get(source)),
    ),
    Mutant(
        "session-of-anybody",
        "One session opens the Gateway to every socket.",
        ("itron-coap.session.socket",),
        planting(Sessions, "use", _of_anybody),
    ),
    Mutant("session-moves", "A session follows option 124.", ("itron-coap.session.no-rebinding",), _rebinding),
    Mutant(
        "nothing-closed-well",
        "A DELETE without a session is answered 2.02.",
        ("itron-coap.session.none-to-close",),
        planting(Sessions, "close", lambda close: lambda sessions, source: bool(close(sessions, source)) or True),
    ),
    Mutant(
        "closed-session-lives",
        "A DELETE is answered well, and the session stays.",
        ("itron-coap.session.after-close",),
        silencing(Sessions, "close", answer=True),
    ),
    Mutant(
        "opened-is-changed",
        "A session that is opened is answered 2.04.",
        ("itron-coap.session.created",),
        planting(gateway, "CREATED", lambda _: gateway.CHANGED),
    ),
    Mutant(
        "duplicates-carried-out",
        "A request whose datagram comes twice is carried out twice.",
        ("itron-coap.message.duplicate",),
        silencing(Endpoint, "_again", answer=False),
    ),
    Mutant(
        "ping-not-answered",
        "An empty message is passed over.",
        ("itron-coap.message.ping",),
        silencing(Endpoint, "_ping"),
    ),
    Mutant(
        "block-size-ignored",
        "An answer comes whole, whatever size of block was asked for.",
        ("itron-coap.block.slices",),
        planting(Blocks, "answer", _for_one_leg),
    ),
    Mutant(
        "block-beyond-the-end",
        "A block beyond the end is an empty one.",
        ("itron-coap.block.beyond",),
        planting(blockwise, "cut", _past_the_end),
    ),
    Mutant(
        "critical-options-ignored",
        "Options that are not understood are passed over, critical or not.",
        ("itron-coap.option.unknown-critical-non", "itron-coap.option.unknown-unsafe"),
        silencing(Endpoint, "_heeded", answer=True),
    ),
    Mutant(
        "endpoint-not-named",
        "Option 124 has no answer.",
        ("itron-coap.option.endpoint",),
        planting(Gateway, "_named", lambda _: lambda _self, _request, response: response),
    ),
    Mutant(
        "endpoint-named-unasked",
        "Every answer has option 189.",
        ("itron-coap.option.no-endpoint",),
        planting(Gateway, "_named", _always_named),
    ),
    Mutant(
        "devices-of-other-tenants",
        "A session opens the devices of every tenant.",
        ("itron-coap.proxy.other-tenant",),
        planting(Destinations, "find", _whoevers),
    ),
    Mutant(
        "other-scheme-is-unknown-host",
        "A scheme that is not coap is answered 5.02.",
        ("itron-coap.proxy.other-scheme",),
        planting(forwarding, "forward", _unknown_scheme),
    ),
    Mutant(
        "answers-out-of-a-cache",
        "What was read once is not read again.",
        ("itron-coap.proxy.no-cache", "itron-coap.board.fresh"),
        planting(Gateway, "answer", _out_of_a_cache),
    ),
    Mutant(
        "timeout-is-bad-gateway",
        "A device that does not answer in time is given up with 5.02.",
        ("itron-coap.trouble.timeout",),
        planting(gateway._Forwarded, "time_out", _given_up_as_unreachable),
    ),
    Mutant(
        "reset-instead-of-acknowledgement",
        "A request that its device does not answer at once is reset.",
        ("itron-coap.trouble.acknowledged",),
        planting(Exchange, "acknowledge", lambda _: Exchange.reset),
    ),
    Mutant(
        "observe-stands-still",
        "Every notification has the same number.",
        ("itron-coap.observe.count", "itron-coap.observe.one-count"),
        planting(board, "observe_value", _standing_still),
    ),
    Mutant(
        "observe-in-few-bytes",
        "Observe has no more bytes than it needs.",
        ("itron-coap.observe.three-bytes",),
        planting(board, "observe_value", _short),
    ),
    Mutant(
        "reset-ends-nothing",
        "Who resets a notification gets the next one all the same.",
        ("itron-coap.observe.reset",),
        silencing(Observations, "rejected", answer=False),
    ),
    Mutant(
        "observed-beyond-the-session",
        "Notifications go on when the session has ended.",
        ("itron-coap.observe.session-end",),
        planting(Sessions, "_end", lambda _: lambda sessions, session: sessions._strike_off(session)),
    ),
    Mutant(
        "unit-not-kept",
        "A temperature sensor's unit is set and not kept.",
        ("itron-coap.write.read-back",),
        planting(board, "_configure", _not_set),
    ),
    Mutant(
        "write-answered-with-payload",
        "What is set is answered with a word.",
        ("itron-coap.write.cfg",),
        planting(board, "_configure", _said_with_a_reading),
    ),
)
