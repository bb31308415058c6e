"""What a person is to look for, where nothing tells what became of a create."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.model import UNKNOWN, OpState, Outcome
from migrator.vendors.shared.problems import ONE_OF

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.model import Op, Sent

NO_KEY = "the account has no field that keeps the source key"
"""Why most such creates cannot be found again."""

_NAMED = 10
"""Ids that a message names at most."""


def unknown(
    one: Sent,
    vendor: str,
    name: str,
    there: Sequence[str] | None,
    *,
    why: str = NO_KEY,
    also: str = "",
) -> Outcome:
    """The outcome of a create of which a person has to find out what became.

    Args:
        one: the create as it was sent.
        vendor: in prose.
        name: by which a person finds such a record.
        there: ids of the records of that name; None = they were not looked for.
        why: why nothing tells.
        also: what else to know, as a sentence.
    """
    told = f" {also}" if also else ""
    message = (
        f"its answer was lost, and {why}, so that nothing tells whether it was created. Look in "
        f'{vendor} for a {ONE_OF[one.op.type]} "{name}"{_looks(one.op)}, created about '
        f"{one.at:%Y-%m-%d %H:%M} UTC.{_there(there)}{told}"
    )
    return Outcome(one.op.key, OpState.SENT, None, UNKNOWN, message)


def _looks(op: Op) -> str:
    """What else a person can tell it by."""
    facts = op.facts
    amount = " ".join(facts[name] for name in ("amount", "currency") if name in facts)
    place = " / ".join(facts[name] for name in ("pipeline", "stage") if name in facts)
    return (f" of {amount}" if "amount" in facts else "") + (f" in {place}" if place else "")


def _there(ids: Sequence[str] | None) -> str:
    if ids is None:
        return ""
    if not ids:
        return " None of that name is there now."
    more = ", ..." if len(ids) > _NAMED else ""
    named = ", ".join(ids[:_NAMED]) + more
    count = "1 of that name is" if len(ids) == 1 else f"{len(ids)} of that name are"
    return f" {count} there now (id{'s' * (len(ids) > 1)} {named})."
