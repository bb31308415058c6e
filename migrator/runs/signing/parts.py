"""The smaller parts of a statement: maps, fields, files, settings, and what else was done."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migrator.model import ObjectType
from migrator.report.statement import (
    Download,
    FieldLine,
    Happened,
    Mapped,
    Setting,
)
from migrator.report.text import counted
from migrator.runs.figures import filled_records
from migrator.runs.signing.money import of_groups

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from migrator.journal import Family, Run
    from migrator.report import Report
    from migrator.report.statement import Verified
    from migrator.runs.figures import Figures, Group
    from migrator.runs.workspace import Workspace

_FILES = {
    "id_map.csv": "the source's key and the CRM's id of every record in the account",
    "rejects.csv": "rows that were turned down, with their reasons, to be mended and retried",
    "unsettled.csv": "rows of which only a person can find out whether they were written",
    "changes.csv": "every field that was to be changed, before and after",
    "missing.csv": "records that earlier runs loaded and the source has no more",
    "verify.csv": "every difference that reading back found, with its explanation",
    "reversed.csv": "what the undo has taken back",
    "kept.csv": "what the undo has left as it is, because it was changed since",
    "failed.csv": "what the undo could not take back",
    "plan.parquet": "every record with what was to become of it",
    "report.json": "the data of this page",
}
_ONCE = {"id_map.csv": "the source's key and the id that the record had before the undo"}
_ONLY_LISTED = {"rejects.csv", "unsettled.csv"}
"""Files that are there with their header alone when there is nothing to say."""

_PARENTS = {type.value for type in ObjectType}


def mapped(groups: Sequence[Group], users: Mapping[str, str]) -> tuple[Mapped, ...]:
    """What the source calls things, and what the template made of it; most rows first.

    ``users`` = who that is in the account, by the template's word.
    """
    by_value: dict[tuple[str, str], list[Group]] = {}
    for one in groups:
        source, target = one.values
        by_value.setdefault((source, target), []).append(one)
    lines = [
        Mapped(
            source,
            target,
            users.get(target, ""),
            sum(one.rows for one in of),
            sum(one.rows for one in of if one.rejected),
            of_groups(of),
        )
        for (source, target), of in by_value.items()
    ]
    return tuple(sorted(lines, key=lambda one: (-one.rows, one.source)))


def owners(figures: Figures | None, books: Report) -> tuple[Mapped, ...]:
    """The source's owners, and the users of the account who own the records now."""
    if figures is None:
        return ()
    labels = figures.labels.get("owner", {})
    users = {owner: labels.get(id_, f"id {id_}") for owner, id_ in books.owners.items()}
    return mapped(figures.owners, users)


def field_lines(
    workspace: Workspace,
    family: Family,
    books: Report,
    figures: Figures | None,
    verified: Verified | None,
) -> tuple[FieldLine, ...]:
    """How often each field is filled before and after, and which columns were not taken over."""
    if figures is None:
        return ()
    records, held = _held(workspace, family, books, verified)
    left_out: Mapping[str, str] = family.first.settings.get("left_out", {})
    origin = set(family.first.settings.get("origin", {}).values())
    lines = []
    for name, (columns, filled) in figures.fields.items():
        count = None
        if name in origin and held is not None:
            count = records if name == "key" else held.get(name, 0)
        note = f"left out: {left_out[name]}" if name in left_out else ""
        if name in _PARENTS:
            note = note or "links"
        elif name not in origin and not note:
            note = "part of another field over there"
        lines.append(FieldLine(columns, name, filled, figures.rows, count, records, note))
    used = {column for columns, _ in figures.fields.values() for column in columns}
    lines += [
        FieldLine((column,), "", filled, figures.rows, None, records, "not taken over")
        for column, filled in figures.columns.items()
        if column not in used
    ]
    return tuple(lines)


def _held(
    workspace: Workspace, family: Family, books: Report, verified: Verified | None
) -> tuple[int, dict[str, int] | None]:
    """Records in the account, and in how many of them each field is filled; None = not known."""
    if verified is not None:
        missing = verified.found.get("missing in the account", 0)
        return verified.checked - missing, dict(verified.fields)
    if books.rows["left"] or books.rows["unknown"] or books.undone_by:
        return 0, None
    records = 0
    held: Counter[str] = Counter()
    for run in family.runs:
        count, fields = filled_records(workspace.folder(run.id))
        records += count
        held.update(fields)
    return records, dict(held)


