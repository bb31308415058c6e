"""What has to be known of all pages before the file can be made: one look at each row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrator.export.columns import LINKS, ids_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from migrator.export.spool import Spool
    from migrator.model import ObjectType


@dataclass
class Survey:
    """What the rows of an export have in common.

    Attributes:
        type: of the records.
        names: of everything that any row has.
        shared: keys that several records have, such as a deal and a copy that somebody made of it.
        linked: ids of the records that any of them is linked to, by type.
    """

    type: ObjectType
    names: set[str] = field(default_factory=set)
    shared: set[str] = field(default_factory=set)
    linked: dict[ObjectType, set[str]] = field(default_factory=dict)


def surveyed(type: ObjectType, spool: Spool, left_out: Collection[str] = ()) -> Survey:
    """Look at all rows of a spool but for those of the records that are ``left_out``, by id."""
    found = Survey(type, linked={link: set() for link in LINKS[type]})
    columns = [(ids_of(link), ids) for link, ids in found.linked.items()]
    keys: set[str] = set()
    for row in spool.rows():
        if row["id"] in left_out:
            continue
        found.names.update(row)
        key = row["key"]
        (found.shared if key in keys else keys).add(key)
        for column, ids in columns:
            ids.update(row.get(column, ()))
    return found
