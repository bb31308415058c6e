"""Several windows at once, our part of them, what others use, and a clock that is set."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.model import Rate
from migrator.wire import Allowance, Quota
from migrator.wire.budget import Budget, Limit, Ticket

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC).timestamp()
DAY = Rate(50, timedelta(days=1), calendar=True)


def limit(requests: int, seconds: float, ours: int | None = None) -> Limit:
    """A rolling window, all of it ours unless ``ours`` says less."""
    rate = Rate(requests, timedelta(seconds=seconds))
    return Limit(rate, requests if ours is None else ours)


def taken(budget: Budget, limits: list[Limit], now: float) -> Ticket:
    """A request that needs not wait."""
    got = budget.take(limits, now)
    assert isinstance(got, Ticket)
    return got


def fill(budget: Budget, limits: list[Limit], now: float) -> int:
    """Requests that are let through at one instant."""
    count = 0
    while isinstance(budget.take(limits, now), Ticket):
        count += 1
    return count


class SlidingWindow:
    """How a vendor counts; it knows nothing of how we do."""

    def __init__(self, most: int, seconds: float) -> None:
        self.most = most
        self.seconds = seconds
        self.times: list[float] = []

    def count(self, now: float) -> int:
        """Requests within the window that ends now."""
        return sum(now - self.seconds < time <= now for time in self.times)


@settings(max_examples=40)
@given(
    sizes=st.lists(
        st.tuples(st.integers(1, 40), st.sampled_from([1.0, 10.0, 600.0, 3600.0, 86_400.0])),
        min_size=1,
        max_size=4,
        unique_by=lambda size: size[1],
    ),
    seed=st.integers(0, 10_000),
    kept=st.booleans(),
)
def test_windows_hold_together(sizes: list[tuple[int, float]], seed: int, *, kept: bool) -> None:
    """No request is let through that is too many for any window, and none waits without need.

    Both are judged by counters that know only when requests were let through. ``kept`` = the
    budget is written down and read again before each request, as between processes.
    """
    rng = random.Random(seed)
    limits = [limit(most, seconds) for most, seconds in sizes]
    windows = [SlidingWindow(most, seconds) for most, seconds in sizes]
    budget, now = Budget(), NOON
    for _ in range(120):
        if kept:
            budget = Budget.loads(budget.dumps())
        got = budget.take(limits, now)
        if isinstance(got, float):
            # A window would be full just before the wait is over, if it were as long as it may be.
            assert any(
                sum(now + got - one.seconds * 1.019 < time for time in one.times) >= one.most
                for one in windows
            )
            now += got + 1e-5
            assert isinstance(budget.take(limits, now), Ticket)
        for one in windows:
            assert one.count(now) < one.most
            one.times.append(now)
        now += rng.choice([0.0, 0.001, rng.uniform(0, 0.5), rng.uniform(0, max(sizes)[1] / 5)])


@given(
    others=st.integers(0, 40),
    share=st.sampled_from([0.3, 0.5, 0.8, 1.0]),
    most=st.sampled_from([10, 40, 100]),
)
def test_what_others_use_counts_against_their_part_first(
    others: int, share: float, most: int
) -> None:
    """We get our share, whatever others use of theirs; beyond that we give way."""
    rate = Rate(most, timedelta(seconds=10))
    limits = Allowance(share=share).limits([rate])
    budget = Budget()
    first = taken(budget, limits, NOON)
    budget.learn_of_others(limits[0], Quota(rate, max(0, most - others - 1)), first, NOON + 0.3)
    ours = 1 + fill(budget, limits, NOON + 0.4)
    others = min(others, most - 1)
    assert ours == max(1, min(round(share * most), most - others))


def test_our_own_requests_are_never_taken_for_those_of_others() -> None:
    """An answer tells of a time when others of ours counted than do when it comes."""
    limits = [limit(20, 10.0)]
    budget = Budget()
    for _ in range(10):
        taken(budget, limits, NOON)
    one = taken(budget, limits, NOON + 9.9)
    for _ in range(3):
        taken(budget, limits, NOON + 9.95)  # they overtake it on the way
    # It was the fourteenth of the vendor's window; when its answer comes, the first ten are gone.
    budget.learn_of_others(limits[0], Quota(limits[0].rate, 20 - 14), one, NOON + 10.4)
    assert fill(budget, limits, NOON + 10.5) == 20 - 4


def test_a_window_that_was_not_known_tells_nothing_of_others() -> None:
    """What the vendor counts in a window that is new to us may all be ours."""
    known, new = limit(100, 10.0), limit(50, 60.0)
    budget = Budget()
    for _ in range(20):
        ticket = taken(budget, [known], NOON)
    budget.learn_of_others(new, Quota(new.rate, 30), ticket, NOON)
    assert fill(budget, [new], NOON) == 50


@pytest.mark.parametrize("back", [3.0, 3600.0, 400 * 86_400.0])
@pytest.mark.parametrize("seconds", [1.0, 10.0, 3600.0])
def test_a_clock_set_back_blocks_for_one_window_at_most(seconds: float, back: float) -> None:
    """Requests noted in what is now the future count from now, and hold nothing up for ever."""
    limits = [limit(5, seconds)]
    budget = Budget()
    for step in range(5):
        taken(budget, limits, NOON + step * seconds / 10)
    budget.hold(30.0, NOON + seconds)
    now = NOON - back
    got = budget.take(limits, now)
    assert isinstance(got, float)
    assert got <= max(seconds * 1.019, 30.0)
    assert fill(budget, limits, now + max(seconds * 1.02, 30.0)) == 5


def test_a_clock_set_forth_blocks_nothing() -> None:
    """What was noted long ago by the clock counts no more."""
    limits = [limit(5, 3600.0)]
    budget = Budget()
    fill(budget, limits, NOON)
    assert fill(budget, limits, NOON + 30 * 86_400) == 5


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata", "Pacific/Auckland"])
def test_a_day_begins_at_midnight_in_the_accounts_zone(zone: str) -> None:
    """The day's quota is there again a minute after midnight over there, not a day later."""
    limits = [Limit(DAY, 50)]
    local = datetime(2026, 3, 31, 21, 40, tzinfo=ZoneInfo(zone))
    budget = Budget(zone=zone)
    assert fill(budget, limits, local.timestamp()) == 50
    got = budget.take(limits, local.timestamp() + 600)
    assert isinstance(got, float)
    assert got == pytest.approx(2 * 3600 + 10 * 60 + 60)
    assert fill(budget, limits, local.timestamp() + 600 + got) == 50


