"""What became of a run that was taken back, as its undo's books say."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrator.journal import Retries, RunState
from migrator.model import Action, ObjectType, OpState
from migrator.report import counted
from migrator.report.sums import MoneyTally
from migrator.runs.signing.verified import read_verification

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from migrator.journal import Family, Finished, Run
    from migrator.report.sums import Placed, Sum
    from migrator.runs.workspace import Workspace

BACK = "back"
FATES = (BACK, "kept", "failed", "waiting", "untouched")
"""What becomes of a row that a run had written or found: it is taken ``back`` (or was gone
already), ``kept`` because somebody changed it, ``failed`` to be taken back, is ``waiting`` for an
undo that was stopped to go on, or was ``untouched`` by the run."""

_WORDS = {
    Action.DELETE: ("was deleted again", "were deleted again"),
    Action.UPDATE: ("was restored to what it was", "were restored to what they were"),
    Action.UNLINK: ("was unlinked", "were unlinked"),
}
_STAYS = {
    "kept": (
        "stays, because it was changed since or others use it",
        "stay, because they were changed since or others use them",
    ),
    "failed": ("could not be taken back", "could not be taken back"),
}
_PARENTS = ("contact or company", "contacts and companies")


@dataclass
class Remains:
    """What an undo has left of a run.

    Attributes:
        rows: of the source, by fate.
        sums: their money.
        placed: what is in the account still, by its stages.
    """

    rows: Counter[str] = field(default_factory=Counter)
    sums: list[Sum] = field(default_factory=list)
    placed: list[Placed] = field(default_factory=list)


def remains_of(workspace: Workspace, family: Family, undo_id: str, rows: int) -> Remains:
    """What an undo has left of a run and its retries; ``rows`` = of their source."""
    fate = _Fate(workspace, workspace.journal.run(undo_id), rows)
    origin: Mapping[str, str] = family.first.settings.get("origin", {})
    stage = next((name for name, of in origin.items() if of == "stage"), "")
    tally = MoneyTally()
    found = Remains()
    states = {OpState.WRITTEN, OpState.UNCHANGED}
    for _, finished in Retries(workspace.journal).finished(family, states):
        op = finished.op
        if op.place is None:
            continue
        what = fate.of(finished)
        found.rows[what] += 1
        tally.add(op.facts, what, None if what == BACK else op.properties.get(stage) or "")
    found.sums, found.placed = tally.sums(), tally.placed()
    return found


class _Fate:
    """What an undo has done about single rows."""

    def __init__(self, workspace: Workspace, undo: Run, rows: int) -> None:
        folder = workspace.folder(undo.id)
        own = undo.settings["types"][0]
        self._over = undo.state is RunState.FINISHED
        self._stay = {
            name: {key for type, key in _listed(folder, name) if type == own} for name in _STAYS
        }
        # A bit a row and no set of keys: of a long undo that was stopped there are many.
        self._done = bytearray(rows + 1)
        if not self._over:
            for finished in workspace.journal.finished(undo.id, {OpState.WRITTEN}):
                place = finished.op.place
                if place is not None and place.record <= rows:
                    self._done[place.record] = 1

    def of(self, finished: Finished) -> str:
        """One of ``FATES``."""
        op = finished.op
        if op.state is OpState.UNCHANGED:
            return "untouched"
        for name, keys in self._stay.items():
            if op.key in keys:
                return name
        record = op.place.record if op.place else 0
        return BACK if self._over or self._done[record : record + 1] == b"\1" else "waiting"


def _listed(folder: Path, name: str) -> Iterator[tuple[str, str]]:
    """Type and key of each line of one of the undo's lists."""
    path = folder / f"{name}.csv"
    if not path.exists():
        return
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            yield row["type"], row["key"]


def taken_back(workspace: Workspace, undo_id: str) -> str:
    """In words, for the verdict."""
    undo = workspace.journal.run(undo_id)
    own = ObjectType(undo.settings["types"][0])
    text = "; ".join(_done(workspace, undo, own)) or "nothing was changed yet"
    if undo.state is not RunState.FINISHED:
        return f"{text}; it is not finished (migrator resume {undo_id})."
    verified = read_verification(workspace, undo)
    if verified is None or not verified.current:
        return f"{text}; not verified yet (migrator verify {undo_id})."
    agrees = "every field agrees" if verified.agrees else "NOT everything agrees"
    return f"{text}; verified on {verified.at[:10]} {verified.at[11:16]} UTC: {agrees}."


def _done(workspace: Workspace, undo: Run, own: ObjectType) -> Iterator[str]:
    """What was done about the run's records, and about those made for them, apart."""
    done: dict[bool, Counter[Action]] = {True: Counter(), False: Counter()}
    for (type, action, state), count in workspace.journal.counts(undo.id).items():
        if state is OpState.WRITTEN:
            done[type is own][action] += count
    folder = workspace.folder(undo.id)
    stay = {name: set(_listed(folder, name)) for name in _STAYS}
    for ours, names in ((True, ("record", "records")), (False, _PARENTS)):
        parts = [
            counted(count, f"{names[0]} {_WORDS[action][0]}", f"{names[1]} {_WORDS[action][1]}")
            for action, count in done[ours].items()
        ]
        if ours and undo.settings.get("gone"):
            parts.append(counted(undo.settings["gone"], "was gone already", "were gone already"))
        for name, words in _STAYS.items():
            count = sum((type == own) is ours for type, _ in stay[name])
            if count:
                parts.append(counted(count, *words))
        if parts:
            yield ", ".join(parts)
