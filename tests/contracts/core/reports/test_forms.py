"""A report's forms: JUnit XML, Markdown and the page say the same, and nothing that a target said gets out of hand."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import markdown_it
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.contracts.core.reports import junit, markdown, page

Report = dict[str, Any]


class Page(HTMLParser):
    """What stands in a page: its tags with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_junit_has_a_case_for_each_test_with_verdict_and_claims(report: Report) -> None:
    suite = ET.fromstring(junit.render(report)).find("testsuite")
    assert suite is not None
    counted = {name: suite.get(name) for name in ("name", "tests", "failures", "errors", "skipped", "time")}
    assert counted == {
        "name": "vendorlab.inode", "tests": "4", "failures": "1", "errors": "1", "skipped": "1", "time": "1.000",
    }  # fmt: skip
    broken = next(case for case in suite.iter("testcase") if case.get("name") == "test_it[<i>]")
    told = {(each.get("name"), each.get("value")) for each in broken.iter("property")}
    assert (broken.get("classname"), told) == (
        "vendorlab.inode.test_b",
        {("verdict", "failed"), ("claim", "inode.b.broken")},
    )
    assert broken.findtext("failure", "").startswith("expected 200")
    assert "GET /v1/whoami" in broken.findtext("system-out", "")


@given(st.text())
def test_junit_carries_any_text(text: str) -> None:
    test: Report = {"name": f"a/b.py::{text}", "verdict": "error", "reason": text, "claims": [], "seconds": 0.0}
    vendor: Report = {"target": text, "tests": [test]}
    ET.fromstring(junit.render({"at": "", "vendors": {"a": vendor}}))


def test_markdown_counts_each_source_for_itself(report: Report) -> None:
    row = next(line for line in markdown.render(report).splitlines() if line.startswith("| **inode**"))
    assert [cell.strip() for cell in row.split("|")[3:7]] == ["✅ 1 ❌ 1", "⏭️ 1", "none", "⚠️ 1 1 unasked"]


def test_markdown_lets_no_target_leave_its_block(report: Report) -> None:
    blocks = markdown_it.MarkdownIt().parse(markdown.render(report))
    fences = [each.content for each in blocks if each.type == "fence"]
    outside = "".join(each.content for each in blocks if each.type != "fence")
    assert ("<script>" in fences[0], "<script>" in outside) == (True, False)


def test_page_escapes_what_a_target_said(report: Report) -> None:
    found = Page(page.render(report))
    assert [tag for tag, _ in found.tags if tag in {"img", "i", "b"}] == []
    assert sum(tag == "script" for tag, _ in found.tags) == 1
    assert "<script>document.title='owned'</script>" in found.text


def test_page_allows_its_own_style_and_script_alone_and_loads_nothing(report: Report) -> None:
    text = page.render(report)
    policy = next(each["content"] for tag, each in Page(text).tags if tag == "meta" and "http-equiv" in each) or ""
    for tag in ("style", "script"):
        content = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert content is not None
        digest = base64.b64encode(hashlib.sha256(content[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert [each for _, each in Page(text).tags if {"src", "srcset"} & each.keys()] == []
    assert {each["href"] for tag, each in Page(text).tags if tag == "a"} == {"#claims", "#inode"}


@pytest.mark.parametrize(
    "words",
    [
        "2 claims are not shown to be kept", "1234 requests", "https://inode.example.com", "spend, write",
        "3 earlier exchanges left out", "GET /v1/whoami", "None of its tests was chosen", "1 failed", "1 unasked",
    ],
)  # fmt: skip
def test_page_tells(report: Report, words: str) -> None:
    assert words in " ".join(Page(page.render(report)).text.split())


def test_page_of_a_good_run_says_so(report: Report) -> None:
    vendor = report["vendors"]["inode"]
    vendor["claims"] = vendor["claims"][:1]
    text = Page(page.render(report)).text
    assert ("Nothing was found to be otherwise than claimed" in text, "What was found" in text) == (True, False)


def test_page_tells_a_fake_from_an_endpoint(report: Report) -> None:
    assert "a fake" not in page.render(report)
    report["vendors"]["inode"]["fake"] = {"profile": "legacy"}
    assert "a fake, profile legacy" in page.render(report)
