"""A crowd of requests: how it grows and shrinks, and who is let in."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.wire import MOST, Crowd, Crowds, Slots
from migrator.wire.crowd import FEW
from tests.virtual_time import VirtualClock


def test_what_left_together_is_one_sign() -> None:
    """Ten answers of one moment that say it is too much halve a crowd once, not ten times."""
    clock = VirtualClock()

    async def main() -> Crowd:
        crowd = Crowd()
        await grown(crowd, 20)
        numbers = [await crowd.enter() for _ in range(20)]
        for number in numbers:
            crowd.struggled(number, now=100.0)
        return crowd

    assert clock.run(main()).size == 10


async def grown(crowd: Crowd, size: int) -> None:
    """Let a crowd grow by good answers."""
    while crowd.size < size:
        numbers = [await crowd.enter() for _ in range(crowd.size)]
        for number in numbers:
            if crowd.size < size:
                crowd.answered(number, 0.3, None, now=0.0)
            crowd.leave()


def test_later_it_grows_by_one_a_round() -> None:
    """Once it was too much, a crowd feels its way: one more for each round of answers.

    Where it was too much it does not come again within a minute.
    """
    clock = VirtualClock()

    async def main() -> list[int]:
        crowd = Crowd()
        await grown(crowd, 12)
        crowd.struggled(await crowd.enter(), now=0.0)
        crowd.leave()
        sizes = []
        for now in (5.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 59.0, 60.0, 61.0):
            numbers = [await crowd.enter() for _ in range(crowd.size)]
            for number in numbers:
                crowd.answered(number, 0.3, None, now)
                crowd.leave()
            sizes.append(crowd.size)
        return sizes

    assert clock.run(main()) == [6, 7, 8, 9, 10, 11, 11, 11, 12, 13]


@settings(max_examples=60, deadline=None)
@given(
    most=st.integers(1, MOST),
    steps=st.lists(
        st.tuples(st.floats(0, 5), st.sampled_from([200, 200, 200, 423, 429, 500])), max_size=80
    ),
    rate=st.none() | st.floats(0.01, 100),
)
def test_never_more_than_the_most(
    most: int, steps: list[tuple[float, int]], rate: float | None
) -> None:
    """However answers come, one place at least and never more than the most; all get their turn."""
    clock = VirtualClock()
    inside, seen = [0], [0]

    async def main() -> int:
        crowd = Crowd(most)

        async def one(took: float, status: int) -> None:
            number = await crowd.enter()
            inside[0] += 1
            seen[0] = max(seen[0], inside[0])
            await asyncio.sleep(took)
            if status == 200:
                crowd.answered(number, took, rate, clock.seconds)
            elif status != 429:
                crowd.struggled(number, clock.seconds)
            assert 1 <= crowd.size <= most
            inside[0] -= 1
            crowd.leave()

        await asyncio.gather(*(one(*step) for step in steps))
        return inside[0]

    assert clock.run(main()) == 0
    assert seen[0] <= most


# -- slots -----------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(
    jobs=st.lists(st.tuples(st.floats(0, 3), st.floats(0, 6)), min_size=1, max_size=40),
    most=st.integers(1, 5),
)
def test_whoever_goes_away_leaves_no_slot_taken(jobs: list[tuple[float, float]], most: int) -> None:
    """However many are cancelled, waiting or at work, the slots are all there afterwards."""
    clock = VirtualClock()

    async def main() -> int:
        slots = Slots(lambda: most)

        async def job(takes: float) -> None:
            await slots.acquire()
            try:
                assert slots.taken <= most
                await asyncio.sleep(takes)
            finally:
                slots.release()

        async def cancelled(takes: float, after: float) -> None:
            task = asyncio.ensure_future(job(takes))
            await asyncio.sleep(after)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        await asyncio.gather(*(cancelled(*one) for one in jobs))
        return slots.taken

    assert clock.run(main()) == 0


def test_a_slot_given_to_one_who_goes_is_given_on() -> None:
    """A slot that is given in the moment of a cancellation goes to the next in the queue."""

    async def main() -> int:
        slots = Slots(lambda: 1)
        await slots.acquire()
        first, second = (asyncio.ensure_future(slots.acquire()) for _ in range(2))
        await asyncio.sleep(0)
        slots.release()
        first.cancel()
        await second
        return slots.taken

    assert VirtualClock().run(main()) == 1


def test_slots_follow_the_crowds() -> None:
    """Work has as many slots as the largest crowd has places, and never more than it wants."""

    async def main() -> tuple[int, int, int]:
        crowds = Crowds()
        at_first = crowds.size
        await grown(crowds.of("deals"), 12)
        crowds.of("search")
        slots = crowds.slots(10)
        taken = [asyncio.ensure_future(slots.acquire()) for _ in range(20)]
        await asyncio.sleep(0)
        for one in taken:
            one.cancel()
        await asyncio.sleep(0)
        return at_first, crowds.size, slots.taken

    assert VirtualClock().run(main()) == (FEW, 12, 10)
