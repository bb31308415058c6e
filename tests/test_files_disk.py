"""A full disk: an error that names the path, and nothing half written that looks whole."""

from __future__ import annotations

import gzip
import io
import resource
from contextlib import contextmanager
from typing import TYPE_CHECKING

import polars as pl
import pytest
import zstandard

from migrator.errors import InputError
from migrator.files import REJECT_COLUMNS, ReadOptions, open_source, write_rejects, write_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NONE = ReadOptions()


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """The system refuses to let any file grow beyond ``size`` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("name", ["out.csv", "out.parquet", "out.ndjson"])
def test_full_disk_leaves_nothing_half_done(tmp_path: Path, name: str) -> None:
    """On a full disk the old file stays, no part is left, and the error names the path."""
    target = tmp_path / name
    target.write_text("before")
    values = [f"{n * 7919 % 100_003}-{n}" for n in range(100_000)]
    frame = pl.LazyFrame({"id": values})
    with full_disk(50_000), pytest.raises(InputError, match=name):
        write_table(frame, target)
    assert target.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_full_disk_while_writing_rejects(tmp_path: Path) -> None:
    """A rejects file is there in full or not at all."""
    path = tmp_path / "deals.csv"
    path.write_text("id,v\n" + "".join(f"{n},xxxxxxxxx\n" for n in range(2000)))
    source = open_source([path], NONE, tmp_path / "scratch")
    wrong = pl.LazyFrame({"_record": range(1, 2001)}, schema={"_record": pl.Int64}).with_columns(
        pl.lit("odd").alias(name) for name in REJECT_COLUMNS[2:]
    )
    with full_disk(30_000), pytest.raises(InputError, match=r"r\.csv cannot be written"):
        write_rejects(source, wrong, tmp_path / "r.csv")
    assert not list(tmp_path.glob("*r.csv*"))


@pytest.mark.parametrize("kind", ["gzip", "zstd", "cp1252", "multi-line", "standard input"])
def test_scratch_disk_full(tmp_path: Path, kind: str) -> None:
    """A disk that is full while a working copy is made is an error that names the copy."""
    text = "id,v\n" + "".join(f"{n},{n * 7919 % 100_003}é\n" for n in range(50_000))
    content = {
        "gzip": gzip.compress(text.encode()),
        "zstd": zstandard.compress(text.encode()),
        "cp1252": text.encode("cp1252"),
        "multi-line": f'{text}1,"a\nb"\n'.encode(),
        "standard input": text.encode(),
    }[kind]
    path = tmp_path / "deals"
    path.write_bytes(content)
    named = "-" if kind == "standard input" else path
    with full_disk(20_000), pytest.raises(InputError, match=r"(working|unpacked) copy .*written"):
        open_source([named], NONE, tmp_path / "scratch", io.BytesIO(content))
