"""The ledger: processes share one budget, and nothing that happens to the file stops a run."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from migrator.model import Rate
from migrator.vendors.registry import product
from migrator.wire import Allowance, LedgerFile, Memory, connect
from migrator.wire.budget import Budget, Limit, Ticket
from tests.test_wire_pace import Rules, Server, rate
from tests.virtual_time import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from migrator.wire import Ledger

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC).timestamp()
HOUR = [Limit(Rate(100, timedelta(hours=1)), 100)]


def take(ledger: Ledger, now: float = NOON, account: str = "a", bucket: str = "") -> bool:
    """Whether a request is let through."""
    got = ledger.change(account, bucket, now, lambda budget: budget.take(HOUR, now))
    return isinstance(got, Ticket)


def fill(ledger: Ledger, now: float = NOON, **which: str) -> int:
    """Requests that are let through at one instant."""
    count = 0
    while take(ledger, now, **which):
        count += 1
    return count


@pytest.fixture
def said() -> list[str]:
    """What the user was told."""
    return []


@pytest.fixture
def make(tmp_path: Path, said: list[str]) -> Iterator[Callable[[], LedgerFile]]:
    """Ledgers of one file, one for each process there would be."""
    made = []

    def ledger() -> LedgerFile:
        made.append(LedgerFile(tmp_path / "quota.db", said.append))
        return made[-1]

    yield ledger
    for one in made:
        one.close()


def test_one_after_the_other(make: Callable[[], LedgerFile]) -> None:
    """What one process spent, the next one does not have; accounts and buckets count apart."""
    first = make()
    assert [take(first) for _ in range(30)] == [True] * 30
    first.close()
    second = make()
    assert fill(second) == 70
    assert fill(second, bucket="contacts") == 100
    assert fill(second, account="b") == 100
    assert fill(make(), NOON + 3601 * 1.02) == 100


def test_side_by_side(make: Callable[[], LedgerFile], said: list[str]) -> None:
    """Two processes in turn let through what one would, each seeing what the other did last."""
    ledgers = [make(), make()]
    through = 0
    for number in range(400):
        through += take(ledgers[number // 3 % 2], NOON + number)
    assert through == 100
    assert not said


_SPEND = """
import os, sys, pathlib, signal
from datetime import timedelta
from migrator.model import Rate
from migrator.wire import LedgerFile
from migrator.wire.budget import Limit
ledger = LedgerFile(pathlib.Path(sys.argv[1]), print)
limits, now = [Limit(Rate(100, timedelta(hours=1)), 100)], float(sys.argv[2])
most = int(sys.argv[3])
count = 0
while count < most:
    got = ledger.change("a", "", now, lambda budget: budget.take(limits, now))
    if isinstance(got, float):
        break
    count += 1
print(count, flush=True)
if most < 100:
    os.kill(os.getpid(), signal.SIGKILL)
