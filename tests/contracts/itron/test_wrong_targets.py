"""The Data Platform's suite on targets that are wrong in the vendor's own words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.contracts.alike import Answer, condemn

from vendorlab.contracts.itron.platform.forms import packed

if TYPE_CHECKING:
    from pathlib import Path

EVERYTHING: dict[str, Any] = {
    "accessToken": packed({"alg": "HS256"}, {"iat": 0, "exp": 3_600, "sub": "TN", "jti": "a"}, "signature"),
    "id": "5d0f6c3e-2b7a-4a41-9f58-0c1d2e3f4a5b",
    "deviceType": "MILLI",
    "domainInfo": {},
    "devices": [{"id": "a/b?c#d", "deviceType": "MILLI", "domainInfo": {}}],
    "deviceTemplates": [{"id": "a", "name": "b", "sensors": []}],
    "observations": [{"timestamp": "2024-05-01T12:00:10.250Z"}],
    "message": "Unauthorized",
}


def answering(status: int, body: Any) -> Answer:
    return status, "application/json", json.dumps(body).encode()


ALIKE = {
    "everything at once": answering(200, EVERYTHING),
    "everything made": answering(201, EVERYTHING),
    "a token of nothing": answering(200, {"accessToken": "a.b.c"}),
    "half of each": answering(200, {**EVERYTHING, "devices": [{}], "deviceTemplates": {}, "observations": [{"n": 1}]}),
    "forbidden": answering(403, {"Message": "Missing Authentication Token"}),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ALIKE)
def test_wrong_target_fails_and_never_breaks_the_suite(kind: str, tmp_path: Path) -> None:
    condemn("itron-platform", ALIKE[kind], tmp_path)
