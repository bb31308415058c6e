"""How many requests a plan takes: batches to write, and batches to link what is there."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from migrator.model import Action
from migrator.vendors.hubspot.calls import BATCH
from migrator.vendors.hubspot.links import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.model import Shape


def requests(shapes: Mapping[Shape, int]) -> int:
    """Requests for so many ops of each shape.

    Creates carry their links. An update is linked by a request for each hundred parents of a type,
    and where one parent is the primary one, records are asked a hundred at a time whether they
    have one already.
    """
    batches: Counter[object] = Counter()
    for shape, count in shapes.items():
        if shape.names or shape.action is not Action.UPDATE:
            batches[shape.type, shape.action] += count
        if shape.action is Action.CREATE:
            continue
        for parent in shape.links:
            batches["links", shape.type, parent] += count
        for parent in set(shape.links):
            if KINDS[shape.type, parent].has_primary:
                batches["primary", shape.type, parent] += count
    return sum(-(-count // BATCH) for count in batches.values())
