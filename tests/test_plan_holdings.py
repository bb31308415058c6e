"""How a plan asks what the account holds: key by key, all at once, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migrator.model import ObjectType
from migrator.plan import holdings
from migrator.runs.target import connected
from tests.nights import Nights
from tests.support import deals
from tests.test_every_vendor import PLACES
from tests.test_nightly import SIMPLE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.test_every_vendor import Place

DEALS, CONTACTS = ObjectType.DEALS, ObjectType.CONTACTS


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.vendor)
def test_no_question_costs_no_request(place: Place, tmp_path: Path) -> None:
    """A vendor that would be read whole is not read before somebody asks for a key."""
    nights = Nights(tmp_path, place.options, place.vendor, place.settings)

    async def ask_nothing() -> None:
        space = nights.workspace()
        async with (
            connected(nights.target, space) as session,
            holdings(session.vendor, DEALS, 5_000) as there,
        ):
            assert await there.held([], ["amount"]) == {}
            assert await there.linked([], CONTACTS) == {}
        space.close()

    assert nights.cost_of(lambda: nights.clock.run(ask_nothing())) == {}


def test_nothing_is_held_where_nothing_can_be(tmp_path: Path) -> None:
    """An account without the key field answers without a request."""
    nights = Nights(tmp_path)

    async def ask() -> None:
        space = nights.workspace()
        async with (
            connected(nights.target, space) as session,
            holdings(session.vendor, DEALS, 10, nothing=True) as there,
        ):
            assert await there.held(["k1"], []) == {}
            assert await there.linked(["7"], CONTACTS) == {"7": frozenset()}
        space.close()

    assert nights.cost_of(lambda: nights.clock.run(ask())) == {}


def test_a_small_account_is_read_and_only_its_keys_are_asked_for(tmp_path: Path) -> None:
    """A thousand keys against an account of three deals: no ten requests of a hundred keys each."""
    nights = Nights(tmp_path)
    template = nights.template(SIMPLE)
    nights.night(template, nights.source(deals(3)))
    nights.clock.seconds += 3600  # until a search knows how many there are
    many = nights.source(deals(1_200, amount=lambda n: "7" if n == 2 else f"{n}.50"))
    planned = []
    spent = nights.cost_of(lambda: planned.append(nights.plan(template, many)))
    counts = planned[0].plan.counts
    assert (counts["create"], counts["update"], counts["unchanged"]) == (1_197, 1, 2)
    assert sum(n for name, n in spent.items() if "batch/read" in name) == 1
