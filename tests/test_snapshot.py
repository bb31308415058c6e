"""The snapshot of an account."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.errors import Stopped
from migrator.journal import Snapshot
from migrator.model import Held, ObjectType

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

DEALS, CONTACTS = ObjectType.DEALS, ObjectType.CONTACTS


async def _exported(records: Sequence[Held]) -> AsyncIterator[Held]:
    for held in records:
        yield held


def snapshot_of(*records: Held) -> Snapshot:
    """A snapshot of these records."""
    return asyncio.run(Snapshot(DEALS).fill(_exported(records)))


keys = st.none() | st.sampled_from(["a", "b", "c", "\u00e9"])
texts = st.none() | st.text(max_size=3)
held = st.builds(
    Held,
    type=st.just(DEALS),
    id=st.integers(1, 30).map(str),
    key=keys,
    properties=st.dictionaries(st.sampled_from(["x", "y"]), texts),
    links=st.dictionaries(st.sampled_from([CONTACTS]), st.tuples(st.integers().map(str))),
    updated_at=st.none() | st.datetimes(timezones=st.just(UTC)),
)


@settings(deadline=None, max_examples=50)
@given(st.lists(held, max_size=40, unique_by=lambda one: one.id))
def test_it_gives_back_what_has_a_key(records: list[Held]) -> None:
    """Every record with a key is found by it with all it had; one without a key is not kept."""
    with contextlib.closing(snapshot_of(*records)) as snapshot:
        found = snapshot.all_held(["a", "b", "c", "\u00e9", "none"])
        kept = [one for one in records if one.key is not None]
        assert sorted((h for all_ in found.values() for h in all_), key=lambda h: h.id) == sorted(
            kept, key=lambda h: h.id
        )
        assert all(one.key == key for key, all_ in found.items() for one in all_)
        linked = snapshot.linked([one.id for one in records], CONTACTS)
        assert linked == {
            one.id: frozenset(one.links.get(CONTACTS, ()) if one.key else ()) for one in records
        }


def test_a_record_seen_twice_counts_once() -> None:
    """An export whose pages overlap gives a record twice; it is held once, as seen last."""
    first = Held(DEALS, "1", "a", {"x": "old"})
    last = Held(DEALS, "1", "a", {"x": "new"})
    with contextlib.closing(snapshot_of(first, last)) as snapshot:
        assert snapshot.all_held(["a"]) == {"a": [last]}


def test_many_keys_at_once() -> None:
    """Any number of keys can be asked for at once."""
    records = [Held(DEALS, str(n), f"k{n}", {}) for n in range(2_500)]
    with contextlib.closing(snapshot_of(*records)) as snapshot:
        assert len(snapshot.all_held([f"k{n}" for n in range(40_000)])) == 2_500


def test_a_full_disk_is_no_crash() -> None:
    """Without room for the temporary file the run stops and says where room is needed."""
    big = Held(DEALS, "1", "a", {"x": "y" * 100_000})
    with contextlib.closing(Snapshot(DEALS)) as snapshot:
        snapshot._db.execute("PRAGMA max_page_count = 10")
        with pytest.raises(Stopped, match="temporary folder"):
            asyncio.run(snapshot.fill(_exported([big])))


@given(st.lists(st.text("ab\n\uffff", max_size=3), max_size=9), st.text("ab\n", max_size=2))
def test_records_are_found_by_how_their_keys_begin(named: list[str], text: str) -> None:
    """All whose keys begin so, and no others, in the order of their keys."""
    records = [Held(DEALS, str(n), key, {}) for n, key in enumerate(named)]
    with contextlib.closing(snapshot_of(*records)) as snapshot:
        found = [str(one.key) for one in snapshot.beginning(text)]
    assert found == sorted(key for key in named if key.startswith(text))
