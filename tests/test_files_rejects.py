"""The rejects file opens in a spreadsheet and comes back as the rows it was made of."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from migrator.errors import InputError
from migrator.files import (
    REJECT_COLUMNS,
    ReadOptions,
    Source,
    open_source,
    write_rejects,
    write_table,
)
from migrator.files.output import replacing
from migrator.spreadsheets import neutral_column, restored_column

NONE = ReadOptions()
SCHEMA = {"_record": pl.Int64, **dict.fromkeys(REJECT_COLUMNS[2:], pl.String)}


def rejections(*rows: tuple[int, str | None, str, str, str | None]) -> pl.LazyFrame:
    """Problems as the rules hand them over."""
    return pl.LazyFrame(list(rows), schema=SCHEMA, orient="row")


def every(source: Source) -> pl.LazyFrame:
    """A problem for each record of a source."""
    return rejections(
        *((record, "a", "bad", "=wrong", "-x") for record in range(1, source.records + 1))
    )


def cells(source: Source) -> list[tuple[str | None, ...]]:
    """All rows of the original columns."""
    return source.scan().select(source.columns).collect(engine="streaming").rows()


def opened(folder: Path, content: str | bytes, name: str = "deals.csv") -> Source:
    """The source that a file of this content is."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return open_source([path], NONE, folder / "scratch")


def again(folder: Path, target: Path, encoding: str | None = None) -> Source:
    """A rejects file as a source."""
    return open_source([target], ReadOptions(encoding=encoding), folder / "scratch")


RISKY = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6),
    st.text(alphabet="'=+-@\t\r\n;,\"1. ", max_size=5),
)


