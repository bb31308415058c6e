"""CSV files: what is sniffed, what is skipped, and that the fast reader is the exact one."""

from __future__ import annotations

import csv
import doctest
import gzip
import hashlib
import io
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
import zstandard
from hypothesis import example, given, settings
from hypothesis import strategies as st

from migrator.errors import SourceError
from migrator.files import ReadOptions, Source, open_source, table, typed
from migrator.files.collect import TAIL
from migrator.files.delimited import _exact, _find_header, _headers, _regular
from migrator.files.records import MOST_LINES
from migrator.files.survey import last_lines
from migrator.files.table import unique_names

if TYPE_CHECKING:
    from collections.abc import Sequence

DATASETS = Path(__file__).parents[2] / "shared" / "datasets"
NONE = ReadOptions()
BREAK = re.compile(r"\r\n|\r|\n")


def opened(
    folder: Path, content: str | bytes, options: ReadOptions = NONE, name: str = "deals.csv"
) -> Source:
    """The source that a file of this content is."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return open_source([path], options, folder / "scratch")


def cells(source: Source) -> list[tuple[str | None, ...]]:
    """All rows of the original columns."""
    return source.scan().select(source.columns).collect(engine="streaming").rows()


def numbers(source: Source) -> list[tuple[int, int]]:
    """Record and line number of every row."""
    return source.scan().select("_record", "_line").collect(engine="streaming").rows()


def as_csv(rows: Sequence[Sequence[str]], delimiter: str = ",", newline: str = "\n") -> str:
    """CSV by the book: a cell is in quotation marks exactly if it needs to be."""

    def written(cell: str) -> str:
        quoted = '"{}"'.format(cell.replace('"', '""'))
        return quoted if set(cell) & {delimiter, '"', "\r", "\n"} else cell

    return "".join(delimiter.join(map(written, row)) + newline for row in rows)


def counted(source: Source) -> list[tuple[int, str]]:
    """Line and reason of what was skipped."""
    return [(skipped.line, skipped.reason) for skipped in source.skipped]


CELL = st.text(alphabet='ab;,"é =\t', max_size=4)
LINE = st.one_of(
    st.lists(CELL, min_size=1, max_size=3).map(lambda row: as_csv([row], ";")),
    st.text(alphabet='a;,"\r\n ', max_size=6),
    st.sampled_from(
        [
            "\n",
            ";\n",
            "a;b\n",
            '"a";b\n',
            "Total;\n",
            "Grand Totals;1\n",
            "x;y\r\n",
            "\r",
            '"1\n2";3\n',
        ]
    ),
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(CELL, CELL), max_size=8),
    st.lists(LINE, max_size=3),
    st.sampled_from(["", "\ufeff"]),
)
@example([("", ";")], [";;\n"], "")
def test_fast_reader_is_the_exact_reader(
    rows: list[tuple[str, str]], lines: list[str], mark: str
) -> None:
    """Where the survey vouches for a file, both readers give the same cells, lines and skips."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "x.csv"
        content = f"{mark}a;b\n" + as_csv(rows, ";") + "".join(lines)
        path.write_text(content, encoding="utf-8", newline="")
        text = _find_header("x", path, ReadOptions(delimiter=";"))
        headers = _headers(text)
        fast = _regular(text, headers, ())
        if fast is None:
            return
        exact = _exact(text, headers, NONE, folder)
        assert fast.records == exact.records
        assert fast.columns == exact.columns
        assert fast.skipped == exact.skipped
        assert exact.problems == ()
        assert fast.frame.collect(engine="streaming").equals(exact.frame.collect())


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(TEXT, TEXT).filter(any), min_size=1, max_size=8),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_any_table_is_read_back(
    rows: list[tuple[str, str]], delimiter: str, newline: str, encoding: str
) -> None:
    """Cells, records and physical lines of any well-formed CSV come back as they were written."""
    text = as_csv([["Deal name", "Amount"]], delimiter, newline)
    lines = []
    for row in rows:
        lines.append(len(BREAK.findall(text)) + 1)
        text += as_csv([row], delimiter, newline)
    with tempfile.TemporaryDirectory() as name:
        source = opened(Path(name), text.encode(encoding), ReadOptions(delimiter=delimiter))
        assert cells(source) == [tuple(cell or None for cell in row) for row in rows]
        assert numbers(source) == list(enumerate(lines, start=1))
        assert source.problems.is_empty()
        assert source.records == len(rows)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_delimiter_and_encoding_are_found(tmp_path: Path, delimiter: str, encoding: str) -> None:
    """Every delimiter in every Unicode encoding, marked or not, is told from the bytes."""
    rows = [["Name", "Amount"], ["Café, GmbH; & Co | x", "1"], ["b", "2"]]
    source = opened(tmp_path, as_csv(rows, delimiter, "\r\n").encode(encoding))
    dialect = source.tables[0].dialect
    assert dialect.delimiter == delimiter
    assert dialect.newline == "\r\n"
    assert dialect.bom == (encoding in {"utf-8-sig", "utf-16"})
    assert cells(source)[0] == ("Café, GmbH; & Co | x", "1")
    assert (
        f"{'TAB' if delimiter == chr(9) else repr(delimiter)} (in 2 of 2 records)"
        in (source.describe()[0])
    )


