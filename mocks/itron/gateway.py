"""The CoAP Gateway: sessions, and a forward proxy to the devices of whoever has one.

It knows messages and exchanges, and no socket: ``gateway_edge`` carries. Whatever a device does takes its time on the
world's clock, and so does the gateway's own patience; acknowledgements and repetitions go by line time.
"""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING

from ..core.coap.codes import LINK_FORMAT, Code, Type, is_success
from ..core.coap.endpoint import Endpoint
from ..core.coap.errors import CoapError
from ..core.coap.exchange import WAITING
from ..core.coap.observe import End, Manner, Observation
from ..core.coap.options import Option, Options
from ..core.coap.response import Response, refusal
from ..core.ids import fingerprint
from . import upstream
from .errors import Unauthorized
from .forwarding import Destinations
from .gateway_errors import BadToken, DeviceSilent, NoSession, NoSuchResource, NothingToClose, WrongMethod
from .gateway_log import Log, Note
from .mesh.agenda import Agenda
from .mesh.board import Asked

if TYPE_CHECKING:
    from collections.abc import Hashable

    from ..core.coap.exchange import Exchange
    from ..core.coap.message import Message
    from ..core.coap.peers import Peer
    from ..core.vendor import Context
    from .backend import Backend
    from .forwarding import Behind, Journey
    from .line import Line
    from .sessions import Session
    from .settings import Settings

SESSIONS = ("sessions",)
CORE = (".well-known", "core")

TIMEOUT = "itron.coap-timeout"
"""The name of the timers of its patience."""

CREATED, CHANGED, DELETED = Response(Code.CREATED), Response(Code.CHANGED), Response(Code.DELETED)
DESCRIPTION = Response(Code.CONTENT, b'</sessions>;title="Sessions"', Options([(Option.CONTENT_FORMAT, LINK_FORMAT)]))

AS_DEVICE = Manner(check_every=None)
"""Notifications are never confirmable, as the devices' own are not (S16)."""


GIVEN_UP = frozenset({End.RESET, End.TIMED_OUT, End.DEREGISTERED})
"""Ends of an observation that its client brought about; by a request, long before the device has answered that."""