@given(st.lists(RISKY))
def test_restoring_is_the_inverse_of_neutralising(values: list[str]) -> None:
    """Any text survives, and no neutralised text begins as a formula does."""
    frame = pl.DataFrame({"v": pl.Series(values, dtype=pl.String)})
    safe = frame.select(neutral_column(pl.col("v")))
    assert safe.select(restored_column(pl.col("v"))).equals(frame)
    for text in safe["v"]:
        assert text[:1] not in {"=", "+", "@", "\t", "\r", "\n"}
        assert not text.startswith("-") or set(text) <= set("-0123456789.,")


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"), ("@x", "'@x"), ("+33 1 23", "'+33 1 23"), ("-12.5", "-12.5"),
        ("-1.234,50", "-1.234,50"), ("-x", "'-x"), ("-2+3", "'-2+3"), ("'=x", "''=x"),
        ("'t Hooft", "'t Hooft"), ("a=b", "a=b"), ("-", "'-"), ("\tx", "'\tx"),
    ],
)  # fmt: skip
def test_what_is_made_harmless(cell: str, written: str) -> None:
    """Formulas and numbers with a plus get an apostrophe; negative amounts stay numbers."""
    assert pl.select(neutral_column(pl.lit(cell))).item() == written


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(RISKY, RISKY).filter(any), min_size=1, max_size=6),
    st.tuples(RISKY, RISKY),
    st.sampled_from([";", ",", "\t"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
@example([("=1", "'=1"), ("-1", "''x")], ("=a", "=a"), ";", "utf-8")
def test_any_table_comes_back_from_its_rejects(
    rows: list[tuple[str, str]], title: tuple[str, str], delimiter: str, encoding: str
) -> None:
    """Rejected and read again, rows and headers are what they were, cell by cell."""
    out = io.StringIO(newline="")
    header = [f"n{title[0]}", f"{title[1]}v"]
    csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([header, *rows])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "x.csv").write_bytes(out.getvalue().encode(encoding))
        options = ReadOptions(delimiter=delimiter)
        source = open_source([folder / "x.csv"], options, folder / "scratch")
        target = folder / "rejects.csv"
        assert write_rejects(source, every(source), target) == len(rows)
        read = open_source([target], options, folder / "scratch")
        assert read.headers == source.headers
        assert read.columns == source.columns
        assert cells(read) == cells(source)
        assert read.tables[0].dialect.encoding == source.tables[0].dialect.encoding
        assert read.tables[0].dialect.bom == source.tables[0].dialect.bom


def test_layout_of_the_file(tmp_path: Path) -> None:
    """Original columns and spelling, then ours; problems joined; the source's dialect."""
    text = "\ufeffid;Amount;Amount;\r\n7;1,5;x;\r\n8;2;=y;\r\n9;3;z;\r\n"
    source = opened(tmp_path, text)
    target = tmp_path / "out" / "rejects.csv"
    wrong = rejections(
        (3, "Amount", "too_big", "Too big.", "3"),
        (2, "id", "unknown", "Not known; say another.", "8"),
        (3, None, "odd", "Odd.", None),
    )
    assert write_rejects(source, wrong, target) == 2
    assert target.read_bytes().decode() == (
        "\ufeffid;Amount;Amount;;_record;_line;_field;_code;_error;_value\r\n"
        '8;2;\'=y;;2;3;id;unknown;"Not known; say another.";8\r\n'
        "9;3;z;;3;4;Amount | ;too_big | odd;Too big. | Odd.;3 | \r\n"
    )
    assert [path.name for path in target.parent.iterdir()] == ["rejects.csv"]
    assert again(tmp_path, target).columns == ("id", "Amount", "Amount (2)", "column 4")


def test_quoting_style_is_kept(tmp_path: Path) -> None:
    """A source with every cell in quotation marks gives rejects of the same kind."""
    source = opened(tmp_path, '"id","v"\n"1","x"\n')
    write_rejects(source, every(source), tmp_path / "r.csv")
    assert (tmp_path / "r.csv").read_text().startswith('"id","v","_record"')


def test_encoding_is_kept_and_messages_bend_to_it(tmp_path: Path) -> None:
    """A cp1252 source gives cp1252 rejects; a message's other characters become ?."""
    source = opened(tmp_path, "id,v\n1,Müller\n".encode("cp1252"))
    target = tmp_path / "r.csv"
    write_rejects(source, rejections((1, "v", "odd", "Not → good", "Müller")), target)
    assert "Müller,1,2,v,odd,Not ? good,Müller" in target.read_bytes().decode("cp1252")
    assert cells(again(tmp_path, target)) == [("1", "Müller")]


def test_files_of_different_encodings(tmp_path: Path) -> None:
    """Rejects of files that one old encoding cannot hold together are UTF-8."""
    (tmp_path / "a.csv").write_bytes("id,v\n1,Müller\n".encode("cp1252"))
    (tmp_path / "b.csv").write_bytes("id,v\n2,東京\n".encode())
    source = open_source([tmp_path / "?.csv"], NONE, tmp_path / "scratch")
    write_rejects(source, every(source), tmp_path / "rejects.csv")
    assert (tmp_path / "rejects.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert cells(again(tmp_path, tmp_path / "rejects.csv")) == [("1", "Müller"), ("2", "東京")]


def test_lone_cr_source_gives_lines(tmp_path: Path) -> None:
    """Rejects of a file whose lines end in CR end theirs in LF and keep the cells."""
    source = opened(tmp_path, 'id;v\r1;"a\rb"\r')
    write_rejects(source, every(source), tmp_path / "r.csv")
    assert cells(again(tmp_path, tmp_path / "r.csv")) == [("1", "a\rb")]


def test_parquet_source_gives_csv_for_spreadsheets(tmp_path: Path) -> None:
    """Rejects of a typed source are CSV with commas, CRLF and a byte order mark."""
    pl.DataFrame({"id": [1, 2], "v": ["x", None]}).write_parquet(tmp_path / "d.parquet")
    source = open_source([tmp_path / "d.parquet"], NONE, tmp_path / "scratch")
    write_rejects(source, every(source), tmp_path / "r.csv")
    assert (tmp_path / "r.csv").read_bytes().startswith(b"\xef\xbb\xbfid,v,_record,")
    assert cells(again(tmp_path, tmp_path / "r.csv")) == [("1", "x"), ("2", None)]


def test_surplus_cells_travel_and_stay_a_problem(tmp_path: Path) -> None:
    """Cells beyond the columns are in the rejects file; unmended, they are a problem again."""
    source = opened(tmp_path, 'id,v\n1,x,"=y, z",w\n2,y\n3,"q"q\n')
    target = tmp_path / "r.csv"
    wrong = source.problems.lazy().select(*SCHEMA)
    assert write_rejects(source, wrong, target) == 2
    read = again(tmp_path, target)
    assert read.columns == ("id", "v")
    assert read.problems.select("_record", "_line", "_code", "_value").rows() == [
        (1, 2, "too_many_cells", '"=y, z",w'),
        (2, 3, "too_many_cells", '3,"q"q'),
    ]
    mended = target.read_text().replace('"""=y, z"",w"', "").replace('"3,""q""q"', "")
    assert mended != target.read_text()
    target.write_text(mended)
    assert again(tmp_path, target).problems.is_empty()


def test_surplus_of_a_rejects_file_itself(tmp_path: Path) -> None:
    """A ragged row in a rejects file that came back is one problem, not two."""
    source = opened(tmp_path, "id,v\n1,x,y\n")
    target = tmp_path / "r.csv"
    write_rejects(source, source.problems.lazy().select(*SCHEMA), target)
    target.write_text(target.read_text() + '5,6,"7",,,,,,,8\n')
    assert again(tmp_path, target).problems["_line"].to_list() == [2, 3]


def test_rejects_of_rejects(tmp_path: Path) -> None:
    """A rejects file rejected once more has our columns once, with its own record numbers."""
    source = opened(tmp_path, "id,v\n1,x\n2,=y\n")
    write_rejects(source, rejections((2, "v", "odd", "Odd.", "=y")), tmp_path / "r.csv")
    second = again(tmp_path, tmp_path / "r.csv")
    write_rejects(second, every(second), tmp_path / "r2.csv")
    header, row = (tmp_path / "r2.csv").read_text().splitlines()
    assert header == "id,v,_record,_line,_field,_code,_error,_value"
    assert row == "2,'=y,1,2,a,bad,'=wrong,'-x"


def test_the_rows_of_a_run_say_so_and_are_kept(tmp_path: Path) -> None:
    """``_run`` is the last column; what is kept for us has the cells as they were."""
    source = opened(tmp_path, "id,v,w\n1,x,\n2,=y,\n3,z,,more\n")
    target, kept = tmp_path / "r.csv", tmp_path / "r.parquet"
    wrong = rejections((2, "v", "odd", "Odd.", "=y"), (3, None, "long", "Long.", None))
    assert write_rejects(source, wrong, target, run="r-1", kept=kept) == 2
    header, *rows = csv.reader(io.StringIO(target.read_text()))
    assert header[-1] == "_run"
    assert [row[-1] for row in rows] == ["r-1", "r-1"]
    columns = ("_file", "_record", "_line", "id", "v", "_surplus", "_code")
    name = str(tmp_path / "deals.csv")
    assert pl.read_parquet(kept).select(columns).rows() == [
        (name, 2, 3, "2", "=y", None, "odd"),
        (name, 3, 4, "3", "z", "more", "long"),
    ]
    assert write_rejects(source, wrong.clear(), target, run="r-1", kept=kept) == 0
    assert pl.read_parquet(kept).is_empty()


def test_records_that_came_back_stand_where_they_did(tmp_path: Path) -> None:
    """What a rejects file says of its rows' origin can be read, and given back to them."""
    source = opened(tmp_path, "id,v\n1,x\n2,y,z\n3,w\n")
    target = tmp_path / "r.csv"
    write_rejects(source, every(source), target, run="r-1")
    read = again(tmp_path, target)
    marks = read.marks()
    assert marks is not None
    assert marks.rows() == [
        (1, 2, "1", "2", "r-1"),
        (2, 3, "2", "3", "r-1"),
        (3, 4, "3", "4", "r-1"),
    ]
    assert source.marks() is None
    schema = {"at": pl.Int64, "_file": pl.String, "_record": pl.Int64, "_line": pl.Int64}
    places = pl.DataFrame([(3, "a.csv", 33, 44), (2, "b.csv", 7, 8)], schema=schema, orient="row")
    moved = read.placed(places)
    assert moved.records == 2
    frame = moved.scan().select("id", "_file", "_record", "_line").collect()
    assert frame.rows() == [("2", "b.csv", 7, 8), ("3", "a.csv", 33, 44)]
    assert moved.problems.select("_file", "_record", "_line").rows() == [("b.csv", 7, 8)]


def test_a_source_may_have_columns_called_like_ours(tmp_path: Path) -> None:
    """Ours are the last ones of their names: a source's own _line comes back."""
    source = opened(tmp_path, "id,_line\n1,blue\n")
    write_rejects(source, every(source), tmp_path / "r.csv", run="r-1")
    read = again(tmp_path, tmp_path / "r.csv")
    assert read.headers == ("id", "_line")
    assert cells(read) == [("1", "blue")]


def test_order_is_the_sources(tmp_path: Path) -> None:
    """Rows come in the order of their records, whatever the order of the problems."""
    source = opened(tmp_path, "id,v\n" + "".join(f"{n},x\n" for n in range(1, 501)))
    write_rejects(source, every(source).reverse(), tmp_path / "r.csv")
    read = cells(again(tmp_path, tmp_path / "r.csv"))
    assert [row[0] for row in read] == [str(n) for n in range(1, 501)]


def test_problem_of_no_record_is_not_lost(tmp_path: Path) -> None:
    """A problem that names a record the source has not is an error, not a row less."""
    source = opened(tmp_path, "id,v\n1,x\n")
    with pytest.raises(ValueError, match="1 problems"):
        write_rejects(source, rejections((9, "v", "odd", "Odd.", "x")), tmp_path / "r.csv")
    assert not (tmp_path / "r.csv").exists()


def test_target_below_a_file(tmp_path: Path) -> None:
    """A folder that is a file is an error that names the target."""
    (tmp_path / "x").write_text("")
    with pytest.raises(InputError, match=r"r\.csv cannot be written"):
        write_table(pl.LazyFrame({"a": [1]}), tmp_path / "x" / "r.csv")


def test_an_error_inside_leaves_no_part(tmp_path: Path) -> None:
    """Whatever goes wrong while a file is written, neither it nor a part of it is there."""

    def write_half() -> None:
        with replacing(tmp_path / "a") as out:
            out.write(b"half")
            raise KeyError

    with pytest.raises(KeyError):
        write_half()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".ndjson"])
def test_tables_are_written_by_suffix(tmp_path: Path, suffix: str) -> None:
    """A frame written in any format is read back as the same text."""
    target = tmp_path / f"t{suffix}"
    frame = pl.LazyFrame({"id": ["007", "8"], "links": [["a", "b"], None], "n": [1, None]})
    write_table(frame, target)
    source = open_source([target], NONE, tmp_path / "scratch")
    joined = "a;b" if suffix == ".csv" else '["a", "b"]'
    assert cells(source) == [("007", joined, "1"), ("8", None, None)]


def test_unknown_suffix(tmp_path: Path) -> None:
    """A suffix we cannot write is refused with those we can."""
    with pytest.raises(InputError, match=r"none of \.csv, \.parquet, \.ndjson"):
        write_table(pl.LazyFrame({"a": [1]}), tmp_path / "t.xlsx")


def test_an_error_of_the_frame_is_no_full_disk(tmp_path: Path) -> None:
    """A frame that cannot be computed fails as itself."""
    frame = pl.LazyFrame({"a": ["x"]}).select(pl.col("a").str.to_integer())
    with pytest.raises(pl.exceptions.PolarsError):
        write_table(frame, tmp_path / "t.csv")
    assert list(tmp_path.iterdir()) == []
