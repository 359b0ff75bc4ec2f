"""A vendor's ``openapi.yaml``: its operations, and which of them a request belongs to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import yaml

from vendorlab.contracts.core.errors import SpecError
from vendorlab.contracts.core.suites import suite_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = "openapi.yaml"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's, where PyYAML has it: some of these files are thousands of lines, and it takes a fifth of the time."""
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True, slots=True)
class Operation:
    """One documented operation.

    Attributes:
        id: Its operationId.
        method: In capitals.
        path: The template, as in ``/{version}/array/{key}``.
        claims: The claims whose tests call it (``x-claims``).
        also_below: A template; the operation is there below it, too (its path's ``x-also-below``).
    """

    id: str
    method: str
    path: str
    claims: tuple[str, ...]
    also_below: str = ""

    @property
    def name(self) -> str:
        """Method and path template."""
        return f"{self.method} {self.path}"


class Spec:
    """An API's description.

    Args:
        document: The parsed file.

    Attributes:
        document: The parsed file.
        operations: Its operations, in the order of the file.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.operations = tuple(
            Operation(
                id=details["operationId"],
                method=method.upper(),
                path=path,
                claims=tuple(details.get("x-claims", ())),
                also_below=str(item.get("x-also-below", "")),
            )
            for path, item in cast("Mapping[str, Mapping[str, Any]]", document["paths"]).items()
            for method, details in item.items()
            if method in METHODS
        )
        # A literal path outranks a template, as OpenAPI has it: /array/list is not an array called "list".
        self._patterns = [
            (re.compile(f"(?:{_pattern(operation.also_below)})?{_pattern(operation.path)}"), operation)
            for operation in sorted(self.operations, key=lambda each: each.path.count("{"))
        ]

    @classmethod
    @cache
    def load(cls, vendor: str) -> Spec:
        """Read a vendor's ``openapi.yaml``, once; nobody changes it.

        Raises:
            SpecError: There is none, or it is not YAML.
        """
        try:
            text = (suite_folder(vendor) / FILE).read_text(encoding="utf-8")
            return cls(yaml.load(text, Loader=_LOADER))  # noqa: S506 - either is safe
        except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
            raise SpecError(f"vendor {vendor!r} has no usable openapi.yaml: {error}") from error

    @classmethod
    def find(cls, vendor: str) -> Spec | None:
        """Read a vendor's ``openapi.yaml``; None for an address that does not speak HTTP, and so has none.

        Raises:
            SpecError: It is not YAML.
        """
        return cls.load(vendor) if (suite_folder(vendor) / FILE).exists() else None

    def match(self, method: str, path: str) -> Operation | None:
        """Return the operation that a request belongs to, or None if it is not documented."""
        for pattern, operation in self._patterns:
            if operation.method == method and pattern.fullmatch(path):
                return operation
        return None


def _pattern(template: str) -> str:
    return re.sub(r"\\{[^/]+?\\}", "[^/]+", re.escape(template))