def downloads(workspace: Workspace, family: Family, books: Report) -> tuple[Download, ...]:
    """The files of a run, of its retries and of its undo, as they are seen from its folder."""
    listed = {Path(path).name for path in books.files.values()}
    others = [run.id for run in family.retries]
    if books.undone_by:
        others.append(books.undone_by)
    found = list(_files(workspace.folder(family.first.id), "", listed))
    if books.undone_by:
        found = [replace(one, what=_ONCE.get(one.name, one.what)) for one in found]
    for other in others:
        own = workspace.journal.run(other).settings.get("files", {}).values()
        names = {Path(path).name for path in own}
        found += _files(workspace.folder(other), f"../{other}/", names)
    return tuple(found)


def _files(folder: Path, prefix: str, listed: set[str]) -> Iterator[Download]:
    for name, what in _FILES.items():
        path = folder / name
        if path.is_file() and (name in listed or name not in _ONLY_LISTED):
            yield Download(name, prefix + name, _size(path), what)


def _size(path: Path) -> int | None:
    """What it takes on the disk; the data of the report cannot know that of themselves."""
    return None if path.suffix == ".json" else path.stat().st_size


def made_with(run: Run, title: str, figures: Figures | None) -> tuple[Setting, ...]:
    """What a run was planned with: enough to say whether another one is the same."""
    settings = run.settings
    request: Mapping[str, Any] = settings.get("request", {})
    found = {
        "Account": f"{title} {run.account}",
        "Account as planned for": f"fingerprint {run.account_fingerprint}",
        "Template": f"{run.template}, fingerprint {run.template_fingerprint}",
        "Source": ", ".join(Path(name).name for name in request.get("files", ())),
        "Source's SHA-256": run.source_fingerprint,
        "Planned at": run.created_at,
        "Version": f"migrator {figures.version}" if figures else "",
        "Read as": _pairs(request.get("options", {})),
        "Options of the CRM": _pairs(settings.get("vendor_options", {})),
        "Changes only": _narrow(request.get("narrow")),
        "Unchanged rows not asked about": "yes" if settings.get("changed_only") else "",
        "No key field": "yes" if settings.get("keyless") else "",
        "Mirror": _pairs(settings.get("mirror") or {}),
        "Decided over whole columns": _answers(settings.get("answers", {})),
    }
    return tuple(Setting(name, value) for name, value in found.items() if value)


def _narrow(narrow: Mapping[str, Any] | None) -> str:
    if narrow is None:
        return ""
    return f"{', '.join(narrow['only']) or 'all fields'}, records found by {narrow['match']}"


def _pairs(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {_said(value)}" for name, value in options.items() if value)


def _said(value: Any) -> str:  # noqa: ANN401 - any JSON data
    return " or ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _answers(answers: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    texts = (
        f"{field}: {_pairs(arguments)}"
        for field, steps in answers.items()
        for arguments in steps.values()
        if _pairs(arguments)
    )
    return "; ".join(texts)


def history(
    workspace: Workspace, family: Family, books: Report, verified: Verified | None
) -> tuple[Happened, ...]:
    """Retries, deletions, verification and undo, by time."""
    found = [Happened(family.first.created_at, f"run {family.first.id} was planned")]
    if books.written_from and books.written_to:
        found.append(Happened(books.written_from, "the first records were written"))
        found.append(Happened(books.written_to, "the last records were written"))
    retries = {run.id: run for run in family.retries}
    for retry in books.retries:
        rows = ", ".join(f"{count:,} {name}" for name, count in retry.rows.items())
        what = f"retry {retry.run} took on {counted(retry.source_rows, 'row', 'rows')}: {rows}"
        found.append(Happened(retries[retry.run].created_at, what))
    if books.deleted:
        told = counted(books.deleted, "record", "records")
        what = f"deleted: {told} that the source has no more"
        found.append(Happened(books.written_to or family.first.created_at, what))
    if verified is not None:
        result = "everything agreed or was explained" if verified.agrees else "it did not agree"
        told = counted(verified.checked, "record was", "records were")
        what = f"{told} read back and compared: {result}"
        found.append(Happened(verified.at, what))
    if books.undone_by:
        undo = workspace.journal.run(books.undone_by)
        found.append(Happened(undo.created_at, f"taken back by {undo.id}"))
    return tuple(sorted(found, key=lambda one: one.at))
