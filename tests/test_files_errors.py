"""What cannot be read is said so: which file, where in it, and what to do."""

from __future__ import annotations

import gzip
import io
import os
import tempfile
import zipfile
from pathlib import Path

import polars as pl
import pytest
import zstandard

from migrator.errors import InputError, SourceError
from migrator.files import ReadOptions, Source, open_source

NONE = ReadOptions()
NOBODY = 65_534


def opened(
    folder: Path, content: str | bytes, name: str = "deals.csv", options: ReadOptions = NONE
) -> Source:
    """The source that a file of this content is."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return open_source([path], options, folder / "scratch")


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("none.csv", r"none\.csv: no such file"),
        ("none/*.csv", r"none/\*\.csv: no file matches"),
        (".", r"is a folder, not a file.*/\*\.csv"),
        ("deals.csv/x.csv", r"cannot be read: Not a directory"),
    ],
)
def test_no_file(tmp_path: Path, pattern: str, message: str) -> None:
    """A name that leads to no file is repeated in the error, with the way out."""
    (tmp_path / "deals.csv").write_text("id\n1\n")
    with pytest.raises(InputError, match=message):
        open_source([tmp_path / pattern], NONE, tmp_path / "scratch")


def test_nothing_named(tmp_path: Path) -> None:
    """No pattern at all is an error, and so is standard input where there is none."""
    with pytest.raises(SourceError, match="No file was named"):
        open_source([], NONE, tmp_path)
    with pytest.raises(SourceError, match="there is none to read"):
        open_source(["-"], NONE, tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"the file is empty \(0 bytes\)"),
        (b"\n\r\n;;\n", "nothing but blank lines"),
        (b"\xef\xbb\xbf", "nothing but blank lines"),
        (b"id,v\n", r"column names but no records \(id, v\)"),
        (b"id,v\n,\n", "column names but no records"),
        (b'"id,v\n1,2\n', "line 1: the quotation marks of the header do not match"),
        (gzip.compress(b"", mtime=0), "there is nothing inside this gzip file"),
        (
            gzip.compress(b"id,v\n1,2\n" * 99, mtime=0)[:-9],
            "this gzip file is cut short or damaged",
        ),
        (b"\x1f\x8b\x00\x00garbage", "this gzip file is cut short or damaged"),
        (zstandard.compress(b"id,v\n1,2\n" * 99)[:-3], "this zstd file is cut short or damaged"),
        (b"\x28\xb5\x2f\xfd\xff\xff\xffgarbage", "this zstd file is cut short or damaged"),
        (b"%PDF-1.7 ...", "is a PDF document, not a table"),
        (b"\x89PNG\r\n\x1a\n", "is a PNG image"),
        (b"\xff\xd8\xff\xe0", "is a JPEG image"),
        (b"<!DOCTYPE html><html>", "is an HTML or XML page"),
        (b'[{"id": 1}]', "one JSON array, not NDJSON"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", r"a workbook of the old \.xls kind"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "protected by a password",
        ),
        (b"PK\x03\x04 cut", "workbook or zip archive is cut short"),
        (b"\x00\x01\x02\xff\xfe\x80" * 50, "is not a text file"),
        (b"\x00" * 50, "is not a text file"),
        (b"\x00\xff" * 9 + b"id,v\n" * 90, "is not a text file"),
    ],
)
def test_not_a_table(tmp_path: Path, content: bytes, message: str) -> None:
    """Empty, damaged and foreign files are named for what they are."""
    with pytest.raises(SourceError, match=message):
        opened(tmp_path, content)


def test_zip_archive(tmp_path: Path) -> None:
    """A zip archive that is no workbook is to be unpacked."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("deals.csv", "id\n1\n")
    with pytest.raises(SourceError, match="is a zip archive"):
        opened(tmp_path, packed.getvalue())


