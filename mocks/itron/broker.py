"""The MQTT broker: the third way to Itron's readings, for programs that wait for them.

The state is the engine's (``core.mqtt``), and lives whether or not anybody listens at a socket. At an address stand
several doors to it: TLS as the vendor has it, and only when asked for, plain TCP and WebSocket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.mqtt import saving, strikes
from ..core.mqtt.agenda import follow
from ..core.mqtt.broker import BrokerCore
from ..core.mqtt.profiles import PROFILES, Bounds
from ..core.mqtt.scribe import Scribe
from .acl import NOT_USED, Doorman
from .bridge import BRIDGE, Bridge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..core.mqtt.events import Event
    from ..core.mqtt.policy import Accept, Refuse
    from ..core.sockets import Place
    from ..core.vendor import Context, Listener
    from .backend import Backend
    from .bridge import Alert
    from .doors import Doors
    from .outside import Outside
    from .settings import Settings

FACE = "itron-mqtt"

EXPIRY = "itron.mqtt-session-expired"
TOKEN_OVER = "itron.mqtt-token-over"  # noqa: S105  a timer's name
"""The names of timers."""

SAVED = "itron/mqtt"
"""The name under which sessions are kept in a folder."""

KEEP_SECONDS = 1.0
"""How long after a change that nobody is told of sessions are kept; any other is kept before its answer leaves."""

BOUNDS = Bounds(unsent_bytes=8 << 20)
"""As the engine has them, but for what may wait for one client: a clock that is turned by days lets the mesh speak
for days before the client's socket is asked to take any of it."""


class _Policy(Doorman):
    """The broker's rules, and what has to happen when somebody is let in."""

    def __init__(self, broker: Broker, backend: Backend, *, is_open: bool) -> None:
        super().__init__(backend, is_open=is_open)
        self._broker = broker

    def authenticate(self, connect: Any) -> Accept | Refuse:
        """Who that is."""
        self._broker.prepare()
        return super().authenticate(connect)


