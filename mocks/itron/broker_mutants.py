# pyright: basic, reportPrivateUsage=false
# A mutant reaches where nobody else may, and puts anything in the place of anything.
"""Ways in which the MQTT broker can be wrong on purpose, and the claims that must then be found broken.

Clients of this broker only listen, so what goes wrong with messages of theirs (QoS 2 twice, a will that is lost, one
that is not retained) would be seen by nobody, and is tried in the engine's own tests.
"""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import msgspec

from ..core.mqtt import connecting, decode, subscribing
from ..core.mqtt import packets as p
from ..core.mqtt.broker import BrokerCore
from ..core.mqtt.connection import Connection, State
from ..core.mqtt.messages import Outgoing
from ..core.mqtt.policy import Accept, Refuse
from ..core.mqtt.profiles import Offence
from ..core.mqtt.routing import Routes
from ..core.mutants import Mutant, Planted, instead, planting, silencing
from . import acl, bridge
from .acl import NOT_USED, Doorman

if TYPE_CHECKING:
    from collections.abc import Callable


# --- who -------------------------------------------------------------------------------------------------------------


def _whatever_is_their_name(who: Any) -> Any:
    return lambda self, username, password: who(self, NOT_USED if password.startswith("eyJ") else username, password)


def _nobody_is_somebody(who: Any) -> Any:
    def found(self: Any, username: str, password: str) -> Any:
        if username and password:
            return who(self, username, password)
        return Accept(self._backend.estate.tenants[0].id)

    return found


def _thrown_out_before(vendor: Any) -> Planted:
    """Whoever comes with a client id ends the line of who has it, be he let in or not."""

    def make(authenticate: Any) -> Any:
        def asked(self: Any, connect: Any) -> Any:
            held = vendor.broker.core.sessions.get(connect.client_id)
            if held is not None and held.connection is not None:
                held.connection.offend(Offence.TAKEN_OVER)
            return authenticate(self, connect)

        return asked

    return instead(Doorman, "authenticate", make)


def _ended_before(vendor: Any) -> Planted:
    """A refused client that asks for a clean session ends the one that is kept under its client id."""

    def make(authenticate: Any) -> Any:
        def asked(self: Any, connect: Any) -> Any:
            verdict = authenticate(self, connect)
            held = vendor.broker.core.sessions.get(connect.client_id)
            if isinstance(verdict, Refuse) and connect.clean and held is not None:
                vendor.broker.core.end_session(held)
            return verdict

        return asked

    return instead(Doorman, "authenticate", make)


# --- what may be heard -----------------------------------------------------------------------------------------------


def _own(doorman: Any, principal: str) -> str:
    return acl.OWNER if principal == doorman._backend.estate.caas.username else principal


def _any_first_level(may: Any) -> Any:
    return lambda self, principal, text: text[:1] in ("+", "#") or may(self, principal, text)


def _more_than_the_tenant(_may: Any) -> Any:
    return lambda self, principal, text: text.startswith(_own(self, principal))


def _in_any_case(_may: Any) -> Any:
    return lambda self, principal, text: text.partition("/")[0].lower() == _own(self, principal).lower()


def _owner_as_a_tenant(_may: Any) -> Any:
    return lambda _self, principal, text: text.partition("/")[0] == principal


# --- connections -----------------------------------------------------------------------------------------------------


def _but_for(*offences: Offence) -> Any:
    def make(offend: Any) -> Any:
        def offended(self: Any, offence: Any, *rest: Any, **options: Any) -> None:
            if offence not in offences:
                offend(self, offence, *rest, **options)

        return offended

    return make


def _patient(deadline: Any) -> Any:
    return lambda self: deadline(self) if self.state is State.WAITING else math.inf


def _once_its_time(deadline: Any) -> Any:
    """Silent for once its keep-alive, and not for one and a half times."""

    def due(self: Any) -> Any:
        waiting = self.state is State.WAITING or not self.keep_alive
        return deadline(self) if waiting else deadline(self) - self.keep_alive / 3

    return due


def _says_of_a_session(found: bool) -> Any:
    def make(encode: Any) -> Any:
        def written(packet: Any, version: int) -> Any:
            if isinstance(packet, p.Connack) and not packet.code:
                packet = msgspec.structs.replace(packet, session_present=found)
            return encode(packet, version)

        return written

    return make


def _let_in_without_an_id(offence: Any) -> Any:
    def found(broker: Any, packet: Any) -> Any:
        known = offence(broker, packet)
        return None if known is Offence.CLIENT_ID_EMPTY else known

    return found


