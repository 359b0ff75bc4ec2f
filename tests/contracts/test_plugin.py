"""The pytest plugin: what it leaves alone, what it skips, how it judges, what it reports."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import httpcore
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["pytester"]

KEPT = httpcore
"""httpx loads it late and remembers its classes: left to itself, pytester would unload it between two runs."""

HEAD = """
import pytest
from vendorlab.contracts.core.session import suite_run

pytestmark = pytest.mark.vendorlab("scanalytics")

@pytest.fixture
def http(request):
    return suite_run(request.config).access("scanalytics").exchange
"""
CLAIM = "scanalytics.refresh.single-use"


class Answerer(BaseHTTPRequestHandler):
    """Answers every GET with its own path; on /o/token/ with a token."""

    def do_GET(self) -> None:
        body = b'{"access_token": "SECRETSECRETSECRET"}' if self.path == "/o/token/" else self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - the base class calls it so


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answerer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("VENDORLAB_", "PYTEST_ADDOPTS")):
            monkeypatch.delenv(name)


def run(pytester: pytest.Pytester, body: str, *arguments: str, head: str = HEAD) -> pytest.RunResult:
    pytester.makepyfile(test_suite=head + body)
    return pytester.runpytest("-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:asyncio", *arguments)


def report(pytester: pytest.Pytester) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((pytester.path / "report.json").read_text())["vendors"]["scanalytics"]
    return found


# --- users' own tests ------------------------------------------------------------------------------------------------


def test_plugin_imports_nothing_but_pytest_and_the_standard_library() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules); import vendorlab.contracts.plugin\n"
        "print(*sorted(name for name in set(sys.modules) - before if not name.startswith('_')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ours = {name for name in done.stdout.split() if name.partition(".")[0] not in sys.stdlib_module_names}
    assert ours == {"vendorlab", "vendorlab.contracts", "vendorlab.contracts.plugin"}


def test_run_without_a_suite_is_left_alone(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even with options and variables that would be an error otherwise."""
    monkeypatch.setenv("VENDORLAB_SCANALYTICS_URL", "nonsense")
    body = "def test_mine(request):\n    assert not request.config.pluginmanager.has_plugin('vendorlab-suites')\n"
    result = run(pytester, body, "--vendorlab-allow=nonsense", "--vendorlab-json=report.json", head="")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*claims by source*")
    assert not (pytester.path / "report.json").exists()


def test_users_own_tests_beside_a_suite_are_left_alone(pytester: pytest.Pytester, url: str) -> None:
    pytester.makepyfile(test_mine="def test_mine():\n    raise KeyError('mine')\n")
    result = run(pytester, "def test_ours(http): http.get('/')\n", f"--vendorlab-target=scanalytics={url}",
                 "--vendorlab-json=report.json")  # fmt: skip
    result.assert_outcomes(passed=1, failed=1)
    assert [test["name"] for test in report(pytester)["tests"]] == ["scanalytics/test_suite.py::test_ours"]


def test_markers_and_options_are_known_to_strict_pytest(pytester: pytest.Pytester) -> None:
    body = "@pytest.mark.claim('scanalytics.refresh.single-use')\n@pytest.mark.needs('clock')\ndef test_it(): ...\n"
    result = run(pytester, body, "--strict-markers", "--strict-config")
    result.assert_outcomes(skipped=1)
    told = pytester.runpytest("-p", "no:asyncio", "--help").stdout.str()
    for option in ("target", "allow", "budget", "json"):
        assert f"--vendorlab-{option}" in told


# --- what may run ----------------------------------------------------------------------------------------------------


