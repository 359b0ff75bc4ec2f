"""The schemas of other people's files, as check-jsonschema brings them with it; so nothing is fetched."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import jsonschema_rs


def errors(schema: str, document: Any) -> list[str]:
    """What a document breaks of a schema of that name: one line each, with its place."""
    found = files("check_jsonschema") / "builtin_schemas" / "vendor" / f"{schema}.json"
    validator = jsonschema_rs.validator_for(json.loads(found.read_text()))
    return [f"{'/'.join(map(str, one.instance_path))}: {one.message}" for one in validator.iter_errors(document)]
