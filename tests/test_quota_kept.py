"""The quota's file is written when there is something new to keep, and only then."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.model import Rate
from migrator.wire import LedgerFile, Quota
from migrator.wire.budget import Budget, Limit, Ticket

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TEN = Rate(3, timedelta(seconds=10))
LIMIT = Limit(TEN, 3)
NOW = 1_000_000.0


def _take(budget: Budget, now: float) -> None:
    budget.take([LIMIT], now)


def _learn(budget: Budget, _now: float) -> None:
    budget.learn(Quota(TEN), [TEN])


def _others(budget: Budget, now: float) -> None:
    budget.learn_of_others(
        LIMIT, Quota(TEN, left=0), Ticket(now, budget.taken, {10.0: (1, 0)}), now
    )


def _late(budget: Budget, now: float) -> None:
    budget.left_late([LIMIT], Ticket(now - 1, budget.taken, {}), now)


def _hold(budget: Budget, now: float) -> None:
    budget.hold(3.0, now)


Step: TypeAlias = "Callable[[Budget, float], None]"
STEPS: list[Step] = [_take, _learn, _others, _late, _hold]


@given(st.lists(st.tuples(st.sampled_from(STEPS), st.floats(-30, 30)), max_size=30))
def test_a_change_is_never_missed(
    steps: list[tuple[Step, float]],
) -> None:
    """What was not marked as changed says the same to another process, whenever that asks."""
    budget, kept = Budget(), Budget().dumps()
    now = NOW
    for step, passed in steps:
        now += passed
        budget.changed = False
        step(budget, now)
        if budget.changed:
            kept = budget.dumps()
        mine, theirs = Budget.loads(budget.dumps()), Budget.loads(kept)
        assert mine.taken == theirs.taken
        assert mine.learned == theirs.learned
        for later in (0.0, 3.0, 12.0):
            got = [Budget.loads(one.dumps()).take([LIMIT], now + later) for one in (mine, theirs)]
            times = [0.0 if isinstance(one, Ticket) else one for one in got]
            assert times[0] == pytest.approx(times[1], abs=1e-5)


def test_looking_writes_nothing(tmp_path: Path) -> None:
    """Waits, and answers that tell what was known, leave the file as it is; a request does not."""
    path = tmp_path / "quota.db"
    ledger = LedgerFile(path, pytest.fail)

    def version() -> object:
        return watch.execute("PRAGMA data_version").fetchone()[0]

    with closing(ledger), closing(sqlite3.connect(path)) as watch:
        for _ in range(3):
            ledger.change("a", "", NOW, lambda budget: _take(budget, NOW))
        ledger.change("a", "", NOW, lambda budget: _learn(budget, NOW))
        before = version()
        wait = ledger.change("a", "", NOW, lambda budget: budget.take([LIMIT], NOW))
        assert isinstance(wait, float)
        ledger.change("a", "", NOW + 1, lambda budget: _learn(budget, NOW + 1))
        assert version() == before
        ledger.change("a", "", NOW + 20, lambda budget: _take(budget, NOW + 20))
        assert version() != before
    other = LedgerFile(path, pytest.fail)
    with closing(other):
        assert other.change("a", "", NOW + 20, lambda budget: budget.taken) == 4
