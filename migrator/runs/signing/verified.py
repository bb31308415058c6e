"""What the last verify of a run found, kept in its folder until something is written again."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from migrator.files.output import replacing
from migrator.journal import family_of
from migrator.report.statement import Beside, Heap, Verified, added

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from migrator.journal import Family, Journal, Run
    from migrator.runs.verification import Verification
    from migrator.runs.workspace import Workspace

FILE = "verification.json"
"""File in the folder of the run, or of the first one of its family."""


def keep_verification(
    workspace: Workspace, run: Run, result: Verification, origin: Mapping[str, str]
) -> None:
    """Keep what reading a run back has found, with what the run stood at by then.

    ``origin`` = the vendor's fields to the canonical ones.
    """
    family = family_of(workspace.journal, run)
    data = {
        "at": workspace.clock.now().isoformat(),
        "agrees": result.agrees,
        "checked": result.checked,
        "same": result.same,
        "found": {name: count for name, count in _found(result).items() if count},
        "fields": {origin[name]: n for name, n in result.filled.items() if name in origin},
        "sums": [
            (
                *(one.dimension, one.value, one.currency, one.ours, one.held),
                *(str(one.ours_amount), str(one.held_amount)),
            )
            for one in result.sums
        ],
        "stages": [(*names, rows, str(amount)) for *names, rows, amount in result.stages],
        "stood": _standing(workspace.journal, family),
    }
    with replacing(workspace.folder(family.first.id) / FILE) as out:
        out.write(json.dumps(data, ensure_ascii=False).encode())


def _found(result: Verification) -> dict[str, int]:
    return {
        "differ without an explanation": result.differing,
        "missing in the account": len(result.missing),
        "in the account more than once": len(result.doubled),
        "in the account though turned down": len(result.intruders),
        "links missing": result.unlinked,
        "not written yet": result.left,
        "contacts and companies not created yet": result.parents_left,
        "changed in the account since the run": result.changed,
        "written without something that the CRM refused": result.partly,
    }


def _standing(journal: Journal, family: Family) -> dict[str, int]:
    """How many ops of each run stand where: it differs as soon as anything was written."""
    return {
        f"{run.id} {type} {action} {state}": count
        for run in family.runs
        for (type, action, state), count in sorted(journal.counts(run.id).items())
    }


def read_verification(workspace: Workspace, run: Run) -> Verified | None:
    """What the last verify of a run's family found; None when there was none."""
    family = family_of(workspace.journal, run)
    data = _read(workspace.folder(family.first.id) / FILE)
    if data is None:
        return None
    return Verified(
        at=data["at"],
        current=data["stood"] == _standing(workspace.journal, family),
        agrees=data["agrees"],
        checked=data["checked"],
        same=data["same"],
        found=data["found"],
        fields=data["fields"],
        sums=tuple(map(_beside, data["sums"])),
        stages=_stages(data["stages"]),
    )


def _stages(data: Sequence[Any]) -> dict[str, Heap]:
    heaps: dict[str, Heap] = {}
    for stage, currency, rows, amount in data:
        heap = heaps.get(stage, Heap())
        money = added((heap.money, {currency: Decimal(amount)}))
        heaps[stage] = Heap(heap.rows + rows, money)
    return heaps


def _beside(data: Sequence[Any]) -> Beside:
    dimension, value, currency, ours, held, amount, held_amount = data
    amounts = Decimal(amount), Decimal(held_amount)
    return Beside(dimension, value, currency, ours, held, *amounts)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) and "stood" in data else None
