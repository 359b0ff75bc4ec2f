"""The contract of SMATS' iNode API: OAuth tokens, API keys, links and devices.

``claims.yaml`` says what is held against a target and where that comes from, ``openapi.yaml`` describes the API,
and the test modules do the asking. They know an address and credentials, nothing else.
"""

from vendorlab.contracts.core.preflight import Knock

REQUIRED_CREDENTIALS = ("username", "password", "client_id", "client_secret")
KNOCK = Knock(
    "POST",
    "/api/oauth/token/",
    form={
        "grant_type": "password",
        "username": "{username}",
        "password": "{password}",
        "client_id": "{client_id}",
        "client_secret": "{client_secret}",
    },
)
INSTEAD = ("refresh_token", "client_id", "client_secret")
"""What will do for a run that spends nothing."""