def test_description_names_decisions_and_evidence(tmp_path: Path) -> None:
    """The user reads what was decided for a file, why, and what was left out."""
    source = opened(tmp_path, "\ufeffid;v;w\r\n1;2,5;\r\n3;4;\r\n\r\nGrand Totals;;\r\n")
    path = tmp_path / "deals.csv"
    [text] = source.describe()
    assert text == (
        f"{path}: CSV, UTF-8 with BOM, delimiter ';' (in 2 of 2 records), CRLF, 2 records,"
        " 1 blank line skipped, 1 footer skipped"
    )


def test_clean_file_is_scanned_in_place(tmp_path: Path) -> None:
    """A regular file is neither copied nor held: the scan is polars' own, every step streaming."""
    punctuation = "".join(chr(code) for code in range(33, 127) if chr(code) not in ',"')
    source = opened(tmp_path, f'id,"{punctuation}"\n1,"a, b"\n2,""\n')
    plan = source.scan().explain(engine="streaming")
    assert "Csv SCAN" in plan
    assert str(tmp_path / "deals.csv") in plan
    assert "fallback" not in plan.lower()
    assert source.columns == ("id", punctuation)
    assert cells(source) == [("1", "a, b"), ("2", None)]


def test_ids_stay_text(tmp_path: Path) -> None:
    """Leading zeros, exponents, signs and spaces of a cell are the cell."""
    values = ["007", "1e5", "+1", " x ", "NULL", "NaN", "1.50", "#N/A", "true"]
    source = opened(tmp_path, "id,n\n" + "".join(f"{value},1\n" for value in values))
    assert [row[0] for row in cells(source)] == values


def test_whole_file_decides_the_delimiter(tmp_path: Path) -> None:
    """A header that several delimiters split is decided by all records, not by the first ones."""
    body = "".join(f"{n};x,y\n" for n in range(300)) + "".join(f"{n};x\n" for n in range(400))
    source = opened(tmp_path, f"id;first, last\n{body}")
    assert source.tables[0].dialect.delimiter == ";"
    assert source.columns == ("id", "first, last")
    assert source.records == 700


def test_share_of_records_decides_when_none_fits_all(tmp_path: Path) -> None:
    """Ragged rows do not move the choice away from the delimiter that fits most records."""
    body = "5;x\n" * 5 + "6;x,y\n" * 15 + "7;8;9\n"
    source = opened(tmp_path, f"id;first, last\n{body}")
    assert source.tables[0].dialect.delimiter == ";"
    assert "(in 20 of 21 records)" in source.describe()[0]


def test_told_delimiter_wins(tmp_path: Path) -> None:
    """An option overrides the sniffer, even where it makes one column of the file."""
    source = opened(tmp_path, "a;b\n1;2\n", ReadOptions(delimiter=","))
    assert source.columns == ("a;b",)
    assert cells(source) == [("1;2",)]


def test_single_column_file(tmp_path: Path) -> None:
    """A file without any delimiter is one column."""
    assert cells(opened(tmp_path, "name\nx\ny\n")) == [("x",), ("y",)]


def test_single_column_of_sentences(tmp_path: Path) -> None:
    """Delimiters in some cells of a one-column file do not make a table of it."""
    source = opened(tmp_path, "note\nhello, you\na, b, c\nnothing\nmore\n")
    assert source.columns == ("note",)
    assert source.problems.is_empty()
    assert source.records == 4


def test_excel_sep_line(tmp_path: Path) -> None:
    """Excel's first line "sep=;" names the delimiter and is no header."""
    source = opened(tmp_path, "sep=;\r\na;b,c\r\n1;2,3\r\n")
    assert source.columns == ("a", "b,c")
    assert cells(source) == [("1", "2,3")]
    assert numbers(source) == [(1, 3)]
    assert counted(source) == [(1, "before the header")]


