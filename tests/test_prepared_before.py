"""A resume takes prepared records as they are only if they are those of the very same inputs."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import polars as pl
import pytest

from migrator.runs import prepared_before
from migrator.runs.inputs import Request, read_inputs
from migrator.runs.prepared_before import FILE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from migrator.runs.inputs import Inputs

TEMPLATE = """
name: small
key: {from: Id}
fields:
  name: {from: Name, rules: [required]}
  close_date: {from: Close, transform: [date]}
"""
ROWS = "Id,Name,Close\n1,One,2026-02-28\n2,,2026-03-31\n3,Three,\n"


@pytest.fixture
def request_(tmp_path: Path) -> Request:
    """A template and a file, and a folder for the run."""
    (tmp_path / "small.yaml").write_text(TEMPLATE)
    (tmp_path / "deals.csv").write_text(ROWS)
    (tmp_path / "run").mkdir()
    return Request(str(tmp_path / "small.yaml"), (str(tmp_path / "deals.csv"),))


def marked(folder: Path) -> Callable[[], bool]:
    """Put a mark beside the records of a run; whether they were made anew since."""
    before = (
        (folder / "records.parquet").stat().st_ino,
        (folder / "records.parquet").stat().st_mtime_ns,
    )

    def made_anew() -> bool:
        found = (folder / "records.parquet").stat()
        return (found.st_ino, found.st_mtime_ns) != before

    return made_anew


def told(inputs: Inputs) -> tuple[object, ...]:
    """All that is said of prepared rows, as plain data, and the records themselves."""
    records = pl.read_parquet(inputs.prepared.records).to_dicts()
    rejected = inputs.rejections().collect().to_dicts()
    said = {**asdict(inputs.prepared), "records": "", "rejections": ""}
    return json.loads(json.dumps(said)), records, rejected


def test_what_was_prepared_is_taken_as_it_is(request_: Request, tmp_path: Path) -> None:
    """The same inputs say the same the second time, from the records that are there."""
    folder = tmp_path / "run"
    first = told(read_inputs(request_, folder))
    made_anew = marked(folder)
    assert told(read_inputs(request_, folder)) == first
    assert not made_anew()


CHANGES: dict[str, Callable[[Path], object]] = {
    "a letter of the file": lambda at: (at / "deals.csv").write_text(ROWS.replace("One", "Ons")),
    "the template": lambda at: (at / "small.yaml").write_text(
        TEMPLATE.replace(", rules: [required]", "")
    ),
    "the records": lambda at: pl.DataFrame({"key": ["9"]}).write_parquet(
        at / "run/records.parquet"
    ),
    "no records": lambda at: (at / "run/records.parquet").unlink(),
    "no rejections": lambda at: (at / "run/rejections.parquet").unlink(),
    "half a note": lambda at: (at / "run" / FILE).write_text('{"of": '),
    "another note": lambda at: (at / "run" / FILE).write_text("[]"),
    "another version": lambda at: _edit(at / "run" / FILE, migrator="0.0.1"),
}


def _edit(path: Path, **changes: str) -> None:
    data = json.loads(path.read_text())
    path.write_text(json.dumps({**data, "of": data["of"] | changes}))


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_is_other_is_prepared_again(
    change: str, request_: Request, tmp_path: Path
) -> None:
    """A changed source, template, version or record is seen, and nothing of before is believed."""
    folder = tmp_path / "run"
    read_inputs(request_, folder)
    CHANGES[change](tmp_path)
    made_anew = marked(folder) if (folder / "records.parquet").exists() else lambda: True
    found = told(read_inputs(request_, folder))
    assert made_anew()
    other = tmp_path / "other"
    other.mkdir()
    fresh = told(read_inputs(request_, other))
    assert found[1:] == fresh[1:]


@pytest.mark.parametrize("part", [64, 1 << 25])
def test_each_byte_of_the_records_counts(
    part: int, request_: Request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records that were changed anywhere are not believed, in however many parts they are read."""
    monkeypatch.setattr(prepared_before, "_PART", part)
    folder = tmp_path / "run"
    read_inputs(request_, folder)
    records = folder / "records.parquet"
    good = records.read_bytes()
    middle = len(good) // 2
    others = [
        *(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :] for at in (0, 64, middle)),
        good[:-1] + bytes([good[-1] ^ 1]),
        good + b"\0",
        good[:-1],
        good[64:128] + good[:64] + good[128:],
        b"",
    ]
    for other in others:
        records.write_bytes(other)
        made_anew = marked(folder)
        read_inputs(request_, folder)
        assert made_anew()
        assert records.read_bytes() == good


def test_other_options_are_other_inputs(request_: Request, tmp_path: Path) -> None:
    """The same bytes read otherwise are not the same rows."""
    folder = tmp_path / "run"
    read_inputs(request_, folder)
    made_anew = marked(folder)
    read_inputs(replace(request_, options=replace(request_.options, encoding="latin-1")), folder)
    assert made_anew()
