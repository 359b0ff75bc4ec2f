"""The requests of this suite."""

from __future__ import annotations

from vendorlab.contracts.core.django.api import DjangoApi

MINUTE_LIMIT, HOUR_LIMIT = 180, 1_200


class Api(DjangoApi):
    """One target, as this suite asks it."""

    TOKEN = "/o/token/"  # noqa: S105 - a path
    REVOKE = "/o/revoke_token/"
    RESOURCES = ("/v1/whoami", "/v1/deployment/list")
    NO_OBJECT = "/v1/array/00000"
    SCOPE = "read"
    LIFETIME = 86_400

    def application(self) -> dict[str, str]:
        """Return the public application of the tutorial: it has no secret."""
        return {"client_id": self.credential("client_id")}

    def confidential(self) -> dict[str, str]:
        """Return the confidential application that the target's owner added, if there is one."""
        return {
            "client_id": self.credential("confidential_client_id"),
            "client_secret": self.credential("confidential_client_secret"),
        }

    def own_application(self) -> dict[str, str]:
        """Return the fields of the application that is registered for client_credentials."""
        return {
            "client_id": self.credential("credentials_client_id"),
            "client_secret": self.credential("credentials_client_secret"),
        }
