"""What became of an op, by comparing what was sent with what is held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.model import ObjectType, OpState, Outcome
from migrator.vendors.brevo import values
from migrator.vendors.brevo.answers import Json, nested, text
from migrator.vendors.brevo.files import in_question

if TYPE_CHECKING:
    from migrator.model import Link, Op
    from migrator.vendors.brevo.schema import Schema
    from migrator.vendors.brevo.session import Session

_LINKED = {
    ObjectType.CONTACTS: "linkedContactsIds",
    ObjectType.COMPANIES: "linkedCompaniesIds",
    ObjectType.DEALS: "linkedDealsIds",
}

NOT_IMPORTED = (
    "Brevo took the file, but this row is not among its records afterwards; it gives no reason. "
    "Usually a value does not suit its field, or a stage, owner or linked record is gone. Retry "
    "the row: few rows go one by one, and Brevo then says what it does not like."
)
NOT_UPDATED = (
    "Brevo took the file, but the record holds none of this row's values afterwards; it gives no "
    "reason."
)


def at_fault(op: Op, schema: Schema) -> str:
    """The options that could be why a file's rows like this one were not taken; "" for none."""
    named = [(["import_stage"], "pipelines and stages")] if "deal_stage" in op.properties else []
    if op.links:
        named.append((["associated_contact", "associated_company"], "links"))
    asked = dict.fromkeys(
        option
        for name, value in op.properties.items()
        for option in in_question(schema.info(name), value)
    )
    days = [option for option in asked if option == "import_date"]
    choices = [option for option in asked if option not in days]
    named += [(days, "dates")] if days else []
    named += [(choices, "choices")] if choices else []
    return "".join(
        f" If it is so with all rows that have {what}, Brevo may want these otherwise in a file: "
        f"see the option{'s' * (len(options) > 1)} {' and '.join(options)}."
        for options, what in named
    )


def linked_ids(item: Json, type: ObjectType) -> tuple[str, ...]:
    """Ids of the records of a type that a record is linked to."""
    found = item.get(_LINKED.get(type, ""))
    ids = [text(id_) for id_ in found] if isinstance(found, list) else []
    return tuple(dict.fromkeys(id_ for id_ in ids if id_))


def held_text(item: Json, schema: Schema, name: str) -> str | None:
    """What a record holds in a field of ours."""
    return text(nested(item, "attributes").get(schema.internal(name)))


@dataclass(frozen=True, slots=True)
class Gap:
    """What of an op a record does not hold."""

    fields: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()


def gap(session: Session, schema: Schema, op: Op, item: Json) -> Gap:
    """Properties and links of an op that a record holds otherwise, or not at all."""
    fields = tuple(
        name
        for name, ours in op.properties.items()
        if not values.same(schema.info(name), ours, held_text(item, schema, name), session.zone)
    )
    links = tuple(link for link in op.links if link.id not in linked_ids(item, link.type))
    return Gap(fields, links)


def written(op: Op, id: str | None, left: Gap, reasons: tuple[str, ...] = ()) -> Outcome:
    """A record that was written, with what is missing of it; ``reasons`` are Brevo's own."""
    said = f" ({'; '.join(reasons)})" if reasons else ""
    parts = []
    if left.fields:
        parts.append(f"written, but not with its {', '.join(left.fields)}")
    if left.links:
        names = ", ".join(f'{link.type} "{link.key}"' for link in left.links)
        parts.append(f"written, but not linked to {names}")
    code = "fields_refused" if left.fields else "link_refused" if left.links else ""
    return Outcome(op.key, OpState.WRITTEN, id, code, "; ".join(parts) + said if parts else "")


def refused(op: Op, code: str, message: str) -> Outcome:
    """A record that Brevo turned down, or did not take."""
    return Outcome(op.key, OpState.REFUSED, None, code, message)


def doubled(outcome: Outcome, items: list[Json]) -> Outcome:
    """The same, saying that several records hold the key."""
    ids = ", ".join(str(item["id"]) for item in items)
    message = f"the account has {len(items)} records with this key: {ids}"
    if outcome.message:
        message = f"{message}; {outcome.message}"
    return Outcome(outcome.key, outcome.state, outcome.id, "doubled", message)
