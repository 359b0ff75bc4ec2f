"""What was observed goes where the inferred stood, and nothing else changes."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from vendorlab.contracts.core.claims import Source, load_claims, parse_claims
from vendorlab.contracts.core.errors import UsageError
from vendorlab.contracts.core.promoting import load_evidence, promoted_claims, promoted_shapes, revisions

if TYPE_CHECKING:
    from pathlib import Path

CLAIMS = """\
# A comment that stays.
- id: acme.user.fields
  text: It tells who.
  source: inferred   # judged
  where: 'Judgement: nobody knows'
  date: 2026-01-01

- id: acme.user.zone
  text: It tells where.
  source: documented
  where: A page
  date: 2026-01-01
"""
OPENAPI = """\
paths:
  /user:
    get:
      x-claims: [acme.user.fields]
      responses:
        "200":
          content:
            application/json:
              schema: {$ref: "#/components/schemas/User"}
components:
  schemas:
    User:
      type: object
      properties:
        id: {type: string}   # a guess
        rows:
          type: array
          items: {type: object, properties: {n: {type: number}}}
"""
FIELDS = {"$": ["object"], "$.id": ["integer"], "$.email": ["string:e-mail", "null"], "$.rows": ["array"],
          "$.rows[]": ["object"], "$.rows[].n": ["integer"], "$.rows[].m": ["boolean"]}  # fmt: skip


def piece(claim: str, **changes: Any) -> dict[str, Any]:
    exchange = {
        "operation": "GET /user",
        "status": "200",
        "test": "t",
        "fields": {path: {"types": types} for path, types in FIELDS.items()},
    }
    return {
        "format": 1, "kind": "evidence", "vendor": claim.partition(".")[0], "claim": claim, "observed": True,
        "target": "https://api.acme.example", "at": "2026-11-21T05:00:00+00:00", "exchanges": [exchange], **changes,
    }  # fmt: skip


def test_inferred_claim_becomes_observed_with_date_and_place() -> None:
    promoted, text = promoted_claims(CLAIMS, {"acme.user.fields": piece("acme.user.fields")})
    assert promoted == {"acme.user.fields"}
    assert "# A comment that stays." in text
    assert "source: observed   # judged" in text
    first, second = parse_claims(text, "acme")
    assert (first.source, first.date.isoformat()) == (Source.OBSERVED, "2026-11-21")
    assert first.where == "Judgement: nobody knows; observed at api.acme.example"
    assert second == parse_claims(CLAIMS, "acme")[1]


def test_claim_that_is_documented_stays_so() -> None:
    assert promoted_claims(CLAIMS, {"acme.user.zone": piece("acme.user.zone")}) == (set(), CLAIMS)


def test_observed_shape_goes_where_the_inferred_one_stood() -> None:
    text = promoted_shapes(OPENAPI, [piece("acme.user.fields")])
    user = yaml.safe_load(text)["components"]["schemas"]["User"]["properties"]
    assert user["id"] == {"type": "integer"}
    assert user["email"] == {"type": ["string", "null"]}
    assert user["rows"]["items"]["properties"] == {"m": {"type": "boolean"}, "n": {"type": "number"}}
    assert "# a guess" in text


def test_shape_of_another_claims_operation_stays() -> None:
    assert promoted_shapes(OPENAPI, [piece("acme.user.zone")]) == OPENAPI


def inferred() -> str:
    return next(each.id for each in load_claims("scanalytics") if each.source is Source.INFERRED)


def test_evidence_makes_a_patch_that_git_applies(tmp_path: Path) -> None:
    claim = inferred()
    (tmp_path / "evidence.json").write_text(json.dumps(piece(claim, exchanges=[])))
    [revision] = revisions(load_evidence(tmp_path))
    patch = revision.patch()
    assert patch.startswith("--- a/contracts/scanalytics/claims.yaml\n+++ b/contracts/scanalytics/claims.yaml\n")
    copy = tmp_path / "contracts" / "scanalytics" / "claims.yaml"
    copy.parent.mkdir(parents=True)
    shutil.copy(revision.path, copy)
    subprocess.run(["git", "apply"], cwd=tmp_path, input=patch, text=True, check=True)
    found = {each.id: each for each in parse_claims(copy.read_text(), "scanalytics")}
    assert found[claim].source is Source.OBSERVED
    assert sum(each.source is Source.OBSERVED for each in found.values()) == 1
    assert revision.path.read_text() == revision.before


@pytest.mark.parametrize("observed", [False, True])
def test_only_what_passed_on_the_real_one_is_promoted(tmp_path: Path, observed: bool) -> None:
    (tmp_path / "evidence.json").write_text(json.dumps(piece(inferred(), observed=observed, exchanges=[])))
    assert len(revisions(load_evidence(tmp_path))) == observed


def test_folder_without_evidence_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no evidence in"):
        load_evidence(tmp_path)
