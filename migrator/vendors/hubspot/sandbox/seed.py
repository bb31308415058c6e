"""Makes an empty sandbox look like a real account, as ``migrator vendors describe`` wrote it."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from migrator.vendors import likeness
from migrator.vendors.hubspot.sandbox.schema import (
    KINDS,
    Option,
    Owner,
    Pipeline,
    Property,
    Stage,
)
from migrator.vendors.likeness import fields_of, items

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.vendors.hubspot.sandbox.portal import Portal
    from migrator.vendors.hubspot.sandbox.schema import Kind
    from migrator.vendors.likeness import Like, Parts


_TYPES = {
    "text": ("string", "text"),
    "number": ("number", "number"),
    "date": ("date", "date"),
    "datetime": ("datetime", "date"),
    "bool": ("bool", "booleancheckbox"),
    "choice": ("enumeration", "select"),
}
_PROBABILITY = {"open": "0.5", "won": "1.0", "lost": "0.0"}


def imitate(portal: Portal, like: Like) -> None:
    """Give the portal the pipelines, owners, fields and currencies of ``like``.

    Raises:
        InputError: the file cannot be read or is not an account.
    """
    likeness.imitate(like, functools.partial(_apply, portal))


def _apply(portal: Portal, account: Parts) -> None:
    number = str(account["id"])
    if number.isascii() and number.isdigit():
        portal.id = int(number)
    portal.name = str(account.get("name") or portal.name)
    pipelines = [_pipeline(one) for one in items(account["pipelines"])]
    portal.pipelines = pipelines or portal.pipelines
    portal.owners = {str(one["id"]): _owner(one) for one in items(account["owners"])}
    fields = fields_of(account)
    for type_, held in fields.items():
        kind = KINDS[str(type_)]
        for name, info in held.items():
            _field(portal, kind, name, info)
    portal.currency = str(account.get("currency") or portal.currency)
    portal.currencies = tuple(cast("list[str]", account.get("currencies") or ()))
    portal.time_zone = str(account.get("time_zone") or portal.time_zone)
    portal.set_currencies()


def _pipeline(given: Parts) -> Pipeline:
    stages = [
        Stage(str(one["id"]), str(one["label"]), _probability(one))
        for one in items(given["stages"])
    ]
    return Pipeline(str(given["id"]), str(given["label"]), stages)


def _probability(given: Parts) -> str:
    status = str(given.get("status") or "open")
    probability = given.get("probability")
    if probability is None or status != "open":
        return _PROBABILITY[status]
    return f"{float(str(probability)):.1f}"


def _owner(given: Parts) -> Owner:
    first, _, last = str(given.get("name") or "").partition(" ")
    archived = given.get("active") is False
    return Owner(str(given["id"]), str(given["email"]), first, last, archived=archived)


def _field(portal: Portal, kind: Kind, name: str, given: Parts) -> None:
    """A field of the account; what HubSpot computes or keeps elsewhere stays as it is here."""
    held = portal.properties[kind.name].get(name)
    if held is not None and (held.external or held.read_only):
        return
    type_, field_type = _TYPES[str(given["kind"])]
    if given.get("multiple"):
        field_type = "checkbox"
    labels = cast("Mapping[str, str]", given.get("options") or {})
    base = held or Property(name, name, group=kind.group, hubspot_defined=False)
    options = tuple(Option(value, label) for value, label in labels.items())
    prop = replace(
        base,
        label=str(given.get("label") or name),
        type=type_,
        field_type=field_type,
        options=options or base.options,
        unique=bool(given.get("unique")) or base.unique,
        read_only=bool(given.get("read_only")),
        # A choice without options has them elsewhere, such as users; any value is taken.
        external=type_ == "enumeration" and not (options or base.options),
    )
    portal.put_property(kind, prop)
