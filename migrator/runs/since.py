"""Whether somebody changed a record after we had written it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from migrator.journal import Finished
    from migrator.model import Held

TOLERANCE = timedelta(minutes=2)
"""How far the CRM's clock may be from ours, and how long it may go on working on what we wrote."""


AT_ONCE = timedelta(minutes=15)
"""How long after it was written, by our own clock, a record counts as verified right after."""


def changed_since(finished: Finished, held: Held, planned: datetime | None = None) -> bool:
    """Whether the record was changed after we knew it written, as far as the CRM tells.

    Exact for a record that was verified: the CRM's own time of its last change is remembered.
    Otherwise two clocks are compared, with a tolerance. Of what a plan found unchanged we know when
    that was ``planned``.
    """
    if held.updated_at is None:
        return False
    if finished.seen_at is not None:
        return held.updated_at > finished.seen_at
    known = finished.settled_at or planned
    return known is not None and held.updated_at > known + TOLERANCE


def as_we_left_it(finished: Finished, held: Held, now: datetime) -> bool:
    """Whether a record that says what we wrote may be remembered as it is now.

    Somebody may have worked on it in other fields, and an undo must not take that for ours. Only
    right after it was written nobody had the time, and the two clocks may be wrong instead.
    """
    if not changed_since(finished, held):
        return True
    settled = finished.settled_at
    return finished.seen_at is None and settled is not None and now - settled <= AT_ONCE