class Gateway:
    """The gateway of one world.

    Args:
        context: the world's clock, chance and journal.
        backend: tokens, sessions, mesh.
        settings: patience, domain, quirks.

    Attributes:
        endpoint: its message layer, while it is on a line.
        servers: what stands in place of simulated devices, a socket each.
        behind: the same by MAC address.
    """

    def __init__(self, context: Context, backend: Backend, settings: Settings) -> None:
        self.endpoint: Endpoint | None = None
        self.servers = upstream.servers(settings, context.ids, self.heard)
        self.behind: dict[str, Behind] = {mac: server for server in self.servers for mac in server.addresses}
        self._ids = context.ids
        self._backend = backend
        self._settings = settings
        self._destinations = Destinations(backend.estate, settings)
        self._patience = Agenda(context.clock, TIMEOUT)
        self._line: Line | None = None
        self._log = Log(context.clock, context.journal, backend.is_secret)
        self._observations: dict[Hashable, Observation] = {}
        self._manner = AS_DEVICE if settings.mesh_quirks else Manner()
        backend.sessions.ended = self._session_ended
        backend.mesh.heard = self.heard

    # --- the line --------------------------------------------------------------------------------------------------

    def connect(self, line: Line) -> None:
        """Speak on a line from now on."""
        self._line = line
        self._log.now = line.now
        self.reset()

    def disconnect(self) -> None:
        """Speak no more; what was under way is over."""
        self._line = self.endpoint = None
        self.reset()

    def reset(self) -> None:
        """Forget what is under way, and begin the message layer anew; sessions are the backend's."""
        self._patience.clear()
        self._observations.clear()
        self._destinations.reset()
        self._log.forget()
        line = self._line
        if line is not None:
            self.endpoint = Endpoint(
                self._handle,
                now=line.now,
                chance=random.Random(f"{self._ids.seed}/itron/coap"),
                send=line.send,
                woken=line.woken,
                proxy=True,
                admit=self._admit,
                told=self._log.told,
            )

    def device_of(self, request: Message) -> str:
        """Which device a request is for, for faults and the journal; empty for none."""
        return self._destinations.name(request.options)

    def observed_by(self, source: Hashable, token: bytes) -> Message | None:
        """The request by which a client registered what it observes."""
        found = self._observations.get((source, token))
        return None if found is None else found.request

    # --- requests --------------------------------------------------------------------------------------------------

    def _handle(self, request: Message, exchange: Exchange) -> Response | None:
        note = self._log.note(exchange)
        try:
            if request.options.proxied:
                self._proxied(request, exchange, note)
                return None
            return self._named(request, self._local(request, exchange, note))
        except CoapError as error:
            note.cause = getattr(error, "cause", "refused")
            return self._named(request, refusal(error))

    def _admit(self, request: Message, exchange: Exchange) -> Response | None:
        """Before any of an upload is kept: has the client a session?"""
        if not request.options.proxied:
            return None
        note = self._log.note(exchange)
        try:
            self._session(request, exchange, note)
        except NoSession as error:
            note.cause = error.cause
            return self._named(request, refusal(error))
        return None

    def _named(self, request: Message, response: Response) -> Response:
        """Option 189 in answer to 124, and only then: it is critical, and who did not ask for it has to refuse it."""
        name = request.options.get(Option.ENDPOINT_ID_1)
        if not name or not self._settings.coap_endpoint_ids:
            return response  # an empty one names nobody
        return response._replace(options=response.options.with_((Option.ENDPOINT_ID_2, name)))

    # --- the gateway's own resources -------------------------------------------------------------------------------

    def _local(self, request: Message, exchange: Exchange, note: Note) -> Response:
        session = self._backend.sessions.known(exchange.peer.address)
        if session is not None:
            note.of(session)
        path = request.options.path
        if path == CORE:
            if request.code != Code.GET:
                raise WrongMethod
            return DESCRIPTION
        if path != SESSIONS:
            raise NoSuchResource
        if request.code == Code.POST:
            return self._open(request, exchange, note)
        if request.code != Code.DELETE:
            raise WrongMethod
        if not self._backend.sessions.close(exchange.peer.address):
            raise NothingToClose
        return DELETED

    def _open(self, request: Message, exchange: Exchange, note: Note) -> Response:
        if not request.payload:
            raise BadToken("no-token")
        text = request.payload.decode("utf-8", "replace")
        note.credential = fingerprint(text)
        try:
            grant = self._backend.tokens.grant(text)
        except Unauthorized as error:
            raise BadToken(error.cause) from error
        note.principal = grant.tenant
        sessions, source = self._backend.sessions, exchange.peer.address
        opened = sessions.open(source, grant.tenant, note.credential)
        session = sessions.known(source)
        assert session is not None
        self._call(session, request)
        return CREATED if opened else CHANGED

    # --- sessions --------------------------------------------------------------------------------------------------

    def _session(self, request: Message, exchange: Exchange, note: Note) -> Session:
        sessions, source = self._backend.sessions, exchange.peer.address
        session = sessions.use(source)
        name = request.options.get(Option.ENDPOINT_ID_1)
        if session is None and name and self._settings.coap_rebinding:
            session = sessions.find(name)
            if session is not None:
                former = session.source
                sessions.move(session, source)
                self._follow(former, exchange.peer)
        if session is None:
            raise NoSession
        if name:
            self._call(session, request)
        note.of(session)
        return session

    def _call(self, session: Session, request: Message) -> None:
        name = request.options.get(Option.ENDPOINT_ID_1)
        if name:
            self._backend.sessions.call(session, name)

    def _follow(self, former: Hashable, peer: Peer) -> None:
        """What a client observed goes to where it sends from now."""
        endpoint = self.endpoint
        assert endpoint is not None
        theirs = [(who, each) for who, each in self._observations.items() if each.peer.address == former]
        for who, each in theirs:
            self._observations.pop(who)
            each.cancel()
            again = endpoint.observations.register(
                peer, each.request, who, self._manner, partial(self._unobserved, who)
            )
            if again is not None:
                self._observations[who] = again

    def _session_ended(self, session: Session) -> None:
        """What it observed ends with it, and nobody is told."""
        if self.endpoint is not None:
            self.endpoint.forget(session.source)

    # --- devices ---------------------------------------------------------------------------------------------------

    def _proxied(self, request: Message, exchange: Exchange, note: Note) -> None:
        session = self._session(request, exchange, note)
        mac, options = self._destinations.find(request.options, session.tenant)
        who = exchange.peer.address, request.token
        asked = Asked(request.code, options, request.payload, who, confirmable=request.type is Type.CON)
        real = self.behind.get(mac)
        forwarded = _Forwarded(self, request, exchange, note, real=real is not None)
        behind: Behind = real or self._backend.mesh
        journey = behind.send(mac, asked, forwarded.answered)
        if not forwarded.over:
            forwarded.journey = journey
            patience = self._settings.coap_upstream_timeout
            forwarded.patience = self._patience.later(patience, forwarded.time_out, device=mac)

    def answer(self, forwarded: _Forwarded, response: Response) -> None:
        """A device has answered, or will not."""
        exchange, request = forwarded.exchange, forwarded.request
        if forwarded.patience:
            self._patience.cancel(forwarded.patience)
        if exchange.state not in WAITING:
            return
        if Option.OBSERVE in response.options:
            response = self._observed(request, exchange, response)
        response = self._named(request, response)
        if self._settings.mesh_quirks and not forwarded.real and request.type is Type.NON and not forwarded.ours:
            exchange.reply(response, type_=Type.NON, mid=request.mid)  # S21
        else:
            exchange.reply(response)

    def _observed(self, request: Message, exchange: Exchange, response: Response) -> Response:
        """Keep whom the device's notifications are for, if it means to send some."""
        who = exchange.peer.address, request.token
        if is_success(response.code):
            observation = exchange.observe(who, self._manner, partial(self._unobserved, who))
            if observation is not None:
                self._observations[who] = observation
                return response
        return response._replace(options=response.options.without(Option.OBSERVE))

    def _unobserved(self, who: Hashable, observation: Observation, end: End) -> None:
        if self._observations.get(who) is observation:
            del self._observations[who]
            if end in GIVEN_UP:
                session = self._backend.sessions.known(observation.peer.address)
                self._log.unobserved(observation, end.value.replace(" ", "-"), session)
            for server in self.servers:
                server.unobserved(who, end)

    def heard(self, who: Hashable, response: Response) -> bool:
        """A device has news for who asked for it; False when nobody wants them any more."""
        observation = self._observations.get(who)
        if observation is None:
            return False
        session = self._backend.sessions.known(observation.peer.address)
        self._log.notified(observation, response, session)
        observation.notify(response)
        return True