def test_workbook_without_content(tmp_path: Path) -> None:
    """A workbook whose inside is missing is refused by name."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    with pytest.raises(SourceError, match="this workbook cannot be read"):
        opened(tmp_path, packed.getvalue(), "deals.xlsx")


@pytest.mark.parametrize("name", ["deals.parquet", "deals.xlsx"])
def test_name_and_content_disagree(tmp_path: Path, name: str) -> None:
    """A file that is not what its name says is not guessed at."""
    with pytest.raises(SourceError, match="the name says"):
        opened(tmp_path, "id,v\n1,2\n", name)


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_truncated_parquet(tmp_path: Path, keep: float) -> None:
    """Half a Parquet file is refused as a whole."""
    whole = io.BytesIO()
    pl.DataFrame({"id": range(1000)}).write_parquet(whole)
    content = whole.getvalue()
    with pytest.raises(SourceError, match="Parquet file is cut short or damaged"):
        opened(tmp_path, content[: int(len(content) * keep)], "deals.parquet")


def test_byte_that_stands_for_nothing(tmp_path: Path) -> None:
    """A byte that cp1252 does not know is named by its line, with the option to use."""
    with pytest.raises(SourceError, match=r"line 3: byte 0x81 stands for no character.*--encoding"):
        opened(tmp_path, b"id,v\n1,\xe9\n2,\x81\n")


def test_damaged_utf8_is_not_read_as_something_else(tmp_path: Path) -> None:
    """One bad byte among good UTF-8 accents does not garble the others."""
    content = "id,v\n1,é\n2,ü\n".encode() + b"3,\xff\n"
    with pytest.raises(SourceError, match=r"line 4: byte 0xFF is not UTF-8, although 2 other"):
        opened(tmp_path, content)
    told = opened(tmp_path, content, options=ReadOptions(encoding="cp1252"))
    assert told.records == 3


def test_told_encoding_does_not_fit(tmp_path: Path) -> None:
    """Bytes that the told encoding cannot have are named by their line."""
    with pytest.raises(SourceError, match=r"line 2: byte 0xE9 .* in utf-8 \(as told\)"):
        opened(tmp_path, b"id,v\n1,\xe9\n", options=ReadOptions(encoding="utf8"))
    with pytest.raises(SourceError, match=r"line 2: byte 0xE9 .* in utf-8 \(by its byte order"):
        opened(tmp_path, b"\xef\xbb\xbfid,v\n1,\xe9\n")
    with pytest.raises(SourceError, match="utf-16-le"):
        opened(tmp_path, "id,v\n1,x\n".encode("utf-16")[:-1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ReadOptions(encoding="base64"), 'no text encoding "base64"'),
        (ReadOptions(encoding="latin-99"), 'no text encoding "latin-99"'),
        (ReadOptions(format="xls"), 'no format "xls"; say one of csv, parquet, xlsx, ndjson'),
        (ReadOptions(delimiter="||"), "cannot be the delimiter"),
        (ReadOptions(delimiter="§"), "cannot be the delimiter"),
        (ReadOptions(header_line=9), "has only 2 lines; the header was looked for in line 9"),
    ],
)
def test_options_that_cannot_be(tmp_path: Path, options: ReadOptions, message: str) -> None:
    """An option that names nothing is refused with what can be said."""
    with pytest.raises(SourceError, match=message):
        opened(tmp_path, "id,v\n1,2\n", options=options)


def test_not_ndjson(tmp_path: Path) -> None:
    """Lines without an object are no NDJSON, and neither are bytes that are not UTF-8."""
    with pytest.raises(SourceError, match="no line is a JSON object"):
        opened(tmp_path, "id,v\n", "deals.ndjson")
    with pytest.raises(SourceError, match=r"is not UTF-8, as NDJSON must be \(byte 0xE9"):
        opened(tmp_path, b'{"id": "\xe9"}\n', "deals.ndjson")
    with pytest.raises(SourceError, match="no line is a JSON object"):
        opened(tmp_path, "[1]\n", options=ReadOptions(format="ndjson"))


def test_files_with_other_columns(tmp_path: Path) -> None:
    """A file that lacks a column or has one more is refused, with the likely pair."""
    (tmp_path / "a.csv").write_text("id,Amount\n1,2\n")
    (tmp_path / "b.csv").write_text("id,Ammount\n1,2\n")
    (tmp_path / "c.csv").write_text("id\n1\n")
    both = r'lacks "Amount" and has "Ammount" besides\. Did you mean "Ammount"'
    with pytest.raises(SourceError, match=both):
        open_source([tmp_path / "a.csv", tmp_path / "b.csv"], NONE, tmp_path / "s")
    with pytest.raises(SourceError, match=r'it lacks "Amount"\. Files read together'):
        open_source([tmp_path / "a.csv", tmp_path / "c.csv"], NONE, tmp_path / "s")
    with pytest.raises(SourceError, match=r'it has "Amount" besides\.'):
        open_source([tmp_path / "c.csv", tmp_path / "a.csv"], NONE, tmp_path / "s")


def test_unreadable_file() -> None:
    """A file without permission to read it is named as such."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "scratch").mkdir()
        (folder / "scratch").chmod(0o777)
        folder.chmod(0o755)
        path = folder / "deals.csv"
        path.write_text("id\n1\n")
        path.chmod(0)
        user = os.geteuid()
        if user == 0:
            os.seteuid(NOBODY)
        try:
            with pytest.raises(SourceError, match=r"deals\.csv: no permission to read it"):
                open_source([path], NONE, folder / "scratch")
        finally:
            os.seteuid(user)


def test_scratch_that_cannot_be(tmp_path: Path) -> None:
    """A scratch folder that is a file is named."""
    (tmp_path / "scratch").write_text("")
    with pytest.raises(InputError, match=r"scratch: no working copies can be made there"):
        opened(tmp_path, "id\n1\n")