"""


def spend(path: Path, most: int) -> subprocess.Popen[str]:
    """A process that spends what it may; one that may not spend it all is killed at its end."""
    command = [sys.executable, "-c", _SPEND, str(path), str(NOON), str(most)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_real_processes(tmp_path: Path, make: Callable[[], LedgerFile]) -> None:
    """What a killed process spent is not forgotten; two at once never spend one request twice."""
    path = tmp_path / "quota.db"
    killed = spend(path, 25)
    assert killed.communicate(timeout=60)[0] == "25\n"
    assert killed.returncode == -signal.SIGKILL
    both = [spend(path, 1000), spend(path, 1000)]
    spent = [int(one.communicate(timeout=60)[0]) for one in both]
    assert sum(spent) == 75
    assert not take(make())


# -- misfortunes -----------------------------------------------------------------------------------


def test_a_file_that_is_none(
    make: Callable[[], LedgerFile], tmp_path: Path, said: list[str]
) -> None:
    """A damaged file is left alone and named once; the process counts on in memory."""
    path = tmp_path / "quota.db"
    path.write_bytes(b"not a database, but long enough to be looked at as one" * 50)
    assert fill(make()) == 100
    assert len(said) == 1
    assert str(path) in said[0]
    assert "delete it" in said[0]


def test_a_file_of_another_make(
    make: Callable[[], LedgerFile], tmp_path: Path, said: list[str]
) -> None:
    """A table of another shape, or a state that cannot be read, is no reason to stop."""
    take(make())
    with contextlib.closing(sqlite3.connect(tmp_path / "quota.db")) as db:
        db.execute("UPDATE budgets SET state = '{\"used\": 7}'")
        db.commit()
    assert fill(make()) == 100
    with contextlib.closing(sqlite3.connect(tmp_path / "quota.db")) as db:
        db.execute("DROP TABLE budgets")
        db.execute("CREATE TABLE budgets (account TEXT)")
        db.commit()
    assert fill(make()) == 100
    assert len(said) == 2


def test_a_file_damaged_on_the_way(
    make: Callable[[], LedgerFile], tmp_path: Path, said: list[str]
) -> None:
    """When the file fails in the middle of a run, what was spent by then still counts."""
    ledger = make()
    for _ in range(40):
        take(ledger)
    with contextlib.closing(sqlite3.connect(tmp_path / "quota.db")) as db:
        db.execute("DROP TABLE budgets")
        db.commit()
    assert fill(ledger) == 60
    assert len(said) == 1


def test_a_locked_file(
    make: Callable[[], LedgerFile], tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program that holds the file holds nobody up for longer than a moment, once."""
    monkeypatch.setattr("migrator.wire.ledger._BUSY", 0.05)
    ledger = make()
    for _ in range(40):
        take(ledger)
    ledger.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "quota.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        assert fill(ledger) == 60
        assert time.monotonic() - began < 5
    assert len(said) == 1
    assert "locked" in said[0]


def test_a_full_disk(make: Callable[[], LedgerFile], said: list[str]) -> None:
    """When the file cannot grow any more, the request that met that is counted all the same."""
    ledger = make()
    take(ledger)
    assert ledger._db is not None
    (pages,) = ledger._db.execute("PRAGMA page_count").fetchone()
    ledger._db.execute(f"PRAGMA max_page_count = {pages}")
    for number in range(20):
        through = [take(ledger, NOON + step, account=f"b{number}") for step in range(110)]
        assert sum(through) == 100
    assert len(said) == 1
    assert "full" in said[0]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_a_read_only_file(make: Callable[[], LedgerFile], tmp_path: Path, said: list[str]) -> None:
    """A file that may only be read counts for nobody."""
    take(make())
    (tmp_path / "quota.db").chmod(0o400)
    assert fill(make()) == 100
    assert len(said) == 1


def test_no_folder(tmp_path: Path, said: list[str]) -> None:
    """A place where no file can be is no reason to stop either."""
    assert fill(LedgerFile(tmp_path / "gone" / "quota.db", said.append)) == 100
    assert len(said) == 1


def test_a_deleted_file(make: Callable[[], LedgerFile], tmp_path: Path) -> None:
    """A process whose file is deleted under it goes on counting."""
    ledger = make()
    for _ in range(40):
        take(ledger)
    for path in tmp_path.iterdir():
        path.unlink()
    assert fill(ledger) == 60


def test_a_fault_of_ours_leaves_no_lock(make: Callable[[], LedgerFile]) -> None:
    """Whatever ends a request in the middle of its count, others can go on."""
    ledger, other = make(), make()
    take(ledger)

    def interrupted(budget: Budget) -> None:
        budget.taken = 99
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ledger.change("a", "", NOON, interrupted)
    assert fill(other) == 99
    assert not take(ledger)
    assert ledger.change("a", "", NOON, lambda budget: budget.taken) == 100


# -- size, cost, secrets ---------------------------------------------------------------------------


def test_the_file_stays_small(make: Callable[[], LedgerFile], tmp_path: Path) -> None:
    """Thousands of requests to dozens of accounts leave little, and old accounts nothing."""
    ledger = make()
    for number in range(3000):
        take(ledger, NOON + number * 40, account=f"account {number // 100}")
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert size < 800_000
    ledger.close()
    later = make()
    take(later, NOON + 30 * 86_400, account="today")
    later.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "quota.db")) as db:
        assert db.execute("SELECT account FROM budgets").fetchall() == [("today",)]


