"""How many requests a plan takes: batches to write, and batches to link what is there."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from migrator.model import Action, ObjectType
from migrator.vendors.hubspot.calls import BATCH
from migrator.vendors.hubspot.links import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.model import Shape


def requests(shapes: Mapping[Shape, int], *, v1_links: bool = False) -> int:
    """Requests for so many ops of each shape.

    Creates carry their links. An update is linked by a request for each hundred parents of a type,
    and where one parent is the primary one, records are asked a hundred at a time whether they
    have one already. By the v1 associations it is one request for each deal and type of parent.
    """
    batches: Counter[object] = Counter()
    singly = 0
    for shape, count in shapes.items():
        if shape.names or shape.action is not Action.UPDATE:
            batches[shape.type, shape.action] += count
        if shape.action is Action.CREATE:
            continue
        if v1_links and shape.type is ObjectType.DEALS:
            singly += count * len(set(shape.links))
            continue
        for parent in shape.links:
            batches["links", shape.type, parent] += count
        for parent in set(shape.links):
            if KINDS[shape.type, parent].has_primary:
                batches["primary", shape.type, parent] += count
    return singly + sum(-(-count // BATCH) for count in batches.values())
