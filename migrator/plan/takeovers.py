"""What becomes of deals of the account that rows are made one with.

Somebody has won, lost or moved them; a file may open them again, which is to be told beforehand.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.model import KEY_FIELD, DealStatus
from migrator.plan.compare import differences, to_write
from migrator.plan.likeness import told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.model import Account, Encoded, Held, Record
    from migrator.plan.intent import Intent, Plan
    from migrator.vendors.base import Vendor

_TOLD = 5
"""So many of them are named."""

_CLOSED = frozenset({DealStatus.WON.value, DealStatus.LOST.value})


class Takeovers:
    """What becomes of deals of the account that rows are made one with: their place and status."""

    def __init__(self, vendor: Vendor, account: Account, intent: Intent, plan: Plan) -> None:
        self._vendor = vendor
        self._account = account
        self._policy = intent.on_conflict
        self._plan = plan

    def note(self, record: Record, encoded: Encoded, held: Held) -> None:
        """Count what a takeover does to a deal that somebody closed, or wherever it stands."""
        differing = differences(self._vendor, record.type, encoded.properties, held)
        changed = to_write(encoded.properties, encoded.origin, differing, self._policy)
        before = self._vendor.decode(held, self._account)
        later = replace(held, properties={**held.properties, **changed})
        after = self._vendor.decode(later, self._account)
        what = _moved(before, after, changed=bool(changed.keys() - {KEY_FIELD}))
        if what is None:
            return
        plan = self._plan
        plan.moved[what] += 1
        examples = plan.moves.setdefault(what, [])
        if len(examples) < _TOLD:
            becomes = f": {_standing(before)} -> {_standing(after)}" if what != "changed" else ""
            examples.append(f"record {held.id} {told(before)}{becomes}")


def _moved(before: Mapping[str, str], after: Mapping[str, str], *, changed: bool) -> str | None:
    """The worst that happens to a deal; None = nothing that anybody would ask about."""
    was, becomes = before.get("status", ""), after.get("status", "")
    if was in _CLOSED and becomes not in _CLOSED:
        return "reopened"
    if was != becomes and becomes in _CLOSED:
        return "closed"
    if any(before.get(name) != after.get(name) for name in ("pipeline", "stage")):
        return "moved"
    return "changed" if was in _CLOSED and changed else None


def _standing(values: Mapping[str, str]) -> str:
    """Status and stage of a deal, with its pipeline."""
    place = " of ".join(values[name] for name in ("stage", "pipeline") if values.get(name))
    return ", ".join(part for part in (values.get("status", ""), place) if part) or "nowhere"
