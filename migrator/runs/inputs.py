"""Template and files in; prepared records and rejections out."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import polars as pl

from migrator.files import ReadOptions, Source, open_source, write_rejects
from migrator.prepare import MEMBERS, Prepared, prepare
from migrator.template import Template, load_template

PROBLEMS, TURNED_DOWN = "problems.ndjson", "turned_down.ndjson"
"""Files in a run's folder, one problem a line: of the check against the account, and of records
that were refused or parked."""

_SCHEMA = {
    "_record": pl.Int64,
    "_field": pl.String,
    "_code": pl.String,
    "_error": pl.String,
    "_value": pl.String,
}


@dataclass(frozen=True)
class Request:
    """What a user asked to load: a template, files and how to read them."""

    template: str
    files: tuple[str, ...]
    options: ReadOptions = field(default_factory=ReadOptions)
    stdin: BinaryIO | None = None


@dataclass(frozen=True)
class Reasons:
    """Why rows were rejected: how many per code, and the first row that has it."""

    codes: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Inputs:
    """A request, read and prepared."""

    request: Request
    template: Template
    source: Source
    prepared: Prepared
    folder: Path

    def rejections(self) -> pl.LazyFrame:
        """Problems of records: from their rows' own rules, the account, and the CRM's refusals."""
        return pl.concat([pl.scan_parquet(self.prepared.rejections), *self._of_records()])

    def _of_records(self) -> list[pl.LazyFrame]:
        """Problems of whole records, which may be several rows."""
        files = [self.folder / name for name in (PROBLEMS, TURNED_DOWN)]
        return [
            pl.scan_ndjson(file, schema=_SCHEMA)
            for file in files
            if file.exists() and file.stat().st_size
        ]

    def _of_rows(self) -> pl.LazyFrame:
        """Problems of rows: a record made of several rows comes back with all of them."""
        problems = self._of_records()
        if self.prepared.merged:
            members = pl.scan_parquet(self.folder / MEMBERS)
            others = members.filter(pl.col("_record") != pl.col("_first"))
            problems += [
                others.join(frame.rename({"_record": "_first"}), on="_first").select(*_SCHEMA)
                for frame in problems
            ]
        return pl.concat([pl.scan_parquet(self.prepared.rejections), *problems])

    def reasons(self) -> Reasons:
        """Rejected rows by code of their first problem, each with an example."""
        first = self.rejections().unique("_record", keep="first", maintain_order=True)
        by_code = first.group_by("_code").agg(
            pl.len(), pl.col("_record", "_field", "_error").sort_by("_record").first()
        )
        reasons = Reasons()
        for code, count, record, column, error in by_code.collect().iter_rows():
            reasons.codes[code] = count
            told = column and not error.startswith(column)
            reasons.examples[code] = f"record {record}: {column + ': ' if told else ''}{error}"
        return reasons

    def write_rejects(self, target: Path) -> int:
        """Write ``rejects.csv``: the original rows with what is wrong with them."""
        return write_rejects(self.source, self._of_rows(), target)


def read_inputs(request: Request, folder: Path) -> Inputs:
    """Open the files, load the template, prepare all rows into ``folder``.

    Raises:
        InputError: the files or the template are wrong, or do not belong together.
    """
    request = _kept(request, folder)
    template = load_template(request.template)
    source = open_request(request, template, folder)
    prepared = prepare(template, source.scan(), source.columns, folder, source.problems)
    return Inputs(request, template, source, prepared, folder)


def _kept(request: Request, folder: Path) -> Request:
    """The request in a form that a resume can read again: full paths, standard input in a file."""
    files = [_kept_file(name, request.stdin, folder) for name in request.files]
    template = Path(request.template)
    name = str(template.resolve()) if template.is_file() else request.template
    return replace(request, template=name, files=tuple(files), stdin=None)


def _kept_file(name: str, stdin: BinaryIO | None, folder: Path) -> str:
    if name != "-":
        return str(Path(name).absolute())
    target = folder / "standard-input"
    if stdin is not None:
        with target.open("wb") as copy:
            shutil.copyfileobj(stdin, copy)
    return str(target.absolute())


def open_request(request: Request, template: Template, folder: Path) -> Source:
    """The files of a request; what the user says about them goes before the template's word."""
    asked = {name: value for name, value in asdict(request.options).items() if value}
    from_template = {name: value for name, value in template.files.model_dump().items() if value}
    options = replace(ReadOptions(), **(from_template | asked))
    return open_source(request.files, options, folder)
