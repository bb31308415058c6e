"""Writes a run's report when its books have changed; that it fails is said and harms nothing."""

from __future__ import annotations

import os
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from migrator import __version__
from migrator.errors import InputError
from migrator.files.output import replacing
from migrator.journal import family_of
from migrator.report.statement import statement_json
from migrator.runs.figures import keep_figures
from migrator.runs.signing.building import statement_of
from migrator.runs.signing.verified import keep_verification

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migrator.journal import Run
    from migrator.report import Report
    from migrator.report.statement import Statement
    from migrator.runs.inputs import Inputs
    from migrator.runs.target import Session
    from migrator.runs.verification import Verification
    from migrator.runs.workspace import Workspace

_T = TypeVar("_T")

PAGE, DATA = "report.html", "report.json"
"""Files in a run's folder."""


def after_plan(workspace: Workspace, run: Run, session: Session) -> None:
    """Note what a plan has cost that waits to be written, for the report of the run.

    Where the same session goes on to write, its requests are noted as those of the load.
    """
    session.note_requests(workspace.folder(run.id), "write")
    session.keep_requests()


def after_load(
    workspace: Workspace, run: Run, books: Report, session: Session, inputs: Inputs
) -> str | None:
    """Write the report of a run that has loaded, or had to stop; the path of its page.

    ``books`` are the run's, with the state that it is to have. A retry's figures are counted too,
    and its run's report is written anew.
    """
    session.keep_requests()

    def work() -> str:
        keep_figures(inputs, session.labels(), __version__)
        return _family(workspace, run, books)

    return _harmlessly(workspace, run, work) if workspace.pages else None


def after_verify(
    workspace: Workspace,
    run: Run,
    session: Session,
    result: Verification,
    origin: Mapping[str, str],
) -> str | None:
    """Keep what a verify has found, and write the report with it; the path of its page."""
    session.keep_requests()
    _harmlessly(workspace, run, partial(keep_verification, workspace, run, result, origin))
    return renew(workspace, run.settings.get("undoes", run.id))


def renew(workspace: Workspace, run_id: str) -> str | None:
    """Write the report of a run once more; the path of its page, None where none is wanted."""
    if not workspace.pages:
        return None
    run = workspace.journal.run(run_id)
    return _harmlessly(workspace, run, partial(_family, workspace, run))


def write_page(workspace: Workspace, run: Run, target: Path) -> None:
    """Write the page of a run's report somewhere else; it links to the files in the run's folder.

    Of an undo, the page of the run that it takes back.

    Raises:
        InputError: it cannot be written there, or the file that is there is no page.
    """
    if target.is_file() and not _is_page(target):
        raise InputError(
            f"{target} is there already and is no page of a report; nothing was written. Name "
            "another file with --html."
        )
    run = workspace.journal.run(run.settings.get("undoes", run.id))
    folder = workspace.folder(family_of(workspace.journal, run).first.id)
    way = Path(os.path.relpath(folder, target.parent)).as_posix()
    _write_text(target, _page(statement_of(workspace, run), way))


def _family(workspace: Workspace, run: Run, books: Report | None = None) -> str:
    """Write the report of a run, and of the run that it is a retry of, if it is one."""
    first = family_of(workspace.journal, run).first
    if first.id != run.id:
        _write(workspace, first, statement_of(workspace, first))
    return _write(workspace, run, statement_of(workspace, run, books))


def _write(workspace: Workspace, run: Run, statement: Statement) -> str:
    """Write the report of a run into its folder: data first, so that the page may fail alone."""
    folder = workspace.folder(run.id)
    first = family_of(workspace.journal, run).first.id
    _write_text(folder / DATA, statement_json(statement) + "\n")
    _write_text(folder / PAGE, _page(statement, "." if first == run.id else f"../{first}"))
    return str(folder / PAGE)


def _page(statement: Statement, folder: str) -> str:
    """The page; what it is made with is imported when there is one to be made."""
    made: str = import_module("migrator.report.page").page(statement, folder)
    return made


def _is_page(path: Path) -> bool:
    begin = b"<!doctype html>"
    with path.open("rb") as file:
        return file.read(len(begin)).lower() == begin


def _write_text(target: Path, text: str) -> None:
    with replacing(target) as out:
        out.write(text.encode())


def _harmlessly(workspace: Workspace, run: Run, work: Callable[[], _T]) -> _T | None:
    """Whatever goes wrong with a report, the run itself has done what it has done."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - see above
        workspace.say(
            f"The report of run {run.id} could not be written: {error}. The run itself is not "
            f"affected; `migrator report {run.id} --html FILE` tries again."
        )
        return None
