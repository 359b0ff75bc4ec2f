"""The fixtures in every style of test: asyncio, anyio, unittest, plain functions, many processes, no socket."""

from __future__ import annotations

import re
from textwrap import dedent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    Run = Callable[..., pytest.RunResult]

pytest_plugins = ["pytester"]


def test_async_tests_of_pytest_asyncio(run: Run) -> None:
    body = """
        import httpx, pytest
        @pytest.mark.asyncio
        @pytest.mark.parametrize("number", range(2))
        async def test_it(vendorlab, scanalytics, number):
            async with scanalytics.async_client() as client, httpx.AsyncClient() as http:
                assert (await client.whoami()).email == scanalytics.credentials["username"]
                assert (await http.get(vendorlab.slv.url)).status_code
            assert vendorlab.journal.count(vendor="scanalytics") == 2
    """
    ini = "asyncio_default_fixture_loop_scope = function\n"
    run(dedent(body), ini=ini, plugins=("asyncio",)).assert_outcomes(passed=2)


def test_async_tests_of_anyio(run: Run) -> None:
    body = """
        import pytest
        @pytest.fixture
        def anyio_backend(): return "asyncio"
        @pytest.mark.anyio
        async def test_it(inode):
            async with inode.async_client() as client:
                assert await client.links()
    """
    run(dedent(body)).assert_outcomes(passed=1)


def test_unittest_with_the_fixture_and_without_pytest(run: Run) -> None:
    body = """
        import unittest, pytest, httpx, vendorlab as package
        class TestWithFixture(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _lab(self, vendorlab):
                self.lab = vendorlab
            def test_it(self):
                self.assertEqual(httpx.get(self.lab.scanalytics.url + "/v1/whoami").status_code, 401)
        class TestAlone(unittest.TestCase):
            def setUp(self):
                self.lab = self.enterContext(package.world("scanalytics"))
            def test_it(self):
                self.assertEqual(httpx.get(self.lab.scanalytics.url + "/v1/whoami").status_code, 401)
    """
    run(dedent(body)).assert_outcomes(passed=2)


def test_examples_of_the_page_are_true(run: Run, tree: Path) -> None:
    """Those too that `tests/docs` skips, as they need a plugin that it has not."""
    blocks = re.findall(r"^```python\n(.*?)^```", (tree / "docs" / "pytest.md").read_text(), re.MULTILINE | re.DOTALL)
    body = "\n".join(blocks)
    written = set(re.findall(r"^(?:async |    )?def (test_\w+)", body, re.MULTILINE))
    ini = "asyncio_default_fixture_loop_scope = function\n"
    result = run(body, "-v", ini=ini, plugins=("asyncio",))
    found = re.findall(r"::(test_\w+) PASSED", result.stdout.str())
    result.assert_outcomes(passed=len(found))
    assert set(found) == written
    assert len(written) >= 5


def test_workers_of_xdist_share_nothing(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(
        """
        import os, httpx, pathlib, pytest
        @pytest.mark.parametrize("number", range(6))
        def test_it(scanalytics, number):
            name = f"{os.environ['PYTEST_XDIST_WORKER']}.{number}"
            (pathlib.Path(__file__).parent / name).write_text(scanalytics.url)
            assert scanalytics.journal.last == 0
            assert httpx.get(scanalytics.url + "/v1/whoami").status_code == 401
        def test_bad(scanalytics):
            httpx.get(scanalytics.url + "/v1/whoami")
            assert False
        """
    )
    result = pytester.runpytest_subprocess(
        "-p", "vendorlab.pytest_plugin", "-p", "xdist", "-n", "2", "--strict-markers"
    )
    result.assert_outcomes(passed=6, failed=1)
    result.stdout.fnmatch_lines(["*- vendorlab journal -*", "*GET /v1/whoami -> 401*"])
    urls: dict[str, set[str]] = {}
    for file in pytester.path.glob("gw*.*"):
        urls.setdefault(file.stem, set()).add(file.read_text())
    assert [len(found) for found in urls.values()] == [1] * len(urls)
    assert len({url for found in urls.values() for url in found}) == len(urls)


def test_no_socket_is_opened_for_httpx_and_requests(run: Run) -> None:
    body = """
        import asyncio, httpx, requests, socket, pytest
        @pytest.fixture(autouse=True)
        def no_socket(monkeypatch):
            def refuse(*_, **__): raise AssertionError("a socket")
            monkeypatch.setattr(socket, "socket", refuse)
        def test_httpx(vendorlab):
            with httpx.Client(mounts=vendorlab.transports()) as http:
                assert http.get(f"{vendorlab.scanalytics.in_process_url}/v1/whoami").status_code == 401
                assert http.get(f"{vendorlab.inode.in_process_url}/api/v1/links/").status_code == 401
        def test_requests(vendorlab):
            with requests.Session() as session:
                vendorlab.mount(session)
                assert session.get(f"{vendorlab.scanalytics.in_process_url}/v1/whoami").status_code == 401
                assert session.get(f"{vendorlab.inode.in_process_url}/api/v1/links/").status_code == 401
        def test_reference_client(scanalytics):
            with scanalytics.client(base_url=scanalytics.in_process_url, transport=scanalytics.transport()) as client:
                assert client.whoami()
    """
    run(dedent(body)).assert_outcomes(passed=3)
