"""The fixtures: clean worlds, settings, markers, and what is told when something went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., pytest.RunResult]

pytest_plugins = ["pytester"]

SEEN = """
import sys, httpx, pytest
def ask(lab):
    return httpx.get(f"{lab.scanalytics.url}/v1/whoami").status_code
"""


def test_world_is_shared_and_as_new_for_each_test(run: Run) -> None:
    body = """
        URLS = set()
        @pytest.mark.parametrize("number", range(3))
        def test_it(vendorlab, number):
            URLS.add(vendorlab.scanalytics.url)
            assert (len(URLS), vendorlab.journal.last, vendorlab.faults.rules()) == (1, 0, [])
            assert not vendorlab.clock.frozen
            assert ask(vendorlab) == 401
            vendorlab.faults.add({"action": {"kind": "status", "status": 503}})
            assert ask(vendorlab) == 503
            vendorlab.clock.freeze()
            vendorlab.clock.advance(10**9)
    """
    run(SEEN + _plain(body)).assert_outcomes(passed=3)


def test_no_connection_of_an_earlier_test_is_left(run: Run) -> None:
    body = """
        KEPT = []
        def test_first(scanalytics):
            client = httpx.Client(base_url=scanalytics.url)
            KEPT.append((client, client.get("/").stream))
            KEPT.append(client._transport._pool.connections[0])
        def test_second(vendorlab):
            assert vendorlab.journal.last == 0
            import select
            stream = KEPT[1]._connection._network_stream.get_extra_info("socket")
            assert select.select([stream], [], [], 1)[0] == [stream]
            KEPT[0][0].close()
    """
    run(SEEN + _plain(body)).assert_outcomes(passed=2)


def test_marker_gives_a_world_of_ones_own(run: Run) -> None:
    body = """
        from datetime import UTC, datetime
        URLS = []
        pytestmark = pytest.mark.vendorlab_world(seed=3, settings={"scanalytics": {"minute_limit": 7}})
        @pytest.mark.vendorlab_world("scanalytics", start=datetime(2018, 3, 1, tzinfo=UTC), rate=0.0)
        def test_one(vendorlab):
            URLS.append(vendorlab.scanalytics.url)
            assert (vendorlab.clock.now().year, vendorlab.world.ids.seed) == (2018, 3)
            assert vendorlab.world.names == ["scanalytics"]
            assert vendorlab.scanalytics.backend._settings.minute_limit == 7
        def test_other(vendorlab):
            assert vendorlab.scanalytics.url != URLS[0]
            assert len(vendorlab.world.names) > 1
    """
    run(SEEN + _plain(body)).assert_outcomes(passed=2)


def test_every_test_has_its_own_world_when_told_so(run: Run) -> None:
    body = """
        WORLDS = []
        @pytest.mark.parametrize("number", range(2))
        def test_it(vendorlab, number):
            WORLDS.append(vendorlab)
            assert number == 0 or WORLDS[0] is not WORLDS[1]
    """
    run(SEEN + _plain(body), "--vendorlab-isolation", "world").assert_outcomes(passed=2)


def test_settings_come_from_the_command_line_the_environment_and_the_configuration(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = """
        def test_it(vendorlab):
            settings = vendorlab.scanalytics.backend._settings
            assert (settings.minute_limit, vendorlab.scanalytics.backend.profile) == (9, "modern")
            assert vendorlab.world.ids.seed == 5
            assert (vendorlab.clock.now().isoformat(), vendorlab.clock.frozen) == ("2020-02-29T00:00:00+00:00", True)
    """
    ini = """
        vendorlab_seed = 4
        vendorlab_rate = 0
        vendorlab_start = 2020-02-29T00:00:00
        vendorlab_profile =
            scanalytics=modern
        vendorlab_set =
            scanalytics.minute_limit=8
    """
    monkeypatch.setenv("VENDORLAB_PYTEST_SEED", "6")
    monkeypatch.setenv("VENDORLAB_PYTEST_SET", "scanalytics.minute_limit=9")
    run(SEEN + _plain(body), "--vendorlab-seed=5", ini=_plain(ini)).assert_outcomes(passed=1)


def test_options_may_be_overridden_by_a_fixture_for_all_or_for_a_module(run: Run, pytester: pytest.Pytester) -> None:
    conftest = "import pytest\n@pytest.fixture(scope='session')\ndef vendorlab_options(): return {'seed': 11}\n"
    pytester.makepyfile(test_all="def test_it(vendorlab): assert vendorlab.world.ids.seed == 11\n")
    body = """
        @pytest.fixture
        def vendorlab_options(): return {"seed": 12}
        def test_it(vendorlab): assert vendorlab.world.ids.seed == 12
    """
    run(SEEN + _plain(body), conftest=conftest).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("seed", "x"),
        ("seed", "-1"),
        ("rate", "nan"),
        ("start", "yesterday"),
        ("set", "minute_limit=1"),
        ("profile", "modern"),
        ("isolation", "some"),
        ("journal", "-1"),
    ],
)
def test_wrong_setting_is_told_with_where_it_may_come_from(run: Run, setting: str, value: str) -> None:
    result = run("def test_it(vendorlab): pass\n", f"--vendorlab-{setting}={value}")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*setting {setting} *VENDORLAB_PYTEST_{setting.upper()}*vendorlab_{setting})*"])


def test_variable_that_is_no_setting_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENDORLAB_PYTEST_SEDE", "7")
    result = run("def test_it(vendorlab): pass\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["$VENDORLAB_PYTEST_SEDE is none of vendorlab's settings (did you mean 'seed'?); *"])


def test_settings_of_the_run_do_not_stand_in_the_way_of_a_world_without_their_vendor(run: Run) -> None:
    body = """
        @pytest.fixture
        def vendorlab_options(): return {"settings": {"slv": {"zone": "UTC"}, "inode": {}}}
        @pytest.mark.vendorlab_world("inode")
        def test_one(inode): assert inode.url
        @pytest.mark.vendorlab_world("itron-coap", settings={"itron": {"interval": 60}})
        def test_address(vendorlab): assert vendorlab.itron.backend._settings.interval == 60
        @pytest.mark.vendorlab_world
        def test_all(scanalytics): assert scanalytics.backend._settings.minute_limit == 9
    """
    given = ("--vendorlab-set=scanalytics.minute_limit=9", "--vendorlab-profile=scanalytics=modern")
    run(SEEN + _plain(body), *given).assert_outcomes(passed=3)


WRONG = {
    '"scanalitics"': "the marker vendorlab_world: there is no vendor 'scanalitics' (did you mean 'scanalytics'[?]); *",
    "sede=7": "the marker vendorlab_world does not take 'sede' (did you mean 'seed'[?]); there are: seed, *",
    'seed="7"': "the marker vendorlab_world: seed is a whole number, not '7'",
    'start="2020-01-01"': "the marker vendorlab_world: start is a datetime, such as *, not '2020-01-01'",
    'rate="fast"': "the marker vendorlab_world: rate is a number *, not 'fast'",
    "rate=-1": "the marker vendorlab_world: the clock's rate lies between *, not at -1",
    'profiles="modern"': "the marker vendorlab_world: profiles are by vendor, such as *, not 'modern'",
    'settings={"inodes": {}}': "the marker vendorlab_world: settings are given for 'inodes', *'inode'[?]); there are*",
    '"slv"': "the fixture scanalytics: there is no vendor 'scanalytics' in this world; there are: slv",
    'profiles={"scanalytics": "moden"}': "the fixture scanalytics: there is no profile 'moden' (did you mean *",
    'settings={"scanalytics": {"minut_limit": 1}}': "the fixture scanalytics: there is no setting 'minut_limit' (did *",
}
"""Arguments of the marker, and the one line that tells what is wrong with them."""


def test_wrong_marker_is_told_in_a_line_without_the_way_to_it(run: Run) -> None:
    body = "\n".join(
        f"@pytest.mark.vendorlab_world({arguments})\ndef test_{number}(scanalytics): pass"
        for number, arguments in enumerate(WRONG)
    )
    result = run(SEEN + body)
    result.assert_outcomes(errors=len(WRONG))
    result.stdout.fnmatch_lines([line for text in WRONG.values() for line in ("*ERROR at setup of test_*", text)])
    result.stdout.no_fnmatch_line("*Error: *")
    result.stdout.no_fnmatch_line("*pytest_worlds.py*")


def test_failed_test_shows_the_last_exchanges_and_the_faults_without_secrets(run: Run) -> None:
    body = """
        def test_it(vendorlab):
            login = {key: vendorlab.scanalytics.credentials[key] for key in ("username", "password", "client_id")}
            vendorlab.faults.add({"name": "later", "when": {"nth": 9}, "action": {"kind": "empty"}})
            httpx.post(f"{vendorlab.scanalytics.url}/o/token/", data={"grant_type": "password", **login})
            assert [ask(vendorlab) for _ in range(2)] == [200, 200]
    """
    result = run(SEEN + _plain(body), "--vendorlab-journal=2")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*- vendorlab journal -*",
            "world time 20*Z, seed 0",
            "fault later: matched 3, struck 0",
            "... 1 earlier exchanges",
            "    2 *scanalytics GET /v1/whoami -> 401 no-credentials anonymous",
            "    3 *scanalytics GET /v1/whoami -> 401 no-credentials anonymous",
        ]
    )
    result.stdout.no_fnmatch_line("*password*:*")


def test_failed_test_with_several_worlds_shows_each(run: Run) -> None:
    body = """
        def test_it(make_world):
            make_world("scanalytics"), ask(make_world())
            assert False
    """
    run(SEEN + _plain(body)).stdout.fnmatch_lines(
        [
            "*- vendorlab journal -*",
            "no exchange: nobody*",
            "*- vendorlab journal of world 2 -*",
            "*401 no-credentials*",
        ]
    )


def test_mistake_of_a_fake_fails_the_test_that_met_it_and_no_other(run: Run) -> None:
    body = """
        WORLDS = []
        def test_meets_it(vendorlab, monkeypatch):
            WORLDS.append(vendorlab)
            def broken(*_): raise ZeroDivisionError("a slip of ours")
            monkeypatch.setattr(vendorlab.clock, "run_due", broken)
            assert ask(vendorlab) == 401
        def test_next(vendorlab):
            assert WORLDS[0] is not vendorlab
            assert ask(vendorlab) == 401
    """
    result = run(SEEN + _plain(body))
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*vendorlab itself made a mistake*", "*ZeroDivisionError: a slip of ours*"])


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_failure_of_the_server_thread_is_told_and_it_goes_on(run: Run, loop: str) -> None:
    body = f"""
        if {loop == "asyncio"}:
            sys.modules["uvloop"] = None
        def test_meets_it(vendorlab):
            def leave(): raise SystemExit("somebody ended it")
            assert ask(vendorlab) == 401
            vendorlab.world._sockets.running().thread.loop.call_soon_threadsafe(leave)
            assert ask(vendorlab) == 401
        def test_next(vendorlab):
            assert ask(vendorlab) == 401
    """
    result = run(SEEN + _plain(body))
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*made a mistake that ended its loop*", "*SystemExit: somebody ended it*"])


def test_world_in_a_forked_process_says_why_it_does_not_serve(run: Run) -> None:
    body = """
        def test_it(vendorlab):
            thread = vendorlab.scanalytics.url and vendorlab.world._sockets.running().thread
            thread._thread, kept = __import__("threading").Thread(), thread._thread
            try:
                with pytest.raises(Exception, match="forked"):
                    vendorlab.slv.url
            finally:
                thread._thread = kept
    """
    run(SEEN + _plain(body)).assert_outcomes(passed=1)


def test_run_that_uses_no_fixture_imports_nothing_of_a_world(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile("""
        import sys
        OURS = {
            "vendorlab", "vendorlab.pytest_plugin", "vendorlab.pytest_story",
            "vendorlab.contracts", "vendorlab.contracts.plugin",
        }
        def test_it():
            assert {name for name in sys.modules if name.startswith("vendorlab")} == OURS
            assert not {"httpx", "flask", "numpy", "msgspec"} & set(sys.modules)
    """)
    plugins = ("-p", "vendorlab.pytest_plugin", "-p", "vendorlab.contracts.plugin", "-p", "no:cacheprovider")
    pytester.runpytest_subprocess(*plugins).assert_outcomes(passed=1)


def _plain(text: str) -> str:
    from textwrap import dedent

    return dedent(text)
