"""Verdicts as one HTML page that needs nothing else: to keep with a build, or to send to somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jinja2

from vendorlab.scenarios.core.report import duration, line, summary
from vendorlab.scenarios.core.verdict import MOST_SHOWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vendorlab.scenarios.core.verdict import Verdict

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ verdicts[0].evidence.start.story }}: {{ "passed" if all_passed else "not passed" }}</title>
<style>
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
pre { overflow-x: auto; font-size: .8rem; padding: .5rem; border: 1px solid #8888 }
.sign { font-weight: 600 } .passed .sign::before { content: "\\2713 " } .broken .sign::before { content: "\\2717 " }
.passed .sign { color: #18794e } .broken .sign { color: #d13415 }
@media (prefers-color-scheme: dark) { .passed .sign { color: #3dd68c } .broken .sign { color: #ff977d } }
</style>
</head>
<body>
{% for verdict in verdicts %}
{% set start = verdict.evidence.start %}
<main>
<h1>{{ start.title }}</h1>
<p>{{ start.story }}, seed {{ start.seed }}, {{ duration(verdict.evidence) }} of the world's time</p>
<p><strong>{{ summary(verdict) }}</strong></p>
{% for trouble in verdict.troubles %}<p class="broken"><span class="sign">trouble</span> {{ trouble }}</p>{% endfor %}
{% for note in verdict.notes %}<p>note: {{ note }}</p>{% endfor %}
{% for one in verdict.judged if one.wanted or one.status != "not exercised" %}
<section class="{{ one.status.replace(" ", "-") }}">
<h2><span class="sign">{{ one.status }}</span> {{ one.rule.name }}</h2>
<p>{{ one.rule.title }} {{ one.rule.why }}</p>
{% for found in one.findings[:most] %}
<p>{{ found.text }}</p>
<pre>{% for seq in found.exchanges %}{% set seen = verdict.exchange(seq) %}{% if seen %}{{ line(seen) }}
{% endif %}{% endfor %}</pre>
{% endfor %}
{% if one.findings|length > most %}<p>and {{ one.findings|length - most }} more times</p>{% endif %}
{% if one.findings %}<p><strong>What to do:</strong> {{ one.rule.remedy }}</p>{% endif %}
</section>
{% endfor %}
</main>
{% endfor %}
</body>
</html>
"""


def page(verdicts: Sequence[Verdict]) -> str:
    """The verdicts, one below the other."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(_PAGE).render(
        verdicts=verdicts,
        all_passed=all(one.passed for one in verdicts),
        summary=summary,
        duration=duration,
        line=line,
        most=MOST_SHOWN,
    )
