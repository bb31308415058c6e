"""Links of written records to their parents, where they do not go with the record."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.model import Action, OpState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.journal import Settled
    from migrator.vendors.base import Vendor


def needs_link(vendor: Vendor, settled: Settled) -> bool:
    """Whether a written record's links are still to be made."""
    op = settled.op
    if settled.state is not OpState.WRITTEN or not op.links or op.action is Action.UNLINK:
        return False
    return not (vendor.capabilities.links_on_create and op.action is Action.CREATE)


async def linked(vendor: Vendor, settled: Sequence[Settled]) -> list[Settled]:
    """Link written records to their parents.

    One whose links are refused is written all the same, with the refusal as its message.
    """
    to_link = [replace(s.op, id=s.id) for s in settled if s.state is OpState.WRITTEN and s.op.links]
    outcomes = await vendor.link(to_link) if to_link else []
    refused = {o.key: o for o in outcomes if o.state is OpState.REFUSED}
    return [
        replace(s, code="link_refused", message=refused[s.op.key].message)
        if s.op.key in refused
        else s
        for s in settled
    ]
