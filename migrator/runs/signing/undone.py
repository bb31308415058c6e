"""What became of a run that was taken back, as its undo's books say."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from migrator.journal import RunState
from migrator.model import Action, OpState
from migrator.runs.signing.verified import read_verification

if TYPE_CHECKING:
    from migrator.runs.workspace import Workspace

_WORDS = {
    Action.DELETE: "deleted again",
    Action.UPDATE: "restored to what they were",
    Action.UNLINK: "unlinked",
}


def taken_back(workspace: Workspace, undo_id: str) -> str:
    """In words, for the verdict."""
    journal = workspace.journal
    undo = journal.run(undo_id)
    own = undo.settings["types"][0]
    done: Counter[Action] = Counter()
    for (type, action, state), count in journal.counts(undo_id).items():
        if state is OpState.WRITTEN and type == own:
            done[action] += count
    parts = [f"{count:,} records were {_WORDS[action]}" for action, count in done.items() if count]
    settings = undo.settings
    for name, words in (
        ("gone", "were gone already"),
        ("kept_records", "stay, because they were changed since or are used by others"),
        ("failed_records", "could not be taken back"),
    ):
        if settings.get(name):
            parts.append(f"{settings[name]:,} {words}")
    text = ", ".join(parts) or "nothing was changed yet"
    if undo.state is not RunState.FINISHED:
        return f"{text}; it is not finished (migrator resume {undo_id})."
    verified = read_verification(workspace, undo)
    if verified is None or not verified.current:
        return f"{text}; not verified yet (migrator verify {undo_id})."
    agrees = "every field agrees" if verified.agrees else "NOT everything agrees"
    return f"{text}; verified on {verified.at[:10]} {verified.at[11:16]} UTC: {agrees}."