def test_a_request_costs_a_fraction_of_a_millisecond(make: Callable[[], LedgerFile]) -> None:
    """Nobody waits for the disk: far below what any request takes, even on a busy machine."""
    ledger, limits = make(), [Limit(Rate(190, timedelta(seconds=10)), 190)]

    def request(now: float) -> None:
        ledger.change("a", "", now, lambda budget: budget.take(limits, now))

    began = time.process_time()
    for number in range(1000):
        request(NOON + number * 0.054)
    assert (time.process_time() - began) / 1000 < 0.001


TOKENS = ["pat-na1-6f0d9a77-7d3c-4c6e-9d3e-2b6f1a0c9e55", "xkeysib-" + "9f86d081" * 8]


@pytest.mark.parametrize("vendor", ["hubspot", "brevo", "activecampaign"])
@pytest.mark.parametrize("token", TOKENS)
def test_no_secret_is_in_the_file(vendor: str, token: str, tmp_path: Path) -> None:
    """Neither the token nor a password in the address; two accounts at one address count apart."""
    clock, found = VirtualClock(), product(vendor)

    async def ask(
        secret: str, url: str = "https://someone:hunter2@crm.test/v3/?key=abc123"
    ) -> None:
        ledger = LedgerFile(tmp_path / "quota.db", print)
        network = httpx.MockTransport(Server(clock).handle)
        with contextlib.closing(ledger):
            allowance = Allowance(ledger=ledger)
            async with connect(
                found, secret, url, clock, transport=network, allowance=allowance
            ) as client:
                await client.get("/crm/deals")

    clock.run(ask(token))
    clock.run(ask(token))
    clock.run(ask("another-token"))
    clock.run(ask(token, "https://CRM.test:443/v3/api"))  # the same, written otherwise
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"crm.test" in written
    for secret in (token, token[-12:], token[:12], "hunter2", "abc123"):
        assert secret.encode() not in written
    with contextlib.closing(sqlite3.connect(tmp_path / "quota.db")) as db:
        accounts = [row[0] for row in db.execute("SELECT account FROM budgets")]
    # Where an account has its own address, another token is of the same account.
    assert len(accounts) == (1 if found.base_url is None else 2)


def test_a_marks_worth() -> None:
    """The mark that tells accounts at one address apart has so many tokens that it betrays none."""
    clock = VirtualClock()
    names = set()

    class Names(Memory):
        def change(self, account, *rest):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN002, ANN202
            names.add(account)
            return super().change(account, *rest)

    async def ask(token: str) -> None:
        rules = Rules(base_url="https://crm.test")
        network = httpx.MockTransport(Server(clock).handle)
        allowance = Allowance(ledger=Names())
        async with connect(
            rules, token, "https://crm.test", clock, transport=network, allowance=allowance
        ) as client:
            await client.get("/")

    for number in range(50):
        clock.run(ask(f"token-{number}"))
    assert len(names) > 45
    assert {len(name.rpartition(" ")[2]) for name in names} == {4}


def test_two_sessions_of_one_file_know_of_the_account_what_the_other_learned(
    make: Callable[[], LedgerFile],
) -> None:
    """A refusal that one client gets holds the other one too, and others' use counts for both."""
    clock = VirtualClock()
    server = Server(clock)
    answers = [
        httpx.Response(200, headers={"Quota": "10/10/4"}),  # five of somebody else's
        httpx.Response(429, headers={"Retry-After": "25"}),
    ]
    server.answer = lambda _: answers.pop(0) if answers else httpx.Response(200)
    rules = Rules(rates={"": (rate(10, 10),)})

    def client() -> httpx.AsyncClient:
        network = httpx.MockTransport(server.handle)
        allowance = Allowance(ledger=make())
        return connect(
            rules, "t", "https://crm.test", clock, transport=network, allowance=allowance
        )

    async def main() -> None:
        async with client() as first, client() as second:
            await first.get("/")
            for _ in range(4):
                await second.get("/")  # the first of these is refused, and sent again

    clock.run(main())
    gaps = [b - a for a, b in zip(server.arrivals, server.arrivals[1:], strict=False)]
    assert gaps[0] == 0
    assert gaps[1] == pytest.approx(25, abs=0.01)
    assert gaps[2:] == [0, 0, 0]
