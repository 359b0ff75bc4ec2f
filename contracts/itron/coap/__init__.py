"""The contract of Itron's CoAP Gateway, and of the mesh sensors behind it.

``claims.yaml`` says what is held against a target and where that comes from, ``resources.yaml`` is a table of the
resources that the suite asks, and the test modules do the asking: with raw datagrams, and some of it with aiocoap. They
know a host, a port, a token and the MACs of devices, nothing else.
"""

from vendorlab.contracts.core.preflight import Knock

REQUIRED_CREDENTIALS = ("devices",)
KNOCK = Knock(
    "POST",
    "/api/tokens",
    json={"clientId": "{client_id}", "clientSecret": "{client_secret}"},
    at="itron-platform",
    unless="token",
)
