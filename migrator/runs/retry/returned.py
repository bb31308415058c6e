"""A rejects file that somebody edited: found, copied, read, and the run it belongs to."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import polars as pl

from migrator.errors import InputError, SourceError
from migrator.files import ReadOptions, Source, open_source
from migrator.journal import family_of
from migrator.prepare import MEMBERS, prepare
from migrator.runs.inputs import (
    Inputs,
    Request,
    as_narrow,
    narrow_of,
    with_decisions,
    with_existing,
)
from migrator.runs.signs import signs_of
from migrator.template import load_template

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.journal import Run
    from migrator.runs.workspace import Workspace

PLACES, OBJECTIONS = "places.parquet", "objections.parquet"
"""Files in a retry's folder: where each record of the edited file is from, and what is wrong with
records beyond what the template says."""

OBJECTION = {
    "_record": pl.Int64,
    "_field": pl.String,
    "_code": pl.String,
    "_error": pl.String,
    "_value": pl.String,
}
_SHOWN = 5
OURS = (
    "Take the file as migrator wrote it, edit its other columns, and leave those that begin with "
    "an underscore as they are"
)
"""The way out when our columns were tampered with."""


@dataclass(frozen=True)
class Asked:
    """What a user asked to retry.

    Attributes:
        file: the edited file, ``-`` = standard input.
        run: the run it belongs to, if the file shall not say so itself.
        template: another template than the run's.
        options: how to read the file.
    """

    file: str
    run: str | None = None
    template: str | None = None
    options: ReadOptions = field(default_factory=ReadOptions)
    stdin: BinaryIO | None = None


@dataclass(frozen=True)
class Returned:
    """An edited file whose run is known.

    Attributes:
        marks: see :meth:`Source.marks`.
        run: the first of the family that it is from.
        folder: of the retry.
    """

    request: Request
    source: Source
    marks: pl.DataFrame
    run: Run
    folder: Path

    @property
    def name(self) -> str:
        """The file's name, as the user wrote it."""
        return self.source.names[0]


def open_returned(workspace: Workspace, asked: Asked, folder: Path) -> Returned:
    """Copy the edited file into a retry's folder, read it there, and find the run it is from.

    Raises:
        InputError: it cannot be read, is no rejects file, or does not say of which run.
    """
    copy = _copied(asked, folder)
    source = _opened(copy, asked.options, folder, asked.file)
    marks = source.marks()
    if marks is None:
        raise InputError(
            f"{asked.file} is no rejects file of a run: it lacks the column _record, or _run and "
            f"others that begin with an underscore. {OURS}; or load it as any other file with "
            "`migrator run`."
        )
    found = workspace.journal.run(asked.run or _run_named(asked.file, marks))
    first = family_of(workspace.journal, found).first
    if "prepared" not in first.settings:
        raise InputError(
            f"Run {first.id} loaded no file, so it has no rows to retry. Name the run that "
            "turned them down (`migrator status` lists them)."
        )
    given = first.settings["request"]
    template = given["template"]
    if asked.template:
        path = Path(asked.template)
        template = str(path.resolve()) if path.is_file() else asked.template
    request = Request(
        template,
        (str(copy),),
        asked.options,
        narrow=narrow_of(given),
        decisions=given.get("decisions"),
    )
    return Returned(request, source, marks, first, folder)


def _copied(asked: Asked, folder: Path) -> Path:
    """The edited file under a name of ours: it is read again when the retry is resumed."""
    copy = (folder / "edited").with_suffix(Path(asked.file).suffix)
    try:
        if asked.file == "-" and asked.stdin is not None:
            with copy.open("wb") as out:
                shutil.copyfileobj(asked.stdin, out)
        else:
            shutil.copyfile(asked.file, copy)
    except OSError as error:
        raise SourceError(
            f"{asked.file}: it cannot be read or copied to {folder}: {error.strerror or error}. "
            "Check the spelling and the access rights, and that there is space left."
        ) from error
    return copy.absolute()


def _opened(copy: Path, options: ReadOptions, folder: Path, name: str) -> Source:
    """The copy as a source that is called by the name of the original."""
    try:
        source = open_source([copy], options, folder)
    except SourceError as error:
        raise SourceError(str(error).replace(str(copy), name)) from error
    return replace(source, tables=tuple(replace(table, name=name) for table in source.tables))


def _run_named(name: str, marks: pl.DataFrame) -> str:
    """The run that the file itself says it is from."""
    runs = marks["_run"].drop_nulls().str.strip_chars().unique(maintain_order=True).to_list()
    if not runs:
        raise InputError(
            f"{name} does not say of which run it is: its column _run is missing or blank. Name "
            "the run with --run (`migrator status` lists them); rejects of `migrator check` belong "
            "to none, load them with `migrator run`."
        )
    if len(runs) > 1:
        raise InputError(
            f"{name} has rows of {len(runs)} runs ({', '.join(runs[:_SHOWN])}). Retry each run's "
            "rows from a file of their own."
        )
    return str(runs[0])


def without_columns(source: Source, names: Sequence[str]) -> Source:
    """A source without some of its columns."""
    kept = [
        (column, header)
        for column, header in zip(source.columns, source.headers, strict=True)
        if column not in names
    ]
    return replace(
        source,
        columns=tuple(column for column, _ in kept),
        headers=tuple(header for _, header in kept),
    )


def read_returned(returned: Returned) -> Inputs:
    """The inputs of a retry, by what its folder says of the places of its records."""
    folder = returned.folder
    given = load_template(returned.request.template)
    template = with_decisions(given, returned.request.decisions)
    template = with_existing(template, returned.request.existing)
    source = returned.source.placed(pl.read_parquet(folder / PLACES))
    request, template = as_narrow(returned.request, template, source.columns)
    objections = pl.read_parquet(folder / OBJECTIONS)
    problems = pl.concat([source.problems.select(*OBJECTION), objections])
    (folder / MEMBERS).unlink(missing_ok=True)
    answers = returned.run.settings.get("answers")
    scan, columns = source.scan(), source.columns
    prepared = prepare(template, scan, columns, folder, problems, answers)
    return Inputs(request, template, source, prepared, folder, signs_of(template, source))


def read_again(workspace: Workspace, retry: Run, request: Request) -> Inputs:
    """The inputs of a retry that was planned before."""
    folder = workspace.folder(retry.id)
    name = request.files[0]
    source = _opened(Path(name), request.options, folder, name)
    columns = retry.settings["columns"]
    source = without_columns(source, [c for c in source.columns if c not in columns])
    first = workspace.journal.run(retry.settings["retry_of"])
    return read_returned(Returned(request, source, pl.DataFrame(), first, folder))