def _whichever_number(_read: Any) -> Any:
    return lambda reader: reader.two() or 1


# --- subscriptions and alerts ----------------------------------------------------------------------------------------


def _backwards(suback: Any) -> Any:
    return SimpleNamespace(
        **{**vars(suback), "Suback": lambda number, codes, *rest: suback.Suback(number, codes[::-1], *rest)}
    )


def _kept_for_later(spread: Any) -> Any:
    def spreading(self: Any, message: Any, route: Any, origin: Any) -> Any:
        found = spread(self, message, route, origin)
        for session, _ in route.targets:
            if session.connection is None:
                session._wait(Outgoing(message, 0))
        return found

    return spreading


def _alerts(change: Callable[[Any], Any]) -> Callable[[Any], Planted]:
    """Change what the bridge makes of a reading."""

    def make(alerts: Any) -> Any:
        return lambda reading, settings: (made for each in alerts(reading, settings) for made in change(each))

    return lambda _vendor: instead(bridge, "alerts", make)


def _in_capitals(alert: Any) -> Any:
    tree, kind, mac, *rest = alert.topic.split("/")
    yield alert._replace(topic="/".join([tree, kind, mac.upper(), *rest]))


def _of_another_sensor(alert: Any) -> Any:
    yield alert._replace(topic=alert.topic.rpartition("/")[0] + "/sensor")


def _of_another_kind(alert: Any) -> Any:
    yield alert._replace(topic=alert.topic.replace("/alert/", "/alerts/"))


def _for_everybody(vendor: Any) -> Planted:
    """Every tenant hears of every device."""

    def make(alerts: Any) -> Any:
        def made(reading: Any, settings: Any) -> Any:
            for alert in alerts(reading, settings):
                yield alert
                tree, rest = alert.topic.split("/", 1)
                if tree != acl.OWNER:
                    others = (one.id for one in vendor.backend.estate.tenants if one.id != tree)
                    yield from (alert._replace(topic=f"{other}/{rest}") for other in others)

        return made

    return instead(bridge, "alerts", make)


def _not_for_the_owner(alert: Any) -> Any:
    if not alert.topic.startswith(acl.OWNER):
        yield alert


