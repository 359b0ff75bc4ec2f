"""A story with a mistake is refused with file, line, column and the nearest name that there is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.play import check
from vendorlab.scenarios.core.durations import seconds, written
from vendorlab.scenarios.core.errors import StoryError, UnknownStoryError
from vendorlab.scenarios.core.story import find, parse, schema

GOOD = """\
title: t
vendor: v
hurts: h
good: g
program: p
vendors: [scanalytics]
world:
  start: 2026-11-02T06:00:00Z
timeline:
  - at: 1h
    fault: {name: away, action: {kind: status, status: 503}}
until: 2h
rules:
  - slash-kept
"""


def refusal(text: str) -> str:
    with pytest.raises(StoryError) as caught:
        check(parse(text, "story.yaml", "story"))
    return str(caught.value)


def test_good_story_is_taken() -> None:
    check(parse(GOOD, "story.yaml", "story"))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("until:", "untill:", "12:1: there is no key 'untill' here; did you mean \"until\"?"),
        ("title: t\n", "", "1:1: object missing required field `title`"),
        ("title: t", "title: ''", "1:8: expected `str` of length >= 1"),
        ("[scanalytics]", "[scanalytic]", "6:11: there is no vendor 'scanalytic'; did you mean \"scanalytics\"?"),
        ("start: 2026-11-02T06:00:00Z", "start: 2026-11-02T06:00:00", "8:10: '2026-11-02T06:00:00' has no zone"),
        ("start: 2026-11-02T06:00:00Z", "start: yesterday", "8:10: Invalid isoformat string"),
        ("  start:", "  seeds: 3\n  start:", "8:3: there is no key 'seeds' here; did you mean \"seed\"?"),
        ("at: 1h", "at: 1 hour", "10:9: expected a span such as 90s, 1h30m or 5d"),
        ("at: 1h", "at: 90", "10:9: expected a span such as 90s, 1h30m or 5d, not a whole number"),
        ("until: 2h", "until: [2h]", "12:8: expected a span such as 90s, 1h30m or 5d or a map, not a list"),
        ("vendors: [scanalytics]", "vendors: scanalytics", "6:10: expected a list, not a text"),
        ("until: 2h", "until: 2h\npace: fast", "there are: program, or a map with each, idle, of, rate, step"),
        ("start: 2026-11-02T06:00:00Z", "start: 2026-11-02", "has no zone; write 2026-11-02T00:00:00Z"),
        (
            "    fault:",
            "    clear: awya\n  - at: 1h\n    fault:",
            "11:12: no fault here is named 'awya'; did you mean \"away\"?",
        ),
        ("at: 1h", "at: 3h", "10:9: the story has ended by then, at 2h"),
        ("  - at: 1h\n    fault", "  - fault", "10:5: an entry has one of `at` and `after`"),
        ("at: 1h", "at: 1h\n    clear: faults", "10:5: an entry does one thing"),
        ("at: 1h", "at: 1h\n    later: 1h", "11:5: `later` goes with `after`"),
        ("    fault:", "    falt:", "11:5: there is no key 'falt' here; did you mean \"fault\"?"),
        ("status: 503", "status: 5033", "11:56: expected `int` <= 599"),
        ("kind: status", "kind: statuss", "11:40: there is no 'statuss' here; did you mean \"status\"?"),
        ("kind: status,", "kind: answer,", "11:40: there is no 'answer' here; there are: "),
        ("action: {kind: status, ", "action: {", "11:33: object missing required field `kind`; there are: "),
        (
            "    fault: {name",
            "    tokens: {vendor: scanalytics, change: end}\n    #",
            "11:43: there is no 'end' here; there are: expire, revoke",
        ),
        ("name: away", "nam: away", "11:13: there is no key 'nam' here; did you mean \"name\"?"),
        ("name: away", "name: limits", "11:19: a fault has another name"),
        ("- slash-kept", "- slash-kep", "14:5: there is no rule 'slash-kep'; did you mean \"slash-kept\"?"),
        ("- slash-kept", "- slash-kept\n  - slash-kept", "15:5: the rule slash-kept stands here twice"),
        (
            "- slash-kept",
            "- cadence-kept: {every: 1h, oper: links}",
            "14:31: there is no key 'oper' here; did you mean",
        ),
        ("- slash-kept", "- cadence-kept", "14:5: object missing required field"),
        ("until: 2h", "until: {operation: x, count: 0}", "12:30: expected `int` >= 1"),
        ("until: 2h", "until: 2h\npace: {rate: 1, each: 1s}", "13:7: a pace is"),
        ("until: 2h", "until: 2h\nuntil: 3h", "13:1: 'until' stands here twice"),
        ("until: 2h", "until: !!python/name:os.system", "12:8: the tag"),
        ("until: 2h", "until: [", "this is not YAML"),
        ("world:", "world:\n  settings: {scanalytics: {minute_limt: 3}}", "8:27: "),
        ("world:", "world:\n  settings: {inode: {}}", "8:14: 'inode' does not live in this story"),
        ("until: 2h", "until: {vendor: inode}", "12:17: 'inode' does not live in this story"),
        ("until: 2h", "until: 2h\npace: {each: 1s, of: {vendor: slv}}", "13:31: 'slv' does not live in this story"),
        ("world:", "world:\n  profiles: {scanalytics: moder}", "8:27: "),
        ("    fault: {name", "    event: {vendor: slv, kind: x}\n    #", "11:21: 'slv' does not live in this story"),
        ("    fault: {name", "    event: {kind: x}\n    #", "11:12: an event has a `vendor` and a `kind`"),
        ("    fault: {name", "    event: {vendor: scanalytics, kind: silenc}\n    #", "did you mean 'silence'?"),
    ],
)
def test_mistake_is_told_with_its_place(old: str, new: str, told: str) -> None:
    assert old in GOOD
    text = refusal(GOOD.replace(old, new, 1))
    assert text.startswith("story.yaml:")
    assert told in text


@pytest.mark.parametrize(
    "later",
    [
        "world:\n  settings: {scanalytics: {minute_limit: 3}}",
        "world:\n  profiles: {scanalytics: modern}",
        "pace: {each: 1s, of: {vendor: scanalytics}}\nworld:",
    ],
)
def test_misspelt_vendor_is_told_where_it_is_introduced_and_not_where_it_is_spoken_of(later: str) -> None:
    text = GOOD.replace("[scanalytics]", "[scanalytic]").replace("world:", later)
    assert refusal(text) == "story.yaml:6:11: there is no vendor 'scanalytic'; did you mean \"scanalytics\"?"


def test_event_that_a_vendor_does_not_know_is_told_with_the_nearest() -> None:
    text = GOOD.replace("[scanalytics]", "[slv]").replace(
        "    fault: {name", "    event: {vendor: slv, kind: failur}\n    #"
    )
    assert "there is no event 'failur'; did you mean 'failure'?" in refusal(text)


@pytest.mark.parametrize(
    "what", ["event: {vendor: itron-coap, kind: push}", "tokens: {vendor: itron-coap, change: expire}"]
)
def test_what_happens_to_an_address_happens_to_its_vendor(what: str) -> None:
    text = GOOD.replace("[scanalytics]", "[itron]").replace("    fault: {name", f"    {what}\n    #")
    assert "there is no vendor 'itron-coap'; did you mean \"itron\"?" in refusal(text)


@pytest.mark.parametrize(
    ("vendor", "device", "told"),
    [
        ("slv", "'#1'", "slv names no devices in its credentials; write its own name"),
        ("itron", "'#one'", "'#one' is no number of a device; write #1 for the first"),
    ],
)
def test_number_of_a_device_that_has_none_is_a_mistake(vendor: str, device: str, told: str) -> None:
    kind = {"slv": "failure, controller: LP-001", "itron": "push, sensor: temp"}[vendor]
    event = f"    event: {{vendor: {vendor}, device: {device}, kind: {kind}}}\n    #"
    text = GOOD.replace("[scanalytics]", f"[{vendor}]").replace("    fault: {name", event)
    assert refusal(text) in (f"story.yaml:11:{column}: {told}" for column in range(30, 60))


def test_event_of_a_vendor_to_whose_devices_nothing_happens_is_a_mistake() -> None:
    text = GOOD.replace("[scanalytics]", "[inode]").replace(
        "    fault: {name", "    event: {vendor: inode, kind: x}\n    #"
    )
    assert "11:21: nothing happens to devices" in refusal(text)


@pytest.mark.parametrize(
    ("lives", "vendor", "told"),
    [
        ("slv", "slv", "11:21: slv limits nothing"),
        ("slv", "inode", "11:21: 'inode' does not live in this story"),
    ],
)
def test_limits_that_nobody_has_cannot_be_cleared(lives: str, vendor: str, told: str) -> None:
    text = GOOD.replace("[scanalytics]", f"[{lives}]").replace(
        "    fault: {name", f"    clear: {{limits: {vendor}}}\n    #"
    )
    assert told in refusal(text)


def test_tokens_of_a_vendor_that_has_none_are_a_mistake() -> None:
    text = GOOD.replace("[scanalytics]", "[slv]").replace(
        "    fault: {name", "    tokens: {vendor: slv, change: expire}\n    #"
    )
    assert refusal(text).startswith("story.yaml:11:22: slv gives no tokens")


@given(st.text(max_size=200))
def test_any_text_is_a_story_or_a_mistake(text: str) -> None:
    with pytest.raises(StoryError):
        parse(text, "story.yaml", "story")


@given(st.data())
def test_any_change_of_a_line_is_a_story_or_a_mistake(data: st.DataObject) -> None:
    lines: list[str] = [*GOOD.splitlines()]
    number = data.draw(st.integers(0, len(lines) - 1))
    lines[number] = data.draw(st.text(" -:{}[]&*!|>'\"#abtime019é", max_size=30))
    try:
        parse("\n".join(lines), "story.yaml", "story")
    except StoryError as error:
        assert str(error).startswith("story.yaml:")  # noqa: PT017  most are mistakes, some are not


@given(st.integers(0, 10**10))
def test_span_is_read_as_it_is_written(thousandths: int) -> None:
    assert round(seconds(written(thousandths / 1_000)) * 1_000) == thousandths


@pytest.mark.parametrize(
    ("text", "span"), [("90s", 90), ("1h30m", 5_400), ("5d", 432_000), ("1.5h", 5_400), ("100ms", 0.1)]
)
def test_spans(text: str, span: float) -> None:
    assert seconds(text) == span


@pytest.mark.parametrize("text", ["", "5", "h", "1h 30m", "-1s", "1h\n", "1x"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a span"):
        seconds(text)


def test_aliases_that_write_out_to_more_than_a_machine_holds_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 10)}]" for number in range(1, 10)]
    assert "more than 100000 values" in refusal("\n".join(lines))


@pytest.mark.parametrize("text", ["[" * 5_000, "- " * 5_000, "[" * 350 + "]" * 350])
def test_text_that_is_nested_too_deeply_is_a_mistake(text: str) -> None:
    with pytest.raises(StoryError, match=r"^story\.yaml:"):
        parse(text, "story.yaml", "story")


def test_unknown_story_is_told_with_the_nearest() -> None:
    with pytest.raises(UnknownStoryError, match='did you mean "expired-token"'):
        find("expird-token")
    with pytest.raises(UnknownStoryError, match="cannot be read"):
        find("nowhere.yaml")


def test_schema_names_every_rule_and_refuses_others() -> None:
    document = schema()
    rules = document["$defs"]["Spec"]["properties"]["rules"]["items"]["anyOf"]
    assert {"slash-kept", "cadence-kept"} <= set(next(one for one in rules if one["type"] == "string")["enum"])
    assert document["$defs"]["Spec"]["additionalProperties"] is False
