"""Rows of which only a person can find out what became: listed, asked about, answered."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.errors import InputError, did_you_mean
from migrator.model import Action

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from migrator.journal import Journal, Unknown
    from migrator.runs.workspace import Workspace

FILE = "unsettled.csv"
"""In a run's folder: one line per row, with a column for the answer."""

NOT_WRITTEN = "no"
"""What to answer for a record that is not in the account; otherwise its id there."""

_COLUMNS = ("type", "key", "answer", "look_for", "sent_at", "file", "record", "line")


@dataclass(frozen=True)
class Answered:
    """What a person told about a run.

    Attributes:
        written: keys of records that are in the account; not_written: of those that are not.
        left: what is still unknown.
    """

    written: tuple[str, ...]
    not_written: tuple[str, ...]
    left: tuple[Unknown, ...]


def write_unsettled(journal: Journal, run_id: str, target: Path) -> int:
    """Write the list of unknown rows; no file is left when there are none.

    Answers that stand in it already and were not noted yet stay there: a person may have filled in
    half of it when the run is resumed.
    """
    unknown = journal.unknown(run_id)
    filled = _filled_in(target)
    target.unlink(missing_ok=True)
    if not unknown:
        return 0
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(_COLUMNS)
        for one in unknown:
            op, place = one.op, one.op.place
            where = (place.file, place.record, place.line) if place else ("", "", "")
            sent = one.sent_at.isoformat(timespec="seconds")
            given = filled.get(f"{op.type}:{op.key}", "")
            writer.writerow([op.type, op.key, given, one.message, sent, *where])
    return len(unknown)


def _filled_in(path: Path) -> dict[str, str]:
    """The answers in a list of before; none where it cannot be read."""
    try:
        found = read_answers(path) if path.exists() else {}
    except InputError:
        return {}
    return {key: id_ or NOT_WRITTEN for key, id_ in found.items()}


def read_answers(path: Path) -> dict[str, str | None]:
    """The answers in a list that a person filled in: key to id, or to None for "not written".

    Rows without an answer are left out.

    Raises:
        InputError: it is no such list.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} cannot be read: {error}. Name a {FILE} saved as UTF-8."
        ) from error
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    if not {"type", "key", "answer"} <= set(rows.fieldnames or ()):
        raise InputError(f"{path} has no columns type, key and answer, as a {FILE} has.")
    answers = {}
    for row in rows:
        answer = (row["answer"] or "").strip()
        if answer:
            refuted = answer.casefold() == NOT_WRITTEN
            answers[f"{row['type']}:{row['key']}"] = None if refuted else answer
    return answers


def answer(workspace: Workspace, run_id: str, answers: Mapping[str, str | None]) -> Answered:
    """Record what a person found out: key (or ``type:key``) to id; None = it is not there.

    All answers are taken, or none. Only of what was to be created a load takes a person's word; all
    else is sent once more, which does no harm.

    Raises:
        InputError: a key is none of the run's unknown ones, or is one of several kinds of record;
            or an id is another record's.
    """
    journal = workspace.journal
    unknown = journal.unknown(run_id)
    chosen = [(_the_one(unknown, run_id, key), id_) for key, id_ in answers.items()]
    _ensure_one_each(journal, run_id, chosen)
    created = Action.CREATE
    journal.answered(
        run_id, [(one.op, id_ if one.op.action is created else None) for one, id_ in chosen]
    )
    left = journal.unknown(run_id)
    write_unsettled(journal, run_id, workspace.folder(run_id) / FILE)
    return Answered(
        written=tuple(one.op.key for one, id_ in chosen if id_),
        not_written=tuple(one.op.key for one, id_ in chosen if not id_),
        left=tuple(left),
    )


def _ensure_one_each(
    journal: Journal, run_id: str, chosen: Sequence[tuple[Unknown, str | None]]
) -> None:
    """Refuse a record that is told to be two rows': one of them would be missing unnoticed."""
    for one, _ in chosen:
        if len({id_ for other, id_ in chosen if other == one}) > 1:
            raise InputError(f'"{one.op.key}" is answered twice and unlike. Nothing was noted.')
    for type in dict.fromkeys(one.op.type for one, _ in chosen):
        told = [(one.op.key, id_) for one, id_ in chosen if id_ and one.op.type == type]
        ids = [id_ for _, id_ in told]
        holders = journal.holders_of(run_id, type, ids)
        for key, id_ in told:
            others = {*holders.get(id_, ()), *(k for k, other in told if other == id_)} - {key}
            if others:
                raise InputError(
                    f'Record {id_} of {type} is that of "{min(others)}" already, so it cannot be '
                    f'that of "{key}" too. Nothing was noted; look again which record is whose.'
                )
        before = journal.memory.holders_before(run_id, type, ids)
        for key, id_ in told:
            if id_ in before:
                other, run = before[id_]
                raise InputError(
                    f'Record {id_} of {type} is that of "{other}", which run {run} wrote, so it '
                    f'cannot be what run {run_id} made of "{key}". Nothing was noted; look again.'
                )


def _the_one(unknown: Sequence[Unknown], run_id: str, key: str) -> Unknown:
    found = [one for one in unknown if key in {one.op.key, f"{one.op.type}:{one.op.key}"}]
    if len(found) == 1:
        return found[0]
    if found:
        names = " or ".join(f"{one.op.type}:{one.op.key}" for one in found)
        raise InputError(f'"{key}" is the key of several records of run {run_id}: write {names}.')
    keys = [one.op.key for one in unknown]
    known = f" Unknown are: {', '.join(keys[:10])}." if keys else " Nothing of it is unknown."
    raise InputError(
        f'Run {run_id} has no record "{key}" whose outcome is unknown.{did_you_mean(key, keys)}'
        f"{known}"
    )
