"""How many requests a plan takes, per quota: files with polls and reading back, or singles."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from migrator.model import KEY_FIELD, Action, ObjectType
from migrator.vendors.brevo.schema import ACTIVITIES, KEYED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.model import Shape
    from migrator.vendors.brevo.options import BrevoOptions

FILE = 10_000
"""Rows of one import file: none is documented as too many; reading back so many takes ten pages.
Rows of more than 2 kB on average take more files than are counted here: see ``files.MOST``."""

CONTACTS = 5_000
"""Contacts of one import, whose body must stay below 8 MB."""

DELETES = 500

POLLS = 3
"""Polls of an import that takes as long as they usually do: after 2, 6 and 14 seconds."""


def requests(shapes: Mapping[Shape, int], options: BrevoOptions) -> dict[str, int]:
    """Requests per bucket for so many ops of each shape.

    Changes that clear something go by files of their own, one for each choice of fields. A create
    without a key is written and looked at by itself, and a deal is parted from all its parents by
    one request.
    """
    writes: Counter[tuple[ObjectType, Action]] = Counter()
    clearing: Counter[tuple[ObjectType, frozenset[str]]] = Counter()
    found = Counter({"": 0, "contacts": 0})
    links = 0
    for shape, count in shapes.items():
        keyless = shape.type in KEYED and KEY_FIELD not in shape.names
        if shape.type in ACTIVITIES:
            found[""] += count * _activity(shape)
        elif shape.action is Action.UNLINK:
            found[""] += count
        elif shape.action is Action.CREATE and keyless:
            found[""] += 2 * count
        elif shape.clears and shape.type in KEYED:
            clearing[shape.type, shape.names] += count
        elif shape.names or shape.action is not Action.UPDATE:
            writes[shape.type, shape.action] += count
        if shape.action is Action.UPDATE and shape.links and shape.type not in ACTIVITIES:
            links += count
    found[""] += _linking(links, options)
    for count in clearing.values():
        found[""] += sum(_file(rows, options) for rows in _rows(count))
    for (type, action), count in writes.items():
        found.update(_writing(type, action, count, options))
    return dict(found)


def _activity(shape: Shape) -> int:
    """Requests for one note or task: looked at when a field was cleared, read before it is linked.

    A create carries its links.
    """
    if shape.action is Action.UNLINK:
        return 2
    if shape.action is not Action.UPDATE:
        return 1
    return bool(shape.names) + bool(shape.clears) + 2 * bool(shape.links)


def _rows(count: int) -> list[int]:
    """The rows of each file that so many take."""
    files, rest = divmod(count, FILE)
    return [FILE] * files + ([rest] if rest else [])


def _file(rows: int, options: BrevoOptions) -> int:
    """Uploading, waiting and reading back."""
    return 1 + POLLS + -(-rows // options.page)


def _writing(type: ObjectType, action: Action, count: int, options: BrevoOptions) -> dict[str, int]:
    contacts = type is ObjectType.CONTACTS
    bucket = "contacts" if contacts else ""
    if action is Action.DELETE:
        return {bucket: count}
    if contacts and action is Action.UPDATE:
        return {bucket: 2 * count}  # written and looked at
    size = CONTACTS if contacts else FILE
    files, rest = divmod(count, size)
    rows = [size] * files + ([rest] if rest >= options.import_from else [])
    # A single one is written and looked at; a contact is known by the answer.
    singles = (rest if rest < options.import_from else 0) * (1 if contacts else 2)
    pages = sum(-(-n // options.page) for n in rows)
    if contacts:
        listing = 1 if rows else 0
        return {"contacts": listing + len(rows) + pages + singles, "": POLLS * len(rows)}
    return {"": len(rows) * (1 + POLLS) + pages + singles}


def _linking(count: int, options: BrevoOptions) -> int:
    """Links of deals that are there: a file and reading back, or two requests each."""
    files, rest = divmod(count, FILE)
    rows = [FILE] * files + ([rest] if rest >= options.import_from else [])
    singles = 0 if rest >= options.import_from else 2 * rest
    return sum(1 + POLLS + -(-n // options.page) for n in rows) + singles
