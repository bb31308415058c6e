"""Whether somebody changed a record after we had written it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migrator.journal import Finished
    from migrator.model import Held

TOLERANCE = timedelta(minutes=2)
"""How far the CRM's clock may be from ours, and how long it may go on working on what we wrote."""


def changed_since(finished: Finished, held: Held) -> bool:
    """Whether the record was changed after we knew it written, as far as the CRM tells.

    Exact for a record that was verified: the CRM's own time of its last change is remembered.
    Otherwise two clocks are compared, with a tolerance.
    """
    if held.updated_at is None:
        return False
    if finished.seen_at is not None:
        return held.updated_at > finished.seen_at
    settled = finished.settled_at
    return settled is not None and held.updated_at > settled + TOLERANCE
