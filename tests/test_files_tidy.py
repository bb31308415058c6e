"""Columns that need no tidying: which ones are known, and that knowing it changes nothing."""

from __future__ import annotations

import re
import sys
import tempfile
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from migrator.files import ReadOptions, open_source
from migrator.files.survey import MOST_ODD, MOST_PROVED, survey_lines
from migrator.prepare import prepare
from migrator.template import parse_template
from migrator.transforms.text import PLAIN_LETTERS, tidied
from tests.test_files_csv import as_csv, opened

if TYPE_CHECKING:
    from migrator.files import Source
    from migrator.prepare import Prepared

COLUMNS = ("Key", "Title", "Town")
ODD = ["\u00a0", "\u200b", "\ufeff", "\u0301", "\t", " ", "\u2003", "\u1100", "\u00e9", "\uac00"]
CELL = st.one_of(
    st.sampled_from(
        ["", "Key", "Title", "plain", "with space", 'a "b"', "x,y", "Größe", "東京", "€"]
    ),
    st.text(st.sampled_from([*'aKT ;,"', *ODD]), max_size=4),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), max_size=4),
)
ROWS = st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=6)

TEMPLATE = """
name: cells
key: {from: Key}
missing_values: [none]
fields:
  name: {from: Title, rules: [required]}
  custom.town: {from: Town, transform: [fix_encoding]}
  custom.both: {from: [Title, Town], pick: join}
duplicates: first
"""


def is_tidy(source: Source, column: str) -> bool:
    """Whether tidying a column changes none of its cells."""
    cells = source.scan().select(column).collect()
    return tidied(cells).equals(cells)


@settings(max_examples=100, deadline=None)
@given(ROWS, st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["\n", "\r\n"]))
@example([("1", "a ", "b")], ",", "\n")
@example([("", "", "Tab")], ";", "\n")
@example([("1", 'say ""', "")], ",", "\r\n")
@example([("Key", "Title", "Town")], ",", "\n")
def test_exactly_the_tidy_columns_are_known(
    rows: list[tuple[str, str, str]], delimiter: str, newline: str
) -> None:
    """Of a file that is read in place, the columns known as tidy are those that tidying keeps."""
    rows = [("0", "first", "row"), *rows]
    with tempfile.TemporaryDirectory() as name:
        text = as_csv([COLUMNS, *rows], delimiter, newline)
        source = opened(Path(name), text, ReadOptions(delimiter=delimiter))
        in_place = "CSV SCAN" in source.scan().explain().upper()
        tidy = {column for column in COLUMNS if is_tidy(source, column)}
        assert source.tidy == (tidy if in_place else set())
        if not any(set("\r\n\ufeff") & set("".join(row)) for row in rows):
            assert in_place or any(not any(row) or row == COLUMNS for row in rows)


@settings(max_examples=40, deadline=None)
@given(ROWS)
@example([("1", " a", "Caf\u00c3\u00a9"), ("2", "none", "\u00a0"), ("1 ", "b", "c")])
def test_what_is_known_changes_no_record(rows: list[tuple[str, str, str]]) -> None:
    """Records and rejections are the same, whether columns are known to be tidy or not."""
    template = parse_template(TEMPLATE)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = opened(folder, as_csv([COLUMNS, ("0", "first", "row"), *rows]))

        def prepared(tidy: frozenset[str], place: str) -> Prepared:
            target = folder / place
            target.mkdir()
            scan = source.scan()
            return prepare(template, scan, source.columns, target, source.problems, tidy=tidy)

        knowing, unknowing = prepared(source.tidy, "knowing"), prepared(frozenset(), "unknowing")
        for one, other in (
            (knowing.records, unknowing.records),
            (knowing.rejections, unknowing.rejections),
        ):
            assert_frame_equal(pl.read_parquet(one), pl.read_parquet(other))


def test_plain_letters_stay_what_they_are() -> None:
    """No text of plain letters is altered by tidying: all of Unicode is asked."""
    everything = pl.Series(
        [chr(c) for c in range(128, sys.maxunicode + 1) if not 0xD800 <= c < 0xE000]
    )
    plain = everything.filter(everything.str.contains(f"^[{PLAIN_LETTERS}]$"))
    assert len(plain) > 30_000
    frame = pl.DataFrame({"text": plain, "between": "a" + plain + "a"})
    assert tidied(frame).equals(frame)
    pairs = plain.to_frame("text").select(pl.col("text") + pl.col("text").shift(-1, fill_value="a"))
    assert tidied(pairs).equals(pairs)
    assert all(unicodedata.is_normalized("NFC", text) for text in plain)
    assert not any(unicodedata.combining(text) for text in plain)


@pytest.mark.parametrize(("lines", "tidy"), [(MOST_ODD, {"Town"}), (MOST_ODD + 1, set())])
def test_a_file_with_many_odd_lines_is_not_looked_at_closely(
    tmp_path: Path, lines: int, tidy: set[str]
) -> None:
    """Up to a number of lines that are not plain, the columns at fault are found; then none is."""
    source = opened(tmp_path, "Key,Title,Town\n" + "7,a ,b\n" * lines)
    assert source.tidy == tidy - {"Title"} | ({"Key"} if tidy else set())


def test_a_very_wide_file_is_taken_as_it_is(tmp_path: Path) -> None:
    """Beyond a number of columns nothing is known; the records are read all the same."""
    path = tmp_path / "wide.csv"
    header = [f"column {number}" for number in range(MOST_PROVED + 1)]
    path.write_text(as_csv([header, ["x"] * len(header)]))
    source = open_source([path], ReadOptions(), tmp_path / "scratch")
    assert (source.records, source.tidy) == (1, frozenset())


def test_columns_are_tidy_if_they_are_so_in_all_files(tmp_path: Path) -> None:
    """One untidy cell in one of several files is enough."""
    for name, text in {"a.csv": "Key,Town\n1,x\n", "b.csv": "Town,Key\n y,2\n"}.items():
        (tmp_path / name).write_text(text)
    source = open_source([tmp_path / "*.csv"], ReadOptions(), tmp_path / "scratch")
    assert source.tidy == {"Key"}


def test_rejects_that_come_back_are_not_known_to_be_tidy(tmp_path: Path) -> None:
    """A cell without its apostrophe may begin with a tab, so nothing is known of such a file."""
    ours = "_record,_line,_field,_code,_error,_value"
    source = opened(tmp_path, f"Key,Town,{ours}\n1,'\tx,1,2,Town,email,no,x\n")
    assert source.scan().collect()["Town"].to_list() == ["\tx"]
    assert source.tidy == frozenset()


def test_odd_lines_are_records(tmp_path: Path) -> None:
    """A blank line, a repeated header and a line that is no record are not among the odd lines."""
    path = tmp_path / "x.csv"
    path.write_text('a,b\n1,2\n3 ,4\n,\n"a",b\n1,2,3\n"",x\n')
    survey = survey_lines(path, 1, {",": ("a", "b")})[","]
    assert (survey.lines, survey.regular) == (6, 2)
    assert survey.odd is not None
    assert survey.odd.to_list() == ["3 ,4", '"",x']
    assert re.fullmatch(r"[^\n]*", survey.odd[0])