def test_header_line_option(tmp_path: Path) -> None:
    """Lines above the told header are named as skipped; line numbers stay physical."""
    text = "Report of deals\n\nid,v\n1,2\n"
    source = opened(tmp_path, text, ReadOptions(header_line=3))
    assert numbers(source) == [(1, 4)]
    assert counted(source) == [(1, "before the header"), (2, "blank line")]
    assert "header in line 3" in source.describe()[0]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("Deals of May\n" + "".join(f"{n};x;y\n" for n in range(12)), "--header-line 2"),
        ("Deals, May\nid,v,w\n" + "".join(f"{n},x,y\n" for n in range(12)), "--header-line 2"),
    ],
)
def test_title_above_the_header_is_asked_about(tmp_path: Path, text: str, hint: str) -> None:
    """A title line taken for the header is an error that names the likely line."""
    with pytest.raises(SourceError, match=hint):
        opened(tmp_path, text)


def test_leading_blank_lines_and_header_with_line_break(tmp_path: Path) -> None:
    """The header is the first line with text in it, and may itself run over two lines."""
    source = opened(tmp_path, '\n;;\n"Deal\nname";b\n1;2\n')
    assert source.columns == ("Deal\nname", "b")
    assert numbers(source) == [(1, 5)]
    assert counted(source) == [(1, "blank line"), (2, "before the header")]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_quoted_line_breaks_keep_line_numbers(tmp_path: Path, newline: str) -> None:
    """A record over several lines is one record, and those after it have their physical line."""
    text = newline.join(["id,note", f'1,"a{newline}b{newline}c"', "2,x", ""])
    source = opened(tmp_path, text)
    assert cells(source) == [("1", f"a{newline}b{newline}c"), ("2", "x")]
    assert numbers(source) == [(1, 2), (2, 5)]
    assert source.tables[0].dialect.newline == newline


def test_repeated_headers_are_named(tmp_path: Path) -> None:
    """A header in the middle, in quotation marks or not, is skipped and named."""
    source = opened(tmp_path, 'id,v\n1,2\nid,v\n3,4\n"id","v"\n5,6\n')
    assert counted(source) == [(3, "repeated header"), (5, "repeated header")]
    assert numbers(source) == [(1, 2), (2, 4), (3, 6)]
    assert "2 repeated headers skipped" in source.describe()[0]


@pytest.mark.parametrize("quote", ["", '"'])
def test_files_with_byte_order_marks_put_one_below_another(tmp_path: Path, quote: str) -> None:
    """A mark in the middle is none of a cell's: the header behind it is one, and so is a record."""
    first = ",".join(f"{quote}{name}{quote}" for name in ("id", "v"))
    text = f"\ufeff{first}\n1,2\n\ufeff{first}\n3,4\n\ufeff{quote}5{quote},6\n"
    source = opened(tmp_path, text)
    assert cells(source) == [("1", "2"), ("3", "4"), ("5", "6")]
    assert counted(source) == [(3, "repeated header")]
    assert numbers(source) == [(1, 2), (2, 4), (3, 5)]


def test_a_byte_order_mark_inside_a_cell_stays(tmp_path: Path) -> None:
    """A mark in a cell of several lines is a character of it."""
    source = opened(tmp_path, 'id,v\n1,"a\n\ufeffb"\n')
    assert cells(source) == [("1", "a\n\ufeffb")]


SALESFORCE = (
    '"Deal","Amount","Stage"\n"x","1","Won"\n"y","2","Won"\n{last}"","",""\n"","",""\n'
    '"Deals of May"\n"Copyright (c) 2000-2026 someone, inc. All rights reserved."\n'
    '"Confidential Information - Do Not Distribute"\n"Generated By:  A Person"\n"Acme"\n'
)


@pytest.mark.parametrize("last", ["", '"z","a\nb","Won"\n', '"z"\n'])
def test_report_footer_is_named_not_read(tmp_path: Path, last: str) -> None:
    """A report's footer, with its title, is skipped line by line on the fast and exact path."""
    source = opened(tmp_path, SALESFORCE.format(last=last))
    reasons = [reason for _, reason in counted(source)]
    assert reasons == ["blank line"] * 2 + ["footer"] * 5
    assert source.records == 2 + bool(last)
    assert source.skipped[2].text == "Deals of May"


