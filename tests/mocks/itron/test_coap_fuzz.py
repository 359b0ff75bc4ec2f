"""Whatever comes in, the gateway goes on; the long run is in ``coap_fuzz``."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.mocks.itron.coap_fuzz import run
from tests.mocks.itron.coap_support import Desk
from tests.mocks.support import make_world

from vendorlab.mocks.core.coap.codes import Code
from vendorlab.mocks.core.coap.options import Options
from vendorlab.mocks.itron.mesh.board import Asked

DESK = Desk(make_world("itron"))
DESK.open()

PATHS = st.lists(
    st.sampled_from(["snsr", "arduino", "temp", "echo", "sys", "time", "stats", ".well-known", "core", ""])
)
QUERIES = st.lists(st.sampled_from(["sens", "cfg", "cfg=C", "cfg=hi", "mod=coap", "", "=", "cfg="]), max_size=2)
OTHERS = st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=5)), max_size=3)


def test_mutated_datagrams_do_no_harm() -> None:
    desk = run(3_000, seed=11)
    assert {entry.operation for entry in desk.world.journal.find()} >= {"proxy.get", "observe", "session.open"}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=80))
def test_random_bytes_do_no_harm(data: bytes) -> None:
    assert len(DESK.tell(data)) <= 2
    assert DESK.endpoint.stats.defects == 0


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 31), PATHS, QUERIES, OTHERS, st.binary(max_size=300))
def test_devices_answer_every_request_with_a_response_or_silence(
    code: int, path: list[str], query: list[str], others: list[tuple[int, bytes]], payload: bytes
) -> None:
    options = Options([*((11, part) for part in path), *((15, part) for part in query), *others])
    answered: list[int] = []
    DESK.mesh.send(DESK.mac(), Asked(code, options, payload, "who"), lambda reply: answered.append(reply.code))
    assert len(answered) <= 1
    assert all(one == Code.EMPTY or one >= Code.CREATED for one in answered)
