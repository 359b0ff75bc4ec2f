"""However many threads, tasks or processes need a token, it is made once."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.clients.django_fake import PASSWORD, URL, USERNAME, served
from tests.clients.scanalytics.fake_vendor import CLIENT_ID, FakeVendor

from vendorlab.clients.core.tokens import TokenKey
from vendorlab.clients.scanalytics import (
    AsyncScanalyticsClient,
    ClientError,
    FileTokenStore,
    LoginRefused,
    MemoryTokenStore,
    ScanalyticsClient,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vendorlab.clients.scanalytics import TokenStore

WORKERS = 12
ADA: dict[str, Any] = {"client_id": CLIENT_ID, "username": USERNAME, "password": PASSWORD}


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> TokenStore:
    return MemoryTokenStore() if request.param == "memory" else FileTokenStore(tmp_path / "tokens.json")


class Gate:
    """Lets no answer 401 through before as many workers as there are have got one."""

    def __init__(self, vendor: FakeVendor, workers: int) -> None:
        self._vendor = vendor
        self._barrier = threading.Barrier(workers, timeout=20)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        response = self._vendor(request)
        if response.status_code == 401 and request.url.path != "/o/token/":
            self._barrier.wait()
        return response


@pytest.mark.parametrize("shared", [True, False], ids=["one-client", "client-each"])
def test_threads_log_in_once_and_refresh_once(vendor: FakeVendor, store: TokenStore, shared: bool) -> None:
    transport = httpx.MockTransport(Gate(vendor, WORKERS))
    with ExitStack() as stack, ThreadPoolExecutor(WORKERS) as pool:
        clients = [
            stack.enter_context(ScanalyticsClient(URL, transport=transport, store=store, **ADA))
            for _ in range(1 if shared else WORKERS)
        ] * (WORKERS if shared else 1)
        assert {user.email for user in pool.map(ScanalyticsClient.whoami, clients)} == {USERNAME}
        assert vendor.grant_types() == ["password"]
        vendor.revoke_access()
        assert {user.email for user in pool.map(ScanalyticsClient.whoami, clients)} == {USERNAME}
    assert vendor.grant_types() == ["password", "refresh_token"]


class SlowTransport(httpx.AsyncBaseTransport):
    """Gives every other task a turn before it answers; token answers wait for `opened`."""

    def __init__(self, vendor: FakeVendor) -> None:
        self._vendor = vendor
        self.opened = asyncio.Event()
        self.opened.set()
        self.asked_for_token = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        response = self._vendor(request)
        for _ in range(3):
            await asyncio.sleep(0)
        if request.url.path == "/o/token/":
            self.asked_for_token.set()
            await self.opened.wait()
        return response


def test_tasks_log_in_once_and_refresh_once(vendor: FakeVendor, store: TokenStore) -> None:
    async def story() -> None:
        async with AsyncScanalyticsClient(URL, transport=SlowTransport(vendor), store=store, **ADA) as client:
            await asyncio.gather(*(client.whoami() for _ in range(WORKERS)))
            assert vendor.grant_types() == ["password"]
            vendor.revoke_access()
            await asyncio.gather(*(client.whoami() for _ in range(WORKERS)))

    asyncio.run(story())
    assert vendor.grant_types() == ["password", "refresh_token"]


def test_tasks_that_wait_for_a_login_share_its_refusal(vendor: FakeVendor) -> None:
    async def story() -> list[Any]:
        wrong = dict(ADA, password="wrong")
        async with AsyncScanalyticsClient(URL, transport=SlowTransport(vendor), **wrong) as client:
            calls = (client.whoami() for _ in range(WORKERS))
            return await asyncio.gather(*calls, return_exceptions=True)

    refusals = asyncio.run(story())
    assert [type(refusal) for refusal in refusals] == [LoginRefused] * WORKERS
    assert len({str(refusal) for refusal in refusals}) == 1
    assert vendor.grant_types() == ["password"]


def test_refused_login_is_tried_again_when_asked_again(vendor: FakeVendor) -> None:
    transport, wrong = httpx.MockTransport(vendor), dict(ADA, password="wrong")
    with ScanalyticsClient(URL, transport=transport, **wrong) as client:
        for _ in range(2):
            with pytest.raises(LoginRefused):
                client.whoami()
    assert len(vendor.requests) == 2


def test_cancelled_task_leaves_its_renewal_to_end(vendor: FakeVendor, store: TokenStore) -> None:
    async def story() -> None:
        transport = SlowTransport(vendor)
        async with AsyncScanalyticsClient(URL, transport=transport, store=store, **ADA) as client:
            await client.whoami()
            vendor.revoke_access()
            transport.asked_for_token.clear()
            transport.opened.clear()
            task = asyncio.ensure_future(client.whoami())
            await transport.asked_for_token.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            transport.opened.set()
            await client.whoami()

    asyncio.run(story())
    assert vendor.grant_types() == ["password", "refresh_token"]


def test_closing_waits_for_a_renewal_whose_caller_has_gone(vendor: FakeVendor) -> None:
    async def story() -> bool:
        transport, store = SlowTransport(vendor), MemoryTokenStore()
        transport.opened.clear()
        client = AsyncScanalyticsClient(URL, transport=transport, store=store, **ADA)
        task = asyncio.ensure_future(client.whoami())
        await transport.asked_for_token.wait()
        task.cancel()
        closing = asyncio.ensure_future(client.aclose())
        await asyncio.sleep(0)
        assert not closing.done()
        transport.opened.set()
        await closing
        return store.load(TokenKey(URL, CLIENT_ID, USERNAME)) is not None

    assert asyncio.run(story())


def test_failed_renewal_whose_caller_has_gone_makes_no_noise(vendor: FakeVendor) -> None:
    complaints: list[Any] = []

    async def story() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))
        transport, wrong = SlowTransport(vendor), dict(ADA, password="wrong")
        transport.opened.clear()
        client = AsyncScanalyticsClient(URL, transport=transport, **wrong)
        task = asyncio.ensure_future(client.whoami())
        await transport.asked_for_token.wait()
        task.cancel()
        transport.opened.set()
        await client.aclose()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(story())
    assert complaints == []


def test_waiting_for_a_lock_leaves_the_loop_free(vendor: FakeVendor, store: TokenStore) -> None:
    async def story() -> None:
        held = store.lock()
        assert held.try_acquire()
        async with AsyncScanalyticsClient(URL, transport=SlowTransport(vendor), store=store, **ADA) as client:
            task = asyncio.ensure_future(client.whoami())
            for _ in range(20):
                await asyncio.sleep(0)
            assert vendor.requests == []
            held.release()
            assert (await task).email == USERNAME

    asyncio.run(story())


@pytest.mark.parametrize("trouble", [KeyboardInterrupt, MemoryError, LoginRefused], ids=lambda kind: kind.__name__)
def test_lock_is_given_back_whatever_happens(
    vendor: FakeVendor, store: TokenStore, trouble: type[BaseException]
) -> None:
    def interrupt(request: httpx.Request, handler: Any) -> httpx.Response:
        raise trouble("no more")

    vendor.faults.append(interrupt)
    with ScanalyticsClient(URL, transport=httpx.MockTransport(vendor), store=store, lock_timeout=0, **ADA) as client:
        with pytest.raises(trouble):
            client.whoami()
        assert client.whoami().email == USERNAME


@pytest.fixture
def processes(vendor: FakeVendor, tmp_path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Three worker processes on the served vendor, sharing one store, ready to go."""
    script = str(Path(__file__).with_name("worker.py"))
    with served(Gate(vendor, 3)) as url, ExitStack() as stack:
        command = [sys.executable, script, url, CLIENT_ID, USERNAME, PASSWORD, str(tmp_path / "tokens.json")]
        workers = [
            stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            for _ in range(3)
        ]
        assert [answer_of(worker) for worker in workers] == ["ready"] * 3
        yield workers


def answer_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def call_in_all(processes: list[subprocess.Popen[str]]) -> set[str]:
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("whoami\n")
        process.stdin.flush()
    return {answer_of(process) for process in processes}


@pytest.mark.slow
def test_processes_log_in_once_and_refresh_once(vendor: FakeVendor, processes: list[subprocess.Popen[str]]) -> None:
    assert call_in_all(processes) == {USERNAME}
    assert vendor.grant_types() == ["password"]
    for rounds in (1, 2):
        vendor.revoke_access()
        assert call_in_all(processes) == {USERNAME}
        assert vendor.grant_types() == ["password", *["refresh_token"] * rounds]


def test_errors_cross_processes() -> None:
    import pickle

    error: ClientError = LoginRefused("401 invalid_grant", error="invalid_grant", method="POST", path="/o/token/")
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), vars(copy)) == (str(error), vars(error))
