"""The contract of Scanalytics' query API: OAuth tokens, rate limits, deployments, arrays, devices, aggregates.

``claims.yaml`` says what is held against a target and where that comes from, ``openapi.yaml`` describes the API,
and the test modules do the asking. They know an address and credentials, nothing else.
"""

from __future__ import annotations

from vendorlab.contracts.core.limits import Limit
from vendorlab.contracts.core.preflight import Knock

REQUIRED_CREDENTIALS = ("username", "password", "client_id")
INSTEAD = ("refresh_token", "client_id")
"""What will do for a run that spends nothing."""
KNOCK = Knock(
    "POST",
    "/o/token/",
    form={"grant_type": "password", "username": "{username}", "password": "{password}", "client_id": "{client_id}"},
)
PUBLISHED_LIMITS = (Limit(180, 60), Limit(1_200, 3_600), Limit(20, 60, anonymous=True))
"""Scanalytics API Tutorial, "Rate Limits"."""
