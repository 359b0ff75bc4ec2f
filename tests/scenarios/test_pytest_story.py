"""The marker and the fixture: a marked test fails when its client broke a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

pytest_plugins = ["pytester"]

GOOD = """
    import pytest

    @pytest.mark.vendorlab_story("expired-token")
    def test_good(story_lab):
        with story_lab.scanalytics.client() as client:
            while not story_lab.over:
                client.whoami()
                story_lab.sleep(3600)
"""


def test_good_client_passes(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(GOOD)
    pytester.runpytest("-p", "no:cacheprovider", "-p", "no:asyncio", "--strict-markers").assert_outcomes(passed=1)


def test_client_that_breaks_a_rule_fails_with_the_exchanges(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        GOOD.replace("with story_lab.scanalytics.client() as client:", "if True:")
        .replace("client.whoami()", "\n                with story_lab.scanalytics.client() as client: client.whoami()")
        .replace("3600", "6 * 3600")
    )
    result = pytester.runpytest("-p", "no:cacheprovider", "-p", "no:asyncio", "--strict-markers")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*BROKEN*renewed-once-per-expiry*", "*POST /o/token/*", "*what to do:*"])


def test_test_that_fails_by_itself_says_why(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(GOOD.replace("while not", "assert 1 == 2\n            while not"))
    result = pytester.runpytest("-p", "no:cacheprovider", "-p", "no:asyncio")
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*not exercised*")


def test_fixture_without_a_marker_that_makes_sense_says_what_is_missing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import pytest
        def test_none(story_lab): ...
        @pytest.mark.vendorlab_story
        def test_no_name(story_lab): ...
        @pytest.mark.vendorlab_story("expired-token", sede=7)
        def test_no_argument(story_lab): ...
    """)
    result = pytester.runpytest("-p", "no:cacheprovider", "-p", "no:asyncio")
    result.assert_outcomes(errors=3)
    result.stdout.fnmatch_lines(["*needs a story: @pytest.mark.vendorlab_story*"] * 3)