class Broker:
    """One world's broker with the bridge that feeds it.

    Args:
        context: the world's.
        backend: tokens, accounts, mesh devices.
        settings: the switches.
        vendor: the name in rules and journal.

    Attributes:
        core: the engine.
        bridge: what feeds it.
        doors: what listens, while something does.
        outside: the broker that is fed in place of this one, while it is.
    """

    def __init__(self, context: Context, backend: Backend, settings: Settings, vendor: str) -> None:
        self._context = context
        self._backend = backend
        self._settings = settings
        self._dirty = self._waiting = self._holds = False
        self._ending: dict[int, Any] = {}
        self._endings = 0
        self.doors: Doors | None = None
        self.outside: Outside | None = None
        self.policy = _Policy(self, backend, is_open=settings.mqtt_open)
        self.core = BrokerCore(
            self.policy,
            micros=context.clock.micros,
            chance=context.ids.stream(SAVED),
            profile=PROFILES[settings.mqtt_profile],
            bounds=BOUNDS,
        )
        self.bridge = Bridge(backend.estate, settings, self.publish, self._wanted)
        self._scribe = Scribe(context.clock, context.journal, vendor, backend.is_secret, lambda: self.policy.shown)
        self.core.observer = self._observe
        strikes.join(self.core, context.faults, vendor, self._scribe.struck)
        self._follow()

    # --- who and what ----------------------------------------------------------------------------------------------

    def credentials(self) -> dict[str, str]:
        """What a client needs, by the names of the ready file."""
        estate = self._backend.estate
        first, second = estate.tenants
        known = {
            "tenant": first.id,
            "client_id": first.client_id,
            "client_secret": first.client_secret,
            "second_client_id": second.client_id,
            "second_client_secret": second.client_secret,
        }
        if self._settings.mqtt_broker:  # whom that one lets in it knows itself
            return known | ({"ca": self.outside.ca} if self.outside and self.outside.ca else {})
        accounts = {
            "username": NOT_USED,
            "caas_username": estate.caas.username,
            "caas_password": estate.caas.password,
        }
        return known | accounts | (self.doors.beside if self.doors else {})

    def publish(self, alert: Alert) -> None:
        """Hand a message to everybody who has subscribed, here or at the broker in this one's place."""
        if self.outside is not None:
            self.outside.publish(alert)
            return
        if self.doors is not None:
            self.doors.tell_time()
        self.core.publish(
            alert.topic,
            alert.payload,
            self._settings.mqtt_qos,
            retain=self._settings.mqtt_retain,
            publisher=alert.publisher,
        )
        self._changed(lasting=self._settings.mqtt_retain)

    def open(self, place: Place) -> Listener:
        """What listens at the address, or stands for the broker that is somewhere else."""
        if self._settings.mqtt_broker:
            from .outside import Outside  # noqa: PLC0415

            self.outside = Outside(self._settings, BRIDGE, self.bridge.wake, self._left)
            return self.outside
        from .doors import Doors  # noqa: PLC0415  a world without sockets needs no edge

        clock, settings = self._context.clock, self._settings
        self.doors = Doors(self.core, clock, settings, place, before=self.keep, closed=self._closed)
        return self.doors

    def prepare(self) -> None:
        """Somebody is at the door: ids are drawn from the world's chance, as it stands now."""
        self.core.chance = self._context.ids.stream(SAVED)

    # --- state -----------------------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """Sessions and retained messages as JSON-like data; connections are no state."""
        return saving.snapshot(self.core)

    def restore(self, document: Mapping[str, Any]) -> None:
        """Take up the state from ``snapshot``; every connection ends."""
        saving.restore(self.core, document)
        self._settle()

    def reset(self) -> None:
        """Forget every session and retained message; every connection ends."""
        saving.clear(self.core)
        self._settle()

    def resume(self) -> None:
        """Go on where an earlier process stopped."""
        found = self._context.store.saved(SAVED)
        if found is not None:
            self.restore(found)

    def keep(self) -> None:
        """Make the state durable, if the world is kept at all and anything changed."""
        store = self._context.store
        if self._dirty:
            document = self.snapshot()
            self._holds = any(document.values())
            store.save(SAVED, document)
            store.commit()
        self._dirty = False

    def state(self) -> dict[str, Any]:
        """How many of everything there are."""
        sessions = self.core.sessions.values()
        return {
            "profile": self.core.profile.name,
            "connections": len(self.core.connections),
            "sessions": len(sessions),
            "subscriptions": sum(len(one.subscriptions) for one in sessions),
            "queued": sum(len(one.queue) for one in sessions),
            "dropped": sum(one.dropped for one in sessions),
            "retained": len(self.core.retained),
        }

    # --- inside ----------------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        follow(self.core, self._context.clock, EXPIRY)
        self._context.clock.on(TOKEN_OVER, self._on_token_over, transient=True)

    def _settle(self) -> None:
        self._scribe.forget()
        self._dirty = self._context.store.kept
        self.keep()
        if self._wanted():
            self.bridge.wake()
        else:
            self.bridge.rest()

    def _wanted(self) -> bool:
        """Whether there is anybody to publish for."""
        return self.outside is not None or bool(self.core.sessions)

    def _left(self) -> None:
        self.outside = None
        self.bridge.rest()

    def _observe(self, event: Event) -> None:
        self._scribe(event)
        if event.kind == "connect":
            self.bridge.wake()
            if self._settings.mqtt_disconnect_on_token_expiry and self.policy.until is not None:
                self._end_with_token(event.client_id, self.policy.until)
        session = self.core.sessions.get(event.client_id)
        self._changed(lasting=session is not None and session.expiry != 0)

    def _changed(self, *, lasting: bool) -> None:
        """Something has happened; it is to be kept if it lasts, or may have changed what is kept already."""
        if not self._context.store.kept or not (lasting or self._holds):
            return
        self._dirty = True
        if not self._waiting and self.doors is not None:
            self._waiting = True
            self.doors.later(KEEP_SECONDS, self._keep_now)

    def _keep_now(self) -> None:
        self._waiting = False
        self.keep()

    def _closed(self) -> None:
        self.doors = None
        self._keep_now()

    def _end_with_token(self, client_id: str, due: int) -> None:
        """Have the connection that was just made end with its token."""
        self._endings += 1
        self._ending[self._endings] = self.core.sessions[client_id].connection
        self._context.clock.call_at(due, TOKEN_OVER, {"client": client_id, "number": self._endings})

    def _on_token_over(self, detail: Mapping[str, Any]) -> None:
        connection = self._ending.pop(detail["number"], None)
        session = self.core.sessions.get(detail["client"])
        if session is not None and connection is not None and session.connection is connection:
            self.core.disconnect(detail["client"])
