"""How many requests a plan takes: batches to write, and batches to link what is there."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from migrator.model import KEY_FIELD, Action, ObjectType
from migrator.vendors.hubspot.calls import BATCH
from migrator.vendors.hubspot.imports import POLLS, ROWS
from migrator.vendors.hubspot.links import KINDS
from migrator.vendors.hubspot.setup import KEYED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.model import Shape


_MAY_ONLY_LINK = frozenset({Action.UPDATE, Action.UNLINK})


def _is_alone(shape: Shape) -> bool:
    """Whether each op is a batch of its own: a create that carries no key."""
    keyless = shape.type in KEYED and KEY_FIELD not in shape.names
    return keyless and shape.action is Action.CREATE


def requests(
    shapes: Mapping[Shape, int], files: frozenset[Shape] = frozenset(), *, v1_links: bool = False
) -> int:
    """Requests for so many ops of each shape.

    Creates carry their links; one without a key is a request of its own. An update is linked, or
    parted, by a request for each hundred parents of a type, and where one parent is the primary
    one, records are asked a hundred at a time whether they have one already. By the v1 associations
    it is one request for each deal and type of parent. ``files`` are written by imports.
    """
    batches: Counter[object] = Counter()
    singly = _of_files({shape: count for shape, count in shapes.items() if shape in files})
    for shape, count in shapes.items():
        if _is_alone(shape):
            singly += count
        elif shape not in files and (shape.names or shape.action not in _MAY_ONLY_LINK):
            batches[shape.type, shape.action] += count
        if shape.action not in _MAY_ONLY_LINK:
            continue  # its links go with it
        if v1_links and shape.type is ObjectType.DEALS:
            singly += count * len(set(shape.links))
        else:
            batches.update(_of_links(shape, count))
    return singly + sum(-(-count // BATCH) for count in batches.values())


def _of_links(shape: Shape, count: int) -> Counter[object]:
    """Links to make or to take off, and records to ask for their primary parent."""
    found: Counter[object] = Counter()
    for parent in shape.links:
        found[shape.action, "links", shape.type, parent] += count
    for parent in set(shape.links) if shape.action is Action.UPDATE else ():
        if KINDS[shape.type, parent].has_primary:
            found["primary", shape.type, parent] += count
    return found


def _of_files(shapes: Mapping[Shape, int]) -> int:
    """Requests of imports: a file, looks, complaints and a sample, for each set of properties."""
    rows: Counter[tuple[ObjectType, frozenset[str]]] = Counter()
    for shape, count in shapes.items():
        rows[shape.type, shape.names] += count
    return sum(-(-count // ROWS) for count in rows.values()) * (POLLS + 3)
