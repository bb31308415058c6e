"""The file of an import: CSV with internal names in its header, and the switches that go with it.

RFC 4180, UTF-8, comma, because the API's page says no more than "CSV". The cells of a row that has
nothing for a column are blank, and blank cells leave alone what is there.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrator.model import ObjectType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migrator.model import Link, Op
    from migrator.vendors.brevo.answers import Json
    from migrator.vendors.brevo.schema import Schema
    from migrator.vendors.shared.places import Stages

_ID = {ObjectType.DEALS: "deal_id", ObjectType.COMPANIES: "company_id"}
_LINKS = {
    ObjectType.CONTACTS: "associated_contact",
    ObjectType.COMPANIES: "associated_company",
    ObjectType.DEALS: "associated_deal",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """How rows are written down.

    Attributes:
        schema: of the records' type.
        named_by: per type of parent, whether a cell names it by ``id``.
        separator: between several parents in one cell.
        stages: given when pipelines and stages go by name.
    """

    schema: Schema
    named_by: Mapping[ObjectType, str] = field(default_factory=dict)
    separator: str = ","
    stages: Stages | None = None


def switches(*, update: bool) -> Json:
    """The ``mapping`` of an import.

    ``update_existing_records`` false makes a record of every row, whatever its id column says.
    """
    return {
        "link_entities": True,
        "unlink_entities": False,
        "update_existing_records": update,
        "unset_empty_attributes": False,
    }


def written(ops: Sequence[Op], layout: Layout, *, with_ids: bool, values: bool = True) -> bytes:
    """The file: a column per property that any op has, one per type of parent, one for ids.

    Args:
        ops: the rows.
        layout: how to write them.
        with_ids: whether records that are there are named.
        values: whether properties go along, or links alone.
    """
    type = layout.schema.type
    names = list(dict.fromkeys(name for op in ops for name in op.properties)) if values else []
    parents = list(dict.fromkeys(link.type for op in ops for link in op.links))
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    head = [_ID[type]] if with_ids else []
    head += [layout.schema.internal(name) for name in names]
    writer.writerow([*head, *(_LINKS[parent] for parent in parents)])
    for op in ops:
        row = [op.id or ""] if with_ids else []
        places = _places(op, layout)
        row += [places.get(name, op.properties.get(name, "")) for name in names]
        row += [_cell(op.links, parent, layout) for parent in parents]
        writer.writerow(row)
    return out.getvalue().encode()


def _cell(links: Sequence[Link], parent: ObjectType, layout: Layout) -> str:
    by_id = layout.named_by.get(parent, "id") == "id"
    names = [str(link.id) if by_id else link.key for link in links if link.type is parent]
    return layout.separator.join(dict.fromkeys(names))


def _places(op: Op, layout: Layout) -> dict[str, str]:
    """Names of pipeline and stage in place of their ids, where these are asked for."""
    if layout.stages is None:
        return {}
    found = {}
    for pipeline in layout.stages.pipelines:
        if op.properties.get("pipeline") == pipeline.id:
            found["pipeline"] = pipeline.label
        for stage in pipeline.stages:
            if op.properties.get("deal_stage") == stage.id:
                found["deal_stage"] = stage.label
    return found
