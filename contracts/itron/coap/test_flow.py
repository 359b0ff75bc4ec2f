"""The vendor's way to a subscription, from the token to the session's end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.itron.coap import forms
from vendorlab.contracts.itron.coap.boards import TEMPERATURE
from vendorlab.contracts.itron.coap.gateway import CONTENT, CREATED, DELETED, UNAUTHORIZED, VALID, Observation
from vendorlab.contracts.itron.coap.test_live import ARRIVAL, PERIOD, check_notification

if TYPE_CHECKING:
    from vendorlab.contracts.core.access import Access
    from vendorlab.contracts.itron.coap.boards import Board, Boards
    from vendorlab.contracts.itron.coap.gateway import Gateway
    from vendorlab.contracts.itron.tokens import Tokens

pytestmark = pytest.mark.vendorlab("itron-coap")


@pytest.mark.claim("itron-coap.flow.whole")
def test_flow_of_a_subscription_over_coap(access: Access, stranger: Gateway, tokens: Tokens, boards: Boards) -> None:
    """Token, session, observation, cancellation, end; with a notification where the run may turn the clock or wait."""
    token = tokens.current()
    forms.code(stranger.open(token), CREATED)
    sensor = boards.find(stranger, TEMPERATURE)
    found = Observation(stranger, stranger.to(sensor.mac, sensor.sens))
    forms.code(found.answer, VALID)
    if "clock" in access.capabilities:
        access.clock.advance(PERIOD + 1)
        check_notification(found.expect(ARRIVAL))
    elif "wait" in access.capabilities:
        check_notification(found.expect(PERIOD + stranger.line.patience))
    forms.bare(found.cancel(), CONTENT)
    forms.code(stranger.end(), DELETED)
    forms.refused(stranger.get(sensor.mac, sensor.sens), UNAUTHORIZED)


@pytest.mark.claim("itron-coap.observe.periodic")
@pytest.mark.needs("wait")
def test_notification_comes_in_its_own_time(gateway: Gateway, thermometer: Board) -> None:
    """Nobody turns a clock."""
    found = Observation(gateway, gateway.to(thermometer.mac, thermometer.sens))
    check_notification(found.expect(PERIOD + gateway.line.patience))
    found.cancel()
