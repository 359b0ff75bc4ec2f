"""Headers and errors that all resources share."""

from __future__ import annotations

import json

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.core.django.api import NO_PERMISSION, DjangoApi, authorization

_METADATA = {"name", "description", "renders", "parses"}


class ErrorRules:
    """The form of answers, and refusals that no single resource is behind."""

    @pytest.mark.claim(".error.vary")
    @pytest.mark.parametrize(
        ("there", "anonymous", "status"),
        [(True, False, 200), (True, True, 401), (False, False, 404)],
        ids=["answer", "no token", "no such object"],
    )
    def test_every_answer_varies_by_accept_and_names_its_methods(
        self, api: DjangoApi, token: str, there: bool, anonymous: bool, status: int
    ) -> None:
        """Errors included."""
        response = api.get(api.resource if there else api.NO_OBJECT, None if anonymous else token)
        expect.status(response, status)
        expect.check("accept" in expect.header_words(response, "Vary"), response, "Vary: Accept")
        expect.check("GET" in expect.allows(response), response, "GET among the allowed methods")

    @pytest.mark.claim(".error.compact")
    def test_json_is_compact(self, api: DjangoApi, token: str) -> None:
        """No blanks, no charset, nothing escaped that need not be."""
        for path in api.RESOURCES:
            response = api.get(path, token)
            expect.status(response, 200)
            compact = json.dumps(expect.json_body(response), separators=(",", ":"), ensure_ascii=False)
            expect.check(response.text == compact, response, "compact JSON")
            expect.check(response.headers["Content-Type"] == "application/json", response, "no charset")

    @pytest.mark.claim(".error.indent")
    def test_json_is_indented_on_request(self, api: DjangoApi, token: str) -> None:
        """For people who read it raw."""
        response = api.get(api.resource, token, Accept="application/json; indent=4")
        expect.status(response, 200)
        body = expect.json_body(response)
        expect.check(response.text == json.dumps(body, indent=4, ensure_ascii=False), response, "an indent of four")

    @pytest.mark.claim(".error.modify")
    @pytest.mark.needs("write")
    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    def test_modifying_request_is_refused(self, api: DjangoApi, token: str, method: str) -> None:
        """For want of permission, or of the method."""
        response = api.http.request(method, api.resource, headers=authorization(token))
        expect.status(response, 403, 405)
        expect.detail(response, response.status_code, NO_PERMISSION, f'Method "{method}" not allowed.')

    @pytest.mark.claim(".error.options")
    def test_options_describes_the_resource(self, api: DjangoApi, token: str) -> None:
        """The framework's own description."""
        response = api.http.options(api.resource, headers=authorization(token))
        body = expect.json_object(response)
        expect.check(body.keys() >= _METADATA, response, f"the fields {sorted(_METADATA)}")

    @pytest.mark.claim(".error.accept")
    @pytest.mark.parametrize("anonymous", [False, True], ids=["with token", "without"])
    def test_media_type_that_is_not_offered_is_not_acceptable(
        self, api: DjangoApi, token: str, anonymous: bool
    ) -> None:
        """Negotiation comes before everything else."""
        response = api.get(api.resource, None if anonymous else token, Accept="application/xml")
        expect.detail(response, 406, "Could not satisfy the request Accept header.")

    @pytest.mark.claim(".error.format")
    def test_unknown_format_is_not_found(self, api: DjangoApi, token: str) -> None:
        """In JSON, since a resource is there."""
        expect.detail(api.get(api.resource, token, {"format": "xml"}), 404, "Not found.")
