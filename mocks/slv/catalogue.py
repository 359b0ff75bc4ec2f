"""The one table of all methods of all services, and what SLV says of them itself: ``desc``."""

from __future__ import annotations

from typing import Any

from .calls import SERVLETS, Method, Style
from .serial import Array
from .services import assets, lights, people, upkeep, values

METHODS: tuple[Method, ...] = (
    *assets.METHODS,
    *values.METHODS,
    *lights.METHODS,
    *people.METHODS,
    *upkeep.METHODS,
)

WRITES = frozenset(method.action for method in METHODS if method.writes)
"""What somebody may not do who may only look."""

DESCRIPTION = "SLVServiceDescription"


def describe(service: str, style: Style) -> dict[str, Any]:
    """What a service says of itself: its methods, their parameters, and what they answer (inferred)."""
    return {
        "name": service,
        "servlet": SERVLETS[service],
        "methods": Array(
            "SLVMethodDescription",
            (
                {
                    "name": method.name if style is Style.PATH else method.servlet,
                    "returnType": method.answer,
                    "parameters": Array(
                        "SLVParameterDescription",
                        (
                            {
                                "name": one.spelled(style)[0],
                                "type": one.type.value,
                                "array": one.many,
                                "required": one.required,
                            }
                            for one in method.parameters
                        ),
                    ),
                }
                for method in METHODS
                if method.service == service
            ),
        ),
    }