def test_totals_with_full_cells_are_a_footer(tmp_path: Path) -> None:
    """A footer line may be as regular as a record."""
    source = opened(tmp_path, "id,a,b,c\n1,2,3,4\nTotal,,,4\n")
    assert (source.records, counted(source)) == (1, [(3, "footer")])


@pytest.mark.parametrize(
    "word", ["Summe", "Gesamt (12)", "Gesamtsumme", "Total général", "Totale:"]
)
def test_totals_are_known_in_other_languages(tmp_path: Path, word: str) -> None:
    """A report in German, French, Spanish, Italian or Dutch ends as an English one does."""
    source = opened(tmp_path, f"id,a,b,c\n1,2,3,4\n{word},,,4\nSommer,1,2,3\n")
    assert source.records == 3
    source = opened(tmp_path, f"id,a,b,c\n1,2,3,4\n{word},,,4\n")
    assert (source.records, counted(source)) == (1, [(3, "footer")])


def test_deal_named_total_is_a_deal(tmp_path: Path) -> None:
    """Rows with data in most cells are records whatever they begin with, and so is "Totally"."""
    source = opened(tmp_path, "id,a,b\nTotal,2,3\nGrand Totals,1,2\nTotally,,\nTotal,1,1\n")
    assert source.records == 4
    assert source.skipped == ()


def test_told_footer(tmp_path: Path) -> None:
    """The user's footer text ends the records wherever it begins a row of the tail."""
    options = ReadOptions(footers=("Summe", " "))
    source = opened(tmp_path, "id,v\n1,2\nSumme,2\nx,y\n", options)
    assert (source.records, counted(source)) == (1, [(3, "footer"), (4, "footer")])


def test_footer_text_before_the_tail_is_data(tmp_path: Path) -> None:
    """Only the last lines are looked at: a footer's text in the middle does not cut the file."""
    text = "id,v\nSumme,2\n" + "1,2\n" * TAIL
    assert opened(tmp_path, text, ReadOptions(footers=("Summe",))).records == TAIL + 1


def test_blank_lines_in_the_middle(tmp_path: Path) -> None:
    """Blank lines, also such as ";;", are skipped by name; those after them keep their line."""
    source = opened(tmp_path, 'a;b\n1;2\n\n;\n"";\n3;4\n\n')
    assert numbers(source) == [(1, 2), (2, 6)]
    assert counted(source) == [(line, "blank line") for line in (3, 4, 5, 7)]


def test_ragged_rows_are_problems_and_stay_whole(tmp_path: Path) -> None:
    """A row with too many or few cells is neither cut nor filled in silence: all is kept."""
    source = opened(tmp_path, "a,b\n1,2\n3\n4,5,6,\n7,8\n")
    assert source.problems.select("_record", "_line", "_code").rows() == [
        (2, 3, "too_few_cells"),
        (3, 4, "too_many_cells"),
    ]
    rows = source.scan_all().select("a", "b", "_surplus").collect().rows()
    assert rows == [
        ("1", "2", None), ("3", None, None), ("4", "5", '6,""'), ("7", "8", None)
    ]  # fmt: skip
    assert "2 malformed records" in source.describe()[0]
    assert source.problems["_value"].to_list() == ["3", '6,""']


@pytest.mark.parametrize(
    "bad",
    ['2,"x"y', '2,"open', '2,"open\n3,y\n4,"z" z', '"2" ,x'],
    ids=["text after", "never closed", "closed by another", "blank after"],
)
def test_bad_quoting_costs_its_own_line(tmp_path: Path, bad: str) -> None:
    """A stray quotation mark is one malformed line; the lines after it are records again."""
    source = opened(tmp_path, f"id,v\n1,x\n{bad}\n5,w\n")
    bad_lines = [line for line in bad.split("\n") if line.count('"')]
    problems = source.problems.filter(pl.col("_code") == "bad_quoting")
    assert problems["_value"].to_list() == bad_lines
    assert cells(source)[-1] == ("5", "w")
    assert source.records == 3 + bad.count("\n")


def test_stray_quote_does_not_swallow_the_file(tmp_path: Path) -> None:
    """A quotation mark that only another far away would close costs one record."""
    body = "".join(f"{number},x\n" for number in range(MOST_LINES + 5))
    source = opened(tmp_path, f'id,v\n1,"x\n{body}2,"y"\n')
    assert source.problems["_line"].to_list() == [2]
    assert source.records == MOST_LINES + 7


def test_quote_inside_a_cell_is_text(tmp_path: Path) -> None:
    """A cell that does not begin with a quotation mark may have one: 5" pipe."""
    source = opened(tmp_path, 'id,v\n1,5" pipe\n2,y\n')
    assert cells(source) == [("1", '5" pipe'), ("2", "y")]