@pytest.mark.parametrize("zone", [None, "Nowhere/At All", "../etc/passwd"])
def test_a_day_in_an_unknown_zone_is_a_day(zone: str | None) -> None:
    """Nothing is let through before the day has surely ended."""
    budget = Budget(zone=zone)
    fill(budget, [Limit(DAY, 50)], NOON)
    assert budget.take([Limit(DAY, 50)], NOON) == pytest.approx(86_400 + 60)


def test_a_day_with_a_summers_hour_less() -> None:
    """Midnight is where it is on the days when clocks change."""
    before = datetime(2026, 3, 7, 23, 0, tzinfo=ZoneInfo("America/New_York"))
    budget = Budget(zone="America/New_York")
    fill(budget, [Limit(DAY, 50)], before.timestamp())
    assert budget.take([Limit(DAY, 50)], before.timestamp()) == pytest.approx(3600 + 60)
    after = before.timestamp() + 3600 + 60
    assert fill(budget, [Limit(DAY, 50)], after) == 50
    assert budget.take([Limit(DAY, 50)], after) == pytest.approx(23 * 3600)


@given(moves=st.lists(st.tuples(st.floats(0, 3), st.floats(0, 2)), max_size=30))
def test_a_request_that_leaves_late_counts_from_then(moves: list[tuple[float, float]]) -> None:
    """Whatever is moved, the numbers are those of the entries, and nothing is lost."""
    limits = [limit(1000, 1.0), limit(1000, 10.0), limit(1000, 3600.0)]
    budget, now = Budget(), NOON
    for pause, late in moves:
        now += pause
        ticket = taken(budget, limits, now)
        now += late
        budget.left_late(limits, ticket, now)
        assert ticket.time == now
    for seconds, tally in budget.used.items():
        assert tally.ours == sum(entry.ours for entry in tally.entries)
        times = [entry.time for entry in tally.entries]
        assert times == sorted(times)
        if seconds == 3600.0:
            assert tally.ours == len(moves)


