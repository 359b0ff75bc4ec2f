"""Who is let in: tokens, accounts, and what a refusal looks like."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.mqtt import packets
from vendorlab.contracts.itron.mqtt.api import CAAS_TREE, NOT_USED, Login, alerts, altered, hello, new_id, subscribe

if TYPE_CHECKING:
    from vendorlab.contracts.core.control import Clock
    from vendorlab.contracts.itron.mqtt.api import Broker

pytestmark = pytest.mark.vendorlab("itron-mqtt")

_HOUR = 3_600


@pytest.mark.claim("itron-mqtt.login.token", "itron-mqtt.login.session-new")
def test_good_login_is_let_in(broker: Broker) -> None:
    """On the first line as on the next; a clean session is never one that was there before."""
    client = new_id()
    for _ in range(2):
        line, found = broker.answer(client=client)
        assert not found.present, "a clean session is said to have been there before"
        line.ping()
        line.close()


@pytest.mark.claim("itron-mqtt.login.fresh-token")
@pytest.mark.needs("tenancy", "spend")
def test_each_connection_may_bring_a_token_of_its_own(broker: Broker) -> None:
    """The vendor's client gets one before each attempt; neither login ends the other."""
    first, second = broker.tokens.fresh(), broker.tokens.fresh()
    lines = [broker.client(broker.with_token(each)) for each in (first, second, first)]
    for line in lines:
        line.ping()


@pytest.mark.claim("itron-mqtt.refusal.password")
@pytest.mark.needs("spend")
@pytest.mark.parametrize("password", ["wrong", "", "a.b.c"])
def test_wrong_password_is_refused(broker: Broker, password: str) -> None:
    """CONNACK 5, and the line is ended."""
    broker.refused(hello(replace(broker.login(), password=password), new_id()))


@pytest.mark.claim("itron-mqtt.refusal.forged")
@pytest.mark.needs("tenancy")
def test_token_with_another_signature_is_refused(broker: Broker) -> None:
    """Though all that it says be true."""
    login = broker.login()
    broker.refused(hello(replace(login, password=altered(login.password)), new_id()))


@pytest.mark.claim("itron-mqtt.refusal.unsigned")
@pytest.mark.needs("tenancy")
def test_token_without_its_signature_is_refused(broker: Broker) -> None:
    """The first two parts alone, with and without the last dot."""
    login = broker.login()
    bare = login.password.rpartition(".")[0]
    for password in (bare, f"{bare}."):
        broker.refused(hello(replace(login, password=password), new_id()))


@pytest.mark.claim("itron-mqtt.refusal.user-name")
@pytest.mark.needs("tenancy")
@pytest.mark.parametrize("username", ["", "NotUsed", "notused ", "admin"])
def test_token_under_another_user_name_is_refused(broker: Broker, username: str) -> None:
    """The vendor's client says literally notused."""
    broker.refused(hello(replace(broker.login(), username=username), new_id()))


@pytest.mark.claim("itron-mqtt.refusal.nobody")
def test_client_that_shows_nothing_is_refused(broker: Broker) -> None:
    """Neither a user name nor a password."""
    broker.refused(packets.connect(new_id()))


@pytest.mark.claim("itron-mqtt.refusal.no-password")
def test_user_name_alone_is_refused(broker: Broker) -> None:
    """In 3.1.1 the password may be left out, but a token may not."""
    broker.refused(packets.connect(new_id(), username=broker.login().username))


@pytest.mark.claim("itron-mqtt.refusal.secret")
@pytest.mark.needs("tenancy")
def test_client_id_and_secret_are_no_login(broker: Broker) -> None:
    """They get tokens, nothing else."""
    secret = broker.credential("client_secret")
    broker.refused(packets.connect(new_id(), username=broker.credential("client_id"), password=secret))
    broker.refused(packets.connect(new_id(), username=NOT_USED, password=secret))


@pytest.mark.claim("itron-mqtt.refusal.bytes")
def test_password_that_is_no_text_is_refused(broker: Broker) -> None:
    """A password may be any bytes, so this is no malformed packet."""
    broker.refused(packets.connect(new_id(), username=broker.login().username, password=b"\xff\x00\xfe"))


@pytest.mark.claim("itron-mqtt.refusal.harmless")
def test_intruder_under_the_id_of_a_client_harms_nobody(broker: Broker) -> None:
    """Who somebody is comes first: a wrong password takes no line and no subscription away."""
    client = new_id()
    line = broker.client(client=client)
    tree = broker.login().tree
    assert subscribe(line, alerts(tree)) == (0,)
    broker.refused(hello(replace(broker.login(), password="wrong"), client))
    line.ping()


@pytest.mark.claim("itron-mqtt.refusal.session-kept")
@pytest.mark.needs("write")
def test_intruder_does_not_end_the_session_of_a_client(broker: Broker) -> None:
    """A clean session with a wrong password cleans nothing."""
    client = new_id()
    broker.client(client=client, clean=False).close()
    broker.refused(hello(replace(broker.login(), password="wrong"), client))
    _, found = broker.answer(client=client, clean=False)
    assert found.present, "the session is gone"


@pytest.mark.claim("itron-mqtt.login.caas")
@pytest.mark.needs("caas")
def test_caas_account_is_let_in(broker: Broker) -> None:
    """And sees the tree that all tenants of a network are in."""
    line = broker.client(broker.caas())
    assert subscribe(line, alerts(CAAS_TREE)) == (0,)


@pytest.mark.claim("itron-mqtt.refusal.caas")
@pytest.mark.needs("caas", "spend")
def test_caas_account_needs_its_own_password(broker: Broker) -> None:
    """Neither a wrong one, nor somebody's token."""
    account = broker.caas()
    for password in ("wrong", broker.login().password):
        broker.refused(hello(Login(account.username, password, CAAS_TREE), new_id()))
    broker.refused(hello(Login(NOT_USED, account.password, CAAS_TREE), new_id()))


@pytest.mark.claim("itron-mqtt.live.expired")
@pytest.mark.needs("clock", "tenancy")
def test_token_is_good_for_its_hour_and_is_then_refused(broker: Broker, clock: Clock) -> None:
    """A second before its end it lets in, a second after it does not; a new one does."""
    with clock.frozen():
        login = broker.with_token(broker.tokens.fresh())
        clock.advance(_HOUR - 1)
        broker.client(login).close()
        clock.advance(2)
        broker.refused(hello(login, new_id()))
        broker.client(broker.with_token(broker.tokens.fresh()))


@pytest.mark.claim("itron-mqtt.live.outlived")
@pytest.mark.needs("clock", "tenancy")
def test_line_outlives_the_token_that_opened_it(broker: Broker, clock: Clock) -> None:
    """The token is looked at when a client comes; cutting lines every hour would stand in the manuals."""
    line = broker.client(broker.with_token(broker.tokens.fresh()))
    clock.advance(_HOUR + 1)
    line.ping()
    assert subscribe(line, alerts(broker.login().tree)) == (0,)
