"""A report as JUnit XML: a suite for each vendor, and in each test's properties its verdict and its claims."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Mapping

_TAGS = {"failed": "failure", "error": "error", "skipped": "skipped"}
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot carry, not even escaped."""


def render(report: Mapping[str, Any]) -> str:
    """Return the XML."""
    root = ET.Element("testsuites", name="vendorlab")
    for vendor, found in report["vendors"].items():
        tests = found["tests"]
        verdicts = Counter(str(test["verdict"]) for test in tests)
        suite = ET.SubElement(
            root,
            "testsuite",
            name=f"vendorlab.{vendor}",
            timestamp=str(report["at"]),
            tests=str(len(tests)),
            failures=str(verdicts["failed"]),
            errors=str(verdicts["error"]),
            skipped=str(verdicts["skipped"]),
            time=f"{sum(test['seconds'] for test in tests):.3f}",
        )
        properties = ET.SubElement(suite, "properties")
        ET.SubElement(properties, "property", name="target", value=_xml(found["target"] or ""))
        for test in tests:
            _case(suite, test)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ET.Element, test: Mapping[str, Any]) -> None:
    module, _, name = str(test["name"]).partition("::")
    where = f"vendorlab.{module.removesuffix('.py').replace('/', '.')}"
    case = ET.SubElement(suite, "testcase", classname=where, name=_xml(name), time=f"{test['seconds']:.3f}")
    properties = ET.SubElement(case, "properties")
    for key, value in [("verdict", test["verdict"]), *(("claim", claim) for claim in test["claims"])]:
        ET.SubElement(properties, "property", name=key, value=value)
    if tag := _TAGS.get(test["verdict"]):
        reason = _xml(test["reason"])
        found = ET.SubElement(case, tag, message=reason.partition("\n")[0])
        found.text = reason
    if exchanges := test.get("exchanges"):
        told = "\n\n".join(f"{each['request']}\n--\n{each['answer']}" for each in exchanges)
        ET.SubElement(case, "system-out").text = _xml(told)


def _xml(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