def test_duplicate_and_blank_headers(tmp_path: Path) -> None:
    """Equal headers get numbers, blank ones their place; the spelling in the file is kept."""
    source = opened(tmp_path, "Amount,,Amount,_record\n1,2,3,4\n")
    assert source.columns == ("Amount", "column 2", "Amount (2)", "_record (2)")
    assert source.headers == ("Amount", "", "Amount", "_record")
    assert cells(source) == [("1", "2", "3", "4")]


@given(st.lists(st.sampled_from(["a", "a (2)", "a (3)", "", " ", "column 2", "_line", "_file"])))
def test_names_are_unique(headers: list[str]) -> None:
    """No two columns have one name, none is blank, and none hides a column of ours."""
    names = unique_names(headers)
    assert len(set(names)) == len(headers)
    assert all(name.strip() for name in names)
    assert not set(names) & {"_file", "_record", "_line", "_surplus"}


def test_examples_of_docstrings() -> None:
    """The examples in docstrings are true."""
    for module in (table, typed):
        result = doctest.testmod(module)
        assert result.attempted > 0
        assert result.failed == 0


def test_last_lines_of_a_file(tmp_path: Path) -> None:
    """As many lines as asked for, from the end, over any number of blocks; none is none."""
    lines = [f"{number} {'x' * 50}" for number in range(5000)]
    path = tmp_path / "x"
    path.write_text("\r\n".join(lines), newline="")
    for count in (0, 1, 3, 4999, 5000, 6000):
        assert last_lines(path, count) == (lines[-count:] if count else [])


def test_large_file_in_parts(tmp_path: Path) -> None:
    """Records of a file that is read row by row are numbered across its parts."""
    count = 100_001
    source = opened(tmp_path, "id,v\n" + "1,2\n" * (count - 1) + '2,"a\nb"\n')
    assert source.records == count
    last = source.scan().select("_record", "_line", "v").tail(1).collect().row(0)
    assert last == (count, count + 1, "a\nb")


@pytest.mark.parametrize("blank", [1100, 21_000])
def test_many_blank_lines_at_the_end(tmp_path: Path, blank: int) -> None:
    """Thousands of blank lines after the records are skipped like two."""
    source = opened(tmp_path, "id,v\n" + "1,2\n" * 30 + ",\n" * blank)
    assert (source.records, len(source.skipped)) == (30, blank)


def test_footer_after_blank_lines_is_cut_in_place(tmp_path: Path) -> None:
    """A footer as long as a record, below blank lines, costs no copy of the file."""
    text = "id,v,w\n" + "1,2,3\n" * 9 + ",,\n\nGrand Totals (9),,\n"
    source = opened(tmp_path, text)
    assert [reason for _, reason in counted(source)] == ["blank line", "blank line", "footer"]
    assert "Csv SCAN" in source.scan().explain(engine="streaming")


def test_very_wide_file(tmp_path: Path) -> None:
    """Thousands of columns are read too."""
    header = ",".join(f"c{number}" for number in range(2500))
    source = opened(tmp_path, f"{header}\n{','.join('x' * 2500)}\n")
    assert cells(source) == [("x",) * 2500]


def test_cells_beyond_the_usual_limit(tmp_path: Path) -> None:
    """A description of 300,000 characters over two lines is data."""
    long = "x" * 300_000
    source = opened(tmp_path, f'id,v\n1,"{long}\n"\n')
    assert cells(source) == [("1", f"{long}\n")]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_packed_files(tmp_path: Path, pack: object) -> None:
    """Packed files, gzip and zstd, are told by their bytes, whatever the name."""
    assert callable(pack)
    source = opened(tmp_path, pack(b"id,v\n1,2\n") + pack(b"3,4\n"), name="deals.txt")
    assert cells(source) == [("1", "2"), ("3", "4")]
    assert "CSV in " in source.describe()[0]


def test_standard_input(tmp_path: Path) -> None:
    """A dash reads standard input like a file, with its fingerprint."""
    content = b"id,v\n1,2\n"
    piped = open_source(["-"], NONE, tmp_path / "scratch", io.BytesIO(content))
    assert piped.names == ("standard input",)
    assert cells(piped) == [("1", "2")]
    assert piped.fingerprint == opened(tmp_path, content).fingerprint


