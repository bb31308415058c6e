"""The file of an import: CSV with internal names in its header, and the switches that go with it.

RFC 4180, UTF-8, comma, because the API's page says no more than "CSV". The cells of a row that has
nothing for a column are blank, and blank cells leave alone what is there, unless all of the file's
are meant to clear it.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrator.model import ObjectType
from migrator.vendors.shared.values import is_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from migrator.model import FieldInfo, Link, Op
    from migrator.vendors.brevo.answers import Json
    from migrator.vendors.brevo.schema import Schema
    from migrator.vendors.shared.places import Stages

_ID = {ObjectType.DEALS: "deal_id", ObjectType.COMPANIES: "company_id"}
_LINKS = {
    ObjectType.CONTACTS: "associated_contact",
    ObjectType.COMPANIES: "associated_company",
    ObjectType.DEALS: "associated_deal",
}
_OWNERS = frozenset({"deal_owner", "owner"})
"""Choices of users, who go by id as documented, however others are named."""

_DAYS = {"dd-mm-yyyy": "{2}-{1}-{0}", "mm-dd-yyyy": "{1}-{2}-{0}"}
"""Forms of a day that are not ISO's, of its year, month and day."""

MOST = 20_000_000
"""Most bytes of one file, a bound of our own: the API documents none (250 MB is that of the
importer in Brevo's own pages), and a large file is the likelier one to break off on its way."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How rows are written down. All of it is UNCERTAIN, so that all of it is an option.

    Attributes:
        schema: of the records' type.
        named_by: per type of parent, whether a cell names it by ``id``.
        separator: between several parents in one cell.
        stages: given when pipelines and stages go by name.
        days: the form of days, as the option ``import_date`` names it.
        labelled: whether options of choices go by label.
        choice_separator: between several options of one choice.
    """

    schema: Schema
    named_by: Mapping[ObjectType, str] = field(default_factory=dict)
    separator: str = ","
    stages: Stages | None = None
    days: str = "iso"
    labelled: bool = False
    choice_separator: str = ";"


def switches(*, update: bool, unset: bool = False) -> Json:
    """The ``mapping`` of an import.

    ``update_existing_records`` false makes a record of every row, whatever its id column says. With
    ``unset`` every blank cell clears its field.
    """
    return {
        "link_entities": True,
        "unlink_entities": False,
        "update_existing_records": update,
        "unset_empty_attributes": unset,
    }


def written(ops: Sequence[Op], layout: Layout, *, with_ids: bool, values: bool = True) -> bytes:
    """The file: a column per property that any op has, one per type of parent, one for ids.

    Args:
        ops: the rows.
        layout: how to write them.
        with_ids: whether records that are there are named.
        values: whether properties go along, or links alone.
    """
    return b"".join(_lines(ops, layout, with_ids=with_ids, values=values))


def fitting(
    ops: Sequence[Op], layout: Layout, *, with_ids: bool, values: bool = True
) -> tuple[bytes, Sequence[Op]]:
    """As ``written``, of the first ops that fit into one file, one at least; and which they are."""
    lines = _lines(ops, layout, with_ids=with_ids, values=values)
    content = bytearray(next(lines))
    for count, line in enumerate(lines):
        if count and len(content) + len(line) > MOST:
            return bytes(content), ops[:count]
        content += line
    return bytes(content), ops


def _lines(ops: Sequence[Op], layout: Layout, *, with_ids: bool, values: bool) -> Iterator[bytes]:
    """The header and a line per op."""
    schema = layout.schema
    names = dict.fromkeys(name for op in ops for name in op.properties) if values else {}
    infos = {name: schema.info(name) for name in names}
    parents = list(dict.fromkeys(link.type for op in ops for link in op.links))
    head = [_ID[schema.type]] if with_ids else []
    head += [schema.internal(name) for name in names]
    yield _line([*head, *(_LINKS[parent] for parent in parents)])
    for op in ops:
        row = [op.id or ""] if with_ids else []
        given = {**op.properties, **_places(op, layout)}
        row += [_value(info, given.get(name, ""), layout) for name, info in infos.items()]
        row += [_cell(op.links, parent, layout) for parent in parents]
        yield _line(row)


def _line(cells: Iterable[str]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerow(cells)
    return out.getvalue().encode()


def in_question(info: FieldInfo | None, text: str) -> tuple[str, ...]:
    """The options that decide how a value is written."""
    if info is None or not text:
        return ()
    if info.kind == "date" and is_day(text):
        return ("import_date",)
    if info.kind != "choice" or info.name in _OWNERS:
        return ()
    several = info.multiple and ";" in text
    return ("import_choice", "import_choice_separator") if several else ("import_choice",)


def _value(info: FieldInfo | None, text: str, layout: Layout) -> str:
    asked = in_question(info, text)
    if info is None or not asked:
        return text
    if "import_date" in asked:
        return _DAYS.get(layout.days, "{0}-{1}-{2}").format(*text.split("-"))
    keys = text.split(";") if info.multiple else [text]
    return layout.choice_separator.join(
        info.options.get(key, key) if layout.labelled else key for key in keys
    )


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