MUTANTS = (
    Mutant(
        "any-password-of-the-owner",
        "A CAAS account is let in with any password.",
        ("itron-mqtt.refusal.caas",),
        planting(acl, "hmac", lambda _: SimpleNamespace(compare_digest=lambda *_pair: True)),
    ),
    Mutant(
        "token-under-any-name",
        "A token is let in whatever the user's name is.",
        ("itron-mqtt.refusal.user-name",),
        planting(Doorman, "_who", _whatever_is_their_name),
    ),
    Mutant(
        "nobody-is-let-in",
        "Who shows no user name or no password is let in.",
        ("itron-mqtt.refusal.nobody", "itron-mqtt.refusal.no-password"),
        planting(Doorman, "_who", _nobody_is_somebody),
    ),
    Mutant(
        "refused-client-takes-over",
        "A client that is refused ends the line of who has its id.",
        ("itron-mqtt.refusal.harmless",),
        _thrown_out_before,
    ),
    Mutant(
        "refused-client-ends-sessions",
        "A client that is refused ends the session that is kept under its id.",
        ("itron-mqtt.refusal.session-kept",),
        _ended_before,
    ),
    Mutant(
        "old-line-stays",
        "A client that is taken over keeps its line.",
        ("itron-mqtt.client-id.taken-over",),
        planting(Connection, "offend", _but_for(Offence.TAKEN_OVER)),
    ),
    Mutant(
        "second-connect-passed-over",
        "A second CONNECT on a line does nothing.",
        ("itron-mqtt.connect.twice",),
        planting(Connection, "offend", _but_for(Offence.SECOND_CONNECT)),
    ),
    Mutant(
        "no-connack-to-the-refused",
        "Who is refused is not told so.",
        ("itron-mqtt.refusal.password", "itron-mqtt.connect.level"),
        silencing(Connection, "_refuse_connect"),
    ),
    Mutant(
        "no-id-no-matter",
        "A client without an id may have a session that is kept.",
        ("itron-mqtt.client-id.empty-kept",),
        planting(connecting, "_first_offence", _let_in_without_an_id),
    ),
    Mutant(
        "silent-clients-stay",
        "A client may be silent for as long as it likes.",
        ("itron-mqtt.keep-alive.silent",),
        planting(Connection, "_deadline", _patient),
    ),
    Mutant(
        "silent-clients-go-early",
        "A client may be silent for its keep-alive, and not for half as long again.",
        ("itron-mqtt.keep-alive.silent",),
        planting(Connection, "_deadline", _once_its_time),
    ),
    Mutant(
        "session-never-present",
        "CONNACK never tells of a session that was kept.",
        ("itron-mqtt.session.kept",),
        planting(connecting, "encode", _says_of_a_session(found=False)),
    ),
    Mutant(
        "session-always-present",
        "CONNACK always tells of a session that was kept.",
        ("itron-mqtt.login.session-new",),
        planting(connecting, "encode", _says_of_a_session(found=True)),
    ),
    Mutant(
        "sessions-not-kept",
        "Every session ends with its line.",
        ("itron-mqtt.session.kept", "itron-mqtt.session.cut"),
        silencing(connecting, "_expiry", answer=0),
    ),
    Mutant(
        "clean-sessions-kept",
        "Sessions are kept though they be clean.",
        ("itron-mqtt.session.cleaned",),
        silencing(connecting, "_expiry"),
    ),
    Mutant(
        "everybody-may-hear-everything",
        "Every filter is granted.",
        ("itron-mqtt.subscribe.stranger", "itron-mqtt.tenant.trees", "itron-mqtt.caas.literal"),
        silencing(Doorman, "may_subscribe", answer=True),
    ),
    Mutant(
        "wildcard-for-a-tenant",
        "A wildcard may stand for the tenant's id.",
        ("itron-mqtt.subscribe.wildcard-first",),
        planting(Doorman, "may_subscribe", _any_first_level),
    ),
    Mutant(
        "tenant-is-a-prefix",
        "A first level that only begins with the tenant's id is granted.",
        ("itron-mqtt.subscribe.literal",),
        planting(Doorman, "may_subscribe", _more_than_the_tenant),
    ),
    Mutant(
        "tenant-in-any-case",
        "A first level that is the tenant's id in another case is granted.",
        ("itron-mqtt.subscribe.case",),
        planting(Doorman, "may_subscribe", _in_any_case),
    ),
    Mutant(
        "owner-without-a-tree",
        "The network's owner may not hear what is below ssni.",
        ("itron-mqtt.caas.tree",),
        planting(Doorman, "may_subscribe", _owner_as_a_tenant),
    ),
    Mutant(
        "tenants-may-publish",
        "A tenant may publish.",
        ("itron-mqtt.publish.refused", "itron-mqtt.publish.stranger", "itron-mqtt.publish.unheard"),
        silencing(Doorman, "may_publish", answer=True),
    ),
    Mutant(
        "packet-identifier-of-nought",
        "A packet identifier of 0 is one like any other.",
        ("itron-mqtt.subscribe.no-number",),
        planting(decode, "_packet_id", _whichever_number),
    ),
    Mutant(
        "wrong-wildcards-granted",
        "A filter may have a wildcard anywhere.",
        ("itron-mqtt.subscribe.bad-wildcard",),
        planting(decode, "is_filter", lambda _: bool),
    ),
    Mutant(
        "codes-backwards",
        "SUBACK has its codes the other way round.",
        ("itron-mqtt.subscribe.each-for-itself",),
        planting(subscribing, "p", _backwards),
    ),
    Mutant(
        "unsubscribed-in-name",
        "UNSUBSCRIBE is answered, and alerts go on.",
        ("itron-mqtt.alert.unsubscribed",),
        silencing(Routes, "remove"),
    ),
    Mutant(
        "letter-box",
        "Alerts wait for clients that are away.",
        ("itron-mqtt.session.no-letter-box",),
        planting(BrokerCore, "spread", _kept_for_later),
    ),
    Mutant(
        "alerts-twice", "One reading is two alerts.", ("itron-mqtt.alert.once",), _alerts(lambda each: (each, each))
    ),
    Mutant("mac-in-capitals", "A topic has its device in capitals.", ("itron-mqtt.alert.mac",), _alerts(_in_capitals)),
    Mutant(
        "sensor-unnamed",
        "A topic does not tell which sensor it was.",
        ("itron-mqtt.alert.sensor",),
        _alerts(_of_another_sensor),
    ),
    Mutant(
        "level-misspelt",
        "The second level of a topic is alerts.",
        ("itron-mqtt.alert.topic",),
        _alerts(_of_another_kind),
    ),
    Mutant("alerts-for-everybody", "A tenant hears of others' devices.", ("itron-mqtt.tenant.alerts",), _for_everybody),
    Mutant(
        "owner-hears-nothing",
        "The network's owner gets no alerts.",
        ("itron-mqtt.caas.alerts",),
        _alerts(_not_for_the_owner),
    ),
)
