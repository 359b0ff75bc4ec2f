"""The contract of Itron's tokens and Data Platform (Starfish): devices, observations, templates.

``claims.yaml`` says what is held against a target and where that comes from, ``openapi.yaml`` describes the API,
and the test modules do the asking. They know an address and credentials, nothing else.
"""

from vendorlab.contracts.core.preflight import Knock

REQUIRED_CREDENTIALS = ("client_id", "client_secret")
KNOCK = Knock(
    "POST",
    "/api/tokens",
    json={"clientId": "{client_id}", "clientSecret": "{client_secret}"},
)
