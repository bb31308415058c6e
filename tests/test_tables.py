"""CSV files that people fill in with a spreadsheet: nothing in them is harmed on either way."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from migrator.errors import TemplateError
from migrator.guess.sheets import Line, as_csv
from migrator.spreadsheets import neutral, neutral_column, restored, restored_column
from migrator.template import load_template, new_sheet
from migrator.template.tables import read_sheet

COLUMNS = ("source", "target")
CELLS = st.text("aé'=+-@\t\r\n #N/A?;,\"1.", max_size=6)
ERRORS = (
    "#NAME?",
    "#REF!",
    "#VALUE!",
    "#N/A",
    "#DIV/0!",
    "#BEZUG!",
    "#¿NOMBRE?",
    "####",
    "Err:508",
)


@given(CELLS | st.sampled_from(ERRORS))
@example("'=x")
@example("'#N/A")
def test_any_text_survives(text: str) -> None:
    """What is written is no formula and no error, and read as the text that it was."""
    cell = neutral(text)
    assert restored(cell) == text
    assert cell[:1] not in tuple("=+@\t\r\n")
    assert cell.strip() not in ERRORS


@given(CELLS)
def test_cells_are_those_of_a_rejects_file(text: str) -> None:
    """A spreadsheet sees one way of writing in all files, but for texts that look like errors."""
    assume("#" not in text)
    assert neutral(text) == pl.select(neutral_column(pl.lit(text))).item()
    assert restored(text) == pl.select(restored_column(pl.lit(text))).item()


FILES = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"])


@given(
    st.lists(st.tuples(CELLS, CELLS), max_size=3),
    st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=3),
    FILES,
    st.sampled_from(";,\t"),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_lines_are_added_behind_all_that_is_there(
    old: list[tuple[str, str]],
    new: list[tuple[str, str]],
    encoding: str,
    delimiter: str,
    newline: str,
    ends: bool,
) -> None:
    """In whatever way a file is written: its bytes stay, and the new lines are read from it."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=newline, quoting=csv.QUOTE_ALL)
    writer.writerow(("Own", "target", "SOURCE"))
    writer.writerows(
        ("mine", neutral(target.strip()), neutral(source.strip())) for source, target in old
    )
    text = out.getvalue()
    raw = (text if ends else text.removesuffix(newline)).encode(encoding)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "f.csv"
        path.write_bytes(raw)
        sheet = read_sheet(path, "it", "a file", COLUMNS)
        path.write_bytes(sheet.with_rows({"source": s, "target": t, "more": "x"} for s, t in new))
        assert (
            path.read_bytes()
            .removeprefix(b"\xef\xbb\xbf")
            .startswith(raw.removeprefix(b"\xef\xbb\xbf"))
        )
        rows = read_sheet(path, "it", "a file", COLUMNS).rows
    own = [("mine", s, t) for s, t in old] + [("", s, t) for s, t in new if s.strip() or t.strip()]
    read = [(row["own"], row["source"], row["target"]) for row in rows]
    assert [tuple(cell.strip() for cell in row) for row in own] == read


@pytest.mark.parametrize("error", ERRORS)
def test_errors_are_told_by_line_and_column(tmp_path: Path, error: str) -> None:
    """Whatever a spreadsheet shows for a broken cell; with an apostrophe it is a text."""
    path = tmp_path / "f.csv"
    path.write_text(f'source,target,own\na,"b\nb",{error}\nc,{error},d\n', encoding="utf-8")
    with pytest.raises(TemplateError, match=r"line 4: the column target .*source: c; own: d"):
        read_sheet(path, "it", "a file", COLUMNS)
    path.write_text(f"source,target\nc,'{error}\n{error}a,d\n", encoding="utf-8")
    rows = read_sheet(path, "it", "a file", COLUMNS).rows
    assert [row["source"] for row in rows] == ["c", f"{error}a"]
    assert rows[0]["target"] == error


def test_letters_added_to_a_plain_file_are_marked(tmp_path: Path) -> None:
    """A spreadsheet takes a file without a mark for Windows-1252."""
    path = tmp_path / "f.csv"
    path.write_bytes(b"source,target")
    added = read_sheet(path, "it", "a file", COLUMNS).with_rows([{"source": "é"}])
    assert added.decode("utf-8-sig") == "source,target\né,\n".replace("\n", "\r\n")
    assert added.startswith(b"\xef\xbb\xbf")
    assert new_sheet(COLUMNS).with_rows([]) == b"\xef\xbb\xbfsource,target\r\n"


def test_value_maps_to_fill_in_hold_no_formulas(tmp_path: Path) -> None:
    """What `init` writes is read by a template as the values that the source has."""
    sources = ["=cmd", "+a", "-b", "@c", "#REF!", "plain", "'=d"]
    sheet = [Line("=p", source, source, 1, "-1,000.00 EUR", "=z", 0.5) for source in sources]
    (tmp_path / "stage.csv").write_text(as_csv(sheet), encoding="utf-8", newline="")
    with (tmp_path / "stage.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    assert not any(cell[:1] in tuple("=+-@#") for row in rows for cell in row)
    text = "name: t\nkey: {from: id}\nfields:\n  pipeline: {from: p}\n"
    (tmp_path / "t.yaml").write_text(
        text + "  stage: {from: s, values_file: stage.csv}\n  name: {from: n}\n", encoding="utf-8"
    )
    found = load_template(str(tmp_path / "t.yaml")).value_map("stage")
    assert [(row.pipeline, row.source, row.target) for row in found] == [
        ("=p", source, source) for source in sources
    ]
