"""The contract of vendorlab's own control API: who may call, what each call does, and how it refuses.

``claims.yaml`` says what is held against a target and where that comes from, ``openapi.yaml`` describes the API,
and the test modules do the asking. Whatever they turn, break or reset is in worlds that they make and delete: the main
world of a target is only looked at.
"""

from vendorlab.contracts.core.preflight import Knock

REQUIRED_CREDENTIALS = ("token",)
KNOCK = Knock("GET", "/clock", headers={"Authorization": "Bearer {token}"})
