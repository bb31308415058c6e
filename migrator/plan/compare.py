"""Ours beside what the account holds: the same question for a load, a verify and an undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.model import OnConflict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migrator.model import Held, ObjectType
    from migrator.vendors.base import Vendor


def differences(
    vendor: Vendor, type: ObjectType, ours: Mapping[str, str], held: Held
) -> dict[str, str | None]:
    """Properties in which the account says something else, with what it says (None = blank)."""
    return {
        name: held.properties.get(name)
        for name, value in ours.items()
        if not vendor.same(type, name, value, held.properties.get(name))
    }


def to_write(
    ours: Mapping[str, str],
    origin: Mapping[str, str],
    differing: Mapping[str, str | None],
    policy: Callable[[str], OnConflict],
) -> dict[str, str]:
    """The differing properties that the template allows to write.

    Args:
        ours: the record in the vendor's terms.
        origin: property to canonical field.
        differing: what :func:`differences` found.
        policy: canonical field to what to do with one that the account already fills.
    """
    changed = {}
    for name, held in differing.items():
        rule = policy(origin.get(name, name))
        if rule is OnConflict.NEVER or (rule is OnConflict.FILL_BLANK and held):
            continue
        changed[name] = ours[name]
    return changed