def test_without_a_target_tests_are_skipped_with_that_reason(pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_it(): assert False\n", "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(
        "*no target for scanalytics: give --vendorlab-target scanalytics=URL or set VENDORLAB_SCANALYTICS_URL*"
    )


def test_target_comes_from_the_environment_too(
    pytester: pytest.Pytester, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VENDORLAB_SCANALYTICS_URL", url)
    run(pytester, "def test_it(http): assert http.get('/a').text == '/a'\n").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("need", "allow", "runs"),
    [("write", "", True), ("write", "none", False), ("wait", "", False), ("wait", "wait", True), ("clock", "", False),
     ("second-user", "", False)],
)  # fmt: skip
def test_missing_capability_skips_with_its_reason(
    pytester: pytest.Pytester, url: str, need: str, allow: str, runs: bool
) -> None:
    body = f"@pytest.mark.needs('{need}')\ndef test_it(): ...\n"
    result = run(pytester, body, "-rs", f"--vendorlab-target=scanalytics={url}", f"--vendorlab-allow={allow}")
    result.assert_outcomes(passed=int(runs), skipped=int(not runs))
    if not runs:
        result.stdout.fnmatch_lines(f"*needs {need} (*")


def test_control_variables_give_the_clock(pytester: pytest.Pytester, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENDORLAB_CONTROL_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("VENDORLAB_CONTROL_TOKEN", "token")
    body = "@pytest.mark.needs('clock')\ndef test_it(): ...\n"
    run(pytester, body, f"--vendorlab-target=scanalytics={url}").assert_outcomes(passed=1)


def test_spent_budget_skips_the_rest(pytester: pytest.Pytester, url: str) -> None:
    body = (
        "def test_fits(http): http.get('/a')\n"
        "def test_runs_out(http):\n    http.get('/b')\n    http.get('/c')\n"
        "def test_comes_too_late(http): http.get('/d')\n"
    )
    result = run(pytester, body, f"--vendorlab-target=scanalytics={url}", "--vendorlab-budget=2",
                 "--vendorlab-json=report.json")  # fmt: skip
    result.assert_outcomes(passed=1, skipped=2)
    assert [(test["verdict"], test["reason"]) for test in report(pytester)["tests"]] == [
        ("passed", ""),
        ("skipped", "the budget of 2 requests is spent"),
        ("skipped", "the budget of 2 requests is spent"),
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--vendorlab-target=scanalytics"], "a target is VENDOR=URL"),
        (["--vendorlab-target=scanalytics=http://ada:pw@host"], "must not carry credentials"),
        (["--vendorlab-allow=teleport"], "unknown capability 'teleport'"),
    ],
)
def test_wrong_use_is_told_in_a_line(pytester: pytest.Pytester, arguments: list[str], message: str) -> None:
    result = run(pytester, "def test_it(): ...\n", *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(f"ERROR: *{message}*")


def test_unknown_vendor_and_unknown_need_are_wrong_use(pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_it(): ...\n", head="import pytest\npytestmark = pytest.mark.vendorlab('acme')\n")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines("ERROR: vendor 'acme' has no claims*")
    result = run(pytester, "@pytest.mark.needs('teleport')\ndef test_it(): ...\n")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines("ERROR: *needs unknown capabilities: teleport")


@pytest.mark.slow
def test_suite_split_over_processes_is_an_error(pytester: pytest.Pytester, url: str) -> None:
    """They would share one account, its limits and its clock."""
    pytester.makepyfile(test_suite=HEAD + "def test_it(http): http.get('/')\n")
    result = pytester.runpytest("-n1", f"--vendorlab-target=scanalytics={url}")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines("*run them in one process*")


# --- verdicts --------------------------------------------------------------------------------------------------------

VERDICTS = f"""
@pytest.fixture
def broken_setup(): raise AssertionError('the target refused the login')

@pytest.mark.claim("{CLAIM}")
def test_passes(http): http.get('/')
@pytest.mark.claim("{CLAIM}", "scanalytics.refresh.new-pair")
def test_fails(http): assert http.get('/').text == 'more'
def test_fails_in_setup(broken_setup): ...
def test_fails_by_group(): raise ExceptionGroup('two', [AssertionError('one'), AssertionError('two')])
@pytest.mark.claim("scanalytics.refresh.no-expiry")
def test_breaks(http): {{}}['nothing']
def test_breaks_by_group(): raise ExceptionGroup('two', [AssertionError('one'), KeyError('two')])
@pytest.mark.needs('wait')
@pytest.mark.claim("scanalytics.refresh.after-expiry")
def test_is_skipped(): ...
"""


@pytest.fixture
def judged(pytester: pytest.Pytester, url: str) -> dict[str, Any]:
    result = run(pytester, VERDICTS, f"--vendorlab-target=scanalytics={url}", "--vendorlab-json=report.json",
                 "--junitxml=junit.xml")  # fmt: skip
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    return report(pytester)


def test_only_an_assertion_speaks_of_the_target(judged: dict[str, Any]) -> None:
    assert {test["name"].partition("::")[2]: test["verdict"] for test in judged["tests"]} == {
        "test_passes": "passed",
        "test_fails": "failed",
        "test_fails_in_setup": "failed",
        "test_fails_by_group": "failed",
        "test_breaks": "error",
        "test_breaks_by_group": "error",
        "test_is_skipped": "skipped",
    }


def test_report_tells_reasons_claims_and_counts(judged: dict[str, Any]) -> None:
    tests = {test["name"].partition("::")[2]: test for test in judged["tests"]}
    assert "'/' == 'more'" in tests["test_fails"]["reason"]
    assert tests["test_fails_in_setup"]["reason"] == "the target refused the login"
    assert "KeyError" in tests["test_breaks"]["reason"]
    assert tests["test_is_skipped"]["reason"].startswith("needs wait")
    claims = {claim["id"]: claim["verdict"] for claim in judged["claims"]}
    assert claims[CLAIM] == "failed"
    assert claims["scanalytics.refresh.no-expiry"] == "error"
    assert claims["scanalytics.refresh.after-expiry"] == "skipped"
    assert claims["scanalytics.token.password-grant"] is None
    told = judged["counts"]["documented"]
    assert (told["failed"], told["error"], told["skipped"]) == (2, 1, 1)


def test_inherited_rules_prove_the_claims_of_the_suite_that_inherits_them(pytester: pytest.Pytester, url: str) -> None:
    body = """
class Rules:
    @pytest.mark.claim(".refresh.single-use")
    def test_it(self, http): http.get('/')

class TestOnce(Rules): ...
class TestTwice(Rules): ...
"""
    run(pytester, body, f"--vendorlab-target=scanalytics={url}", "--vendorlab-json=report.json").assert_outcomes(
        passed=2
    )
    assert [(test["name"], test["claims"]) for test in report(pytester)["tests"]] == [
        ("scanalytics/test_suite.py::TestOnce::test_it", [CLAIM]),
        ("scanalytics/test_suite.py::TestTwice::test_it", [CLAIM]),
    ]


def test_junit_carries_verdicts_and_claims(judged: dict[str, Any], pytester: pytest.Pytester) -> None:
    cases = {case.get("name"): case for case in ET.parse(pytester.path / "junit.xml").iter("testcase")}
    properties = [(each.get("name"), each.get("value")) for each in cases["test_fails"].iter("property")]
    assert properties == [("verdict", "failed"), ("claim", CLAIM), ("claim", "scanalytics.refresh.new-pair")]
    assert ("verdict", "error") in [
        (each.get("name"), each.get("value")) for each in cases["test_breaks"].iter("property")
    ]


def test_terminal_shows_counts_by_source(pytester: pytest.Pytester, url: str) -> None:
    result = run(pytester, VERDICTS, f"--vendorlab-target=scanalytics={url}")
    result.stdout.fnmatch_lines(
        [f"scanalytics at {url}: claims by source", "  documented 1 skipped, 1 error, 2 failed*"]
    )


def test_unreachable_target_is_one_clear_line_and_ends_the_run(pytester: pytest.Pytester) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    body = "def test_it(http): http.get('/')\ndef test_other(http): http.get('/')\n"
    result = run(pytester, body, f"--vendorlab-target=scanalytics=http://127.0.0.1:{port}",
                 "--vendorlab-json=report.json")  # fmt: skip
    assert result.ret == pytest.ExitCode.INTERRUPTED
    told = f"target unreachable: http://127.0.0.1:{port}: *"
    result.stdout.fnmatch_lines([told, f"! Interrupted: {told} !"])
    assert "Traceback" not in result.stdout.str()
    (only,) = report(pytester)["tests"]
    assert (only["verdict"], only["reason"].partition(": http")[0]) == ("error", "target unreachable")


def test_secrets_are_not_shown(pytester: pytest.Pytester, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENDORLAB_SCANALYTICS_PASSWORD", "hunter2hunter2")
    body = (
        "def test_it(http):\n    print('hunter2hunter2')\n"
        "    assert http.get('/o/token/').json()['access_token'] == 'hunter2hunter2'\n"
    )
    result = run(pytester, body, f"--vendorlab-target=scanalytics={url}", "--vendorlab-json=report.json",
                 "--junitxml=junit.xml")  # fmt: skip
    result.assert_outcomes(failed=1)
    shown = [result.stdout.str(), *((pytester.path / name).read_text() for name in ("report.json", "junit.xml"))]
    for text in shown:
        assert "hunter2hunter2" not in text
        assert "SECRETSECRETSECRET" not in text
    assert report(pytester)["tests"][0]["reason"].startswith("assert '***' == '***'")


# --- addresses beside a suite's own ----------------------------------------------------------------------------------


BESIDE = """
def test_beside(request):
    found = suite_run(request.config).beside("itron-platform")
    assert found.url == "http://127.0.0.1:7073"
    assert found.ca == "ca.pem"
    assert suite_run(request.config).beside("acme") is None
"""


@pytest.mark.parametrize("by", ["option", "variable"])
def test_address_beside_is_found(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, url: str, by: str) -> None:
    monkeypatch.setenv("VENDORLAB_ITRON_PLATFORM_CA", "ca.pem")
    options = ["--vendorlab-target", f"scanalytics={url}"]
    if by == "option":
        options += ["--vendorlab-target", "itron-platform=http://127.0.0.1:7073"]
    else:
        monkeypatch.setenv("VENDORLAB_ITRON_PLATFORM_URL", "http://127.0.0.1:7073")
    body = f'@pytest.mark.claim("{CLAIM}")' + BESIDE
    run(pytester, body, *options).assert_outcomes(passed=1)
