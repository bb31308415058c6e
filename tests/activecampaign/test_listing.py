"""Lists that are read so that another process can go on, whoever changes them meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.errors import Unavailable
from migrator.vendors.activecampaign.http import PAGE, Page
from migrator.vendors.activecampaign.listing import Mark, listed
from migrator.vendors.activecampaign.stream import Progress, Read
from tests.activecampaign.test_read import Listed
from tests.virtual_time import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.vendors.activecampaign.http import Reader


START = Mark()


def read(*readers: Reader, mark: Mark = START, pages: int | None = None) -> tuple[list[int], Mark]:
    """Ids in the order they come, and the mark behind the last page that was read."""

    async def main() -> tuple[list[int], Mark]:
        ids: list[int] = []
        marks = [mark]
        async for page, behind in listed(readers, "rows", mark):
            ids += [int(row["id"]) for row in page.rows]
            marks.append(behind)
            if len(marks) - 1 == pages:
                break
        return ids, marks[-1]

    return VirtualClock().run(main())


@given(st.integers(0, 450), st.booleans())
def test_a_list_in_order_is_read_once(count: int, total: bool) -> None:
    """Every row once, in about a page for each ninety-nine, with the mark at the end."""
    rows = Listed(range(1, count + 1), total=total)
    found, mark = read(rows.read)
    assert found == list(range(1, count + 1))
    assert rows.pages <= count // (PAGE - 1) + 2
    assert mark == Mark(count, count)


@given(
    st.sets(st.integers(1, 400), max_size=380),
    st.integers(0, 200),
    st.integers(1, 4),
    st.booleans(),
)
def test_reading_goes_on_where_it_stopped(
    gone: set[int], more: int, pages: int, total: bool
) -> None:
    """Whatever was deleted and created in between, what stayed comes once."""
    rows = Listed(range(1, 401), total=total)
    first, mark = read(rows.read, pages=pages)
    rows.ids = [id_ for id_ in rows.ids if id_ not in gone] + list(range(1000, 1000 + more))
    second, _ = read(rows.read, mark=mark)
    assert not set(first) & set(second)
    assert set(first) | set(second) >= set(rows.ids)


@given(
    st.lists(st.integers(1, 900), min_size=1, max_size=800, unique=True),
    st.integers(2, 8),
    st.booleans(),
)
def test_rows_deleted_meanwhile_hide_no_others(gone: list[int], page: int, total: bool) -> None:
    """Also when hundreds before the next page vanish at once."""

    def delete(number: int, ids: list[int]) -> None:
        if number == page:
            ids[:] = [id_ for id_ in ids if id_ not in set(gone)]

    found, _ = read(Listed(range(1, 901), delete, total=total).read)
    assert len(found) == len(set(found))
    assert set(range(1, 901)) - set(gone) <= set(found)


@given(st.integers(0, 249), st.integers(1, 250), st.integers(1, 3))
def test_a_list_in_another_order_is_read_from_its_beginning(
    row: int, above: int, pages: int
) -> None:
    """All rows come, some for the second time, also when it is gone on with; no mark is given."""
    order = list(range(1, 251))
    order.insert((row + above) % 250, order.pop(row))
    if order == sorted(order):
        return
    first, mark = read(Listed(order).read, pages=pages)
    second, behind = read(Listed(order).read, mark=mark)
    assert {*first, *second} == set(order)
    assert behind == Mark()


def test_a_list_that_stays_short_is_an_error() -> None:
    """Fewer rows than it says it has, time and again: nobody may take that for all."""

    async def short(_: int) -> Page:
        return Page([{"id": "1"}], 3)

    with pytest.raises(Unavailable, match=r"says it has 3 rows, but lists 1"):
        read(short)


def test_a_list_whose_rows_vanish_for_good_ends() -> None:
    """It says that it has many and shows none behind its first page."""

    async def cut(offset: int) -> Page:
        return Page([{"id": str(n)} for n in range(1, 11)] if not offset else [], 20_000)

    with pytest.raises(Unavailable):
        read(cut)


def test_a_list_that_knows_no_pages_ends() -> None:
    """The same hundred rows over and over are read once; and so they are by another process."""

    async def same(_: int) -> Page:
        return Page([{"id": str(n)} for n in range(1, PAGE + 1)], None)

    assert read(same) == (list(range(1, PAGE + 1)), Mark(PAGE, PAGE))
    assert read(same, mark=Mark(PAGE, PAGE)) == ([], Mark(PAGE, PAGE))


def test_ids_that_are_no_numbers_keep_no_order() -> None:
    """They are read all the same."""

    async def named(_: int) -> Page:
        return Page([{"id": "b"}, {"id": "a"}], 2)

    async def main() -> list[str]:
        return [row["id"] async for page, _ in listed([named], "rows") for row in page.rows]

    assert sorted(VirtualClock().run(main())) == ["a", "b"]


# -- what was given --------------------------------------------------------------------------------


def hidden_of(progress: Progress, pages: Sequence[tuple[set[str], Mark]]) -> tuple[int, str]:
    """How many hidden records were told in these pages, and the place behind them."""
    count, place = 0, ""
    for ids, mark in pages:
        page = progress.page(Read([], ids), mark)
        count += page.hidden if page else 0
        place = page.place if page else place
    return count, place


def test_hidden_records_are_counted_once() -> None:
    """By one process and by the next, whether it goes on or begins anew."""
    first, place = hidden_of(
        Progress(set(), ""), [({"1", "2"}, Mark(9, 9)), ({"12"}, Mark(19, 19))]
    )
    assert first == 3
    assert hidden_of(Progress(set(), place), [({"25"}, Mark(29, 29))])[0] == 1
    again = [({"1", "2", "12"}, Mark()), ({"12", "25"}, Mark())]
    assert hidden_of(Progress(set(), place), again)[0] == 1


@pytest.mark.parametrize("place", ["", "x", "1.2", "1.2.3.4", "1.x.3"])
def test_a_place_that_says_nothing_is_the_beginning(place: str) -> None:
    """So that an export is complete whatever it was given."""
    assert Progress(set(), place).mark == Mark()