def test_fingerprint_is_of_the_bytes(tmp_path: Path) -> None:
    """Equal bytes have equal fingerprints, one changed byte has another."""
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    one = opened(first, "id,v\n1,2\n").fingerprint
    assert one == hashlib.sha256(b"id,v\n1,2\n").hexdigest()
    assert opened(second, "id,v\n1,2\n").fingerprint == one
    assert opened(second, "id,v\n1,3\n").fingerprint != one


def test_several_files_are_one_source(tmp_path: Path) -> None:
    """A pattern's files are read by name, columns by name, records numbered through."""
    (tmp_path / "b.csv").write_text("v;id\n4;3\n")
    (tmp_path / "a.csv").write_text('id,v\n1,2\n1,2,9\n"2","x\ny"\n')
    source = open_source([tmp_path / "*.csv"], NONE, tmp_path / "scratch")
    rows = source.scan().collect(engine="streaming").rows()
    a, b = str(tmp_path / "a.csv"), str(tmp_path / "b.csv")
    assert rows == [
        ("1", "2", a, 1, 2), ("1", "2", a, 2, 3), ("2", "x\ny", a, 3, 4), ("3", "4", b, 4, 2)
    ]  # fmt: skip
    assert source.names == (a, b)
    assert source.problems["_record"].to_list() == [2]
    assert len(source.describe()) == 2


def test_files_named_twice_are_read_once(tmp_path: Path) -> None:
    """The same file by name and by pattern is one file; a header-only one adds no record."""
    path = tmp_path / "a.csv"
    path.write_text("id,v\n1,2\n")
    (tmp_path / "b.csv").write_text("id,v\n")
    source = open_source([path, tmp_path / "*.csv"], NONE, tmp_path / "scratch")
    assert source.records == 1
    assert source.scan().collect().height == 1
    assert len(source.tables) == 2


def test_cp1252_is_said(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are cp1252, and the description says which byte told."""
    source = opened(tmp_path, "id,v\n1,x\n2,Müller €\n".encode("cp1252"))
    assert cells(source)[1] == ("2", "Müller €")
    assert "Windows-1252 (not UTF-8: byte 0xFC in line 3)" in source.describe()[0]


def test_told_encoding(tmp_path: Path) -> None:
    """An encoding that is told is used, with the file's own mark if it has one."""
    content = "id,v\n1,é€\n"
    source = opened(tmp_path, content.encode("cp1250"), ReadOptions(encoding="windows-1250"))
    assert cells(source) == [("1", "é€")]
    for name in ("utf-16-be", "utf-16-le", "utf-8", "utf-32-le"):
        marked = ("\ufeff" + content).encode(name)
        family = name if name == "utf-8" else name[:6]
        told = opened(tmp_path, marked, ReadOptions(encoding=family))
        assert cells(told) == [("1", "é€")]
        assert told.tables[0].dialect.encoding == name
        assert told.tables[0].dialect.bom
    plain = opened(tmp_path, content.encode("utf-16-le"), ReadOptions(encoding="utf-16"))
    assert not plain.tables[0].dialect.bom


@pytest.mark.skipif(not DATASETS.is_dir(), reason="the shared datasets are not on this machine")
@pytest.mark.parametrize(
    ("name", "records", "last_line", "encoding"),
    [
        ("maven_crm/sales_pipeline.csv", 8800, 8801, "utf-8"),
        ("maven_crm_eu_dates/sales_pipeline.eu_dates.csv", 8800, 8801, "utf-8"),
        ("salesforce_dataloader_samples/accountData.csv", 423, 424, "cp1252"),
        ("salesforce_dataloader_samples/opportunityData.csv", 38, 39, "utf-8"),
        ("salesforce_genai_demo_bsd/Lead.csv", 14, 17, "utf-8"),
        ("sf_style_6000_mit/opportunities.csv", 6000, 6001, "utf-8"),
    ],
)
def test_real_exports(
    tmp_path: Path, name: str, records: int, last_line: int, encoding: str
) -> None:
    """Real exports are read as Python's own reader reads them, without a malformed record."""
    path = DATASETS / name
    source = open_source([path], NONE, tmp_path)
    with path.open(
        encoding=f"{encoding}-sig" if encoding == "utf-8" else encoding, newline=""
    ) as file:
        expected = [tuple(cell or None for cell in row) for row in csv.reader(file)]
    assert source.headers == expected[0]
    assert cells(source) == expected[1:]
    assert source.records == records
    assert source.problems.is_empty()
    assert numbers(source)[-1] == (records, last_line)
    assert source.tables[0].dialect.encoding == encoding
