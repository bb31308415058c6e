"""A record of an account as a row of an export, and what the columns are."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl

from migrator.model import CUSTOM_PREFIX, FIELDS, ID_FIELDS, ObjectType, Reference
from migrator.model import LINKS as PARENTS
from migrator.transforms.cells import joined, labelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from migrator.model import Account, Held
    from migrator.vendors.base import Vendor

Names = dict[ObjectType, dict[str, str]]
"""What linked records are called in an export, by type and id."""

_FIELDS = {
    **FIELDS,
    ObjectType.CONTACTS: ("email", "first_name", "last_name", "phone", "owner", "created_at"),
    ObjectType.COMPANIES: ("name", "domain", "phone", "owner", "description", "created_at"),
}
"""Canonical fields by type, in the order of the columns."""

LINKS = {
    **PARENTS,
    ObjectType.CONTACTS: (ObjectType.COMPANIES,),
    ObjectType.COMPANIES: (ObjectType.CONTACTS,),
}
"""Links that an export tells of, by type; deals are told where the other side has them."""

_INSTANTS = ("created_at", "updated_at")
_AMOUNT = pl.Decimal(38, 6)
_FITS = r"^-?\d{1,30}(\.\d{1,6})?$"


@cache
def labels_of(type: ObjectType) -> str:
    """Name of the column with what people call the links to records of a type.

    >>> labels_of(ObjectType.COMPANIES)
    'company_labels'
    """
    return f"{type.singular}_labels"


@cache
def ids_of(type: ObjectType) -> str:
    """Name of the column with ids of linked records.

    >>> ids_of(ObjectType.COMPANIES)
    'company_ids'
    """
    return f"{type.singular}_ids"


def row_of(held: Held, account: Account, vendor: Vendor) -> dict[str, Any]:
    """A record as it is put down: ``id``, columns as text, links as lists of ids, labels by id.

    ``key`` is the record's own; one that has none is called by its reference, so that it can be
    told from all others wherever it goes.
    """
    reference = str(Reference(account.vendor, account.id, held.type, held.id))
    row: dict[str, Any] = {"id": held.id, "record": reference, "key": held.key or reference}
    row |= vendor.decode(held, account)
    if held.updated_at is not None:
        row["updated_at"] = held.updated_at.isoformat().replace("+00:00", "Z")
    for type in LINKS[held.type]:
        row[ids_of(type)] = list(held.links.get(type, ()))
        if labels := held.labels.get(type):
            row[labels_of(type)] = {id_: list(some) for id_, some in labels.items()}
    return row


def columns_of(type: ObjectType, found: Iterable[str]) -> list[str]:
    """The columns of an export, of those ``found`` in its rows, in their order.

    Those of labels are there only where a link has one: most accounts know nothing of labels.
    """
    there = set(found)
    ids = [name for name in ID_FIELDS if type is ObjectType.DEALS or name == "owner_id"]
    links = LINKS[type]
    labels = [name for link in links if (name := labels_of(link)) in there]
    known = ["record", "key", *_FIELDS[type], *ids, *links, *labels]
    known += [ids_of(link) for link in links]
    rest = sorted(there - {*known, "id", "updated_at"})
    own = [name for name in rest if name.startswith(CUSTOM_PREFIX)]
    others = [name for name in rest if not name.startswith(CUSTOM_PREFIX)]
    return [*known, *others, "updated_at", *own]


def frame_of(
    type: ObjectType, rows: Iterable[Mapping[str, Any]], columns: Iterable[str], names: Names
) -> pl.DataFrame:
    """Rows as a frame of text, their links by name.

    A linked record without a name (a contact without an address) is told by its id alone.
    """
    given = [_named(type, row, names) for row in rows]
    return pl.DataFrame(given, schema=dict.fromkeys(columns, pl.String), orient="row")


def _named(type: ObjectType, row: Mapping[str, Any], names: Names) -> dict[str, Any]:
    found = dict(row)
    for link in LINKS[type]:
        ids = found.pop(ids_of(link), ())
        known = names.get(link, {})
        found[link.value] = joined(dict.fromkeys(known[id_] for id_ in ids if id_ in known)) or None
        found[ids_of(link)] = joined(ids) or None
        if labels := found.pop(labels_of(link), None):
            pairs = [(known.get(id_, id_), one) for id_, some in labels.items() for one in some]
            found[labels_of(link)] = labelled(pairs)
    return found


def typed(frame: pl.LazyFrame) -> pl.LazyFrame:
    """The same with amounts and instants as such, for files whose columns have types.

    Amounts stay text where one of them has more digits than such a number can have.
    """
    there = frame.collect_schema().names()
    moments = [name for name in _INSTANTS if name in there]
    amounts = [name for name in ("amount",) if name in there and _all_fit(frame, name)]
    return frame.with_columns(
        *(pl.col(name).str.to_datetime(time_zone="UTC", format="%+") for name in moments),
        *(pl.col(name).cast(_AMOUNT) for name in amounts),
    )


def _all_fit(frame: pl.LazyFrame, name: str) -> bool:
    fits = pl.col(name).str.contains(_FITS).all(ignore_nulls=True)
    return bool(frame.select(fits).collect(engine="streaming").item())