class _Forwarded:
    """One request that was passed on, until its answer came or patience ended."""

    __slots__ = ("exchange", "gateway", "journey", "note", "ours", "over", "patience", "real", "request")

    def __init__(self, gateway: Gateway, request: Message, exchange: Exchange, note: Note, *, real: bool) -> None:
        self.gateway = gateway
        self.request = request
        self.exchange = exchange
        self.note = note
        self.real = real
        self.journey: Journey | None = None
        self.patience = 0
        self.over = self.ours = False

    def answered(self, result: Response | CoapError) -> None:
        """What came of it."""
        if self.over:
            return
        if isinstance(result, CoapError):
            self.refuse(result)
        elif result.code == Code.EMPTY:
            self.exchange.acknowledge()  # an answer may follow, or never (S4)
        else:
            self.over = True
            self.journey = None  # it knows of this one, and who knows each other outlives its use
            self.note.cause = "ok" if is_success(result.code) else "device"
            self.gateway.answer(self, result)

    def time_out(self) -> None:
        """The gateway's patience is at its end."""
        self.refuse(DeviceSilent())

    def refuse(self, error: CoapError) -> None:
        """No answer of the device's, but one of the gateway's own."""
        if self.over:
            return
        self.over = self.ours = True
        if self.journey is not None:
            self.journey.cancel()
            self.journey = None
        self.note.cause = getattr(error, "cause", "refused")
        self.gateway.answer(self, refusal(error))
