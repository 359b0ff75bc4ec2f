"""The contract of Itron's MQTT broker: logins, what a tenant may see, alerts, and how HiveMQ treats the hard cases.

``claims.yaml`` says what is held against a target and where that comes from, ``asyncapi.yaml`` describes topics and
payloads, and the test modules do the asking, in packets of their own making. They know an address, the authority that
vouches for it, and credentials, nothing else.
"""

from vendorlab.contracts.core.preflight import Knock

REQUIRED_CREDENTIALS = ("username",)
KNOCK = Knock(
    "POST",
    "/api/tokens",
    json={"clientId": "{client_id}", "clientSecret": "{client_secret}"},
    at="itron-platform",
    unless="token",
)
