"""The journal: a bounded ring that can be asked, waited for, and never shows a secret."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.mocks.support import PATIENCE, eventually

from vendorlab.mocks.core.ids import LETTERS_AND_DIGITS, fingerprint
from vendorlab.mocks.core.journal import LONGEST_TEXT, Journal, Query, mask, mask_path, mask_query

SECRET = "kE9Yw2Qe7Tz4Rb1Xn6Vm3Lc8Jf5Hd0"
PASSWORD = "correct;horse"


def add(journal: Journal, **changes: Any) -> None:
    values: dict[str, Any] = {
        "at": 0,
        "vendor": "scanalytics",
        "protocol": "http",
        "operation": "whoami",
        "method": "GET",
        "path": "/v1/whoami",
        "query": "",
        "credential": "",
        "principal": "ada@example.com",
        "status": 200,
        "cause": "ok",
        "fault": None,
        "duration": 0.0,
        "detail": {},
    }
    journal.add(*(values | changes).values())


# --- the ring --------------------------------------------------------------------------------------------------------


def test_entries_are_numbered_from_one_in_order() -> None:
    journal = Journal()
    assert (journal.last, journal.find()) == (0, [])
    for status in (200, 401, 429):
        add(journal, status=status)
    assert [(entry.seq, entry.status) for entry in journal.find()] == [(1, 200), (2, 401), (3, 429)]
    assert journal.last == 3


def test_a_full_ring_drops_the_oldest_and_counts_them() -> None:
    journal = Journal(size=3)
    for status in range(200, 208):
        add(journal, status=status)
    assert [entry.seq for entry in journal.find()] == [6, 7, 8]
    assert journal.dropped == 5


def test_clear_forgets_without_calling_it_dropped_and_numbers_go_on() -> None:
    journal = Journal(size=3)
    for _ in range(4):
        add(journal)
    journal.clear()
    assert (journal.find(), journal.dropped, journal.last) == ([], 1, 4)
    add(journal)
    assert [entry.seq for entry in journal.find()] == [5]
    assert journal.dropped == 1


def test_restart_counts_from_one_again() -> None:
    journal = Journal(size=2)
    for _ in range(5):
        add(journal)
    journal.clear()
    journal.restart()
    add(journal)
    assert [entry.seq for entry in journal.find()] == [1]
    assert journal.dropped == 0


def test_an_entry_is_shown_with_its_time_written_out() -> None:
    journal = Journal()
    add(journal, at=1_795_237_200_000_000, detail={"retry_after": 3})
    shown = journal.find()[0].as_json()
    assert shown["at"] == "2026-11-21T05:00:00.000000Z"
    assert shown["detail"] == {"retry_after": 3}
    assert list(shown)[:3] == ["seq", "at", "vendor"]


# --- asking ----------------------------------------------------------------------------------------------------------

FIELDS: dict[str, list[Any]] = {
    "vendor": ["scanalytics", "inode"],
    "protocol": ["http", "coap"],
    "operation": ["whoami", "token"],
    "method": ["GET", "POST"],
    "principal": ["ada@example.com", "anonymous"],
    "status": [200, 401],
    "cause": ["ok", "expired-token"],
    "fault": [None, "lost"],
}
ROWS = st.lists(st.fixed_dictionaries({name: st.sampled_from(values) for name, values in FIELDS.items()}), max_size=30)
WANTED = st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in FIELDS.items()})


@given(ROWS, WANTED, st.integers(0, 35), st.none() | st.integers(0, 5), st.integers(1, 40))
def test_find_gives_what_a_plain_search_would(
    rows: list[dict[str, Any]], wanted: dict[str, Any], after: int, limit: int | None, size: int
) -> None:
    journal = Journal(size)
    for row in rows:
        add(journal, **row)
    conditions = {name: value for name, value in wanted.items() if value is not None}
    expected = [
        seq
        for seq, row in list(enumerate(rows, 1))[-size:]
        if seq > after and all(row[name] == value for name, value in conditions.items())
    ]
    assert [entry.seq for entry in journal.find(Query(after=after, **wanted), limit=limit)] == expected[:limit]
    assert journal.count(after=after, **wanted) == len(expected)


def test_find_refuses_a_field_that_does_not_exist() -> None:
    with pytest.raises(TypeError, match="colour"):
        Journal().find(colour="red")


# --- waiting ---------------------------------------------------------------------------------------------------------


def test_wait_for_gives_what_is_there_already() -> None:
    journal = Journal()
    add(journal, status=401)
    assert [entry.status for entry in journal.wait_for(status=401, timeout=0)] == [401]


def test_wait_for_gives_up_and_shows_what_came() -> None:
    journal = Journal()
    add(journal)
    assert len(journal.wait_for(count=2, timeout=0.01)) == 1


def test_wait_for_wakes_when_another_thread_writes() -> None:
    journal = Journal()
    found: list[int] = []
    waiter = threading.Thread(
        target=lambda: found.extend(e.seq for e in journal.wait_for(status=401, count=2, timeout=PATIENCE))
    )
    waiter.start()
    assert eventually(lambda: journal._waiting.waiters == 1)
    for status in (401, 200, 401, 401):
        add(journal, status=status)
    waiter.join(PATIENCE)
    assert found[:2] == [1, 3]


def test_wait_for_takes_a_condition_of_the_callers_own() -> None:
    journal = Journal()
    found: list[int] = []

    def two_principals(entries: list[Any]) -> bool:
        return len({entry.principal for entry in entries}) == 2

    waiter = threading.Thread(
        target=lambda: found.extend(e.seq for e in journal.wait_for(until=two_principals, timeout=PATIENCE))
    )
    waiter.start()
    for principal in ("ada", "ada", "bob"):
        add(journal, principal=principal)
    waiter.join(PATIENCE)
    assert found == [1, 2, 3]


def test_no_wakeup_is_lost_between_many_writers_and_waiters() -> None:
    journal = Journal()
    counts: list[int] = []
    lock = threading.Lock()

    def wait() -> None:
        counts.append(len(journal.wait_for(count=400, timeout=PATIENCE)))

    def write() -> None:
        for _ in range(100):
            with lock:  # the world's lock, in real use
                add(journal)

    threads = [threading.Thread(target=target) for target in (wait, wait, wait, write, write, write, write)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert counts == [400, 400, 400]
    assert journal._waiting.waiters == 0


def test_interrupt_lets_nobody_wait_and_can_be_taken_back() -> None:
    journal = Journal()
    done = threading.Event()

    def wait() -> None:
        journal.wait_for(timeout=PATIENCE)
        done.set()

    waiter = threading.Thread(target=wait)
    waiter.start()
    assert eventually(lambda: journal._waiting.waiters == 1)
    journal.interrupt(stop=True)
    assert done.wait(PATIENCE)
    waiter.join()
    journal.interrupt(stop=False)
    assert journal.wait_for(timeout=0.001) == []


# --- masking ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "masked"),
    [
        ("", ""),
        (
            "start=2018-03-01T12%3A45%3A00&timezone=America%2FChicago",
            "start=2018-03-01T12%3A45%3A00&timezone=America%2FChicago",
        ),
        ("start=2018-03-01T12:45:00&bucket=1h&x", "start=2018-03-01T12:45:00&bucket=1h&x"),
        (f"access_token={SECRET}", f"access_token={fingerprint(SECRET)}"),
        (f"a=1&Access_Token={SECRET}&b=2", f"a=1&Access_Token={fingerprint(SECRET)}&b=2"),
        (f"access_%74oken={SECRET}", f"access_%74oken={fingerprint(SECRET)}"),
        ("password=short", f"password={fingerprint('short')}"),
        ("pw=a&client_secret=b%3Bc", f"pw=a&client_secret={fingerprint('b;c')}"),
        (f"password={PASSWORD}", f"password={fingerprint(PASSWORD)}"),
        ("a=1;token=short", f"a={fingerprint('1;token=short')}"),
        (f"x={SECRET}", f"x={fingerprint(SECRET)}"),
        (SECRET, fingerprint(SECRET)),
        (f"{SECRET}=1", f"{fingerprint(SECRET)}=1"),
        ("token=", "token="),
        ("&&=&", "&&=&"),
    ],
)
def test_mask_query_hides_secrets_and_nothing_else(query: str, masked: str) -> None:
    assert mask_query(query) == masked


def test_a_secret_is_masked_before_the_text_is_cut() -> None:
    for pad in range(LONGEST_TEXT - 40, LONGEST_TEXT + 5):
        assert SECRET[:6] not in mask_query("a=" + "." * pad + f"&access_token={SECRET}")
        assert SECRET[:6] not in mask_path("/" + "." * pad + "/" + SECRET)


def test_masked_texts_are_bounded() -> None:
    assert len(mask_query("a=." * 50_000)) == LONGEST_TEXT
    assert len(mask_path("/." * 50_000)) == LONGEST_TEXT
    assert len(mask("." * 50_000)) == LONGEST_TEXT


def test_known_secrets_are_masked_whatever_they_look_like() -> None:
    def known(text: str) -> bool:
        return text == PASSWORD

    assert mask_path(f"/v1/{PASSWORD}/x", known) == f"/v1/{fingerprint(PASSWORD)}/x"
    assert mask_query(f"q={quote(PASSWORD)}", known) == f"q={fingerprint(PASSWORD)}"
    assert mask(PASSWORD, known) == fingerprint(PASSWORD)
    assert mask_path(f"/v1/{PASSWORD}/x") == f"/v1/{PASSWORD}/x"


@pytest.mark.parametrize(
    "path", ["/v1/whoami", "/v1/aggregate/P4T9X/visits/1h", "/v1/device/D-000451", "/", "", "//", "/v1/array/Ünü"]
)
def test_mask_path_leaves_ordinary_paths_alone(path: str) -> None:
    assert mask_path(path) == path


SECRETS = st.text(LETTERS_AND_DIGITS, min_size=24, max_size=128)
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(SECRETS, ANY, ANY, st.sampled_from([str, quote, quote_plus]))
def test_no_token_passes_the_mask_wherever_it_stands(secret: str, name: str, beside: str, encode: Any) -> None:
    query = f"{quote(name)}={encode(secret)}&{encode(secret)}&{quote(beside)}"
    assert secret not in mask_query(query)
    assert secret not in mask_path(f"/{beside}/{secret}/{name}{secret}")


@given(st.text(max_size=200))
def test_masking_takes_any_text(text: str) -> None:
    plain = text.encode("utf-8", "replace").decode()
    assert len(mask_query(plain)) <= LONGEST_TEXT
    assert len(mask_path(plain)) <= LONGEST_TEXT


def test_watcher_is_told_of_every_entry_until_it_is_taken_away() -> None:
    journal = Journal()
    seen: list[Any] = []
    watcher = seen.append
    add(journal)
    journal.watch(watcher)
    add(journal, status=404)
    journal.unwatch(watcher)
    add(journal)
    assert seen == journal.find(status=404)
    assert [entry.seq for entry in seen] == [2]
