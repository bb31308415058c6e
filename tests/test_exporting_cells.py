"""Several names in one cell: whatever they are, each comes out as it went in."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.files import ReadOptions, open_source, write_table
from migrator.prepare import prepare
from migrator.template import load_template
from migrator.transforms import TRANSFORMS, evaluate
from migrator.transforms.cells import joined, labelled, labels_in, parted

AWKWARD = st.text('";: \nab', min_size=1, max_size=8)
NAMES = st.lists((AWKWARD | st.text(min_size=1, max_size=8)), max_size=4)
TEMPLATE = """
name: cells
key: {from: key}
fields:
  name: {from: key}
  companies: {from: companies, transform: [{split: {quoted: true}}]}
"""


@given(NAMES)
def test_names_come_out_of_a_cell_as_they_went_in(names: list[str]) -> None:
    """Semicolons, quotation marks, spaces and line breaks are part of a name."""
    assert parted(joined(names)) == names


@given(st.lists(st.tuples(AWKWARD, AWKWARD), max_size=4))
def test_labels_come_out_of_a_cell_with_their_names(pairs: list[tuple[str, str]]) -> None:
    """Neither a colon in a name nor a semicolon in a label is taken for what separates them."""
    assert labels_in(labelled(pairs)) == pairs


@given(
    st.lists(st.text('" ab').filter(lambda item: not item.strip().startswith('"'))),
    st.sampled_from([";", ", "]),
)
def test_a_cell_that_encloses_nothing_is_just_cut(items: list[str], separator: str) -> None:
    """Quotation marks that do not begin a name are part of it: `The "Best"`."""
    expected = [item.strip() for item in items if item.strip()]
    assert parted(separator.join(items), separator) == expected


@given(st.lists(st.none() | st.text('"; ab', max_size=10), min_size=1, max_size=6))
def test_a_column_is_split_as_its_cells(cells: list[str | None]) -> None:
    """The transform does to a whole batch what happens to each cell by itself."""
    frame = pl.DataFrame({"text": pl.Series(cells, dtype=pl.String)})
    split = TRANSFORMS["split"].apply(pl.col("text"), quoted=True).value
    expected = [list(dict.fromkeys(parted(cell))) or None if cell else None for cell in cells]
    assert frame.select(split)["text"].to_list() == expected


def test_quotation_marks_mean_nothing_unasked() -> None:
    """Files of other origin are cut at each separator, as ever."""
    assert evaluate("split", '"A; B"; C') == ['"A', 'B"', "C"]
    assert evaluate("split", '"A; B"; C', quoted=True) == ["A; B", "C"]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.lists(
            st.text('";,:ab \n', min_size=1, max_size=6).filter(lambda name: name.strip()),
            unique=True,
            max_size=3,
        ),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from([".csv", ".parquet", ".ndjson"]),
)
def test_names_go_through_a_file(rows: list[list[str]], ending: str) -> None:
    """Written to a file of any format and prepared from it, links have the names they had."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        target = folder / f"deals{ending}"
        cells = [joined(names) or None for names in rows]
        keys = [f"k{number}" for number in range(len(rows))]
        frame = pl.DataFrame({"key": keys, "companies": pl.Series(cells, dtype=pl.String)})
        write_table(frame.lazy(), target)
        (folder / "cells.yaml").write_text(TEMPLATE, encoding="utf-8")
        template = load_template(str(folder / "cells.yaml"))
        source = open_source([str(target)], ReadOptions(), folder)
        prepared = prepare(template, source.scan(), source.columns, folder, source.problems)
        found = pl.read_parquet(prepared.records)
        assert found["key"].to_list() == keys
        assert [list(names) if names is not None else [] for names in found["companies"]] == rows
