"""The contract of Streetlight.Vision's CMS: its API below ``/reports/``, in both URL styles and both serialisations.

``claims.yaml`` says what is held against a target and where that comes from; ``methods.py`` is the table of what can
be called, from which ``openapi.yaml`` is generated; the test modules do the asking. They know an address and
credentials, nothing else.
"""

from vendorlab.contracts.core.preflight import Knock

REQUIRED_CREDENTIALS = ("username", "password")
KNOCK = Knock(
    "GET", "/reports/api/userprofile/getCurrentUser", headers={"X-CSRF-Token": "Fetch"}, basic=("username", "password")
)
