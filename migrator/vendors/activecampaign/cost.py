"""How many requests a plan takes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.model import Action, ObjectType
from migrator.vendors.activecampaign.catalogue import DEAL_FIELDS
from migrator.vendors.activecampaign.http import PAGE
from migrator.vendors.activecampaign.imports import FEW, IMPORT
from migrator.vendors.activecampaign.update import only_custom, only_owner

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from migrator.model import Shape

UPDATES = 100
"""Updates that ``write`` is given at once."""

_TO_RESOLVE = 2
"""Requests that find the default contact, or create it."""

_TO_CREATE_ROLE = 2
"""Requests that look for the role once more, and create it."""

_TO_LEARN = 2
"""Requests until it is known how a company is taken away from a deal."""

_LOOKED_AT = {(ObjectType.NOTES, Action.UPDATE), (ObjectType.CONTACTS, Action.DELETE)}
"""Ops before which a record is asked for what it hangs on, or whether it has deals."""

_POLLS = 2
"""Looks at an import until it is over."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What decides about the number of requests besides the ops.

    Attributes:
        bulk_size: most items of a bulk request.
        knows_values: the ids of all custom values are at hand.
        role: secondary contacts are given a role.
        new_role: it is not there yet.
        default_contact: the contact of deals without one is known by its address.
        units: how a value is sent depends on its currency.
    """

    bulk_size: int
    knows_values: bool
    role: bool
    default_contact: bool
    units: bool = False
    new_role: bool = False


def requests(shapes: Mapping[Shape, int], terms: Terms) -> int:
    """Requests for so many ops of each shape.

    A deal that is created has its first contact and company with it; every other contact is a
    request of its own, two with a role. Updates come in batches of a hundred, in which those of
    owners alone, and of custom values alone, share requests.
    """
    total = 0
    contacts = 0
    batches = -(-sum(n for shape, n in shapes.items() if _is_deal_update(shape)) // UPDATES)
    shared: Counter[str] = Counter()
    for shape, count in shapes.items():
        if shape.action is Action.UNLINK:
            total += count * _unlinks(shape)
            continue
        total += count * _links(shape, role=terms.role)
        if _clears(shape):
            total += count * _clearing(shape)
            continue
        if terms.units and _is_deal_update(shape) and _lacks_currency(shape):
            total += count  # the deal is asked for its currency
        if shape.type is ObjectType.CONTACTS and shape.action is Action.CREATE:
            contacts += count
        elif _is_deal_update(shape) and only_owner(shape.names):
            shared["owners"] += count
        elif _is_deal_update(shape) and only_custom(shape.names) and terms.knows_values:
            shared["values"] += count * len(shape.names)
            shared["valued"] += count
        elif shape.names or shape.action is not Action.UPDATE:
            total += count * (2 if (shape.type, shape.action) in _LOOKED_AT else 1)
    total += min(shared["owners"], batches * -(-UPDATES // terms.bulk_size))
    per_batch = -(-shared["values"] // max(1, batches))
    total += min(shared["valued"], batches * -(-per_batch // terms.bulk_size))
    return total + _of_contacts(contacts) + _once(shapes, terms)


def _once(shapes: Iterable[Shape], terms: Terms) -> int:
    """Requests that are the same however many ops there are."""
    given = list(shapes)
    total = 0
    if terms.default_contact and any(_may_lack_contact(shape) for shape in given):
        total += _TO_RESOLVE
    if terms.new_role and any(_links(shape, role=True) for shape in given):
        total += _TO_CREATE_ROLE
    parting = [shape for shape in given if shape.action is Action.UNLINK]
    if any(ObjectType.COMPANIES in shape.links for shape in parting):
        total += _TO_LEARN
    return total


def _may_lack_contact(shape: Shape) -> bool:
    return shape.type is ObjectType.DEALS and shape.action is Action.CREATE and not shape.links


def _is_deal_update(shape: Shape) -> bool:
    return shape.type is ObjectType.DEALS and shape.action is Action.UPDATE and bool(shape.names)


def _clears(shape: Shape) -> bool:
    return _is_deal_update(shape) and bool(shape.clears)


def _clearing(shape: Shape) -> int:
    """Requests for one deal: all but blanks in a PUT; its values are listed, then deleted."""
    custom = shape.clears - DEAL_FIELDS.keys()
    sent = shape.names - custom
    return (1 if sent else 0) + (1 + len(custom) if custom else 0)


def _unlinks(shape: Shape) -> int:
    """Requests that part one deal: a contact's associations are listed, a company is looked at."""
    return sum(2 if parent is ObjectType.CONTACTS else 3 for parent in shape.links)


def _lacks_currency(shape: Shape) -> bool:
    return "value" in shape.names and "currency" not in shape.names


def _links(shape: Shape, *, role: bool) -> int:
    """Requests for the links of one op beyond those it is created with."""
    if shape.type is not ObjectType.DEALS or not shape.links:
        return 0
    contacts = shape.links.count(ObjectType.CONTACTS)
    each = 2 if role else 1
    if shape.action is Action.CREATE:
        return max(0, contacts - 1) * each
    company = ObjectType.COMPANIES in shape.links
    return 1 + contacts * each + (1 if company and not contacts else 0)


def _of_contacts(count: int) -> int:
    """Contacts are imported 250 at once; fewer than ten are sent by themselves."""
    full, rest = divmod(count, IMPORT)
    total = full * (1 + _POLLS + -(-IMPORT // PAGE))
    if rest < FEW:
        return total + rest
    return total + 1 + _POLLS + -(-rest // PAGE)