def test_what_was_learned_is_believed_until_something_else_is_documented() -> None:
    """An answer's window outlives the process, unless the user chooses another plan."""
    ten = timedelta(seconds=10)
    small, real, minute = Rate(100, ten), Rate(190, ten), Rate(7, timedelta(minutes=1))
    budget = Budget()
    budget.learn(Quota(real), [small, DAY])
    budget.learn(Quota(minute), [small, DAY])
    budget = Budget.loads(budget.dumps())
    assert budget.rates([small, DAY]) == [real, DAY, minute]
    assert budget.rates([Rate(250, ten)]) == [Rate(250, ten), minute]


@pytest.mark.parametrize("ours", [1, 30])
def test_others_are_forgotten_when_the_vendor_says(ours: int) -> None:
    """A window that resets in half an hour is free then, though others filled it just now."""
    limits = [limit(100, 3600.0)]
    budget = Budget()
    for _ in range(ours):
        ticket = taken(budget, limits, NOON)
    quota = Quota(limits[0].rate, 0, resets=1800.0)
    budget.learn_of_others(limits[0], quota, ticket, NOON + 0.2)
    assert budget.take(limits, NOON + 0.2) == pytest.approx(1800)
    assert fill(budget, limits, NOON + 1801) == 100 - ours


def test_a_day_is_few_entries() -> None:
    """A window that holds a hundred thousand requests is kept in two hundred entries."""
    limits = [limit(100_000, 86_400.0)]
    budget = Budget()
    for number in range(5000):
        taken(budget, limits, NOON + number * 17)
    tally = budget.used[86_400.0]
    assert tally.ours == 5000
    assert len(tally.entries) <= 201
    assert len(budget.dumps()) < 8000


def test_shares_are_whole_requests() -> None:
    """A share is rounded down, but not by what binary fractions lack; one request is left."""
    second = timedelta(seconds=1)
    rates = [Rate(100, second), Rate(5, second), Rate(1, second)]
    assert [one.ours for one in Allowance(share=0.29).limits(rates)] == [29, 1, 1]


def test_what_is_written_down_is_read_again() -> None:
    """A budget comes back from its text as it was."""
    limits = [limit(9, 1.0), limit(90, 10.0)]
    budget = Budget(zone="Europe/Berlin")
    budget.learn_of_others(
        limits[1], Quota(limits[1].rate, 80), taken(budget, limits, NOON), NOON + 0.25
    )
    budget.learn(Quota(Rate(80, timedelta(seconds=10))), [limits[1].rate])
    budget.hold(12.5, NOON + 0.5)
    budget.hold(1.0, NOON + 0.6)  # that was known already
    assert Budget.loads(budget.dumps()) == budget
    assert budget.until >= NOON + 13


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"used": {"x": []}, "taken": 0, "held": [0, 0], "zone": null, "learned": {}}',
        '{"used": {"1.0": ["a", 1, 0]}, "taken": 0, "held": [0, 0], "zone": null, "learned": {}}',
        '{"used": {"1.0": [1, "1", 0]}, "taken": 0, "held": [0, 0], "zone": null, "learned": {}}',
        '{"used": {"1.0": [1, 1]}, "taken": 0, "held": [0, 0], "zone": null, "learned": {}}',
    ],
)
def test_another_text_is_none(text: str) -> None:
    """What is no budget is refused when it is read, not when it is used."""
    with pytest.raises((ValueError, LookupError, TypeError, AttributeError)):
        Budget.loads(text)
